# SPDX-License-Identifier: Apache-2.0
"""Events in the API: published one by one and many at once, looked up with what came of them."""

import concurrent.futures
import http.client
import json
import re

import pytest
from children import wait_until
from receiver import Answer

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OURS = re.compile(r"evt_\d+_\d+_\d+")


@pytest.fixture
def api(bare_stack):
    """Without schedulers: what was published stays where it is."""
    bare_stack.cli("tenant", "add", "acme")
    return bare_stack.start_api()


def entries(stack, tenant="acme"):
    """What lies in the tenant's partition: field → value, bytes."""
    found = stack.redis("XRANGE", stack.key(tenant, "events"), "-", "+")
    return [{words[i].decode(): words[i + 1] for i in range(0, len(words), 2)} for _, words in found]


def publish(api, *, status=202, tenant="acme", **more):
    answer = api.post("/v1/events", tenant=tenant, **more)
    assert answer.status == status, answer
    assert (answer.headers["content-type"] == "application/problem+json") == (status >= 400)
    return answer.json


def lines(*events):
    return {"body": "".join(json.dumps(e) + "\n" for e in events).encode(), "headers": {"Content-Type": "application/x-ndjson"}}


# --- one --------------------------------------------------------------------------------------------------------------

def test_one_byte_for_byte(stack):
    endpoint, api = stack.add(), stack.start_api()
    data = b'{"amount": 1500.00, "big":12345678901234567890.10, "x":"\\u00e9"}'
    answer = publish(api, body=b'{"type":"PAYMENT_COMPLETED", "data": ' + data + b"}")
    assert OURS.fullmatch(answer["id"]) and answer["duplicate"] is False
    endpoint.hook.wait(1)
    assert data in endpoint.hook.requests[0].body


def test_every_field_arrives(bare_stack, api):
    event = {"type": "A", "data": [1], "id": "mine-1", "time": "2025-01-22T14:30:00Z", "trace": "t 1", "traceparent": TRACE,
             "tracestate": "a=b", "endpoint": "ep_1", "idempotency_key": "k"}
    assert publish(api, value=event) == {"id": "mine-1", "duplicate": False}
    assert publish(api, value=event) == {"id": "mine-1", "duplicate": True}
    assert entries(bare_stack) == [{"tenant": b"acme", "type": b"A", "data": b"[1]", "id": b"mine-1", "time": b"1737556200000",
                                    "trace": b"t 1", "traceparent": TRACE.encode(), "tracestate": b"a=b", "endpoint": b"ep_1"}]


def test_headers_are_defaults(bare_stack, api):
    headers = {"Idempotency-Key": "k1", "traceparent": TRACE, "tracestate": "v=1"}
    first = publish(api, value={"type": "A", "data": 1}, headers=headers)
    assert publish(api, value={"type": "A", "data": 1}, headers=headers) == {"id": first["id"], "duplicate": True}
    own = TRACE.replace("-01", "-00")
    publish(api, value={"type": "A", "data": 2, "idempotency_key": "k2", "traceparent": own}, headers=headers)
    publish(api, value={"type": "A", "data": 3}, headers={"traceparent": "nonsense", "tracestate": "v=1"})
    found = entries(bare_stack)
    assert [(e["data"], e.get("traceparent"), e.get("tracestate")) for e in found] == [
        (b"1", TRACE.encode(), b"v=1"), (b"2", own.encode(), None), (b"3", None, None)]


@pytest.mark.parametrize("event, field", [
    ({"data": 1}, "type"), ({"type": "A"}, "data"), ({"type": "A B", "data": 1}, "type"), ({"type": 1, "data": 1}, "type"),
    ({"type": "A", "data": 1, "id": "a b"}, "id"), ({"type": "A", "data": 1, "time": "soon"}, "time"),
    ({"type": "A", "data": 1, "idempotency_key": "a b"}, "idempotency_key"), ({"type": "A", "data": 1, "colour": 1}, "colour"),
    ({"type": "A", "data": 1, "tracestate": "v=1"}, "tracestate"), ({"type": "A", "data": "x" * 300000}, "data")])
def test_what_is_refused_names_the_field(bare_stack, api, event, field):
    answer = publish(api, status=400, value=event)
    assert answer["field"] == field and answer["detail"]
    assert entries(bare_stack) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b'"x"', b"{", b'{"type":"A","data":1}x', b'{"type":"A","type":"B","data":1}',
                                  b'{"type":"A","data":\xff}', b"[1]", b"\n\n"])
def test_bodies_that_are_no_events(bare_stack, api, body):
    for kind in ("application/json", "application/x-ndjson"):
        publish(api, status=400, body=body, headers={"Content-Type": kind})
    assert entries(bare_stack) == []


