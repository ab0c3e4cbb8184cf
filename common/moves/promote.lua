#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- promote.lua: what is due moves on: deliveries out of `delayed`, tenants out of `throttled`, endpoints to
-- the next stage of `slowed`; and the deliveries of disabled endpoints, waiting or backing off, to their end.
-- KEYS[1] head · ARGV[1..3] see admit.lua · ARGV[4] most deliveries to move · ARGV[5] ended ones to keep
-- Answers {delayed, all else, moved}: when to come back, see due.lua.
-- Invariants: a delivery leaves one place and enters the next in the same step, and each of the four parts
-- does a bounded piece of its work, so none keeps another waiting. Those of disable.lua: an endpoint leaves
-- `cancelling` when nothing waits at it any more; `sweep` goes when all of `delayed` was seen since the last
-- endpoint was disabled.
-- If the scheduler dies: what is done is done, and whoever gets a heartbeat answered goes on (due.lua).
--#include base.lua
--#include guard.lua
--#include due.lua
--#include slow.lua
--#include admit.lua
--#include retire.lua
--#include cancel.lua
local most, KEEP = tonumber(ARGV[4]), tonumber(ARGV[5])
local CANCELLED = math.max(1, math.floor(most / 2)) -- deliveries that a step cancels in `wait`, and in `delayed`
local SWEPT = 256 -- deliveries of `delayed` that are looked at in a step: half a millisecond
local STAGES = 64 -- endpoints of `slowed` that are moved in a step
local has_disabled = call('EXISTS', P .. 'disabled') == 1
local reasons = {} -- endpoint -> why it is disabled, or false

local function reason_of(endpoint)
    if not has_disabled then return false end
    if reasons[endpoint] == nil then reasons[endpoint] = disabled_reason(endpoint) or false end
    return reasons[endpoint]
end

local function release_job(job, packed)
    if reason_of(job[3]) then
        cancel(job[1], job[2], reason_of(job[3]), KEEP)
    else
        admit(lane(job[2]), job[3], nil, packed)
    end
end

local function release(packed)
    local job = read_job(packed)
    if not job then return reject(packed, 'delayed: not a job') end
    guard('promote', job[1], job[2], packed, release_job, job, packed)
end

local function cancel_job(job, packed, reason)
    guard('promote', job[1], job[2], packed, cancel, job[1], job[2], reason, KEEP)
end

local function release_due()
    local due = call('ZRANGEBYSCORE', P .. 'delayed', '-inf', now, 'LIMIT', 0, most)
    if #due > 0 then call('ZREMRANGEBYRANK', P .. 'delayed', 0, #due - 1) end
    for _, packed in ipairs(due) do release(packed) end
    return #due
end

-- Ends what waits at a disabled endpoint: @count at most; how many.
local function empty(endpoint, tenant, count)
    local reason = reason_of(endpoint) or 'the endpoint was removed' -- long ago: trim.lua forgot it
    local jobs = call('LPOP', P .. 'wait:' .. endpoint, count) or {}
    for _, packed in ipairs(jobs) do
        local job = read_job(packed)
        if job then cancel_job(job, packed, reason) else reject(packed, 'wait: not a job') end
    end
    if call('EXISTS', P .. 'wait:' .. endpoint) == 0 then
        call('HDEL', P .. 'cancelling', endpoint)
        call('SREM', P .. 'capped', endpoint)
        call('ZREM', P .. 'ring:' .. tenant, endpoint)
    end
    return #jobs
end

-- Some endpoints at random, a share each: a long queue keeps nobody waiting.
local function empty_some()
    local flat, cancelled = call('HRANDFIELD', P .. 'cancelling', 8, 'WITHVALUES'), 0
    local share = math.max(1, math.floor(CANCELLED / math.max(#flat / 2, 1)))
    for i = 1, #flat, 2 do cancelled = cancelled + empty(flat[i], flat[i + 1], share) end
    return cancelled
end

-- Goes on through `delayed`, one way for all endpoints that are disabled, from the latest to those that are
-- due next. `sweep`: at = how many at the far end were seen and stay; again: there is another one to come.
-- No more than that end is lost by what others do meanwhile: they add (and some are seen twice), and take
-- away at the near end only. Ranks are the same after a failover, where cursors of ZSCAN are not.
local function sweep()
    local at = tonumber(call('HGET', P .. 'sweep', 'at') or -1)
    if at < 0 then return 0 end
    local cancelled = 0
    for _, packed in ipairs(call('ZRANGE', P .. 'delayed', at, at + SWEPT - 1, 'REV')) do
        local job = read_job(packed)
        local reason = job and reason_of(job[3])
        if reason and cancelled == CANCELLED then break end
        if reason then
            call('ZREM', P .. 'delayed', packed)
            cancel_job(job, packed, reason)
            cancelled = cancelled + 1
        else
            at = at + 1
        end
    end
    if at < call('ZCARD', P .. 'delayed') then
        call('HSET', P .. 'sweep', 'at', at)
    elseif call('HDEL', P .. 'sweep', 'again') == 1 then
        call('HSET', P .. 'sweep', 'at', 0)
    else
        call('DEL', P .. 'sweep')
    end
    return cancelled
end

-- What rested goes on with some slots, what had some gets all; either may have something waiting.
local function end_stages()
    for _, endpoint in ipairs(call('ZRANGEBYSCORE', P .. 'slowed', '-inf', now_text, 'LIMIT', 0, STAGES)) do
        local s = end_stage(endpoint)
        if s then uncap(s.tenant, endpoint) end
    end
end

local moved = release_due() + empty_some() + sweep()
end_stages()
promote(most)
local due = next_due(jobs_room <= 0)
return {due[1], due[2], moved}
