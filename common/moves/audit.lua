#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- audit.lua: what is kept of one change that somebody asked the API for.
-- KEYS[1] head · ARGV[1] tenant ('': operators) · ARGV[2] most entries · ARGV[3] ms for which they are kept ·
-- ARGV[4] the entry that this one replaces, or '' · then field, value, … of the new entry; none: nothing was changed
-- Answers the new entry's id, or ''.
-- Invariant: from before a change is made there is one entry of it: first one without `status`, then, in the step
-- that takes that away, one with it. So what a process left behind that died in between has none.
--#include base.lua
local key = P .. 'audit:' .. ARGV[1]
if ARGV[4] ~= '' then call('XDEL', key, ARGV[4]) end
if #ARGV < 6 then
    if call('XLEN', key) == 0 then call('DEL', key) end -- whoever names tenants that are not there leaves nothing
    return ''
end
local id = call('XADD', key, 'MAXLEN', '~', ARGV[2], '*', unpack(ARGV, 5))
call('XTRIM', key, 'MINID', '~', string.format('%.0f', now - tonumber(ARGV[3])))
call('PEXPIRE', key, ARGV[3]) -- of a tenant that is gone, too
return id
