#!lua
-- SPDX-License-Identifier: Apache-2.0
-- retries.lua: the life of a bulk retry: a job that has many ended deliveries tried again, step by step.
-- KEYS[1] head · ARGV[1] what:
--   make   ARGV[2] job · [3] tenant · [4] most that run · [5] most that are kept · [6…] field, value, …
--          Answers the time, or 'no tenant', 'too many'.
--   take   ARGV[2] lease in ms. Answers {job, its fields} of a job whose next step is due, or {}: for the lease nobody
--          else is given it.
--   step   ARGV[2] job · [3] the place that the step began at · [4] the place behind it · [5] '1': it was the last
--          [6] looked at · [7] delay in ms · [8] pause in ms · [9…] delivery ids
--          Answers how many are tried again, or 'lost': it was stopped, or somebody else has made that step.
--   stop   ARGV[2] job · [3] tenant. Answers 1, or 'missing'.
-- Invariants: a job is in `retries` exactly while it runs, so whoever makes a step may die at any time: after the lease
-- another goes on from the place. Deliveries, place and counts of a step change together, so no delivery is counted
-- twice; none is tried again twice, as again.lua passes over what was asked for since the job was made.
--#include base.lua
--#include again.lua
local what, RETRIES = ARGV[1], P .. 'retries'
local function key_of(job) return P .. 'retry_job:' .. job end

local function finish(job, state)
    call('HSET', key_of(job), 'state', state, 'ended', now_text, 'at', now_text)
    call('ZREM', RETRIES, job)
end

-- Removes the oldest that have ended, until there is room; false: too many run.
local function make_room(list, running_most, kept_most)
    local jobs, running = call('ZRANGE', list, 0, -1), 0
    for _, job in ipairs(jobs) do
        if call('ZSCORE', RETRIES, job) then running = running + 1 end
    end
    local over = #jobs + 1 - kept_most
    for _, job in ipairs(jobs) do
        if over > 0 and not call('ZSCORE', RETRIES, job) then
            call('DEL', key_of(job))
            call('ZREM', list, job)
            over = over - 1
        end
    end
    return running < running_most
end

local function make(job, tenant)
    local list = P .. 'retry_jobs:' .. tenant
    if call('EXISTS', P .. 'tenant:' .. tenant) == 0 then return 'no tenant' end
    if not make_room(list, tonumber(ARGV[4]), tonumber(ARGV[5])) then return 'too many' end
    call('HSET', key_of(job), 'tenant', tenant, 'made', now_text, 'at', now_text, 'state', 'running', unpack(ARGV, 6))
    call('ZADD', list, now_text, job)
    call('ZADD', RETRIES, now_text, job)
    return now
end

local function take(lease)
    local job = call('ZRANGE', RETRIES, '-inf', now_text, 'BYSCORE', 'LIMIT', 0, 1)[1]
    if not job then return {} end
    local fields = call('HGETALL', key_of(job))
    if #fields == 0 then
        call('ZREM', RETRIES, job)
        return {}
    end
    call('ZADD', RETRIES, now + lease, job)
    return {job, fields}
end

-- How a delivery is counted that is not tried again.
local COUNT = {['endpoint removed'] = 'removed', ['endpoint disabled'] = 'disabled'}

local function step(job)
    local key = key_of(job)
    local is = call('HMGET', key, 'state', 'place', 'made')
    if is[1] ~= 'running' or (is[2] or '') ~= ARGV[3] then return 'lost' end
    local due, counts = now + tonumber(ARGV[7]), {looked = tonumber(ARGV[6]), retried = 0}
    for i = 9, #ARGV do
        local refusal = again(ARGV[i], due, tonumber(is[3]))
        local name = refusal and (COUNT[refusal] or 'skipped') or 'retried'
        counts[name] = (counts[name] or 0) + 1
    end
    if counts.retried > 0 then wake(due) end
    for name, n in pairs(counts) do call('HINCRBY', key, name, n) end
    call('HSET', key, 'place', ARGV[4], 'at', now_text)
    if ARGV[5] == '1' then
        finish(job, 'done')
    else
        call('ZADD', RETRIES, now + tonumber(ARGV[8]), job)
    end
    return counts.retried
end

local function stop(job, tenant)
    local is = call('HMGET', key_of(job), 'tenant', 'state')
    if is[1] ~= tenant then return 'missing' end
    if is[2] == 'running' then finish(job, 'stopped') end
    return 1
end

if what == 'make' then return make(ARGV[2], ARGV[3]) end
if what == 'take' then return take(tonumber(ARGV[2])) end
if what == 'step' then return step(ARGV[2]) end
return stop(ARGV[2], ARGV[3])