@pytest.mark.parametrize("key", ["", "a b", "x" * 121, "\xe9"])
def test_keys_that_are_none(api, key):
    answer = publish(api, status=400, value={"type": "A", "data": 1}, headers={"Idempotency-Key": key})
    assert answer["field"] == "Idempotency-Key"


# --- many -------------------------------------------------------------------------------------------------------------

def test_many(stack):
    endpoint, api = stack.add(), stack.start_api()
    sent = [{"type": "A", "data": {"n": n}} for n in range(700)]
    for more in ({"value": sent}, lines(*sent)):
        answer = publish(api, **more)
        assert {k: answer[k] for k in ("accepted", "refused", "failed", "unknown")} == {
            "accepted": 700, "refused": 0, "failed": 0, "unknown": 0}
        assert [r["index"] for r in answer["results"]] == list(range(700))
        assert len({r["id"] for r in answer["results"]}) == 700 and {r["status"] for r in answer["results"]} == {"accepted"}
    endpoint.hook.wait(1400)
    assert sorted(json.loads(r.body)["data"]["n"] for r in endpoint.hook.requests) == sorted(2 * list(range(700)))


def mixed():
    return [{"type": "A", "data": 1}, {"type": "A B", "data": 2}, {"type": "A", "data": 3}, {"data": 4}, {"type": "A", "data": 5}]


@pytest.mark.parametrize("form", [lambda e: {"value": e}, lambda e: lines(*e)])
def test_some_are_refused(bare_stack, api, form):
    answer = publish(api, status=207, **form(mixed()))
    assert (answer["accepted"], answer["refused"]) == (3, 2)
    assert [r["status"] for r in answer["results"]] == ["accepted", "refused", "accepted", "refused", "accepted"]
    assert answer["results"][1]["field"] == answer["results"][3]["field"] == "type"
    assert [e["data"] for e in entries(bare_stack)] == [b"1", b"3", b"5"]
    none = publish(api, status=400, **form([mixed()[1], mixed()[3]]))
    assert none["field"] == "[0].type" and (none["accepted"], none["refused"]) == (0, 2)


def test_a_line_that_is_broken(bare_stack, api):
    body = b'{"type":"A","data":1}\r\n\n{"type":"A","da\n{"type":"A","data":3}'
    answer = publish(api, status=207, body=body, headers={"Content-Type": "Application/X-NDJSON; charset=utf-8"})
    assert [r["status"] for r in answer["results"]] == ["accepted", "refused", "accepted"]
    assert [e["data"] for e in entries(bare_stack)] == [b"1", b"3"]


def test_one_key_for_many(bare_stack, api):
    headers = {"Idempotency-Key": "batch-7"}
    first = publish(api, status=207, value=mixed(), headers=headers)
    # Mended, and sent again: what was accepted is there once, each event under its own place.
    good = [{"type": "A", "data": n + 1} for n in range(5)]
    good[2]["idempotency_key"] = "another"
    again = publish(api, value=good, headers=headers)
    assert [r["duplicate"] for r in again["results"]] == [True, False, False, False, True]
    assert again["results"][0]["id"] == first["results"][0]["id"] and again["results"][4]["id"] == first["results"][4]["id"]
    assert sorted(e["data"] for e in entries(bare_stack)) == [b"1", b"2", b"3", b"3", b"4", b"5"]


