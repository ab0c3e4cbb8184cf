-- SPDX-License-Identifier: Apache-2.0
-- notice.lua: what the operator is told of (docs/how-to/notifications.md). Needs base.
-- A scheduler makes an event of the operational tenant of each entry of `notices`, which lies in another partition
-- mostly, and removes it then (notifier.h). `unwell`[endpoint] = ms: it was told of that it was disabled, or so many of
-- its deliveries in a row have failed that its recovery is news; gone with its first success.
-- Invariant: an entry is written in the step of what it tells of, so neither is there without the other. The newest are kept.
local UNWELL_AFTER = 10

-- @...: names and values of what else there is to say.
local function notice(kind, tenant, reason, ...)
    call('XADD', P .. 'notices', 'MAXLEN', '~', 100000, '*', 'type', kind, 'tenant', tenant, 'reason', reason, ...)
end
