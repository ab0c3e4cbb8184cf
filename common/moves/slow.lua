-- SPDX-License-Identifier: Apache-2.0
-- slow.lua: an endpoint that answered "slow down" gets fewer requests at a time for a while. Needs base.
-- `slow`[endpoint] = "<does it rest: 1 or 0> <slots> <halved at ms> <tenant>", and `slowed`: endpoints by
-- the ms at which their present stage ends.
--
--   all slots ──slow answer──► half of them, for 60 s from the last such answer ──► all slots
--       └── and Retry-After ──► none until then, 60 s at most ──► half of them, for 60 s ──► all slots
--
-- Invariants:
--   slowed     an endpoint is in `slow` <=> it is in `slowed`; so one that rests with nothing in flight
--              comes back by itself (due.lua), whoever has died.
--   stages     only promote.lua ends a stage: what lies here is in force whatever the time, so nothing
--              overtakes what waits in `capped`.
local SLOW_MS = 60000
local has_slow = call('EXISTS', P .. 'slow') == 1

local function slow_of(endpoint)
    local text = has_slow and call('HGET', P .. 'slow', endpoint)
    if not text then return nil end
    local rests, slots, halved_ms, tenant = string.match(text, '^([01]) (%d+) (%d+) (.*)$')
    if not rests then return nil end
    return {rests = rests == '1', slots = tonumber(slots), halved_ms = tonumber(halved_ms), tenant = tenant}
end

local function put_slow(endpoint, s, until_ms)
    local text = string.format('%d %d %.0f %s', s.rests and 1 or 0, s.slots, s.halved_ms, s.tenant)
    call('HSET', P .. 'slow', endpoint, text)
    call('ZADD', P .. 'slowed', until_ms, endpoint)
    has_slow = true
end

-- @slots: as configured; @granted_ms: when that attempt got its permit; @rest_ms: its Retry-After, or 0.
-- Answers when the endpoint's stage ends.
-- It is halved once for all that was in flight together: an attempt that was granted before the last
-- halving says nothing of what came of it. (64 such answers at once would always end at one slot.) What
-- the halving script itself grants has its millisecond, so that counts as after it.
local function slow_down(tenant, endpoint, slots, granted_ms, rest_ms)
    local s = slow_of(endpoint) or {rests = false, slots = slots, halved_ms = 0, tenant = tenant}
    local until_ms = s.rests and tonumber(call('ZSCORE', P .. 'slowed', endpoint)) or now + SLOW_MS
    if granted_ms >= s.halved_ms then
        s.slots = math.max(1, math.floor(math.min(s.slots, slots) / 2))
        s.halved_ms = now
    end
    if rest_ms > 0 then
        local rest_until = now + math.min(rest_ms, SLOW_MS)
        until_ms = s.rests and math.max(until_ms, rest_until) or rest_until
        s.rests = true
    end
    put_slow(endpoint, s, until_ms)
    return until_ms
end

-- Ends the stage: what lies there now, or nil when it is over.
local function end_stage(endpoint)
    local s = slow_of(endpoint)
    if s and s.rests then
        s.rests = false
        put_slow(endpoint, s, now + SLOW_MS)
    else
        call('HDEL', P .. 'slow', endpoint)
        call('ZREM', P .. 'slowed', endpoint)
    end
    return s
end
