-- SPDX-License-Identifier: Apache-2.0
-- admit.lua: the one place where limits live; part of every script that may grant a permit. Needs base,
-- slow and guard.
-- ARGV[1] default limit per window (0: none) · ARGV[2] permit in ms · ARGV[3] default endpoint slots
--
-- Invariants:
--   window     `window:<tenant>` holds, for each grant that can still be in use or was used less than
--              60 s ago, the time at which it leaves the window; never more than the limit of them.
--              A grant may be used until `until`, so it leaves at until + 60 s: however late it was
--              used, no 60 s hold more than the limit.
--   slots      `slots:<endpoint>` = its entries in `jobs`.
--   waiting    `wait:<endpoint>` is not empty  <=>  the endpoint is in its tenant's `ring` (it may be
--              served) or in `capped` (all the slots that it may have now are taken). What brings it
--              back from there: a job of it that ends, the end of its stage in `slowed`, or a change of
--              its configuration; a disabled one is in `cancelling`.
--   throttled  a tenant with something in its `ring` is in `throttled`, at the time it may be served.
local DEFAULT_LIMIT, PERMIT_MS, DEFAULT_SLOTS = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local WINDOW_MS = 60000
local SHARE = 8 -- most that one endpoint gets before the next one's turn
local jobs_max, jobs_length = tonumber(call('GET', P .. 'jobs_max') or 256), call('XLEN', P .. 'jobs')

-- Permits that nobody claims in time run out. While they do, no more may lie unclaimed than workers have been seen to
-- start: `pace` = "<most unclaimed> <halved at ms>"; settle.lua halves it, raises it, and removes it when it is `jobs_max`.
local PACE_MIN = 16
local pace, pace_ms = string.match(call('GET', P .. 'pace') or '', '^(%d+) (%d+)$')
pace, pace_ms = tonumber(pace), tonumber(pace_ms)

-- @ended: entries of `jobs` that are settled, and not deleted yet.
local function room(ended)
    local free = jobs_max - jobs_length + ended
    if not pace then return free end
    local pending = redis.pcall('XPENDING', P .. 'jobs', 'workers')
    if pending.err then return free end
    return math.min(free, pace - (jobs_length - ended - pending[1]))
end

local jobs_room = room(0)
local default_until = string.format('%.0f', now + PERMIT_MS)
local has_permits = call('EXISTS', P .. 'permits') == 1
local has_cancelling = call('EXISTS', P .. 'cancelling') == 1
local lanes = {}
local wake_ms -- the earliest time that this script put into `throttled` or `slowed`

-- The tenant's window as it is now, read once a script.
local function lane(tenant, limit)
    local l = lanes[tenant]
    if l then return l end
    l = {tenant = tenant, key = P .. 'window:' .. tenant, used = 0, tail = 0}
    l.limit = tonumber(limit or call('HGET', P .. 'limits', tenant) or DEFAULT_LIMIT)
    if l.limit > 0 then
        local gone
        repeat
            local head = call('LRANGE', l.key, '0', '63')
            gone = 0
            while head[gone + 1] and tonumber(head[gone + 1]) <= now do gone = gone + 1 end
            if gone > 0 then call('LTRIM', l.key, gone, -1) end
        until gone < 64
        l.used = call('LLEN', l.key)
        l.tail = tonumber(call('LINDEX', l.key, '-1') or 0)
    end
    l.is_waiting = call('ZSCORE', P .. 'throttled', tenant) ~= false
    lanes[tenant] = l
    return l
end

local function has_room(l)
    return l.limit == 0 or l.used < l.limit
end

-- When the next permit comes free.
local function free_ms(l)
    if has_room(l) then return now end
    return tonumber(call('LINDEX', l.key, l.used - l.limit))
end

local function note_wake(at_ms)
    if not wake_ms or at_ms < wake_ms then wake_ms = at_ms end
end

local function throttle(l, at_ms)
    call('ZADD', P .. 'throttled', at_ms, l.tenant)
    l.is_waiting = true
    note_wake(at_ms)
