-- SPDX-License-Identifier: Apache-2.0
-- retire.lua: the end of a delivery and of its record.
-- Invariants: a delivery is in `done:<tenant>` (a list, the oldest first) from its final state on, and
-- only then may its record be removed; `event_refs`[event] counts the records that need the event's
-- body, which stays in `events` until that is 0; `own_ids` names no event that is not there.

-- Of two events with one own id the later has it.
local function forget_own_id(tenant, event)
    local key = P .. 'own_ids:' .. tenant
    if call('EXISTS', key) == 0 then return end
    local entries = redis.pcall('XRANGE', P .. 'events', event, event)
    local fields = entries[1] and entries[1][2] or {}
    for i = 1, #fields, 2 do
        if fields[i] == 'id' and call('HGET', key, fields[i + 1]) == event then call('HDEL', key, fields[i + 1]) end
    end
end

local function release_event(tenant, event)
    if call('HINCRBY', P .. 'event_refs', event, -1) <= 0 then
        forget_own_id(tenant, event)
        call('HDEL', P .. 'event_refs', event)
        -- After the group was lost a scheduler may have read it again: fanout.lua must not take it for new.
        call('XACK', P .. 'events', 'scheduler', event)
        call('XDEL', P .. 'events', event)
    end
end

-- A record that cannot be read goes like any other; what Redis refuses in the middle of a script would
-- leave half of a move behind.
local function event_of(record)
    local is_good, _, created = pcall(cmsgpack.unpack_one, record)
    return is_good and type(created) == 'table' and created[5]
end

local function ended_ms(record)
    local log = {pcall(cmsgpack.unpack, record)}
    local last = log[#log]
    return log[1] and type(last) == 'table' and tonumber(last[2]) or 0
end

-- Removes the record of the tenant's oldest ended delivery, and the event's body with the last of them,
-- if it ended before @before_ms (nil: whenever it did). Did it?
local function forget_oldest(tenant, before_ms)
    local id = call('LINDEX', P .. 'done:' .. tenant, '0')
    if not id then return false end
    local key = P .. 'delivery:' .. id
    local record = redis.pcall('GET', key)
    if type(record) == 'table' then record = '' end -- something else lies there: it goes too
    if record then
        if before_ms and ended_ms(record) >= before_ms then return false end
        call('UNLINK', key)
        local event = event_of(record)
        if event then release_event(tenant, event) end
    end
    call('LPOP', P .. 'done:' .. tenant)
    call('ZREM', P .. 'index:' .. tenant, id)
    return true
end

-- Notes that @id has ended; @keep: how many ended deliveries a tenant keeps.
local function retire(tenant, id, keep)
    local over = call('RPUSH', P .. 'done:' .. tenant, id) - keep
    for _ = 1, math.min(over, 4) do forget_oldest(tenant) end
end
