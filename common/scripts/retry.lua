#!lua
-- retry.lua: a person wants an ended delivery tried again: one new attempt, with one retry.
-- KEYS[1] head · ARGV[1] delivery id · ARGV[2] delay in ms
-- Answers {due ms}, or an error text: 'missing', 'pending', 'endpoint removed', 'endpoint disabled'.
-- Invariants: it leaves `done` as it enters `delayed`, so that its record cannot be removed meanwhile;
-- nothing of a disabled endpoint enters `delayed` (disable.lua).
--#include base.lua
local id = ARGV[1]
local record = call('GET', P .. 'delivery:' .. id)
if not record then return 'missing' end
local log = {cmsgpack.unpack(record)}
local tenant, endpoint, event = log[1][3], log[1][4], log[1][5]
if log[#log][1] ~= 'final' then return 'pending' end
if call('SISMEMBER', P .. 'endpoints:' .. tenant, endpoint) == 0 then return 'endpoint removed' end
if call('HEXISTS', P .. 'disabled', endpoint) == 1 then return 'endpoint disabled' end

local made = 0
for _, entry in ipairs(log) do
    if entry[1] == 'attempt' then made = math.max(made, entry[3]) end
end
local due = now + tonumber(ARGV[2])
call('LREM', P .. 'done:' .. tenant, '-1', id)
call('APPEND', P .. 'delivery:' .. id, cmsgpack.pack({'again', now, made + 1, due}))
call('ZADD', P .. 'delayed', due, cmsgpack.pack({id, tenant, endpoint, event, made + 1, made}))
wake(due)
return {due}
