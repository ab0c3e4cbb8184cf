#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- leave.lua: a process that has drained goes, so that nobody waits for its lease.
-- KEYS[1] head · ARGV[1] member · ARGV[2] name · ARGV[3] group · ARGV[4…] streams
-- Answers 1 when it has gone, 0 when it still has pending entries (then rescue.lua does it later).
--#include base.lua
for i = 4, #ARGV do
    local pending = redis.pcall('XPENDING', P .. ARGV[i], ARGV[3], '-', '+', 1, ARGV[2])
    if type(pending) == 'table' and not pending.err and #pending > 0 then return 0 end
end
for i = 4, #ARGV do redis.pcall('XGROUP', 'DELCONSUMER', P .. ARGV[i], ARGV[3], ARGV[2]) end
call('ZREM', P .. 'consumers', ARGV[1])
call('HDEL', P .. 'capacity', ARGV[1])
return 1
