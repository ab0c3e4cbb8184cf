# SPDX-License-Identifier: Apache-2.0
"""From an event to signed POSTs: what is sent, to whom, and what becomes of events that nobody can have."""

import json
import time
import uuid

import pytest
import signatures
from stack import Failed
from iso_time import iso_ms

LITERAL = "a-literal-secret-of-a-guide"


def receive_one(stack, dialect, secret=LITERAL, **fields):
    """One event's way to one endpoint: the request, its body as JSON, the record."""
    endpoint = stack.add("acme", dialect=dialect, secret=secret)
    stack.publish("acme", **fields)
    request = endpoint.hook.wait(1)[0]
    stack.wait_done(1)
    assert signatures.is_signed(dialect, request, secret)
    return request, json.loads(request.body), stack.delivery()


def test_a_royalti_webhook_is_what_its_guide_describes(stack):
    data = '{"actor":{"id":"usr_1"},"attributes":{"amount":1500.00,"currency":"USD"}}'
    request, body, delivery = receive_one(stack, "royalti", kind="PAYMENT_COMPLETED", data=data, id="evt_456def",
                                          time=1737556200123, trace="req_abc")
    headers = request.headers
    assert request.method == "POST"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "Royalti-Webhooks/1.0"
    assert headers["x-royalti-delivery"] == body["id"] == delivery.id
    assert delivery.id.startswith("whd_") and uuid.UUID(delivery.id[4:])
    assert headers["x-royalti-event"] == body["event"] == "PAYMENT_COMPLETED"
    assert headers["x-royalti-tenant"] == body["tenant"]["id"] == "acme"
    assert headers["x-royalti-attempt"] == "1"
    assert headers["x-royalti-version"] == body["version"] == "1.0"
    assert abs(int(headers["x-royalti-timestamp"]) - request.wall) < 3
    assert body["timestamp"] == "2025-01-22T14:30:00.123Z"
    assert body["source"] == {"service": "grapnel", "environment": "production", "traceId": "req_abc"}
    event = {"id": "evt_456def", "type": "PAYMENT_COMPLETED", "category": "FINANCIAL",
             "timestamp": "2025-01-22T14:30:00.123Z", "importance": "critical"}
    assert body["data"] == {"event": event, "actor": {"id": "usr_1"}, "resource": None,
                            "attributes": {"amount": 1500.0, "currency": "USD"}, "previous": None}
    assert b'"attributes":{"amount":1500.00,"currency":"USD"}' in request.body
    assert body["delivery"]["attempt"] == 1 and body["delivery"]["maxAttempts"] == 3
    assert abs(iso_ms(body["delivery"]["nextRetryAt"]) / 1000 - request.wall - 2) < 1


def test_a_standard_webhook_passes_the_reference_verifier(stack):
    from stack import SECRET
    Webhook = signatures.standard_webhooks()
    request, body, delivery = receive_one(stack, "standard", SECRET, kind="order.paid", data='{"total":1500.00}')
    assert Webhook(SECRET).verify(request.body, request.headers) == body
    assert request.headers["webhook-id"] == delivery.id
    assert abs(int(request.headers["webhook-timestamp"]) - request.wall) < 3
    assert set(body) == {"type", "timestamp", "data"} and body["type"] == "order.paid"
    assert request.body.endswith(b'"data":{"total":1500.00}}')


def test_a_simple_webhook_is_what_its_guide_describes(stack):
    request, body, _ = receive_one(stack, "simple", kind="order.paid", data="[1.10]", id="evt_1", time=1737556200000)
    assert body == {"id": "evt_1", "type": "order.paid", "created_at": "2025-01-22T14:30:00.000Z", "data": [1.1]}
    assert b'"data":[1.10]}' in request.body


def test_a_verification_webhook_is_what_its_guide_describes(stack):
    request, body, _ = receive_one(stack, "verification", kind="kyc.done", data='{"a":"\\u00e9"}', id="e", time=1)
    assert body == {"type": "kyc.done", "payload": {"a": "é"},
                    "metadata": {"eventId": "e", "occurredAt": "1970-01-01T00:00:00.001Z", "organizationId": "acme"}}
    assert b'{"a":"\\u00e9"}' in request.body
    assert abs(int(request.headers["x-webhook-timestamp"]) - request.wall) < 3


def test_a_template_webhook_is_what_its_guide_describes(stack):
    _, body, _ = receive_one(stack, "template", kind="order.paid", data="null", time=1737556200000)
    assert body == {"event": "order.paid", "timestamp": "2025-01-22T14:30:00.000Z", "data": None}


def test_data_arrives_byte_for_byte(stack):
    data = '{ "a" : 1500.00, "big": 123456789012345678901234567890, "e": 1E400,\n\t"ü": "\\u00e9é", "dup": 1, "dup": 2 }'
    request, _, _ = receive_one(stack, "simple", data=data)
    assert request.body.endswith(b'"data":' + data.encode() + b"}")


