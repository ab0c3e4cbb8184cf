-- SPDX-License-Identifier: Apache-2.0
-- cancel.lua: the end of a delivery whose endpoint is disabled or removed (disable.lua). Needs base and
-- retire.

-- The reason, or nil while the endpoint is in use.
local function disabled_reason(endpoint)
    local packed = call('HGET', P .. 'disabled', endpoint)
    return packed and cmsgpack.unpack(packed)[1]
end

local function cancel(id, tenant, reason, keep)
    call('APPEND', P .. 'delivery:' .. id, cmsgpack.pack({'final', now, 'cancelled', reason}))
    retire(tenant, id, keep)
end
