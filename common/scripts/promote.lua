#!lua flags=allow-oom
-- promote.lua: what is due moves on: deliveries out of `delayed`, tenants out of `throttled`, and the
-- waiting deliveries of disabled endpoints to their end.
-- KEYS[1] head · ARGV[1..3] see admit.lua · ARGV[4] most deliveries to move · ARGV[5] ended ones to keep
-- Answers {delayed, throttled, moved}: when to come back.
-- Invariant: a delivery leaves one place and enters the next in the same step.
--#include base.lua
--#include admit.lua
--#include change.lua
--#include retire.lua
--#include cancel.lua
local most, KEEP = tonumber(ARGV[4]), tonumber(ARGV[5])
local has_disabled = call('EXISTS', P .. 'disabled') == 1

local due = call('ZRANGEBYSCORE', P .. 'delayed', '-inf', now, 'LIMIT', 0, most)
if #due > 0 then call('ZREMRANGEBYRANK', P .. 'delayed', 0, #due - 1) end
for _, packed in ipairs(due) do
    local is_good, job = pcall(cmsgpack.unpack, packed)
    is_good = is_good and type(job) == 'table' and job[3]
    local tenant, endpoint = is_good and job[2], is_good and job[3]
    local reason = is_good and has_disabled and disabled_reason(endpoint)
    if not is_good then -- the others must not be lost with it
        call('XADD', P .. 'rejected', 'MAXLEN', '~', 100000, '*', 'reason', 'delayed: not a job', 'job', packed)
    elseif reason then
        cancel(job, reason, KEEP)
    else
        admit(lane(tenant), endpoint, slots_of(endpoint), packed)
    end
end

-- Ends what waits at a disabled endpoint; how many.
local function empty(endpoint, tenant)
    local reason = disabled_reason(endpoint) or 'the endpoint was removed' -- long ago: trim.lua forgot it
    local jobs = call('LPOP', P .. 'wait:' .. endpoint, most) or {}
    for _, packed in ipairs(jobs) do cancel(cmsgpack.unpack(packed), reason, KEEP) end
    if call('EXISTS', P .. 'wait:' .. endpoint) == 0 then
        call('HDEL', P .. 'cancelling', endpoint)
        call('SREM', P .. 'capped', endpoint)
        call('ZREM', P .. 'ring:' .. tenant, endpoint)
    end
    return #jobs
end

local cancelled, cancelling = 0, call('HSCAN', P .. 'cancelling', 0, 'COUNT', 8)[2]
for i = 1, #cancelling, 2 do
    if cancelled < most then cancelled = cancelled + empty(cancelling[i], cancelling[i + 1]) end
end

promote(most)
note_grants()
local back = next_due()
if #cancelling > 0 then back[2] = now end
return {back[1], back[2], #due + cancelled}
