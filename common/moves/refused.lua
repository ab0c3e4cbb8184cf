#!lua
-- SPDX-License-Identifier: Apache-2.0
-- refused.lua: counts a call of an inbound source that was not genuine.
-- KEYS[1] head · ARGV[1] "<tenant>/<source>" · ARGV[2] why · ARGV[3] most in an hour, above which the operator is told; 0: never
-- ARGV[4] the operational tenant; '': there is none
-- Answers how many of this source's there were in this hour.
-- Invariant: a counter goes with its hour and the next one, so there are two hours' at most, each with no more fields
-- than there are sources. The operator is told in the step that is one too many, and once until it is over:
-- `alerts_inbound`["<tenant>/<source>"] = the last hour with one too many; alerts.lua removes it.
--#include base.lua
--#include notice.lua
local hour = string.format('%.0f', math.floor(now / 3600000))
local counts, reasons = P .. 'inbound_refused:' .. hour, P .. 'inbound_refused_why:' .. hour
local n = call('HINCRBY', counts, ARGV[1], 1)
call('HSET', reasons, ARGV[1], ARGV[2])
call('PEXPIRE', counts, 7200000)
call('PEXPIRE', reasons, 7200000)
local tenant, source = string.match(ARGV[1], '^([^/]*)/(.*)$')
if n == tonumber(ARGV[3] or 0) + 1 and n > 1 and ARGV[4] ~= '' and tenant ~= ARGV[4] then
    if call('HSET', P .. 'alerts_inbound', ARGV[1], hour) == 1 then
        notice('alert.inbound_signatures', tenant, n .. ' calls of an inbound source in this hour were not genuine; the last: ' .. ARGV[2],
            'source', source, 'state', 'raised', '#value', n, '#threshold', ARGV[3], '#window_minutes', 60)
    end
end
return n
