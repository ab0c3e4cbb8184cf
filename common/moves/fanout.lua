#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- fanout.lua: accepted events become deliveries, each admitted or waiting.
-- KEYS[1] head · ARGV[1..3] see admit.lua · ARGV[4] version that the caller's cache is at
-- ARGV[5…] event after event:
--   stream id, tenant, limit, n, its producer's own id for it or '',
--     then n times: delivery id, endpoint, slots, job, record
--   n = 0: nobody wants it; n = -1: refused, then the reason
-- Answers {version} alone, having done nothing, when the configuration has changed since; else
-- {version, delayed, throttled, deliveries made}.
-- Invariant: an event is fanned out once. It is acknowledged first, and `event_refs` is set only once:
-- if either says that somebody was here before, nothing is done. That also holds when the group was
-- lost and all of `events` is read again. An own id is in `own_ids` from here to the end of its event (retire.lua).
--#include base.lua
local version = tonumber(call('GET', P .. 'version') or 0)
if version ~= tonumber(ARGV[4]) then return {version} end
--#include due.lua
--#include guard.lua
--#include slow.lua
--#include admit.lua
--#include refuse.lua
local EVENTS = P .. 'events'
local made = 0

local function deliver(l, i)
    local id, endpoint = ARGV[i], ARGV[i + 1]
    call('SET', P .. 'delivery:' .. id, ARGV[i + 4])
    call('ZADD', P .. 'index:' .. l.tenant, now_text, id)
    admit(l, endpoint, tonumber(ARGV[i + 2]), ARGV[i + 3])
end

local function deliver_all(event, tenant, n, i)
    local l = lane(tenant, ARGV[i + 2])
    if ARGV[i + 4] ~= '' then call('HSET', P .. 'own_ids:' .. tenant, ARGV[i + 4], event) end
    for d = i + 5, i + n * 5, 5 do guard('fanout', ARGV[d], tenant, ARGV[d + 3], deliver, l, d) end
    made = made + n
end

local function count_unmatched(event, tenant)
    call('HINCRBY', P .. 'unmatched', tenant, 1)
    call('XDEL', EVENTS, event)
end

local function refuse_event(event, reason)
    refuse(EVENTS, event, reason)
    call('XDEL', EVENTS, event)
end

-- An event that fails stays in `events`, and is told of in `rejected`; its neighbours go on.
local function guarded(event, unit, ...)
    local is_done, e = pcall(unit, event, ...)
    if is_done then return end
    redis.log(redis.LOG_WARNING, 'grapnel: ' .. EVENTS .. ' ' .. event .. ': ' .. error_text(e))
    pcall(refuse, EVENTS, event, 'fanout: ' .. string.sub(error_text(e), 1, 200))
end

-- Is it ours to deal with, and for the first time? @n: how many records will need its body.
local function is_new(event, n)
    if call('XACK', EVENTS, 'scheduler', event) == 0 then return false end
    if n > 0 then return call('HSETNX', P .. 'event_refs', event, n) == 1 end
    return call('HEXISTS', P .. 'event_refs', event) == 0
end

-- @n: how many want it; 0: nobody; -1: refused. @at: where it stands in ARGV.
local function fan_out(event, at, n)
    if not is_new(event, n) then return end
    if n > 0 then
        deliver_all(event, ARGV[at + 1], n, at)
    elseif n == 0 then
        count_unmatched(event, ARGV[at + 1])
    else
        refuse_event(event, ARGV[at + 4])
    end
end

local i = 5
while ARGV[i] do
    local n = tonumber(ARGV[i + 3])
    guarded(ARGV[i], fan_out, i, n)
    i = i + (n == 0 and 4 or 5 + 5 * math.max(n, 0))
end
promote(16)
local due = next_due(jobs_room <= 0)
return {version, due[1], due[2], made}
