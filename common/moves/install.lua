#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- install.lua: what all processes must agree on; written once.
-- KEYS[1] "<prefix>:meta" · ARGV[1] format · ARGV[2] partitions · ARGV[3] master key's id, or ''
-- Answers {format, partitions, master key's id or '', id of the one that follows it or ''} as they are now.
redis.call('HSETNX', KEYS[1], 'format', ARGV[1])
redis.call('HSETNX', KEYS[1], 'partitions', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSETNX', KEYS[1], 'master_key', ARGV[3]) end
local answer = redis.call('HMGET', KEYS[1], 'format', 'partitions', 'master_key', 'master_key_next')
return {answer[1], answer[2], answer[3] or '', answer[4] or ''}
