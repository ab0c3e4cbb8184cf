#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- heartbeat.lua: a process says that it lives, and heals what it needs in this partition.
-- KEYS[1] head · ARGV[1] member, "worker/<name>" or "scheduler/<name>" · ARGV[2] slots of a worker, 0
-- ARGV[3] lease in ms
-- Answers {seconds, microseconds, version, delayed, all else}: Redis's clock, for permits; the due times,
-- see due.lua.
-- The groups are made here, from the beginning of their streams, so that a lost group (or a Redis
-- that was emptied) heals by itself and loses nothing that is still in the streams.
--#include base.lua
--#include due.lua
for stream, group in pairs({events = 'scheduler', failed = 'scheduler', wake = 'scheduler', jobs = 'workers'}) do
    redis.pcall('XGROUP', 'CREATE', P .. stream, group, '0', 'MKSTREAM')
end
local LEASE_MS = tonumber(ARGV[3])
-- When nobody was heard of for long, it was Redis that was away: until all have had their time to come
-- back nobody is judged by a lease (rescue.lua). Not again for as long, so that it cannot go on for ever.
local newest = call('ZRANGE', P .. 'consumers', '-1', '-1', 'WITHSCORES')[2]
if newest and tonumber(newest) < now - LEASE_MS / 2 then
    local grace = math.max(LEASE_MS, 3000) -- who tries to reach Redis again does so every 2 s at least
    call('SET', P .. 'judge_from', now + grace, 'PX', 2 * grace, 'NX')
end
call('ZADD', P .. 'consumers', now, ARGV[1])
local is_worker = tonumber(ARGV[2]) > 0
if is_worker then call('HSET', P .. 'capacity', ARGV[1], ARGV[2]) end
-- `jobs` holds as much as the workers that live can take, so that permits are not granted in vain.
local slots, all = 0, call('HGETALL', P .. 'capacity')
for i = 1, #all, 2 do
    local seen = call('ZSCORE', P .. 'consumers', all[i])
    if seen and tonumber(seen) > now - LEASE_MS then slots = slots + tonumber(all[i + 1]) end
end
call('SET', P .. 'jobs_max', math.max(slots, 64))
local due = next_due(false)
return {time[1], time[2], tonumber(call('GET', P .. 'version') or 0), due[1], due[2]}
