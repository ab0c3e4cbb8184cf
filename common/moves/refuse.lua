-- SPDX-License-Identifier: Apache-2.0
-- refuse.lua: what cannot be handled is kept in `rejected`, with the reason, for a person to look at. Needs guard.
-- The newest 100 000 are kept, and none longer than ended deliveries are (trim.lua). Of each the first fields, so that
-- neither its size nor their number breaks anything: `cut` tells how many there were.
local REJECTED_FIELDS = 32
-- event_bytes_max at its largest, and 1 MiB for the other fields: what keeps the wire contract is kept whole.
local REJECTED_EVENT_BYTES = 17 * 1048576
local function refuse(stream, entry, reason)
    local found = call('XRANGE', stream, entry, entry)[1]
    if not found then return end
    local fields, kept, left = found[2], {}, REJECTED_EVENT_BYTES
    for i = 1, math.min(#fields, 2 * REJECTED_FIELDS) do
        kept[i] = string.sub(fields[i], 1, left)
        left = left - #kept[i]
    end
    local size = 0
    for _, field in ipairs(fields) do size = size + #field end
    if #fields > #kept or size > REJECTED_EVENT_BYTES then
        kept[#kept + 1] = 'cut'
        kept[#kept + 1] = (#fields / 2) .. ' fields, ' .. size .. ' bytes'
    end
    call('XADD', P .. 'rejected', 'MAXLEN', '~', 100000, '*', 'reason', reason, unpack(kept))
end