end

-- Some endpoints take longer to connect to than a permit lasts (settle.lua learns it): for a while
-- theirs last longer. `permits`[endpoint] = "<permit ms> <valid until ms>".
local function permit_ms(endpoint)
    local text = call('HGET', P .. 'permits', endpoint)
    if not text then return PERMIT_MS end
    local permit, valid_ms = string.match(text, '^(%d+) (%d+)$')
    if tonumber(valid_ms) > now then return tonumber(permit) end
    call('HDEL', P .. 'permits', endpoint)
    return PERMIT_MS
end

-- Into the window before anything is granted: a script that stops here has granted less than it counted.
-- @count: SHARE at most.
local function reserve(l, until_ms, count)
    if l.limit == 0 then return end
    local tail = math.max(l.tail, until_ms + WINDOW_MS) -- the list stays in order
    if count == 1 then
        call('RPUSH', l.key, tail)
    else
        local times = {}
        for i = 1, count do times[i] = tail end
        call('RPUSH', l.key, unpack(times))
    end
    l.tail = tail
    l.used = l.used + count
end

local function grant(job, until_text)
    call('XADD', P .. 'jobs', '*', 'job', job, 'until', until_text)
    jobs_room = jobs_room - 1
end

local function until_of(endpoint)
    if not has_permits then return now + PERMIT_MS, default_until end
    local until_ms = now + permit_ms(endpoint)
    return until_ms, string.format('%.0f', until_ms)
end

local function show(l, endpoint, is_capped)
    if is_capped then
        call('SADD', P .. 'capped', endpoint)
    else
        call('ZADD', P .. 'ring:' .. l.tenant, stamp, endpoint)
        throttle(l, free_ms(l))
    end
end

local function enqueue(l, endpoint, job, is_capped, is_first)
    local key = P .. 'wait:' .. endpoint
    local length = call(is_first and 'LPUSH' or 'RPUSH', key, job)
    if length > 1 then return end -- it waits already, so it is in the ring or in `capped`
    local is_done, e = pcall(show, l, endpoint, is_capped)
    if not is_done then
        call('LPOP', key)
        error(e, 0)
    end
end

local function configured_slots(endpoint)
    return tonumber(call('HGET', P .. 'caps', endpoint) or DEFAULT_SLOTS)
end

-- How many it may have now: none while it rests, or while it is emptied (promote.lua). @slots: as configured,
-- from a caller who knows.
local function slots_of(endpoint, slots)
    if has_cancelling and call('HEXISTS', P .. 'cancelling', endpoint) == 1 then return 0 end
    local s = slow_of(endpoint)
    if s and s.rests then return 0 end
    slots = slots or configured_slots(endpoint)
    return s and math.min(slots, s.slots) or slots
end

local function grant_one(l, endpoint, job)
    local until_ms, until_text = until_of(endpoint)
    reserve(l, until_ms, 1)
    grant(job, until_text)
end

-- Grants a permit for @job, or lets it wait. Nothing overtakes what waits already. @slots: see slots_of().
local function admit(l, endpoint, slots, job)
    if l.is_waiting or jobs_room <= 0 or not has_room(l) then return enqueue(l, endpoint, job) end
    if call('INCR', P .. 'slots:' .. endpoint) > slots_of(endpoint, slots) then
        call('DECR', P .. 'slots:' .. endpoint)
        return enqueue(l, endpoint, job, true)
    end
    local is_done, e = pcall(grant_one, l, endpoint, job)
    if is_done then return end
    call('DECR', P .. 'slots:' .. endpoint) -- it is not in `jobs`
    error(e, 0)
end

-- A permit that was not used no longer counts. (One whose time was shifted to keep the list in order is
-- not found, and simply runs out.)
local function refund(l, until_ms)
    if l.limit > 0 and call('LREM', l.key, -1, until_ms + WINDOW_MS) == 1 then
        l.used = l.used - 1
        if l.is_waiting then throttle(l, free_ms(l)) end -- others need not wait for it any longer
    end
