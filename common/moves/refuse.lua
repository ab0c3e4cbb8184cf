-- refuse.lua: what cannot be handled is kept in `rejected`, with the reason, for a person to look at.
-- The newest 100 000 are kept, and none longer than ended deliveries are (trim.lua).
local function refuse(stream, entry, reason)
    local found = call('XRANGE', stream, entry, entry)[1]
    if found then
        call('XADD', P .. 'rejected', 'MAXLEN', '~', 100000, '*', 'reason', reason, unpack(found[2]))
    end
end
