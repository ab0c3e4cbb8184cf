#!lua
-- SPDX-License-Identifier: Apache-2.0
-- revise.lua: one record of a tenant (a download, a file, an inbound source) is made, replaced or removed, and
-- told of by events, in one step.
-- KEYS[1] head · ARGV[1] tenant · ARGV[2] the record's key behind the head · ARGV[3] the record; '': it goes
-- ARGV[4] the record that was read; '': there was none · ARGV[5] ms that a new one is kept; 0: until it is removed
-- ARGV[6] ZSET of the tenant's records of this kind, by the time they were made · ARGV[7] most of them
-- ARGV[8] this one's name in it · then type and data of each event
-- Answers {ms when it was made or changed}, or an error text: 'exists', 'missing', 'changed', 'no tenant', 'too many'.
-- Invariants: an event is told if and only if its record is written: the stream comes first, as it can fail (out of
-- memory), the rest then cannot. Whoever read another record than this one replaces does nothing.
--#include base.lua
--#include change.lua
local tenant, key, list = ARGV[1], P .. ARGV[2], P .. ARGV[6]
local keep, name = tonumber(ARGV[5]), ARGV[8]

local record = call('GET', key)
if ARGV[4] == '' and record then return 'exists' end
if ARGV[4] ~= '' and not record then return 'missing' end
if ARGV[4] ~= '' and record ~= ARGV[4] then return 'changed' end
if call('EXISTS', P .. 'tenant:' .. tenant) == 0 then return 'no tenant' end
if not record then
    if keep > 0 then call('ZREMRANGEBYSCORE', list, '-inf', now - keep) end
    if call('ZCARD', list) >= tonumber(ARGV[7]) then return 'too many' end
end

for i = 9, #ARGV, 2 do
    call('XADD', P .. 'events', '*', 'tenant', tenant, 'type', ARGV[i], 'data', ARGV[i + 1])
end
if ARGV[3] == '' then
    call('ZREM', list, name)
    call('DEL', key)
elseif record then
    call('SET', key, ARGV[3], 'KEEPTTL')
else
    call('ZADD', list, now, name)
    call('SET', key, ARGV[3])
    if keep > 0 then
        call('PEXPIRE', key, keep)
        call('PEXPIRE', list, keep)
    end
end
if keep == 0 then changed(tenant) end -- it is configuration, and may hold what is sealed: the rekeyer looks again
return {now}
