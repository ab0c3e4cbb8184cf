-- SPDX-License-Identifier: Apache-2.0
-- guard.lua: what fails in the middle takes nothing else with it. Needs base. Redis does not roll a script back, so a
-- script does its work in units (one job, event, verdict), each under guard().
-- Invariant: of a unit that fails, whatever the reason, the rest of the script does not notice; its job is in
-- `rejected` with the reason, and its delivery ends as `cancelled` with it, so nobody waits for it in vain.
local REJECTED_BYTES = 16384 -- most that is kept of one bad thing

local function read_job(packed)
    local is_good, job = pcall(cmsgpack.unpack, packed)
    if not is_good or type(job) ~= 'table' then return nil end
    for i = 1, 3 do if type(job[i]) ~= 'string' then return nil end end
    return job
end

local function reject(packed, reason)
    call('XADD', P .. 'rejected', 'MAXLEN', '~', 100000, '*', 'reason', reason, 'job', string.sub(packed, 1, REJECTED_BYTES))
end

local function has_ended(record)
    local log = {pcall(cmsgpack.unpack, record)}
    local last = log[#log]
    return log[1] and type(last) == 'table' and last[1] == 'final'
end

local function end_broken(id, tenant, reason)
    local key, done = P .. 'delivery:' .. id, P .. 'done:' .. tenant
    local record = call('GET', key)
    if not record then return end
    if not has_ended(record) then call('APPEND', key, cmsgpack.pack({'final', now, 'cancelled', reason})) end
    if not call('LPOS', done, id) then call('RPUSH', done, id) end
end

-- Redis 7 raises tables, others texts.
local function error_text(e)
    return type(e) == 'table' and tostring(e.err) or tostring(e)
end

-- What @unit answers; nil when it failed. @packed: its job, or ''.
local function guard(where, id, tenant, packed, unit, ...)
    local is_done, answer = pcall(unit, ...)
    if is_done then return answer end
    local reason = where .. ': ' .. string.sub(error_text(answer), 1, 200)
    redis.log(redis.LOG_WARNING, 'grapnel: ' .. P .. ' ' .. reason)
    pcall(reject, packed, reason)
    pcall(end_broken, id, tenant, reason)
end

-- Of any number: Lua's stack ends at some thousands.
local function delete_entries(stream, ids)
    for i = 1, #ids, 1000 do call('XDEL', stream, unpack(ids, i, math.min(i + 999, #ids))) end
end
