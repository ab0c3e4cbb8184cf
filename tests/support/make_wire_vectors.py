#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/vectors/wire.json: test vectors for docs/reference/wire-contract.md.

Made from the document alone, with zlib's CRC-32, so that it is a second opinion on the C code:

    tests/support/make_wire_vectors.py > tests/vectors/wire.json
"""
import json
import sys
import zlib

PREFIX = "grapnel"
COUNTS = [1, 2, 3, 4, 7, 16, 64, 1000, 4096]
TENANTS = [
    "1",
    "123",
    "acme",
    "Acme",
    "tenant-42",
    "org_01HZX3M9",
    "eu.west:shop-7",
    "0f8fad5b-d9cb-469f-a165-70867728950e",
    "a",
    "b",
    "t" * 64,
    "_-.:",
]
DATA_MAX = 262144
TIME_MAX = 253402300799999
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ENDPOINT = "ep_0f8fad5b-d9cb-4001-a165-70867728950e"


def partition(tenant, partitions):
    return zlib.crc32(tenant.encode()) % partitions


def key(tenant, partitions, name):
    return f"{PREFIX}:{{{partition(tenant, partitions)}}}:{name}"


def accepted(name, partitions, fields):
    pairs = [text for pair in fields for text in pair]
    tenant = dict(fields)["tenant"]
    return {
        "name": name,
        "partitions": partitions,
        "partition": partition(tenant, partitions),
        "command": ["XADD", key(tenant, partitions, "events"), "*", *pairs],
        "fields": dict(fields),
    }


def refused(name, fields, reason, partitions=4, into=None, data_max=DATA_MAX):
    """@reason: how the words of the reason begin. @fields: pairs, as names may come twice."""
    tenant = dict(fields).get("tenant", "")
    into = partition(tenant, partitions) if into is None else into
    return {
        "name": name,
        "partitions": partitions,
        "partition": into,
        "event_bytes_max": data_max,
        "fields": [list(pair) for pair in fields],
        "reason_begins": reason,
    }


def event(**changes):
    fields = {"tenant": "acme", "type": "USER_CREATED", "data": '{"name":"Ada"}', **changes}
    return [(name, value) for name, value in fields.items() if value is not None]


def accepted_cases():
    every = [("tenant", "eu.west:shop-7"), ("type", "order.paid"), ("data", '{"total":1500.00}'),
             ("id", "order-991_paid"), ("time", "1737556200000"), ("trace", "req 7f3a/2")]
    return [
        accepted("least", 4, event()),
        accepted("every field", 4, every),
        accepted("fields in another order", 4, list(reversed(every))),
        accepted("one partition", 1, event()),
        accepted("most partitions", 4096, event(tenant="org_01HZX3M9")),
        accepted("data is any JSON value", 4, event(data="null")),
        accepted("data keeps its spelling", 4, event(data=' { "n" : 1.50e+3, "s":"\\u00e9" } ')),
        accepted("data in UTF-8", 4, event(data='{"city":"Zürich","sign":"✓","face":"😀"}')),
        accepted("longest names", 4, event(tenant="t" * 64, type="y" * 128, id="i" * 64,
                                           trace="~" * 128)),
        accepted("trace context", 4, event(traceparent=TRACEPARENT, tracestate="rojo=00f067aa0ba902b7, congo=t61rcWkgMzE")),
        accepted("wrong trace context is no reason to reject", 4, event(traceparent="no", tracestate="")),
        accepted("one endpoint only", 4, event(endpoint=ENDPOINT)),
        accepted("largest time", 4, event(time=str(TIME_MAX))),
        accepted("smallest time", 4, event(time="1")),
        accepted("largest data", 4, event(data='"' + "x" * 1022 + '"')),
    ]


def refused_cases():
    return [
        refused("no tenant", event(tenant=None), "tenant: missing"),
        refused("no type", event(type=None), "type: missing"),
        refused("no data", event(data=None), "data: missing"),
        refused("empty tenant", event(tenant=""), "tenant: empty"),
        refused("tenant too long", event(tenant="t" * 65), "tenant: 65 bytes"),
        refused("space in tenant", event(tenant="ac me"), "tenant: byte 0x20 at position 3"),
        refused("slash in tenant", event(tenant="a/b"), "tenant: byte 0x2f at position 2"),
        refused("brace in tenant", event(tenant="{a}"), "tenant: byte 0x7b at position 1"),
        refused("tenant not ASCII", event(tenant="zürich"), "tenant: byte 0xc3 at position 2"),
        refused("empty type", event(type=""), "type: empty"),
        refused("type too long", event(type="y" * 129), "type: 129 bytes"),
        refused("wildcard in type", event(type="user.*"), "type: byte 0x2a at position 6"),
        refused("empty id", event(id=""), "id: empty"),
        refused("id too long", event(id="i" * 65), "id: 65 bytes"),
        refused("dot in id", event(id="a.b"), "id: byte 0x2e at position 2"),
        refused("time in words", event(time="2025-01-22T14:30:00Z"), "time: expected milliseconds"),
        refused("time with a fraction", event(time="1737556200.5"), "time: expected milliseconds"),
        refused("time is zero", event(time="0"), "time: expected milliseconds"),
        refused("time below zero", event(time="-1"), "time: expected milliseconds"),
        refused("time too large", event(time=str(TIME_MAX + 1)), "time: expected milliseconds"),
        refused("empty time", event(time=""), "time: expected milliseconds"),
        refused("empty trace", event(trace=""), "trace: empty"),
        refused("trace too long", event(trace="~" * 129), "trace: 129 bytes"),
        refused("line end in trace", event(trace="a\nb"), "trace: byte 0x0a at position 2"),
        refused("traceparent much too long", event(traceparent="0" * 8193), "traceparent: 8193 bytes"),
        refused("tracestate much too long", event(tracestate="0" * 8193), "tracestate: 8193 bytes"),
        refused("traceparent given twice", event(traceparent=TRACEPARENT) + [("traceparent", TRACEPARENT)],
                "traceparent: given twice"),
        refused("empty endpoint", event(endpoint=""), "endpoint: empty"),
        refused("endpoint too long", event(endpoint="e" * 65), "endpoint: 65 bytes"),
        refused("brace in endpoint", event(endpoint="ep_}"), "endpoint: byte 0x7d at position 4"),
        refused("empty data", event(data=""), "data: not JSON"),
        refused("data not JSON", event(data="{name:1}"), "data: not JSON"),
        refused("two values in data", event(data="{} {}"), "data: not JSON"),
        refused("not-a-number in data", event(data="NaN"), "data: not JSON"),
        refused("data nested too deep", event(data="[" * 65 + "]" * 65), "data: not JSON"),
        refused("data too large", event(data='"' + "x" * 1023 + '"'), "data: 1025 bytes",
                data_max=1024),
        refused("unknown field", event() + [("priority", "9")], "priority: unknown field"),
        refused("field name in capitals", event() + [("Trace", "a")], "Trace: unknown field"),
        refused("field given twice", event() + [("type", "USER_DELETED")], "type: given twice"),
        refused("wrong partition", event(), "tenant: belongs to partition",
                into=(partition("acme", 4) + 1) % 4),
    ]


def script_case(name, partitions, idempotency_key, fields):
    tenant = dict(fields)["tenant"]
    head = key(tenant, partitions, "")
    return {
        "name": name,
        "partitions": partitions,
        "keys": [head],
        "args": [idempotency_key, "86400000", tenant, *[t for pair in fields for t in pair]],
        "idempotency_redis_key": f"{head}idem:{tenant}/{idempotency_key}",
        "stream": f"{head}events",
        "own_id": dict(fields).get("id"),
    }


def main():
    vectors = {
        "about": "Test vectors for docs/reference/wire-contract.md; made by tests/support/make_wire_vectors.py",
        "format": 1,
        "prefix": PREFIX,
        "partitions": [{"tenant": t, "crc32": zlib.crc32(t.encode()),
                        "of": {str(n): partition(t, n) for n in COUNTS}} for t in TENANTS],
        "event_ids": [
            {"partition": 0, "stream_id": "1737556200000-0", "event_id": "evt_0_1737556200000_0"},
            {"partition": 4095, "stream_id": "1737556200000-17",
             "event_id": "evt_4095_1737556200000_17"},
        ],
        "accepted": accepted_cases(),
        "refused": refused_cases(),
        "idempotent": [
            script_case("made id", 4, "order-991", event()),
            script_case("own id", 4, "order-991", event(tenant="123", id="order-991_paid")),
            script_case("colons in both", 4, "b:c", event(tenant="a")),
            script_case("colons in both, moved", 1, "c", event(tenant="a:b")),
        ],
    }
    json.dump(vectors, sys.stdout, indent=1, ensure_ascii=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
