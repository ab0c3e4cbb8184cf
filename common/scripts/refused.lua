#!lua
-- refused.lua: counts a call of an inbound source that was not genuine.
-- KEYS[1] head · ARGV[1] "<tenant>/<source>" · ARGV[2] why
-- Answers how many of this source's there were in this hour.
-- Invariant: a counter goes with its hour and the next one, so there are two hours' at most, each with no more fields
-- than there are sources.
--#include base.lua
local hour = string.format('%.0f', math.floor(now / 3600000))
local counts, reasons = P .. 'inbound_refused:' .. hour, P .. 'inbound_refused_why:' .. hour
local n = call('HINCRBY', counts, ARGV[1], 1)
call('HSET', reasons, ARGV[1], ARGV[2])
call('PEXPIRE', counts, 7200000)
call('PEXPIRE', reasons, 7200000)
return n
