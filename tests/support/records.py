# SPDX-License-Identifier: Apache-2.0
"""Reading what is kept of a delivery: see common/model/record.h. Redis unpacks the msgpack for us."""

import json

FIELDS = {
    "created": ("tenant", "endpoint", "event", "type"),
    "attempt": ("attempt", "duration_ms", "status", "code", "message", "response", "destination"),
    "retry": ("attempt", "due_ms"),
    "lost": ("attempt", "worker"),
    "again": ("attempt", "due_ms"),
    "final": ("status", "reason"),
}

UNPACK = "local r = redis.call('GET', KEYS[1]) return r and cjson.encode({cmsgpack.unpack(r)}) or false"


def name_fields(entry):
    values = entry[2:]
    if entry[0] == "attempt" and len(values) == 6:  # over HTTP
        values = [*values, ""]
    return {"kind": entry[0], "ms": entry[1], **dict(zip(FIELDS[entry[0]], values, strict=True))}


class Delivery:
    def __init__(self, identity, entries):
        self.id = identity
        self.entries = entries

    def __repr__(self):
        return f"Delivery({self.id}, {self.entries})"

    def of_kind(self, kind):
        return [entry for entry in self.entries if entry["kind"] == kind]

    @property
    def attempts(self):
        return self.of_kind("attempt")

    @property
    def created(self):
        return self.entries[0]

    @property
    def status(self):
        last = self.entries[-1]
        return last["status"] if last["kind"] == "final" else "pending"

    @property
    def reason(self):
        return self.entries[-1]["reason"]

    @property
    def codes(self):
        return [attempt["code"] for attempt in self.attempts]


def read(redis, head, identity):
    text = redis("EVAL", UNPACK, 1, f"{head}delivery:{identity}")
    assert text, f"delivery {identity} has no record"
    return Delivery(identity, [name_fields(entry) for entry in json.loads(text.decode("utf-8", "replace"))])
