#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- decide.lua: the scheduler's verdicts on failed attempts.
-- KEYS[1] head · ARGV[1] ended deliveries to keep · ARGV[2] failed deliveries in a row that disable
-- ARGV[3] the operational tenant; '': there is none, and nobody is told of anything
-- ARGV[4…] verdict after verdict, eight each:
--   entry in `failed`, kind, tenant, endpoint, delivery id, text for the record, due ms, job
--   kind `retry`    job goes to `delayed` until due ms, or ends if the endpoint is disabled or gone by now
--        `final`    the delivery ends
--        `cancel`   the delivery ends, as its endpoint is gone or disabled
--        `refuse`   the entry cannot be read (text says why): kept in `rejected` for a person
--        `disable`  the delivery ends and the endpoint is disabled (410); in the job's place stands why
-- Answers {delayed, endpoint, reason, endpoint, reason …}: when to come back, what was disabled.
-- Invariants: acknowledged first, as in settle.lua; nothing of a disabled endpoint enters `delayed`
-- (disable.lua), however old the configuration is that the verdict was made with.
-- If the scheduler dies: before, the entry stays pending and is taken over; after, all of it is done.
--#include base.lua
--#include guard.lua
--#include due.lua
--#include change.lua
--#include disable.lua
--#include retire.lua
--#include cancel.lua
--#include refuse.lua
--#include notice.lua
local KEEP, DISABLE_AFTER, OPERATOR = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local FAILED = P .. 'failed'
local entries, off = {}, {}

-- News of the operator's own endpoints would make news for ever.
local function is_told(tenant)
    return OPERATOR ~= '' and tenant ~= OPERATOR
end

local function put_off(tenant, endpoint, id, reason)
    if not disable(tenant, endpoint, reason) then return end
    off[#off + 1] = endpoint
    off[#off + 1] = reason
    if is_told(tenant) then
        notice('endpoint.disabled', tenant, reason, 'endpoint', endpoint, 'delivery', id)
        call('HSET', P .. 'unwell', endpoint, now_text)
    end
end

-- @text: the record's last entry.
local function tell_exhausted(tenant, endpoint, id, text)
    local is_good, _, entry = pcall(cmsgpack.unpack_one, text)
    local reason = is_good and type(entry) == 'table' and entry[4] or ''
    notice('delivery.exhausted', tenant, reason, 'endpoint', endpoint, 'delivery', id)
end

local function final(tenant, endpoint, id, text, why_off)
    retire(tenant, id, KEEP)
    if is_told(tenant) then tell_exhausted(tenant, endpoint, id, text) end
    if call('EXISTS', P .. 'endpoint:' .. endpoint) == 0 then return end
    local failures = call('HINCRBY', P .. 'failures', endpoint, 1)
    if failures == UNWELL_AFTER and is_told(tenant) then call('HSET', P .. 'unwell', endpoint, now_text) end
    if why_off then
        put_off(tenant, endpoint, id, why_off)
    elseif failures >= DISABLE_AFTER then
        put_off(tenant, endpoint, id, failures .. ' consecutive deliveries failed')
    end
end

-- trim.lua may have forgotten already that it was disabled, as it was removed.
local function off_reason(endpoint)
    local reason = disabled_reason(endpoint)
    if reason or call('EXISTS', P .. 'endpoint:' .. endpoint) == 1 then return reason end
    return 'the endpoint was removed'
end

local function decide(i)
    local kind, tenant, endpoint, id = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
    entries[#entries + 1] = ARGV[i]
    if kind == 'refuse' then return refuse(FAILED, ARGV[i], ARGV[i + 5]) end
    local reason = kind == 'retry' and off_reason(endpoint)
    if reason then return cancel(id, tenant, reason, KEEP) end
    call('APPEND', P .. 'delivery:' .. id, ARGV[i + 5])
    if kind == 'retry' then
        call('ZADD', P .. 'delayed', ARGV[i + 6], ARGV[i + 7])
    elseif kind == 'cancel' then
        retire(tenant, id, KEEP)
    else
        final(tenant, endpoint, id, ARGV[i + 5], kind == 'disable' and ARGV[i + 7])
    end
end

for i = 4, #ARGV, 8 do
    if call('XACK', FAILED, 'scheduler', ARGV[i]) == 1 then
        guard('decide', ARGV[i + 4], ARGV[i + 2], ARGV[i + 7], decide, i)
    end
end
delete_entries(FAILED, entries)
return {head_ms('delayed') or -1, unpack(off)}
