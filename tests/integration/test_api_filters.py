# SPDX-License-Identifier: Apache-2.0
"""Dry runs of filters over the API, and the tables of what there is to choose from."""


import pytest
from api_tenant import Tenant, problem

URL = "https://acme.example/hook"
BIG = {"amount": {"$gte": 100}}


@pytest.fixture
def acme(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    bare_stack.cli("tenant", "add", "other")
    return Tenant(bare_stack.start_api(), "acme")


def try_filter(acme, value=None, **more):
    return acme.api.post("/v1/filters/test", value, tenant="acme", **more)


# ---- an endpoint's ----

def test_why_it_matches_or_not(acme, bare_stack):
    endpoint = acme.id(dialect="simple", events=["order.*"], filter=BIG)

    def match(**value):
        return acme.post(f"/{endpoint}/match", value).json
    assert match(type="order.paid", data={"amount": 100}) == {
        "endpoint": endpoint, "type": "order.paid", "matches": True, "enabled": True, "disabled_reason": None,
        "type_matches": True, "filter_matches": True, "filter_why": ["amount: $gte 100: 100 → yes"], "signed": True}
    answer = match(type="user.created", data={"amount": 42})
    assert (answer["matches"], answer["type_matches"], answer["filter_matches"]) == (False, False, False)
    assert answer["filter_why"] == ["amount: $gte 100: 42 → no"]
    assert match(type="order.paid")["filter_matches"] is False  # {} as data
    assert match(type="order.paid", data=[1, 2])["filter_matches"] is False
    tried = match(type="order.paid", data={"a": 1}, filter={"$and": [{"a": 1}, {"b": {"$exists": False}}]})
    assert tried["matches"] is True and tried["filter_why"] == [
        "$and → yes", "  a: $eq 1: 1 → yes", "  b: $exists false: missing → yes"]
    assert match(type="order.paid", filter=None)["filter_why"] is None
    acme.post(f"/{endpoint}/disable", {"reason": "moving house"})
    answer = match(type="order.paid", data={"amount": 100})
    assert (answer["matches"], answer["enabled"], answer["disabled_reason"]) == (False, False, "moving house")


def test_whether_it_is_signed(acme):
    endpoint = acme.id(dialect="royalti", signing="required")
    assert acme.post(f"/{endpoint}/match", {"type": "PAYMENT_COMPLETED"}).json["signed"] is True
    assert acme.post(f"/{endpoint}/match", {"type": "ASSET_CREATED"}).json["signed"] is False


def test_numbers_stay_what_is_written(acme):
    body = b'{"filter": {"n": {"$gt": 9007199254740992}}, "data": {"n": 9007199254740993, "big": 123456789012345678901234567890, "nul": "\\u0000"}}'
    assert try_filter(acme, body=body).json["matches"] is True
    body = b'{"filter": {"n": 0.1}, "data": {"n": 0.10000000000000001}}'
    assert try_filter(acme, body=body).json["matches"] is False


def test_a_stored_event(acme, bare_stack):
    endpoint = acme.id(dialect="simple", events=["order.*"], filter=BIG)
    stream_id = bare_stack.publish("acme", kind="order.paid", data='{"amount": 250}')[0]
    event = f"evt_{bare_stack.partition('acme')}_{stream_id.replace('-', '_')}"
    answer = acme.post(f"/{endpoint}/match", {"event": event}).json
    assert (answer["type"], answer["matches"], answer["filter_why"]) == ("order.paid", True, ["amount: $gte 100: 250 → yes"])
    assert try_filter(acme, {"event": event, "filter": {"amount": {"$lt": 100}}}).json["matches"] is False
    path = f"/v1/endpoints/{endpoint}/match"
    for value, field in (({"event": event, "data": {}}, "event"), ({"event": event, "type": "a"}, "event"), ({"event": "evt_x"}, "event"),
                         ({"event": 7}, "event"), ({"event": "e" * 300}, "event"), ({"event": "evt_4095_1_1"}, "event")):
        problem(acme.api.post(path, value, tenant="acme"), 400, field)
    problem(acme.post(f"/{endpoint}/match", {"event": f"evt_{bare_stack.partition('acme')}_1_1"}), 404)


def test_another_tenant_s_event_is_not_there(acme, bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.publish(tenant, kind="a", data='{"secret": 1}')
    stream_id = bare_stack.redis("XRANGE", bare_stack.key("other", "events"), "-", "+")[-1][0].decode()
    event = f"evt_{bare_stack.partition('other')}_{stream_id.replace('-', '_')}"
    problem(try_filter(acme, {"event": event, "filter": {"secret": 1}}), 404)
    problem(acme.post(f"/{acme.id()}/match", {"event": event}), 404)
    assert acme.api.post("/v1/filters/test", {"event": event, "filter": {"secret": 1}}, tenant="other").json["matches"] is True


def test_an_event_that_cannot_be_read(acme, bare_stack):
    stream_id = bare_stack.redis("XADD", bare_stack.key("acme", "events"), "*", "tenant", "acme", "type", "a", "data", "{no").decode()
    event = f"evt_{bare_stack.partition('acme')}_{stream_id.replace('-', '_')}"
    problem(try_filter(acme, {"event": event, "filter": {"a": 1}}), 409, "event")
    stream_id = bare_stack.redis("XADD", bare_stack.key("acme", "events"), "*", "nonsense", "acme").decode()
    event = f"evt_{bare_stack.partition('acme')}_{stream_id.replace('-', '_')}"
    problem(try_filter(acme, {"event": event, "filter": {"a": 1}}), 404)


@pytest.mark.parametrize("value, field, words", [
    ({}, "type", "or event instead"),
    ({"data": {}}, "type", "expected 1 to 128"),
    ({"type": ""}, "type", "not empty"),
    ({"type": "a b"}, "type", "expected 1 to 128"),
    ({"type": "a" * 129}, "type", "expected 1 to 128"),
    ({"type": "a" * 300}, "type", "not empty"),
    ({"type": 7}, "type", "not empty"),
    ({"type": "a", "filter": {}}, "filter", "at least one condition"),
    ({"type": "a", "filter": "none"}, "filter", ""),
    ({"type": "a", "filter": {"a": {"$no": 1}}}, "filter", "a: $no: unknown"),
    ({"type": "a", "x": 1}, "body", "nothing else"),
])
def test_wrong_questions(acme, value, field, words):
    assert words in problem(acme.post(f"/{acme.id()}/match", value), 400, field)


# ---- one that nobody has yet ----

def test_a_filter_is_tried(acme):
    answer = try_filter(acme, {"filter": {"$or": [{"a": 1}, {"b.0": {"$prefix": "x"}}]}, "data": {"b": ["xyz"]}}).json
    assert answer["matches"] is True and answer["conditions"] == 2
    assert [line.split(" → ")[1] for line in answer["why"]] == ["yes", "no", "yes"]
    assert try_filter(acme, {"filter": {"a": 1}}).json["matches"] is False


def test_names_may_be_escaped(acme):
    body = b'{"\\u0066ilter": {"a": 1}, "d\\u0061ta": {"a": 1}}'
    assert try_filter(acme, body=body).json["matches"] is True


@pytest.mark.parametrize("value, field, words", [
    ({}, "filter", "missing"),
    ({"filter": None}, "filter", ""),
    ({"filter": []}, "filter", ""),
    ({"filter": {"a": {"$gt": "1"}}}, "filter", "a: $gt: expected a number"),
    ({"filter": {"a": 1}, "type": "a"}, "body", "nothing else"),
    ({"filter": {f"a{n}": 1 for n in range(65)}}, "filter", "64"),
    ({"filter": {"a": "b" * 5000}}, "filter", "4096"),
])
def test_wrong_filters(acme, value, field, words):
    assert words in problem(try_filter(acme, value), 400, field)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b'{"data":' * 100 + b"1" + b"}" * 100, b'{"a":1}{}'])
