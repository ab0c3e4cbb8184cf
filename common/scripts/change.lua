-- change.lua: tells every cache that @tenant's configuration is another one now.
-- Invariant: a cache that is at `version` knows every tenant whose score in `changed` is not above it.
local function changed(tenant)
    local version = call('INCR', P .. 'version')
    call('ZADD', P .. 'changed', version, tenant)
    return version
end