def test_an_events_id_and_time_come_from_redis_when_the_producer_gives_none(stack):
    endpoint = stack.add("acme", dialect="simple", secret=LITERAL)
    stream_id = stack.publish("acme")[0]
    body = json.loads(endpoint.hook.wait(1)[0].body)
    assert body["id"] == f"evt_{stack.partition('acme')}_{stream_id.replace('-', '_')}"
    assert iso_ms(body["created_at"]) == int(stream_id.split("-")[0])


def test_a_delivered_event_is_recorded_with_its_attempt(stack):
    endpoint = stack.add("acme", None, then=__import__("receiver").Answer(202, b"thank you"))
    before = stack.now_ms()
    event = stack.publish("acme", kind="order.paid")[0]
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "success"
    assert {k: delivery.created[k] for k in ("tenant", "endpoint", "event", "type")} == {
        "tenant": "acme", "endpoint": endpoint.id, "event": event, "type": "order.paid"}
    attempt = delivery.attempts[0]
    assert (attempt["attempt"], attempt["status"], attempt["code"], attempt["response"]) == (1, 202, "", "thank you")
    assert before - 100 <= attempt["ms"] <= stack.now_ms() and 0 <= attempt["duration_ms"] < 5000


def test_delivery_show_and_list_tell_what_happened(stack):
    endpoint = stack.add("acme")
    stack.publish("acme", count=3, kind="order.paid")
    stack.wait_done(3)
    listed = stack.cli("delivery", "list", tenant="acme")
    assert {d["id"] for d in listed} == {d.id for d in stack.deliveries()}
    shown = stack.cli("delivery", "show", listed[0]["id"])
    assert shown["id"] == listed[0]["id"] and shown["deliveryStatus"] == "success" and shown["finalAttempt"]
    assert shown["endpoint"] == endpoint.id and shown["eventType"] == "order.paid"
    assert [(a["attemptNumber"], a["responseStatus"]) for a in shown["attempts"]] == [(1, 200)]
    with pytest.raises(Failed) as e:
        stack.cli("delivery", "show", "whd_00000000-0000-4000-8000-000000000000")
    assert e.value.status == 1


def test_each_endpoint_gets_the_types_that_it_asked_for(stack):
    stack.add_tenant("acme")
    wanted = {"/all": "*", "/one": "order.paid", "/users": "user.*", "/two": "user.created,order.paid",
              "/other": "invoice.*"}
    hooks = {path: stack.receiver.hook(path) for path in wanted}
    for path, events in wanted.items():
        stack.add_endpoint("acme", hooks[path], events=events)
    for kind in ("order.paid", "user.created", "user.deleted", "users"):
        stack.publish("acme", kind=kind)
    stack.wait_done(4 + 1 + 2 + 2)
    types = {path: sorted(json.loads(r.body)["type"] for r in hook.requests) for path, hook in hooks.items()}
    assert types == {"/all": ["order.paid", "user.created", "user.deleted", "users"], "/one": ["order.paid"],
                     "/users": ["user.created", "user.deleted"], "/two": ["order.paid", "user.created"], "/other": []}
    assert len({i for hook in hooks.values() for i in hook.ids()}) == 9, "each delivery has an id of its own"


def test_an_event_that_nobody_wants_is_counted_and_goes(stack):
    endpoint = stack.add("acme", events="order.paid")
    stack.publish("acme", count=5, kind="user.created")
    stack.publish("acme", kind="order.paid")
    endpoint.hook.wait(1)
    stack.wait_done(1)
    assert stack.redis("HGET", stack.key("acme", "unmatched"), "acme") == b"5"
    assert stack.redis("XLEN", stack.key("acme", "events")) == 1


def test_one_event_reaches_a_thousand_endpoints_of_a_tenant(stack):
    """Fan-out goes in steps of 256 deliveries; every step counts."""
    hook = stack.receiver.hook("/many")
    stack.add_tenant("acme")
    for _ in range(20):
        stack.add_endpoint("acme", hook)
    stack.publish("acme", count=50)
    stack.wait_done(1000, seconds=30)
    assert len(set(hook.ids())) == len(hook.requests) == 1000


def test_an_event_of_an_unknown_tenant_is_rejected_with_the_reason(stack):
    stack.publish("nobody", kind="order.paid", data='{"n":7}')
    from children import wait_until
    rejected = wait_until(lambda: stack.rejected("nobody"))
    assert rejected == [{"reason": b"tenant: there is no such tenant", "tenant": b"nobody", "type": b"order.paid",
                         "data": b'{"n":7}'}]
    assert stack.total("XLEN", "events") == 0


MALFORMED = {
    "data: not JSON": {"data": "{"},
    "priority: unknown field": {"priority": "1"},
    "type: missing": {"type": None},
    "data: missing": {"data": None},
    "tenant: missing": {"tenant": None},
    "id: empty": {"id": ""},
    "time: expected milliseconds": {"time": "soon"},
    "type: byte 0x20": {"type": "a b"},
    "data: 262145 bytes": {"data": '"' + "x" * 262143 + '"'},
}


