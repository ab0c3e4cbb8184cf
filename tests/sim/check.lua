-- SPDX-License-Identifier: Apache-2.0
-- check.lua: what holds at any moment in one partition (docs/architecture.md). KEYS[1]: its head. Answers a list of words.
local P, call, wrong = KEYS[1], redis.call, {}
local function demand(is_true, ...)
    if not is_true then wrong[#wrong + 1] = P .. ' ' .. string.format(...) end
end
local function field(entry, name)
    for i = 1, #entry[2], 2 do
        if entry[2][i] == name then return entry[2][i + 1] end
    end
end
local places, used = {}, {}
local function found(packed, place)
    local job = cmsgpack.unpack(packed)
    places[job[1]] = places[job[1]] or {}
    table.insert(places[job[1]], place)
    return job
end
for _, name in ipairs({'jobs', 'failed'}) do
    for _, entry in ipairs(call('XRANGE', P .. name, '-', '+')) do
        local job = found(field(entry, 'job'), name)
        if name == 'jobs' then used[job[3]] = (used[job[3]] or 0) + 1 end
    end
end
for _, packed in ipairs(call('ZRANGE', P .. 'delayed', 0, -1)) do found(packed, 'delayed') end
local records, pending = {}, 0
for _, key in ipairs(call('KEYS', '*')) do
    local kind, rest = string.match(string.sub(key, #P + 1), '^(%a+):(.*)$')
    if string.sub(key, 1, #P) ~= P then kind = nil end
    if kind == 'wait' then
        for _, packed in ipairs(call('LRANGE', key, 0, -1)) do found(packed, 'wait') end
    elseif kind == 'slots' then
        used[rest] = used[rest] or 0
    elseif kind == 'window' then
        local limit = tonumber(call('HGET', P .. 'limits', rest) or 0)
        demand(limit == 0 or call('LLEN', key) <= limit, '%s has %d grants in its window', rest, call('LLEN', key))
    elseif kind == 'delivery' then
        local log = {cmsgpack.unpack(call('GET', key))}
        local last = log[#log][1]
        records[rest] = last
        if last ~= 'final' then pending = pending + 1 end
    end
end
for endpoint, n in pairs(used) do
    local counted = tonumber(call('GET', P .. 'slots:' .. endpoint) or 0)
    demand(counted == n, '%s has %d jobs, but %d slots are counted', endpoint, n, counted)
end
for id, last in pairs(records) do
    local n = #(places[id] or {})
    demand(n == (last == 'final' and 0 or 1), '%s is %s and in %d places', id, last, n)
end
for id in pairs(places) do demand(records[id], '%s has no record', id) end
local state = {pending + call('XLEN', P .. 'failed')}
for _, words in ipairs(wrong) do state[#state + 1] = words end
return state
