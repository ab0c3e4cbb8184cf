#!lua flags=no-writes
-- SPDX-License-Identifier: Apache-2.0
-- lookup.lua: one tenant's configuration as a whole, for the caches. Reads only.
-- KEYS[1] head · ARGV[1] tenant
-- Answers {version, tenant record or '', endpoint id, record, disabled or '', endpoint id, …}.
--#include base.lua
local tenant = ARGV[1]
local answer = {tonumber(call('GET', P .. 'version') or 0), call('GET', P .. 'tenant:' .. tenant) or ''}
for _, id in ipairs(call('SMEMBERS', P .. 'endpoints:' .. tenant)) do
    local n = #answer
    answer[n + 1] = id
    answer[n + 2] = call('GET', P .. 'endpoint:' .. id) or ''
    answer[n + 3] = call('HGET', P .. 'disabled', id) or ''
end
return answer
