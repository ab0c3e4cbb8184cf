#!lua flags=no-writes
-- SPDX-License-Identifier: Apache-2.0
-- queue_depths.lua: how much lies in a partition, and how old it is. For metrics; changes nothing.
-- KEYS[1] head
-- Answers numbers: events not fanned out, jobs, failed, delayed, rejected; jobs that workers have in hand;
-- tenants throttled, endpoints full, slowed, disabled; then ages in ms of the oldest event not fanned out, job,
-- failed attempt, and for how long the first of `delayed` has been due; 0: none.
-- Whatever the sizes are, it reads lengths and first entries only. (`wait:…` are as many lists as endpoints: they
-- have no sum.) An event has an entry in `event_refs` from its fan-out until it is removed: the rest is waiting.
--#include base.lua
local function length(command, name) return call(command, P .. name) end

local function age(id)
    local ms = id and tonumber(string.match(id, '^%d+'))
    return ms and math.max(now - ms, 0) or 0
end

local function first_id(name, from)
    local entry = call('XRANGE', P .. name, from, '+', 'COUNT', 1)[1]
    return entry and entry[1]
end

-- The group's fields, {} when there is no such group.
local function group(name, wanted)
    if call('EXISTS', P .. name) == 0 then return {} end
    for _, flat in ipairs(call('XINFO', 'GROUPS', P .. name)) do
        local fields = {}
        for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
        if fields.name == wanted then return fields end
    end
    return {}
end

-- What was read is older than what was not.
local function oldest_event()
    local g = group('events', 'scheduler')
    if (g.pending or 0) > 0 then return call('XPENDING', P .. 'events', 'scheduler')[2] end
    return first_id('events', g['last-delivered-id'] and '(' .. g['last-delivered-id'] or '-')
end

local waiting = math.max(length('XLEN', 'events') - length('HLEN', 'event_refs'), 0)
local due = call('ZRANGE', P .. 'delayed', 0, 0, 'WITHSCORES')[2]
return {
    waiting, length('XLEN', 'jobs'), length('XLEN', 'failed'), length('ZCARD', 'delayed'), length('XLEN', 'rejected'),
    group('jobs', 'workers').pending or 0,
    length('ZCARD', 'throttled'), length('SCARD', 'capped'), length('ZCARD', 'slowed'), length('HLEN', 'disabled'),
    waiting > 0 and age(oldest_event()) or 0, age(first_id('jobs', '-')), age(first_id('failed', '-')),
    due and math.max(now - tonumber(due), 0) or 0,
}
