#!lua flags=allow-oom
-- SPDX-License-Identifier: Apache-2.0
-- settle.lua: what came of the jobs that one worker claimed.
-- KEYS[1] head · ARGV[1..3] see admit.lua · ARGV[4] ended deliveries to keep
-- ARGV[5…] job after job, nine each:
--   entry, kind, tenant, endpoint, delivery id, text for the record, job, outcome, number
--   kind `done`    the attempt succeeded: the delivery ends
--        `failed`  it did not: job and outcome go to `failed`, where a scheduler decides
--        `slow`    as `failed`, and the endpoint wants less (slow.lua); number: its Retry-After in ms, or 0
--        `cancel`  there is no endpoint any more, or it is disabled: the delivery ends
--        `back`    nothing was sent, as the permit ran out (number: its `until`) or we are draining
--        `refuse`  the entry cannot be read (text says why): kept in `rejected`; it holds no slot
--        `lost`    given up while it was being sent (a drain's deadline): it may have arrived
--        `late`    as `back`, because connecting took long: number is the permit to give from now on
-- Answers {jobs settled, those that were not ours any more}.
-- Invariants: each job is acknowledged first; if that answers 0, somebody else has moved it (we were
-- thought dead) and nothing is done for it. Slot, record and place change together, and what a slow answer
-- asks for holds before the next permit. One that fails in the middle ends alone (guard.lua). Nothing comes to wait at a disabled endpoint (disable.lua).
-- If the worker dies: before, its jobs are pending and are rescued; after, all of it is done.
--#include base.lua
--#include guard.lua
--#include slow.lua
--#include admit.lua
--#include retire.lua
--#include cancel.lua
--#include refuse.lua
--#include notice.lua
local KEEP = tonumber(ARGV[4])
local JOBS = P .. 'jobs'
local PACE_MS = 200 -- that long all that runs out was granted before the last halving
local PACE_STEP = 32 -- added when as many were started as may lie unclaimed
local PACE_KEPT_MS = 60000
local LATE_MS = 600000 -- how long an endpoint is remembered as one that takes long to connect to
local has_capped = call('EXISTS', P .. 'capped') == 1
local has_failures = call('EXISTS', P .. 'failures') == 1
local has_unwell = call('EXISTS', P .. 'unwell') == 1
local entries, backs, lapsed, lost, fault = {}, {}, 0, 0, nil

local function free(tenant, endpoint)
    if has_capped then
        free_slot(tenant, endpoint)
    else
        call('DECR', P .. 'slots:' .. endpoint)
    end
end

-- Back to where it waited, first in line.
local function hand_back(i)
    local kind, tenant, endpoint, id = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
    local l, reason = lane(tenant), disabled_reason(endpoint)
    if kind == 'back' then
        refund(l, tonumber(ARGV[i + 8]))
    elseif kind == 'late' then
        call('HSET', P .. 'permits', endpoint, ARGV[i + 8] .. ' ' .. (now + LATE_MS))
    end
    if reason then return cancel(id, tenant, reason, KEEP) end
    enqueue(l, endpoint, ARGV[i + 6], false, true)
end

local function guarded(unit, i)
    guard('settle', ARGV[i + 4], ARGV[i + 2], ARGV[i + 6], unit, i)
end

-- In the order in which they were granted: the oldest gets in front, so it comes last.
local function hand_back_all()
    local ids = {}
    for _, i in ipairs(backs) do
        local ms, n = string.match(ARGV[i], '^(%d+)%-?(%d*)$')
        ids[i] = {tonumber(ms), tonumber(n) or 0}
    end
    table.sort(backs, function(i, j)
        if ids[i][1] ~= ids[j][1] then return ids[i][1] > ids[j][1] end
        return ids[i][2] > ids[j][2]
    end)
    for _, i in ipairs(backs) do guarded(hand_back, i) end
end

local function fail(i, tenant, endpoint)
    if ARGV[i + 1] == 'slow' then
        local granted_ms, rest_ms = tonumber(string.match(ARGV[i], '^%d+')), tonumber(ARGV[i + 8]) or 0
        note_wake(slow_down(tenant, endpoint, configured_slots(endpoint), granted_ms, rest_ms))
    end
    call('XADD', P .. 'failed', '*', 'job', ARGV[i + 6], 'outcome', ARGV[i + 7])
end

-- What was in flight when it was disabled says nothing of what comes now.
local function recover(tenant, endpoint, id)
    if call('HEXISTS', P .. 'disabled', endpoint) == 1 or call('HDEL', P .. 'unwell', endpoint) == 0 then return end
    notice('endpoint.recovered', tenant, 'a delivery succeeded', 'endpoint', endpoint, 'delivery', id)
end

-- What came back because its time was over halves the pace, once for all that were granted together; what was started
-- raises it. So it is soon small after a stall, and grows until permits run out or nothing holds it.
local function adapt()
    if lapsed * 8 > #entries then
        if not pace or now - pace_ms > PACE_MS then
            pace, pace_ms = math.max(PACE_MIN, math.floor(math.min(pace or jobs_max, jobs_max) / 2)), now
        end
    elseif pace then
        pace = pace + math.ceil(#entries * PACE_STEP / pace)
    else
        return
    end
    if pace >= jobs_max then
        pace = nil
        call('DEL', P .. 'pace')
    else
        call('SET', P .. 'pace', string.format('%d %.0f', pace, pace_ms), 'PX', PACE_KEPT_MS)
    end
end

local function settle(i)
    local kind, tenant, endpoint, id = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
    entries[#entries + 1] = ARGV[i]
    if kind == 'refuse' then return refuse(JOBS, ARGV[i], ARGV[i + 5]) end
    free(tenant, endpoint)
    if ARGV[i + 5] ~= '' then call('APPEND', P .. 'delivery:' .. id, ARGV[i + 5]) end
    if kind == 'done' then
        retire(tenant, id, KEEP)
        if has_failures then call('HDEL', P .. 'failures', endpoint) end
        if has_unwell then recover(tenant, endpoint, id) end
    elseif kind == 'failed' or kind == 'slow' then
        fail(i, tenant, endpoint)
    elseif kind == 'cancel' then
        retire(tenant, id, KEEP)
    else
        if kind == 'back' and tonumber(ARGV[i + 8]) <= now then lapsed = lapsed + 1 end
        backs[#backs + 1] = i
    end
end

for i = 5, #ARGV, 9 do
    -- An entry that cannot be acknowledged is settled when the worker says it all again: the others do not wait for it.
    local is_heard, acked = pcall(call, 'XACK', JOBS, 'workers', ARGV[i])
    if not is_heard then
        fault = acked
    elseif acked == 1 then
        guarded(settle, i)
    else
        lost = lost + 1
    end
end
hand_back_all()
if #entries > 0 then
    adapt()
    jobs_room = room(#entries)
    delete_entries(JOBS, entries)
end
promote(#entries + 8)
if wake_ms then wake(wake_ms) end
if fault then error(fault) end
return {#entries, lost}
