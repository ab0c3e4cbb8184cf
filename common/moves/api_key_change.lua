#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- api_key_change.lua: an API key is made, or revoked. KEYS[1] head · ARGV[1] what · ARGV[2] tenant ('': an
-- operator's) · ARGV[3] id · then:
--   add     digest, role, name, expires in ms (0: never), most keys per tenant
--   remove
-- Answers when it was made in ms, 0 for removed, or an error text: 'no tenant', 'too many', 'past', 'exists',
-- 'missing'.
-- Invariant: `api_key:<id>` is there exactly when `api_keys:<tenant>` names it, and then its `tenant` is that one.
-- The script that removes a tenant (configure.lua) removes its keys.
--#include base.lua
local what, tenant, id = ARGV[1], ARGV[2], ARGV[3]
local key, list = P .. 'api_key:' .. id, P .. 'api_keys:' .. tenant

local actions = {}

actions['add'] = function()
    local expires = tonumber(ARGV[7])
    if tenant ~= '' and call('EXISTS', P .. 'tenant:' .. tenant) == 0 then return 'no tenant' end
    if expires > 0 and expires <= now then return 'past' end
    if call('EXISTS', key) == 1 then return 'exists' end
    if call('ZCARD', list) >= tonumber(ARGV[8]) then return 'too many' end
    call('HSET', key, 'digest', ARGV[4], 'role', ARGV[5], 'tenant', tenant, 'name', ARGV[6], 'created', now_text,
         'expires', ARGV[7])
    call('ZADD', list, now_text, id)
    return now
end

actions['remove'] = function()
    if call('ZREM', list, id) == 0 then return 'missing' end
    call('DEL', key)
    return 0
end

return actions[what]()
