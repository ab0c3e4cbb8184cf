#!lua flags=allow-oom
-- settle.lua: what came of the jobs that one worker claimed.
-- KEYS[1] head · ARGV[1..3] see admit.lua · ARGV[4] ended deliveries to keep
-- ARGV[5…] job after job, nine each:
--   entry, kind, tenant, endpoint, delivery id, text for the record, job, outcome, number
--   kind `done`    the attempt succeeded: the delivery ends
--        `failed`  it did not: job and outcome go to `failed`, where a scheduler decides
--        `cancel`  there is no endpoint any more, or it is disabled: the delivery ends
--        `back`    nothing was sent, as the permit ran out (number: its `until`) or we are draining
--        `refuse`  the entry cannot be read (text says why): kept in `rejected`; it holds no slot
--        `lost`    given up while it was being sent (a drain's deadline): it may have arrived
--        `slow`    as `back`, because connecting took long: number is the permit to give from now on
-- Answers {jobs settled, those that were not ours any more}.
-- Invariant: each job is acknowledged first; if that answers 0, somebody else has moved it (we were
-- thought dead) and nothing is done for it. Slot, record and place change together.
--#include base.lua
--#include admit.lua
--#include retire.lua
--#include refuse.lua
local KEEP = tonumber(ARGV[4])
local JOBS = P .. 'jobs'
local SLOW_MS = 600000 -- how long an endpoint is remembered as slow to connect to
local has_capped = call('EXISTS', P .. 'capped') == 1
local has_failures = call('EXISTS', P .. 'failures') == 1
local entries, lost = {}, 0

local function free(tenant, endpoint)
    if has_capped then
        free_slot(tenant, endpoint)
    else
        call('DECR', P .. 'slots:' .. endpoint)
    end
end

-- Back to where it waited, first in line.
local function hand_back(i, tenant, endpoint)
    local l = lane(tenant)
    if ARGV[i + 1] == 'back' then
        refund(l, tonumber(ARGV[i + 8]))
    elseif ARGV[i + 1] == 'slow' then
        call('HSET', P .. 'permits', endpoint, ARGV[i + 8] .. ' ' .. (now + SLOW_MS))
    end
    enqueue(l, endpoint, ARGV[i + 6], false, true)
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
    elseif kind == 'failed' then
        call('XADD', P .. 'failed', '*', 'job', ARGV[i + 6], 'outcome', ARGV[i + 7])
    elseif kind == 'cancel' then
        retire(tenant, id, KEEP)
    else
        hand_back(i, tenant, endpoint)
    end
end

for i = 5, #ARGV, 9 do
    if call('XACK', JOBS, 'workers', ARGV[i]) == 1 then
        settle(i)
    else
        lost = lost + 1
    end
end
if #entries > 0 then
    call('XDEL', JOBS, unpack(entries))
    jobs_room = jobs_room + #entries
end
promote(#entries + 8)
note_grants()
if wake_ms then call('XADD', P .. 'wake', 'MAXLEN', '~', 1000, '*', 'at', wake_ms) end
return {#entries, lost}
