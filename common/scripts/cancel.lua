-- cancel.lua: an endpoint that takes no more deliveries. Needs base, change and retire.
-- `disabled`[endpoint] = msgpack {reason, ms}; deliveries that are pending end as `cancelled` with the
-- reason: those that wait at once and in bounded steps (promote.lua empties `cancelling`), those that
-- back off when they are due, those in `jobs` when a worker claims them.
local function disable(tenant, endpoint, reason)
    if call('HSETNX', P .. 'disabled', endpoint, cmsgpack.pack({reason, now})) == 0 then return false end
    call('HSET', P .. 'cancelling', endpoint, tenant)
    changed(tenant)
    return true
end

-- The reason, or nil while the endpoint is in use.
local function disabled_reason(endpoint)
    local packed = call('HGET', P .. 'disabled', endpoint)
    return packed and cmsgpack.unpack(packed)[1]
end

local function cancel(job, reason, keep)
    local id, tenant = job[1], job[2]
    call('APPEND', P .. 'delivery:' .. id, cmsgpack.pack({'final', now, 'cancelled', reason}))
    retire(tenant, id, keep)
end
