#!lua
-- SPDX-License-Identifier: Apache-2.0
-- tally.lua: a worker adds up what its attempts came to, for alerts.lua.
-- KEYS[1] head · ARGV[1] length of a period in ms
-- ARGV[2…] tenant after tenant, five each: tenant, attempts, failed ones, those that were answered, sum of their ms
-- `tally`[tenant] = "<period>:<attempts>:<failed>:<answered>:<ms> …", the present period and five before it.
-- Invariant: a tenant has one field, of a few rows; alerts.lua removes it when all are old.
-- If the worker dies, what it has not told yet is not known: these are statistics.
--#include base.lua
local PERIODS = 5
local period = math.floor(now / tonumber(ARGV[1]))

local function add(tenant, ...)
    local rows, present = {}, {0, 0, 0, 0}
    for p, row in string.gmatch(call('HGET', P .. 'tally', tenant) or '', '(%d+):([%d:]+)') do
        if tonumber(p) == period then
            local i = 1
            for n in string.gmatch(row, '%d+') do
                present[i] = tonumber(n)
                i = i + 1
            end
        elseif tonumber(p) >= period - PERIODS then
            rows[#rows + 1] = p .. ':' .. row
        end
    end
    for i, n in ipairs({...}) do present[i] = string.format('%.0f', present[i] + tonumber(n)) end
    rows[#rows + 1] = string.format('%.0f', period) .. ':' .. table.concat(present, ':')
    call('HSET', P .. 'tally', tenant, table.concat(rows, ' '))
end

for i = 2, #ARGV, 5 do add(unpack(ARGV, i, i + 4)) end
return #ARGV
