#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- api_key.lua: who calls with this API key, and may it call now? One step, so that a key that was revoked or has
-- expired is worth nothing from that moment on, and its limit holds over all processes.
-- KEYS[1] head · ARGV[1] key's id · ARGV[2] digest of what was sent · ARGV[3] requests per minute (0: no limit)
-- Answers nil: no valid key, be it unknown, wrong, or expired; or {role, tenant, name, ms to wait}: 0, it may.
-- Invariant: that of room.lua, with the key's field room_at.
--#include base.lua
--#include room.lua
local key = P .. 'api_key:' .. ARGV[1]
local fields = call('HMGET', key, 'digest', 'role', 'tenant', 'name', 'expires', 'used', 'room_at')

-- In a time that tells nothing of where they differ; an unknown key takes as long as a wrong one.
local function is_equal(a, b)
    local difference = bit.bxor(#a, #b)
    for i = 1, #b do difference = bit.bor(difference, bit.bxor(string.byte(a, i) or 0, string.byte(b, i))) end
    return difference == 0
end

local expires = tonumber(fields[5]) or 0
if not is_equal(fields[1] or '', ARGV[2]) or #ARGV[2] ~= 32 or expires > 0 and now >= expires then return nil end

local limit, changes = tonumber(ARGV[3]), {}
if limit > 0 then
    local wait, room_at = take_room(fields[7], limit)
    if wait > 0 then return {fields[2], fields[3], fields[4], wait} end
    changes = {'room_at', room_at}
end
if math.abs(now - (tonumber(fields[6]) or 0)) >= 60000 then
    changes[#changes + 1] = 'used'
    changes[#changes + 1] = now_text
end
if #changes > 0 then call('HSET', key, unpack(changes)) end
return {fields[2], fields[3], fields[4], 0}
