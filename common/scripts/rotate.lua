#!lua flags=allow-oom
-- rotate.lua: one step in the change of the master key.
-- KEYS[1] "<prefix>:meta" · ARGV[1], ARGV[2] ids of the master key and of the one that follows it ('': none)
-- as the caller knows them · ARGV[3], ARGV[4] as they are to be.
-- Answers 1; or 0, with nothing done, when they are not what the caller knows.
-- Invariant: every key that secrets lie under is named, as whoever lacks one that is named does not start.
local there = redis.call('HMGET', KEYS[1], 'master_key', 'master_key_next')
if (there[1] or '') ~= ARGV[1] or (there[2] or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'master_key', ARGV[3])
if ARGV[4] == '' then
    redis.call('HDEL', KEYS[1], 'master_key_next')
else
    redis.call('HSET', KEYS[1], 'master_key_next', ARGV[4])
end
return 1
