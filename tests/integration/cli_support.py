# SPDX-License-Identifier: Apache-2.0
"""What the tests of the managing commands share: records as a worker would write them, and reading what was printed."""

import json
import struct
import uuid
import zlib

PARTITIONS = 4


def pack(value):
    """Msgpack, as common/base/pack.h writes it: texts (and bytes) as `str`."""
    if isinstance(value, list):
        assert len(value) < 16
        return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
    if isinstance(value, int):
        if 0 <= value < 128:
            return bytes([value])
        return b"\xcf" + struct.pack(">Q", value)
    raw = value if isinstance(value, bytes) else value.encode()
    if len(raw) < 32:
        return bytes([0xa0 | len(raw)]) + raw
    return b"\xdb" + struct.pack(">I", len(raw)) + raw


def log(*entries):
    return b"".join(map(pack, entries))


def partition(tenant):
    return zlib.crc32(tenant.encode()) % PARTITIONS


def key(tenant, name):
    return f"grapnel:{{{partition(tenant)}}}:{name}"


def make_id(prefix, tenant):
    """An id in the tenant's partition, as common/base/id.c makes them."""
    text = list(str(uuid.uuid4()))
    text[15:18] = f"{partition(tenant):03x}"
    return prefix + "".join(text)


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


class Deliveries:
    """Deliveries of one tenant and endpoint, put into Redis as scheduler and workers would."""

    def __init__(self, redis, tenant, endpoint):
        self.redis, self.tenant, self.endpoint = redis, tenant, endpoint

    def created(self, ms, kind="order.paid", event=None):
        return ["created", ms, self.tenant, self.endpoint, event or f"{ms}-0", kind]

    def add(self, *entries, ms=1737556200000, kind="order.paid", identity=None):
        identity = identity or make_id("whd_", self.tenant)
        self.redis("SET", key(self.tenant, "delivery:" + identity), log(self.created(ms, kind), *entries))
        self.redis("ZADD", key(self.tenant, "index:" + self.tenant), ms, identity)
        if entries and entries[-1][0] == "final":
            self.redis("RPUSH", key(self.tenant, "done:" + self.tenant), identity)
        return identity

    def append(self, identity, *entries):
        self.redis("APPEND", key(self.tenant, "delivery:" + identity), log(*entries))
