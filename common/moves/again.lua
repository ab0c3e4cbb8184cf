-- SPDX-License-Identifier: Apache-2.0
-- again.lua: an ended delivery gets one new attempt, with one retry.
-- Invariants: it leaves `done` as it enters `delayed`, so that its record cannot be removed meanwhile; nothing of a
-- disabled endpoint enters `delayed` (disable.lua).

-- @since (nil: never mind): not if it ended then or later, or was asked for again. Answers nothing when it was done,
-- else a word: 'missing', 'pending', 'later', 'endpoint removed', 'endpoint disabled'.
local function again(id, due, since)
    local record = call('GET', P .. 'delivery:' .. id)
    if not record then return 'missing' end
    local log = {pcall(cmsgpack.unpack, record)}
    local created, last = log[2], log[#log]
    if not log[1] or type(created) ~= 'table' or not created[5] then return 'missing' end
    local tenant, endpoint, event = created[3], created[4], created[5]
    if last[1] ~= 'final' then return 'pending' end

    local made = 0
    for i = 2, #log do
        local entry = log[i]
        if entry[1] == 'attempt' then made = math.max(made, entry[3]) end
        if entry[1] == 'again' and since and entry[2] >= since then return 'later' end
    end
    if since and last[2] >= since then return 'later' end
    if call('SISMEMBER', P .. 'endpoints:' .. tenant, endpoint) == 0 then return 'endpoint removed' end
    if call('HEXISTS', P .. 'disabled', endpoint) == 1 then return 'endpoint disabled' end

    -- Its place first: a script that stops after it has a delivery that is tried once more, not one that is pending nowhere.
    call('ZADD', P .. 'delayed', due, cmsgpack.pack({id, tenant, endpoint, event, made + 1, made}))
    call('APPEND', P .. 'delivery:' .. id, cmsgpack.pack({'again', now, made + 1, due}))
    call('LREM', P .. 'done:' .. tenant, '-1', id)
end
