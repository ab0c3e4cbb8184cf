-- SPDX-License-Identifier: Apache-2.0
-- publish: accepts an event once for an idempotency key.
--
-- KEYS[1]  "<prefix>:{P}:", the start of all keys of the tenant's partition
-- ARGV[1]  idempotency key        ARGV[2]  how long it is remembered, ms
-- ARGV[3]  tenant                 ARGV[4…] the entry's fields: name, value, name, value, …
--
-- Answers {1, stream id} when the event was accepted now; {0, stream id} or {0, stream id, event id}
-- when it had been: those of the first event, the event id if its producer gave it one.
--
-- Invariant: a key is remembered if and only if its event is in the stream. So XADD comes first: if
-- it fails (out of memory, wrong type) nothing was written; SET can no longer fail after it.
-- The '/' ends the tenant, which cannot hold one: "a:b" + "c" and "a" + "b:c" are two keys.
local idem = KEYS[1] .. 'idem:' .. ARGV[3] .. '/' .. ARGV[1]
local held = redis.call('GET', idem)
if held then
    -- Nothing new is written, but who waits until replicas or the disk have what he wrote (durability) must wait for
    -- the first one's event, and that waits for the last write of his own connection.
    redis.call('SET', idem, held, 'KEEPTTL')
    local stream_id, event_id = string.match(held, '^(%S+) ?(.*)$')
    if event_id == '' then
        return {0, stream_id}
    end
    return {0, stream_id, event_id}
end

local remembered = ''
for i = 4, #ARGV, 2 do
    if ARGV[i] == 'id' then
        remembered = ' ' .. ARGV[i + 1]
    end
end
local stream_id = redis.call('XADD', KEYS[1] .. 'events', '*', unpack(ARGV, 4))
redis.call('SET', idem, stream_id .. remembered, 'PX', ARGV[2])
return {1, stream_id}
