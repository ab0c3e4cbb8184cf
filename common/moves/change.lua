-- SPDX-License-Identifier: Apache-2.0
-- change.lua: tells every cache that @tenant's configuration is another one now.
-- Invariant: a cache that is at `version` knows every tenant whose score in `changed` is not above it.
-- Versions begin with the time, and with a change of all tenants (''): when Redis was emptied, what a
-- cache remembers is not mistaken for what is configured now.
local function changed(tenant)
    if call('EXISTS', P .. 'version') == 0 then
        call('SET', P .. 'version', string.format('%.0f', stamp))
        call('ZADD', P .. 'changed', string.format('%.0f', stamp), '')
    end
    local version = call('INCR', P .. 'version')
    call('ZADD', P .. 'changed', version, tenant)
    return version
end
