-- SPDX-License-Identifier: Apache-2.0
-- due.lua: when a scheduler has to come back for this partition. Needs base.
-- Invariant: all that waits for a time, or for a next step, is seen here, and every heartbeat asks. So
-- nothing is forgotten when a `wake` is lost, or when all schedulers die and others come.
local function head_ms(name)
    local score = call('ZRANGE', P .. name, '0', '0', 'WITHSCORES')[2]
    return score and tonumber(score)
end

-- {delayed, all else} in ms, -1 for never. @is_full: of `jobs`; then a tenant whose time has come is
-- served by settle.lua as soon as there is room.
local function next_due(is_full)
    local due = head_ms('throttled')
    if is_full and due and due <= now then due = nil end
    local slowed = head_ms('slowed')
    if slowed and (not due or slowed < due) then due = slowed end
    if call('EXISTS', P .. 'cancelling', P .. 'sweep') > 0 then due = now end
    return {head_ms('delayed') or -1, due or -1}
end