end

-- It may have a free slot now: its turn tells.
local function uncap(tenant, endpoint)
    if call('SISMEMBER', P .. 'capped', endpoint) == 1 then
        show(lane(tenant), endpoint)
        call('SREM', P .. 'capped', endpoint)
    end
end

local function free_slot(tenant, endpoint)
    call('DECR', P .. 'slots:' .. endpoint)
    uncap(tenant, endpoint)
end

-- Grants @jobs, which were taken out of its queue. What got no permit when this fails goes back, in order.
local function grant_all(l, endpoint, jobs)
    local given, slots = 0, P .. 'slots:' .. endpoint
    local used
    local is_done, e = pcall(function()
        local until_ms, until_text = until_of(endpoint)
        reserve(l, until_ms, #jobs)
        used = call('INCRBY', slots, #jobs)
        for _, job in ipairs(jobs) do
            grant(job, until_text)
            given = given + 1
        end
    end)
    if is_done then return used end
    for i = #jobs, given + 1, -1 do call('LPUSH', P .. 'wait:' .. endpoint, jobs[i]) end
    if used then call('DECRBY', slots, #jobs - given) end
    error(e, 0)
end

-- Serves the endpoint at the head of the tenant's ring; how many jobs it got.
local function serve(l, ring, endpoint, most)
    local slots, used = slots_of(endpoint), tonumber(call('GET', P .. 'slots:' .. endpoint) or 0)
    local count = math.min(slots - used, most, SHARE, jobs_room)
    if l.limit > 0 then count = math.min(count, l.limit - l.used) end
    local jobs = count > 0 and call('LPOP', P .. 'wait:' .. endpoint, count) or {}
    if #jobs > 0 then used = grant_all(l, endpoint, jobs) end
    if call('EXISTS', P .. 'wait:' .. endpoint) == 0 then
        call('ZREM', ring, endpoint)
    elseif used >= slots then
        call('SADD', P .. 'capped', endpoint)
        call('ZREM', ring, endpoint)
    else
        stamp = stamp + 1
        call('ZADD', ring, stamp, endpoint) -- to the end of the ring
    end
    return #jobs
end

-- One tenant's turn: at most @most jobs, round its ring. Leaves it in `throttled` at the right time.
local function turn(l, most)
    local ring, given = P .. 'ring:' .. l.tenant, 0
    local endpoint = call('ZRANGE', ring, '0', '0')[1]
    while endpoint and given < most and jobs_room > 0 and has_room(l) do
        given = given + serve(l, ring, endpoint, most - given)
        endpoint = call('ZRANGE', ring, '0', '0')[1]
    end
    if endpoint then
        throttle(l, free_ms(l))
    else
        call('ZREM', P .. 'throttled', l.tenant)
        l.is_waiting = false
    end
    return given
end

local function tenant_turn(tenant, most)
    return turn(lane(tenant), most)
end

-- One that cannot be served must not keep those behind it waiting: its turn comes again in a second.
local function put_by(tenant, e)
    redis.log(redis.LOG_WARNING, 'grapnel: ' .. P .. ' turn of ' .. tenant .. ': ' .. error_text(e))
    call('ZADD', P .. 'throttled', now + 1000, tenant)
    note_wake(now + 1000)
end

-- Serves tenants whose time has come, the longest waiting first, a share each: at most @most jobs.
local function promote(most)
    local turns = 64
    while most > 0 and jobs_room > 0 and turns > 0 do
        local tenant = call('ZRANGEBYSCORE', P .. 'throttled', '-inf', now_text, 'LIMIT', '0', '1')[1]
        if not tenant then return end
        local is_done, given = pcall(tenant_turn, tenant, math.min(most, SHARE))
        if is_done then
            most = most - given
        else
            put_by(tenant, given)
        end
        turns = turns - 1
    end
end