def test_bodies_that_are_none(acme, body):
    answer = try_filter(acme, body=body)
    assert answer.status == 400 and answer.json["detail"], answer


def test_the_most_there_may_be(acme):
    """64 conditions, each of them over all of the largest body."""
    filter_ = {"$or": [{f"missing{n}": 1} for n in range(64)]}
    answer = try_filter(acme, {"filter": filter_, "data": {"x": ["y" * 1000] * 1000}})
    assert answer.json["conditions"] == 64 and answer.json["matches"] is False
    assert try_filter(acme, {"filter": {"a": 1}, "data": "y" * (1 << 20)}).status == 413


# ---- tables ----

def test_the_event_types(acme):
    types = acme.api.get("/v1/event-types").json["event_types"]
    by_name = {one["type"]: one for one in types}
    assert len(by_name) == len(types) == 31
    assert by_name["PAYMENT_COMPLETED"] == {"type": "PAYMENT_COMPLETED", "category": "FINANCIAL", "importance": "critical",
                                            "subscription": "all", "signed": True}
    assert {one["category"]: one["subscription"] for one in types} == {
        "FINANCIAL": "all", "CATALOG": "default", "ROSTER": "default", "ROYALTY": "name", "SPLIT": "all"}
    endpoint = acme.id(dialect="royalti", events=sorted(by_name))  # each can be named
    assert acme.post(f"/{endpoint}/match", {"type": "ROYALTY_FILE_UPLOADED"}).json["matches"] is True


def test_the_dialects(acme):
    dialects = {one["name"]: one for one in acme.api.get("/v1/dialects").json["dialects"]}
    assert list(dialects) == ["royalti", "simple", "verification", "template", "standard"]
    assert dialects["verification"] == {
        "name": "verification", "header_prefix": "X-Webhook-", "signature": "hex", "signed_text": "timestamp.body",
        "signing": "always", "schedule": "1s,2s,4s", "retries": 3, "jitter": 0, "timeout": "10s",
        "statuses": "200-299=success,408=timeout,504=timeout,*=retry", "retry_after_max": "1d",
        "user_agent": dialects["standard"]["user_agent"], "sends": ["X-Webhook-Timestamp", "X-Webhook-Signature"],
        "has_catalogue": False}
    assert dialects["royalti"]["schedule"] == "base=2s factor=2 cap=1d" and dialects["royalti"]["has_catalogue"] is True


def test_what_the_table_says_can_be_set(acme):
    """Its parts are written as an endpoint's."""
    for dialect in acme.api.get("/v1/dialects").json["dialects"]:
        parts = {name: value for name, value in dialect.items() if name not in ("name", "sends", "has_catalogue")}
        made = acme.add(dialect=dialect["name"], **parts).json
        assert {name: made["effective"][name] for name in parts if name != "statuses"} == {
            name: value for name, value in parts.items() if name != "statuses"}
        assert made["effective"]["statuses"].startswith(parts["statuses"])
