#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- rescue.lua: the work of processes that have died.
-- KEYS[1] head · ARGV[1..3] see admit.lua · ARGV[4] the caller, a scheduler · ARGV[5] lease in ms
-- ARGV[6] most jobs to move · ARGV[7] ended deliveries to keep
-- A dead worker's jobs go back to the head of where they waited, with the same attempt number, or end when
-- their endpoint is disabled; what a dead scheduler had read becomes the caller's (who reads its own
-- pending entries again).
-- Answers {jobs rescued, entries taken over from schedulers, is there more}.
-- Invariants: whoever has a heartbeat younger than the lease keeps its work, judged in the same step; by
-- nobody who was away himself, and not just after Redis was (heartbeat.lua): then all look dead.
-- Each job is acknowledged first, as in settle.lua. Nothing comes to wait at a disabled endpoint (disable.lua).
--#include base.lua
--#include guard.lua
--#include refuse.lua
--#include slow.lua
--#include admit.lua
--#include retire.lua
--#include cancel.lua
local ME, LEASE_MS, most, KEEP = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local JOBS = P .. 'jobs'

local function bring_back(entry, packed, job, worker)
    local id, tenant, endpoint, attempt = job[1], job[2], job[3], job[5]
    call('XDEL', JOBS, entry)
    call('APPEND', P .. 'delivery:' .. id, cmsgpack.pack({'lost', now, attempt, worker}))
    free_slot(tenant, endpoint)
    local reason = disabled_reason(endpoint)
    if reason then
        cancel(id, tenant, reason, KEEP)
    else
        enqueue(lane(tenant), endpoint, packed, false, true)
    end
end

local function rescue_job(entry, worker)
    local found = call('XRANGE', JOBS, entry, entry)[1]
    local packed = found and found[2][1] == 'job' and found[2][2]
    local job = packed and read_job(packed)
    if found and not job then refuse(JOBS, entry, 'rescue: not a job') end
    if call('XACK', JOBS, 'workers', entry) == 0 or not found then return 0 end
    if job then
        guard('rescue', job[1], job[2], packed, bring_back, entry, packed, job, worker)
    else
        call('XDEL', JOBS, entry) -- it holds no slot
    end
    return 1
end

-- The oldest entries that @name holds. None when the group is lost, which heartbeat.lua heals.
local function held_by(name, stream, group)
    local pending = redis.pcall('XPENDING', P .. stream, group, '-', '+', most, name)
    return pending.err and {} or pending
end

local function rescue_worker(worker)
    local pending, moved = held_by(worker, 'jobs', 'workers'), 0
    for i = #pending, 1, -1 do moved = moved + rescue_job(pending[i][1], worker) end -- the oldest gets in front
    return moved, #pending
end

local function take_over(stream, scheduler)
    local ids = {}
    for i, entry in ipairs(held_by(scheduler, stream, 'scheduler')) do ids[i] = entry[1] end
    if #ids > 0 then
        ids[#ids + 1] = 'JUSTID' -- the events themselves need not pass through here
        call('XCLAIM', P .. stream, 'scheduler', ME, 0, unpack(ids))
    end
    return math.max(#ids - 1, 0)
end

local function bury(member, name, group, streams)
    for _, stream in ipairs(streams) do
        redis.pcall('XGROUP', 'DELCONSUMER', P .. stream, group, name)
    end
    call('ZREM', P .. 'consumers', member)
    call('HDEL', P .. 'capacity', member)
end

local function may_judge()
    local mine = call('ZSCORE', P .. 'consumers', 'scheduler/' .. ME)
    return mine and tonumber(mine) > now - LEASE_MS / 2 and now >= tonumber(call('GET', P .. 'judge_from') or 0)
end

-- Who holds entries and is not known gets a lease too, or nobody would ever look: one that has left, and
-- was served by Redis just then.
local function note_holders(kind, stream, group)
    local pending = redis.pcall('XPENDING', P .. stream, group)
    for _, holder in ipairs(pending[4] or {}) do
        call('ZADD', P .. 'consumers', 'NX', now, kind .. '/' .. holder[1])
    end
end

if not may_judge() then return {0, 0, 0} end
note_holders('worker', 'jobs', 'workers')
for _, stream in ipairs({'events', 'failed', 'wake'}) do note_holders('scheduler', stream, 'scheduler') end
local rescued, taken, has_more = 0, 0, 0
for _, member in ipairs(call('ZRANGEBYSCORE', P .. 'consumers', '-inf', now - LEASE_MS, 'LIMIT', 0, 16)) do
    local kind, name = string.match(member, '^(%a+)/(.*)$')
    local pending = 0
    if kind == 'worker' then
        local moved
        moved, pending = rescue_worker(name)
        rescued = rescued + moved
    elseif kind == 'scheduler' and name ~= ME then
        for _, stream in ipairs({'events', 'failed', 'wake'}) do pending = pending + take_over(stream, name) end
        taken = taken + pending
    end
    if pending > 0 then
        has_more = 1
    elseif kind == 'worker' then
        bury(member, name, 'workers', {'jobs'})
    elseif name ~= ME then
        bury(member, name, 'scheduler', {'events', 'failed', 'wake'})
    end
end
promote(rescued)
return {rescued, taken, has_more}
