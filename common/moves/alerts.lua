#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- alerts.lua: looks at some tenants' last five periods in `tally`, and tells the operator of those that are not well.
-- KEYS[1] head · ARGV[1] length of a period in ms · ARGV[2] cursor, '0' to begin
-- ARGV[3] the operational tenant; '': nobody is told, only what is old is removed
-- ARGV[4] lowest success rate in percent · ARGV[5] longest average response in ms (0: that one is off, both)
-- ARGV[6] fewest attempts that say anything
-- Answers {next cursor ('0': all seen, or somebody else does it), raised}.
-- Invariants: one scheduler begins in each period (`alerts_turn`). `alerts`["<kind> <tenant>"] = ms since when: an alert is
-- told with the step that puts it there, so once, and that it is over with the step that takes it away: when the tenant
-- is clearly better, has no traffic, or the alert is switched off. `alerts_inbound` is refused.lua's; what has been quiet
-- for a whole hour goes here, some in each period.
-- If the scheduler dies: who was not looked at yet is looked at in the next period.
--#include base.lua
--#include notice.lua
local LENGTH, OPERATOR, RATE, RESPONSE_MS, SAMPLES = tonumber(ARGV[1]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local PERIODS, CLEARED = 5, 0.2 -- part of the way back to what is perfect
local QUIET_PER_PERIOD = 64
local MINUTES = string.format('%.14g', PERIODS * LENGTH / 60000)
local period = math.floor(now / LENGTH)
local raised = 0

local function sum(text)
    local total = {0, 0, 0, 0}
    for p, row in string.gmatch(text, '(%d+):([%d:]+)') do
        local i = 1
        for n in string.gmatch(row, '%d+') do
            if tonumber(p) >= period - PERIODS and i <= 4 then total[i] = total[i] + tonumber(n) end
            i = i + 1
        end
    end
    return {attempts = total[1], failed = total[2], answered = total[3], ms = total[4]}
end

local function raise(kind, tenant, reason, ...)
    if call('HSETNX', P .. 'alerts', kind .. ' ' .. tenant, now_text) == 0 then return end
    notice('alert.' .. kind, tenant, reason, 'state', 'raised', '#window_minutes', MINUTES, ...)
    raised = raised + 1
end

local function clear(kind, tenant, reason, ...)
    if call('HDEL', P .. 'alerts', kind .. ' ' .. tenant) == 0 or OPERATOR == '' then return end
    notice('alert.' .. kind, tenant, reason, 'state', 'cleared', '#window_minutes', MINUTES, ...)
end

local function judge_rate(tenant, s)
    if RATE == 0 then return clear('success_rate', tenant, 'it is switched off') end
    if s.attempts < SAMPLES then return end
    local rate = (s.attempts - s.failed) * 100 / s.attempts
    local tell = rate < RATE and raise or rate >= RATE + (100 - RATE) * CLEARED and clear
    if not tell then return end
    local text = string.format('%.1f', rate)
    tell('success_rate', tenant, text .. ' % of its attempts succeeded', '#value', text, '#threshold', RATE,
        '#samples', s.attempts)
end

local function judge_response(tenant, s)
    if RESPONSE_MS == 0 then return clear('response_time', tenant, 'it is switched off') end
    if s.answered < SAMPLES then return end
    local average = s.ms / s.answered
    local tell = average > RESPONSE_MS and raise or average <= RESPONSE_MS * (1 - CLEARED) and clear
    if not tell then return end
    local text = string.format('%.0f', average)
    tell('response_time', tenant, 'its endpoints took ' .. text .. ' ms on average to answer', '#value', text,
        '#threshold', RESPONSE_MS, '#samples', s.answered)
end

local function look(tenant, text)
    local s = sum(text)
    if s.attempts == 0 then
        call('HDEL', P .. 'tally', tenant)
        clear('success_rate', tenant, 'it has no attempts any more')
        clear('response_time', tenant, 'it has no attempts any more')
    elseif OPERATOR ~= '' and tenant ~= OPERATOR then
        judge_rate(tenant, s)
        judge_response(tenant, s)
    end
end

-- Sources whose last hour with too many refused calls is not this one nor the one before.
local function quiet_inbound()
    if OPERATOR == '' then return call('UNLINK', P .. 'alerts_inbound') end -- nobody was told
    local hour = math.floor(now / 3600000)
    local pairs_of = call('HRANDFIELD', P .. 'alerts_inbound', QUIET_PER_PERIOD, 'WITHVALUES')
    for i = 1, #pairs_of, 2 do
        local tenant, source = string.match(pairs_of[i], '^([^/]*)/(.*)$')
        if (tonumber(pairs_of[i + 1]) or 0) < hour - 1 then
            call('HDEL', P .. 'alerts_inbound', pairs_of[i])
            if tenant then
                notice('alert.inbound_signatures', tenant, 'a whole hour had no more than the threshold',
                    'source', source, 'state', 'cleared', '#window_minutes', 60)
            end
        end
    end
end

if ARGV[2] == '0' then
    if tonumber(call('GET', P .. 'alerts_turn') or 0) == period then return {'0', 0} end
    if call('EXISTS', P .. 'tally', P .. 'alerts_inbound') == 0 then return {'0', 0} end
    call('SET', P .. 'alerts_turn', string.format('%.0f', period))
    quiet_inbound()
end
local scan = call('HSCAN', P .. 'tally', ARGV[2], 'COUNT', 64)
for i = 1, #scan[2], 2 do look(scan[2][i], scan[2][i + 1]) end
return {scan[1], raised}
