#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- rotate.lua: one step in the change of the master key.
-- KEYS[1] "<prefix>:meta" · ARGV[1], ARGV[2] ids of the master key and of the one that follows it ('': none)
-- and ARGV[3] the turn, as the caller knows them · ARGV[4], ARGV[5] the ids as they are to be.
-- Answers 1; or 0, with nothing done, when they are not what the caller knows.
-- Invariants: every key that secrets lie under is named, as whoever lacks one that is named does not start;
-- the turn never comes back, so what was found out during one cannot be told of another.
local there = redis.call('HMGET', KEYS[1], 'master_key', 'master_key_next', 'master_key_turn')
if (there[1] or '') ~= ARGV[1] or (there[2] or '') ~= ARGV[2] or (there[3] or '0') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'master_key', ARGV[4])
if ARGV[5] == '' then
    redis.call('HDEL', KEYS[1], 'master_key_next')
else
    redis.call('HSET', KEYS[1], 'master_key_next', ARGV[5])
end
redis.call('HINCRBY', KEYS[1], 'master_key_turn', 1)
return 1
