-- retire.lua: the end of a delivery and of its record.
-- Invariants: a delivery is in `done:<tenant>` from its final state on, and only then may its record
-- be removed; `event_refs`[event] counts the records that need the event's body, which stays in
-- `events` until that is 0.

-- Removes an ended delivery's record, and the event's body with the last of them.
local function forget(tenant, id)
    local key = P .. 'delivery:' .. id
    local record = call('GET', key)
    call('ZREM', P .. 'done:' .. tenant, id)
    call('ZREM', P .. 'index:' .. tenant, id)
    if not record then return end
    call('UNLINK', key)
    local _, created = cmsgpack.unpack_one(record)
    local event = created[5]
    if call('HINCRBY', P .. 'event_refs', event, -1) <= 0 then
        call('HDEL', P .. 'event_refs', event)
        call('XDEL', P .. 'events', event)
    end
end

-- Notes that @id has ended; @keep: how many ended deliveries a tenant keeps.
local function retire(tenant, id, keep)
    call('ZADD', P .. 'done:' .. tenant, now, id)
    local over = call('ZCARD', P .. 'done:' .. tenant) - keep
    if over <= 0 then return end
    for _, old in ipairs(call('ZRANGE', P .. 'done:' .. tenant, 0, math.min(over, 4) - 1)) do
        forget(tenant, old)
    end
end
