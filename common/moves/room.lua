-- SPDX-License-Identifier: Apache-2.0
-- room.lua: how many requests per minute somebody may make. Needs base.
-- Invariant: `room_at` is when his bucket, which holds a minute's requests and fills evenly, is full again (in
-- microseconds); never more than a minute ahead, however Redis's clock was set. Who must wait changes nothing.

-- The ms to wait; 0, and the new room_at: he may.
local function take_room(room_at, limit)
    local minute = 60000000
    local at = math.min(math.max(tonumber(room_at) or 0, stamp), stamp + minute) + minute / limit
    local wait = at - stamp - minute
    if wait > 0 then return math.ceil(wait / 1000) end
    return 0, string.format('%.0f', at)
end
