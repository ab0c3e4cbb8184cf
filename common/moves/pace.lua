#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- pace.lua: may somebody whom we know without asking Redis (by a JWT) make one more request now?
-- KEYS[1] head · ARGV[1] his name · ARGV[2] requests per minute
-- Answers the ms to wait; 0: he may.
-- Invariant: that of room.lua, with `room:<name>` for room_at; what is not there is full.
--#include base.lua
--#include room.lua
local key = P .. 'room:' .. ARGV[1]
local wait, room_at = take_room(call('GET', key), tonumber(ARGV[2]))
if wait == 0 then call('SET', key, room_at, 'PX', 60000) end
return wait
