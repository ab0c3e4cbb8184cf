# SPDX-License-Identifier: Apache-2.0
"""What Redis holds at the end: the records of all deliveries, what was rejected, whether anything is still to be done."""

import json
import os

import invariants  # tests/support
import layout
import records
from journal import Journal

CHUNK = 300
UNPACK = """
local all = {}
for i, id in ipairs(ARGV) do all[i] = {cmsgpack.unpack(redis.call('GET', KEYS[1] .. 'delivery:' .. id))} end
return cjson.encode(all)
"""


def unfinished(redis, heads):
    """What is not done yet, as words; empty when all is quiet."""
    words = []
    for head in heads:
        for command, name in (("XLEN", "jobs"), ("XLEN", "failed"), ("ZCARD", "delayed"), ("ZCARD", "throttled"),
                              ("SCARD", "capped")):
            count = redis(command, head + name)
            if count:
                words.append(f"{head}{name} has {count}")
        stream = dict(zip(*[iter(redis("XINFO", "STREAM", head + "events"))] * 2))
        for group in redis("XINFO", "GROUPS", head + "events"):
            group = dict(zip(*[iter(group)] * 2))
            if group[b"pending"] or group[b"last-delivered-id"] != stream[b"last-generated-id"]:
                words.append(f"{head}events: {group[b'pending']} pending, read up to {group[b'last-delivered-id']} "
                             f"of {stream[b'last-generated-id']}")
    return words


def records_of(redis, head, tenant):
    """[(delivery id, its entries with names)]."""
    ids = [i.decode() for i in redis("ZRANGE", f"{head}index:{tenant}", 0, -1)]
    for i in range(0, len(ids), CHUNK):
        chunk = ids[i:i + CHUNK]
        answer = redis("EVAL", UNPACK, 1, head, *chunk)
        for identity, entries in zip(chunk, json.loads(answer.decode("utf-8", "replace"))):
            yield identity, [records.name_fields(entry) for entry in entries]


def collect(system):
    """Writes records.journal; invariants that do not hold, as words."""
    journal = Journal(os.path.join(system.folder, "records.journal"))
    client = system.connect()
    for tenant in layout.TENANTS:
        head = system.head(tenant.name)
        for identity, entries in records_of(client, head, tenant.name):
            for entry in entries:
                entry.pop("response", None)
            journal.note(did="record", id=identity, tenant=tenant.name, entries=entries)
    for head in system.heads():
        for stream_id, fields in client("XRANGE", head + "rejected", "-", "+"):
            fields = [field.decode(errors="replace") for field in fields]
            journal.note(did="rejected", head=head, id=stream_id.decode(), fields=dict(zip(fields[::2], fields[1::2])))
    wrong = invariants.violations(client, system.heads(), has_moving_limits=True)
    for words in wrong:
        journal.note(did="invariant", words=words)
    client.close()
    return wrong