@pytest.mark.parametrize("reason", MALFORMED)
def test_a_malformed_event_is_rejected_and_others_are_not_affected(stack, reason):
    from children import wait_until
    endpoint = stack.add("acme")
    fields = {"tenant": "acme", "type": "order.paid", "data": "{}", **MALFORMED[reason]}
    words = [word for pair in fields.items() if pair[1] is not None for word in pair]
    bad = ["XADD", stack.key("acme", "events"), "*", *words]
    stack.redis.pipeline([stack.xadd("acme"), bad, stack.xadd("acme")])
    stack.wait_done(2)
    rejected = wait_until(lambda: stack.rejected("acme"))
    assert len(rejected) == 1 and rejected[0].pop("reason").decode().startswith(reason)
    assert rejected[0] == {k: v.encode() for k, v in fields.items() if v is not None}, "kept as it came"
    assert len(endpoint.hook.requests) == 2
    assert stack.redis("XLEN", stack.key("acme", "events")) == 2, "it does not stay among the events"


@pytest.mark.parametrize("count", (4001, 5000, 100000))
def test_an_event_of_many_fields_is_rejected_and_its_neighbours_arrive_within_the_limit(stack, count):
    """unpack() ends at some thousands: the script must not end in the middle, before it has counted what it granted."""
    from children import wait_until
    endpoint = stack.add("acme", limit=5)
    wide = ["XADD", stack.key("acme", "events"), "*", "tenant", "acme"]
    for n in range(count):
        wide += [f"f{n}", "v"]
    stack.redis.pipeline([stack.xadd("acme"), wide, *[stack.xadd("acme") for _ in range(9)]])
    stack.wait_done(5)
    rejected = wait_until(lambda: stack.rejected("acme"))
    assert len(rejected) == 1 and rejected[0]["cut"].startswith(f"{count + 1} fields".encode())
    assert len(endpoint.hook.requests) == 5 and stack.redis("XLEN", stack.key("acme", "events")) == 10
    assert stack.redis("LLEN", stack.key("acme", "window:acme")) == 5, "each of them is counted"


def test_an_event_in_the_wrong_partition_is_rejected(stack):
    from children import wait_until
    endpoint = stack.add("acme")
    wrong = (stack.partition("acme") + 1) % 4
    words = stack.xadd("acme")
    words[1] = f"grapnel:{{{wrong}}}:events"
    stack.redis(*words)
    stack.publish("acme")
    stack.wait_done(1)
    rejected = wait_until(lambda: stack.redis("XRANGE", f"grapnel:{{{wrong}}}:rejected", "-", "+"))
    assert b"tenant: belongs to partition %d" % stack.partition("acme") in rejected[0][1][1]
    assert len(endpoint.hook.requests) == 1


def test_every_refusal_of_the_wire_vectors_is_refused_by_the_scheduler(stack):
    """tests/vectors/wire.json, those of our number of partitions and size limit."""
    import os
    from children import wait_until
    with open(os.path.join(os.path.dirname(__file__), "../vectors/wire.json"), encoding="utf-8") as f:
        cases = [case for case in json.load(f)["refused"]
                 if case["partitions"] == 4 and case["event_bytes_max"] == 262144]
    assert len(cases) > 20
    for case in cases:
        key = f"grapnel:{{{case['partition']}}}:rejected"
        before = stack.redis("XLEN", key)
        words = [w.encode("utf-8", "surrogateescape") for pair in case["fields"] for w in pair]
        stack.redis("XADD", f"grapnel:{{{case['partition']}}}:events", "*", *words)
        wait_until(lambda: stack.redis("XLEN", key) > before, 10, case["name"])
        reason = stack.redis("XREVRANGE", key, "+", "-", "COUNT", 1)[0][1][1].decode()
        assert reason.startswith(case["reason_begins"]), case["name"]


def test_the_command_line_publishes_events_that_arrive(stack):
    endpoint = stack.add("acme", dialect="simple", secret=LITERAL)
    answer = stack.cli("publish", "--tenant", "acme", "--type", "order.paid", "--data", '{"total":1500.00}')
    body = json.loads(endpoint.hook.wait(1)[0].body)
    assert body["type"] == "order.paid" and body["id"] == answer["eventId"]
    assert b'{"total":1500.00}' in endpoint.hook.requests[0].body


def test_events_of_one_tenant_arrive_in_order_when_nothing_fails(stack):
    """Not a promise of the system as a whole, but one slot and no failure leave no reason for another order."""
    endpoint = stack.add("acme", slots=1)
    stack.publish("acme", count=100)
    stack.wait_done(100)
    numbers = [json.loads(r.body)["data"]["n"] for r in endpoint.hook.requests]
    assert numbers == list(range(100))


def test_a_burst_from_many_tenants_is_delivered_in_full(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    tenants = [f"tenant{i}" for i in range(12)]
    endpoints = stack.add_many(tenants)
    began = time.monotonic()
    for tenant in tenants:
        stack.publish(tenant, count=200)
    for tenant, endpoint in zip(tenants, endpoints):
        stack.wait_done(200, tenant, seconds=60)
        assert len(endpoint.hook.requests) == len(set(endpoint.hook.ids())) == 200
    assert time.monotonic() - began < 60
