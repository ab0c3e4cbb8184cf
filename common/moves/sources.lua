#!lua flags=no-writes
-- SPDX-License-Identifier: Apache-2.0
-- sources.lua: a tenant's inbound sources, the oldest first. Reads only.
-- KEYS[1] head · ARGV[1] tenant
-- Answers {0, '', source id, record, '', source id, …}: the form of lookup.lua's.
--#include base.lua
local answer = {0, ''}
for _, id in ipairs(call('ZRANGE', P .. 'sources:' .. ARGV[1], 0, -1)) do
    local n = #answer
    answer[n + 1] = id
    answer[n + 2] = call('GET', P .. 'source:' .. id) or ''
    answer[n + 3] = ''
end
return answer
