#!lua flags=allow-oom
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
--#include slow.lua
--#include admit.lua
--#include refuse.lua
local EVENTS = P .. 'events'

local function deliver(l, i)
    local id, endpoint = ARGV[i], ARGV[i + 1]
    call('SET', P .. 'delivery:' .. id, ARGV[i + 4])
    call('ZADD', P .. 'index:' .. l.tenant, now_text, id)
    admit(l, endpoint, tonumber(ARGV[i + 2]), ARGV[i + 3])
end

-- Is it ours to deal with, and for the first time? @n: how many records will need its body.
local function is_new(event, n)
    if call('XACK', EVENTS, 'scheduler', event) == 0 then return false end
    if n > 0 then return call('HSETNX', P .. 'event_refs', event, n) == 1 end
    return call('HEXISTS', P .. 'event_refs', event) == 0
end

local made, i = 0, 5
while ARGV[i] do
    local event, tenant, n = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 3])
    local fresh = is_new(event, n)
    if n > 0 then
        if fresh then
            local l = lane(tenant, ARGV[i + 2])
            if ARGV[i + 4] ~= '' then call('HSET', P .. 'own_ids:' .. tenant, ARGV[i + 4], event) end
            for d = 0, n - 1 do deliver(l, i + 5 + d * 5) end
            made = made + n
        end
        i = i + 5 + n * 5
    elseif n == 0 then
        if fresh then
            call('XDEL', EVENTS, event)
            call('HINCRBY', P .. 'unmatched', tenant, 1)
        end
        i = i + 4
    else
        if fresh then
            refuse(EVENTS, event, ARGV[i + 4])
            call('XDEL', EVENTS, event)
        end
        i = i + 5
    end
end
promote(16)
note_grants()
local due = next_due(jobs_room <= 0)
return {version, due[1], due[2], made}
