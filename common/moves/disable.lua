-- SPDX-License-Identifier: Apache-2.0
-- disable.lua: an endpoint that takes no more deliveries. Needs base and change.
-- `disabled`[endpoint] = msgpack {reason, ms}. Those of its deliveries that are pending end as `cancelled`
-- with the reason: those that wait and those that back off at once and in bounded steps (promote.lua
-- empties `cancelling` and goes through `delayed`, see there), those in `jobs` when a worker claims them.
-- Invariants, from here on and for as long as it is disabled:
--   wait       if something waits at it, it is in `cancelling`.
--   delayed    if something of it backs off, `sweep` is there.
-- They hold because nothing of a disabled endpoint comes to `wait` or `delayed` any more: fanout.lua (by
-- the version), decide.lua, promote.lua, retry.lua, settle.lua and rescue.lua see to it.

-- It begins with all its slots when it is used again.
local function forget_slow(endpoint)
    call('HDEL', P .. 'slow', endpoint)
    call('ZREM', P .. 'slowed', endpoint)
end

local function disable(tenant, endpoint, reason)
    if call('HSETNX', P .. 'disabled', endpoint, cmsgpack.pack({reason, now})) == 0 then return false end
    call('HSET', P .. 'cancelling', endpoint, tenant)
    if call('HSETNX', P .. 'sweep', 'at', 0) == 0 and call('HGET', P .. 'sweep', 'at') ~= '0' then
        call('HSET', P .. 'sweep', 'again', 1) -- the one that is under way may be past some of its deliveries
    end
    forget_slow(endpoint) -- what is `capped` because of it stays so until emptied or enabled
    changed(tenant)
    return true
end
