-- SPDX-License-Identifier: Apache-2.0
-- base.lua: what every script begins with.
-- KEYS[1] is the partition's head, "grapnel:{3}:"; all keys of the script begin with it, so a script
-- touches one hash slot. All times are Redis's own clock, in milliseconds.
local P = KEYS[1]
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stamp = time[1] * 1000000 + time[2] -- microseconds: orders what happens within one millisecond
-- Redis writes a Lua number with 17 digits, by way of printf: what is passed often is made a text once.
local now_text = string.format('%.0f', now)

-- Calls the schedulers to look at this partition at @at_ms. A lost call costs a heartbeat: see due.lua.
local function wake(at_ms)
    call('XADD', P .. 'wake', 'MAXLEN', '~', 1000, '*', 'at', at_ms)
end