def test_limits(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(api_events=10, api_events_bytes="64KiB")
    one = {"type": "A", "data": 1}
    publish(api, value=[one] * 10)
    for form in ({"value": [one] * 11}, lines(*[one] * 11)):
        assert "more than 10 events" in publish(api, status=413, **form)["detail"]
    publish(api, status=413, value={"type": "A", "data": "x" * 65536})
    assert len(entries(bare_stack)) == 10


# --- whose ------------------------------------------------------------------------------------------------------------

def test_tenants(bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    api = bare_stack.start_api()
    key = api.post("/v1/keys", {"name": "shop", "role": "publish"}, tenant="acme").json["key"]
    event = {"type": "A", "data": 1}
    publish(api, value=event, tenant=None, key=key)
    publish(api, value=event | {"tenant": "acme"}, tenant=None, key=key)
    assert publish(api, status=400, value=event | {"tenant": "other"}, tenant=None, key=key)["field"] == "tenant"
    mixed_up = publish(api, status=207, value=[event, event | {"tenant": "other"}], tenant=None, key=key)
    assert mixed_up["results"][1]["field"] == "tenant"
    # An operator says it in the event, or for all in the header.
    publish(api, value=[event | {"tenant": "other"}, event | {"tenant": "acme"}], tenant=None)
    publish(api, value=event | {"tenant": "other"}, tenant="acme")
    assert publish(api, status=400, value=event, tenant=None)["field"] == "tenant"
    assert [len([e for e in entries(bare_stack, t) if e["tenant"] == t.encode()]) for t in ("acme", "other")] == [4, 2]
    reader = api.post("/v1/keys", {"name": "r", "role": "read"}, tenant="acme").json["key"]
    assert api.post("/v1/events", event, key=reader).status == 403
    assert api.post("/v1/events", event, key=False).status == 401


def test_calls_that_wait_are_answered_each_for_itself(bare_stack):
    """With Redis stopped they pile up, and go to it together when it goes on."""
    stack = bare_stack
    for tenant in ("acme", "other"):
        stack.cli("tenant", "add", tenant)
    api = stack.start_api(api_threads=1)
    keys = {t: api.post("/v1/keys", {"name": "k", "role": "publish"}, tenant=t).json["key"] for t in ("acme", "other")}
    publish(api, value={"type": "A", "data": "first"})
    kinds = {  # what is sent, with whose key, the status
        "one": lambda n: ({"type": "A", "data": n, "tenant": "acme"}, keys["acme"], 202),
        "foreign": lambda n: ({"type": "A", "data": n, "tenant": "acme"}, keys["other"], 400),
        "wrong": lambda n: ({"type": "A B", "data": n, "tenant": "acme"}, True, 400),
        "many": lambda n: ([{"type": "A", "data": n}, {"type": "A"}, {"type": "A", "data": -n}], keys["other"], 207),
        "stranger": lambda n: ({"type": "A", "data": n}, "gk_nobody", 401),
        "large": lambda n: ({"type": "A", "data": [n, "x" * 20000], "tenant": "other"}, True, 202),
        "no JSON": lambda n: ("{", keys["acme"], 400),
    }
    calls = [(n, *kinds[kind](n)) for n, kind in enumerate(list(kinds) * 10, start=1)]
    sent = []

    def call(n, value, key, status):
        connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
        body = value if isinstance(value, str) else json.dumps(value)
        connection.request("POST", "/v1/events", body, {"Authorization": f"Bearer {api.key if key is True else key}"})
        sent.append(n)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return (n, value, status, found)

    stack.redis.stop()
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        waiting = [pool.submit(call, *c) for c in calls]
        wait_until(lambda: len(sent) == len(calls), 10)
        stack.redis.cont()
        done = [w.result() for w in waiting]
    there = {}
    for tenant in ("acme", "other"):
        for stream_id, words in stack.redis("XRANGE", stack.key(tenant, "events"), "-", "+"):
            event = {words[i]: words[i + 1] for i in range(0, len(words), 2)}
            there[f"evt_{stack.partition(tenant)}_{stream_id.decode().replace('-', '_')}"] = (event[b"tenant"].decode(), json.loads(event[b"data"]))
    wanted = 1
    for n, value, status, (answered, body) in done:
        assert answered == status, (value, body)
        if status == 202:
            assert there[body["id"]] == (value["tenant"], value["data"])
        if status == 207:
            assert [r["status"] for r in body["results"]] == ["accepted", "refused", "accepted"]
            assert [there[body["results"][i]["id"]] for i in (0, 2)] == [("other", n), ("other", -n)]
        wanted += {202: 1, 207: 2}.get(status, 0)
    assert len(there) == wanted


# --- Redis ------------------------------------------------------------------------------------------------------------

def test_redis_has_no_room(bare_stack, api):
    publish(api, value={"type": "A", "data": 1})
    bare_stack.redis("CONFIG", "SET", "maxmemory", "1")
    answer = api.post("/v1/events", [{"type": "A", "data": 2}, {"data": 1}], tenant="acme")
    one = api.post("/v1/events", {"type": "A", "data": 2}, tenant="acme")
    bare_stack.redis("CONFIG", "SET", "maxmemory", "0")
    assert answer.status == one.status == 503 and answer.headers["retry-after"] == one.headers["retry-after"] == "1"
    assert [r["status"] for r in answer.json["results"]] == ["failed", "refused"]
    assert "OOM" in one.json["detail"] and "OOM" in answer.json["detail"] and "field" not in one.json
    assert len(entries(bare_stack)) == 1


# --- looked up --------------------------------------------------------------------------------------------------------

def get(api, event, *, status=200, tenant="acme"):
    answer = api.get("/v1/events/" + event, tenant=tenant)
    assert answer.status == status, answer
    return answer.json if status == 200 else answer


def test_an_event_and_what_came_of_it(stack):
    endpoints = [stack.add()]
    endpoints.append(stack.add_endpoint("acme", stack.receiver.hook("/fails", then=Answer(500)), events="B"))
    api = stack.start_api()
    noise = [{"type": "A", "data": n} for n in range(150)]
    publish(api, value=noise)
    ours = publish(api, body=b'{"type": "B", "data": {"sum": 1500.00}, "trace": "t"}')["id"]
    publish(api, value=noise)
    stack.wait_done(301)
    wait_until(lambda: all(d["attempts"] for d in get(api, ours)["deliveries"]), 10)
    answer = api.get(f"/v1/events/{ours}", tenant="acme")
    assert answer.body.endswith(b',"data":{"sum": 1500.00}}')  # byte for byte
    event = answer.json
    assert (event["id"], event["event"], event["type"], event["trace"], event["traceparent"]) == (ours, ours, "B", "t", None)
    assert event["fanned_out"] and event["deliveries_complete"] and event["delivery_count"] == 2
    assert {d["endpoint"]: d["status"] for d in event["deliveries"]} == {endpoints[0].id: "success", endpoints[1].id: "pending"}
    assert {d["event"] for d in event["deliveries"]} == {ours}
    for delivery in event["deliveries"]:
        assert delivery == api.get(f"/v1/deliveries/{delivery['id']}", tenant="acme").json
        assert len(delivery["attempt_list"]) == 1


def test_before_it_is_fanned_out(bare_stack, api):
    ours = publish(api, value={"type": "A", "data": 1, "id": "mine"})
    entry = bare_stack.redis("XRANGE", bare_stack.key("acme", "events"), "-", "+")[0][0].decode().replace("-", "_")
    event = get(api, f"evt_{bare_stack.partition('acme')}_{entry}")
    assert (event["id"], event["fanned_out"], event["delivery_count"], event["deliveries"]) == ("mine", False, 0, [])
    assert ours["id"] == "mine"
    get(api, "mine", status=404)


def test_by_its_producer_s_own_id_as_long_as_it_is_there(bare_stack):
    stack = bare_stack.start(retention_count=2)
    stack.add()
    api = stack.start_api()
    for n, own in enumerate(("twice", "once", "twice")):
        publish(api, value={"type": "A", "data": n, "id": own})
        stack.wait_done(min(n + 1, 2))
        wait_until(lambda n=n, own=own: stack.redis("XLEN", stack.key("acme", "events")) == min(n + 1, 2), 10)
    assert get(api, "twice")["data"] == 2 and get(api, "once")["data"] == 1  # the first one's removal left the third's
    assert get(api, get(api, "once")["event"])["id"] == "once"
    for n in (3, 4):
        publish(api, value={"type": "A", "data": n})
    wait_until(lambda: stack.redis("EXISTS", stack.key("acme", "own_ids:acme")) == 0, 10)
    get(api, "once", status=404)


def test_another_tenant_s_event_is_not_there(bare_stack, api):
    tenants = ["acme"] + [t for t in (f"t{n}" for n in range(40)) if bare_stack.partition(t) == bare_stack.partition("acme")][:1]
    bare_stack.cli("tenant", "add", tenants[1])
    ours = publish(api, value={"type": "A", "data": 1})["id"]
    bare_stack.redis("HSET", bare_stack.key("acme", "own_ids:acme"), "mine", ours.split("_", 2)[2].replace("_", "-"))
    get(api, ours)
    assert get(api, "mine")["event"] == ours
    for event in (ours, "mine", ours + "1", "evt_4000_1_1", "evt_0_1_1", "x" * 100, "%ff", "evt_1"):
        assert get(api, event, status=404, tenant=tenants[1]).json["detail"] == "there is no such event"
    # What breaks the contract will be rejected, and is nobody's.
    stream_id = bare_stack.redis("XADD", bare_stack.key("acme", "events"), "*", "tenant", "acme", "odd", "1").decode()
    get(api, f"evt_{bare_stack.partition('acme')}_{stream_id.replace('-', '_')}", status=404)
    bare_stack.redis("DEL", bare_stack.key("acme", "own_ids:acme"))


def test_types_of_grapnel_s_own_are_the_operator_s(bare_stack, api):
    """Or a tenant could have mail of its own making sent by the operator's server."""
    key = api.post("/v1/keys", {"name": "k", "role": "publish"}, tenant="acme").json["key"]
    event = {"type": "grapnel.email", "data": {"email": {"to": "eve@example.org"}}}
    answer = api.post("/v1/events", event, key=key)
    assert answer.status == 400 and answer.json["field"] == "type" and not entries(bare_stack)
    assert publish(api, value=event)["duplicate"] is False
