#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- configure.lua: one change of a tenant's configuration, seen by all caches at their next step.
-- KEYS[1] head · ARGV[1] what · ARGV[2] tenant · then:
--   tenant           record, limit ('' for the default), must_be: 'new', 'old' or '', replaces
--   tenant-remove    replaces
--   endpoint         endpoint, record, slots ('' for the default), must_be, most endpoints per tenant,
--                    replaces, and if that matters: 'enable' or 'disable', reason
--   endpoint-remove  endpoint, replaces
--   endpoint-enable  endpoint
--   endpoint-disable endpoint, reason
--   webhook          record of the tenant, the one it replaces, endpoint, its record, the one it replaces
--                    ('': it is new), most endpoints per tenant, 'enable', 'disable' or '', reason
-- @replaces: the record that the caller has read and changed, or means to remove; nothing is done when it is
-- another one by now. '' or left out: whatever is there.
-- Answers the new version, or an error text: 'exists', 'missing', 'changed', 'no tenant', 'too many'.
-- Invariants: those of disable.lua; an endpoint whose slots may be others now, or that is used again, is not
-- left in `capped`, as perhaps nothing in flight would free it.
--#include base.lua
--#include change.lua
--#include disable.lua
local what, tenant, endpoint = ARGV[1], ARGV[2], ARGV[3]

local function set_or_clear(hash, field, value)
    if value == '' then call('HDEL', P .. hash, field) else call('HSET', P .. hash, field, value) end
end

local function wrong(key, must_be, replaces)
    local record = call('GET', key)
    if must_be == 'new' and record then return 'exists' end
    if must_be == 'old' and not record then return 'missing' end
    if (replaces or '') ~= '' and record ~= replaces then return 'changed' end
end

-- The limits may be other ones now: let the scheduler look again at once.
local function look_again()
    if call('ZSCORE', P .. 'throttled', tenant) then
        call('ZADD', P .. 'throttled', now, tenant)
        wake(now)
    end
end

local function uncap(id)
    if call('SREM', P .. 'capped', id) == 1 then
        call('ZADD', P .. 'ring:' .. tenant, stamp, id)
        call('ZADD', P .. 'throttled', now, tenant)
    end
end

local function enable(id)
    for _, hash in ipairs({'disabled', 'failures', 'cancelling'}) do call('HDEL', P .. hash, id) end
    forget_slow(id)
    uncap(id)
    look_again()
end

-- @state: 'enable', 'disable', '' or nil.
local function set_state(id, state, reason)
    if state == 'enable' then enable(id) end
    if state == 'disable' and disable(tenant, id, reason) then wake(now) end
end

local function endpoint_remove(id)
    call('DEL', P .. 'endpoint:' .. id)
    call('SREM', P .. 'endpoints:' .. tenant, id)
    for _, hash in ipairs({'caps', 'failures', 'permits', 'disabled', 'unwell'}) do call('HDEL', P .. hash, id) end
    disable(tenant, id, 'the endpoint was removed')
    wake(now)
end

local actions = {}

actions['tenant'] = function()
    local error = wrong(P .. 'tenant:' .. tenant, ARGV[5], ARGV[6])
    if error then return error end
    call('SET', P .. 'tenant:' .. tenant, ARGV[3])
    call('SADD', P .. 'tenants', tenant)
    set_or_clear('limits', tenant, ARGV[4])
    look_again()
end

actions['tenant-remove'] = function()
    local error = wrong(P .. 'tenant:' .. tenant, 'old', ARGV[3])
    if error then return error end
    call('DEL', P .. 'tenant:' .. tenant)
    for _, id in ipairs(call('SMEMBERS', P .. 'endpoints:' .. tenant)) do endpoint_remove(id) end
    for _, hash in ipairs({'limits', 'unmatched'}) do call('HDEL', P .. hash, tenant) end
    for _, id in ipairs(call('ZRANGE', P .. 'sources:' .. tenant, 0, -1)) do call('DEL', P .. 'source:' .. id) end
    call('DEL', P .. 'sources:' .. tenant)
    for _, id in ipairs(call('ZRANGE', P .. 'api_keys:' .. tenant, 0, -1)) do call('DEL', P .. 'api_key:' .. id) end
    call('DEL', P .. 'api_keys:' .. tenant)
end

actions['endpoint'] = function()
    local key = P .. 'endpoint:' .. endpoint
    if ARGV[5] ~= '' and (tonumber(ARGV[5]) or 0) < 1 then
        return redis.error_reply('ERR slots: at least 1 expected')
    end
    if call('EXISTS', P .. 'tenant:' .. tenant) == 0 then return 'no tenant' end
    local error = wrong(key, ARGV[6], ARGV[8])
    if error then return error end
    local is_new = call('EXISTS', key) == 0
    if is_new and call('SCARD', P .. 'endpoints:' .. tenant) >= tonumber(ARGV[7]) then return 'too many' end
    call('SET', key, ARGV[4])
    call('SADD', P .. 'endpoints:' .. tenant, endpoint)
    set_or_clear('caps', endpoint, ARGV[5])
    uncap(endpoint)
    look_again()
    -- One of this id was removed before: ids may be derived from what they are for.
    if is_new and call('HEXISTS', P .. 'disabled', endpoint) == 1 then enable(endpoint) end
    -- One that is used is left alone: what is told here is a state, and no wish to begin anew.
    if ARGV[9] ~= 'enable' or call('HEXISTS', P .. 'disabled', endpoint) == 1 then
        set_state(endpoint, ARGV[9], ARGV[10])
    end
end

actions['endpoint-remove'] = function()
    if call('SISMEMBER', P .. 'endpoints:' .. tenant, endpoint) == 0 then return 'missing' end
    local error = wrong(P .. 'endpoint:' .. endpoint, '', ARGV[4])
    if error then return error end
    endpoint_remove(endpoint)
end

actions['endpoint-enable'] = function()
    if call('SISMEMBER', P .. 'endpoints:' .. tenant, endpoint) == 0 then return 'missing' end
    enable(endpoint)
end

actions['endpoint-disable'] = function()
    if call('SISMEMBER', P .. 'endpoints:' .. tenant, endpoint) == 0 then return 'missing' end
    disable(tenant, endpoint, ARGV[4])
    wake(now)
end

-- A tenant's settings and the endpoint that they are about, in one step (tenant_setting.h).
actions['webhook'] = function()
    local id, is_new = ARGV[5], ARGV[7] == ''
    local error = wrong(P .. 'tenant:' .. tenant, 'old', ARGV[4])
    if error then return error end
    if wrong(P .. 'endpoint:' .. id, is_new and 'new' or 'old', ARGV[7]) then return 'changed' end
    if is_new and call('SCARD', P .. 'endpoints:' .. tenant) >= tonumber(ARGV[8]) then return 'too many' end
    call('SET', P .. 'tenant:' .. tenant, ARGV[3])
    call('SET', P .. 'endpoint:' .. id, ARGV[6])
    call('SADD', P .. 'endpoints:' .. tenant, id)
    set_state(id, ARGV[9], ARGV[10])
end

local error = actions[what]()
if error then return error end
return changed(tenant)
