#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- trim.lua: retention by age, some tenants a call.
-- KEYS[1] head · ARGV[1] cursor over the tenants ('0' to begin) · ARGV[2] age in ms · ARGV[3] most to remove
-- Answers {next cursor ('0': all seen), removed}.
-- Invariants: only what is in `done` is removed, so nothing pending ever is; that a removed endpoint is
-- disabled is not forgotten while something of it may be on its way (disable.lua).
--#include base.lua
--#include retire.lua
local removed, most = 0, tonumber(ARGV[3])
local scan = call('SSCAN', P .. 'tenants', ARGV[1], 'COUNT', 32)
for _, tenant in ipairs(scan[2]) do
    while removed < most and forget_oldest(tenant, now - tonumber(ARGV[2])) do removed = removed + 1 end
    if removed >= most then return {ARGV[1], removed} end
    if call('EXISTS', P .. 'tenant:' .. tenant, P .. 'index:' .. tenant) == 0 then
        call('SREM', P .. 'tenants', tenant)
        call('DEL', P .. 'window:' .. tenant, P .. 'own_ids:' .. tenant)
        for _, job in ipairs(call('ZRANGE', P .. 'retry_jobs:' .. tenant, 0, -1)) do
            call('DEL', P .. 'retry_job:' .. job)
            call('ZREM', P .. 'retries', job)
        end
        call('DEL', P .. 'retry_jobs:' .. tenant)
    end
end
-- What is left of removed endpoints to which nothing is on its way any more. Some at random, as those that
-- are only disabled stay.
local flat = call('EXISTS', P .. 'sweep') == 0 and call('HRANDFIELD', P .. 'disabled', 32, 'WITHVALUES') or {}
for i = 1, #flat, 2 do
    local is_old = cmsgpack.unpack(flat[i + 1])[2] < now - tonumber(ARGV[2])
    local is_busy = tonumber(call('GET', P .. 'slots:' .. flat[i]) or 0) ~= 0
    if is_old and not is_busy and call('EXISTS', P .. 'endpoint:' .. flat[i], P .. 'wait:' .. flat[i]) == 0 then
        for _, hash in ipairs({'disabled', 'failures', 'permits'}) do call('HDEL', P .. hash, flat[i]) end
        call('DEL', P .. 'slots:' .. flat[i])
    end
end
call('XTRIM', P .. 'rejected', 'MINID', '~', now - tonumber(ARGV[2]))
return {scan[1], removed}
