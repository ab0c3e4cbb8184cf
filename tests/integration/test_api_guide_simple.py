# SPDX-License-Identifier: Apache-2.0
"""The simple guide's webhooks: each of its calls as it stands there, and what we add. Leaves guide_simple.txt in
reports/ of the build directory: the guide's answers and ours, side by side."""

import json

import pytest
from children import wait_until
from guide_calls import TIME, GuideCalls, form_of
from receiver import CLOSE, HANG, Answer
from signatures import is_signed

CREATE = """{
  "url": "https://yourapp.com/webhook",
  "events": [
    "user.created",
    "user.updated",
    "project.created"
  ],
  "secret": "whsec_abc123...",
  "active": true
}"""

CREATED = """{
  "id": "hook_123",
  "url": "https://yourapp.com/webhook",
  "events": ["user.created", "user.updated", "project.created"],
  "secret": "whsec_abc123...",
  "active": true,
  "created_at": "2026-01-15T12:00:00Z"
}"""

DELIVERIES = """{
  "deliveries": [
    {
      "id": "del_123",
      "event_id": "evt_abc",
      "status": "success",
      "status_code": 200,
      "attempts": 1,
      "delivered_at": "2026-01-15T12:30:00Z"
    },
    {
      "id": "del_124",
      "event_id": "evt_def",
      "status": "failed",
      "status_code": 500,
      "attempts": 3,
      "error": "Connection timeout"
    }
  ]
}"""

SECRET = "a secret of no special form".replace(" ", "-")
PATH = "/v1/webhooks"
NOBODY = "ep_00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api(stack):
    stack.add_tenant("acme")
    return stack.start_api()


def make(api, status=201, tenant="acme", **wanted):
    answer = api.post(PATH, wanted, tenant=tenant)
    assert answer.status == status, answer
    return answer.json


def problem(answer, status, field=None):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", answer
    assert answer.json["status"] == status and answer.json.get("field") == field, answer.json
    return answer.json["detail"]


# ---- as it stands there ----

def test_the_guide_s_calls(stack, api):
    guide = GuideCalls(stack, api, "acme")
    made = guide.call("POST", PATH, CREATE, document=CREATED)
    assert made.status == 201 and form_of(made.json) == form_of(json.loads(CREATED))
    expected = json.loads(CREATED)
    assert {**made.json, "id": 0, "created_at": 0} == {**expected, "id": 0, "created_at": 0}
    assert made.headers["location"] == f"{PATH}/{made.json['id']}"
    # A receiver of its own, that answers as the one in the guide's example; retried as often as there.
    hook = stack.receiver.hook("/hook", then=Answer(200))
    url = json.dumps({"url": hook.url})
    identity = made.json["id"]
    shown = {name: value for name, value in made.json.items() if name != "secret"}
    assert guide.call("GET", PATH + "/{id}", place=identity).json == shown
    changed = guide.call("PUT", PATH + "/{id}", url, place=identity)
    assert changed.status == 200 and changed.json == {**shown, "url": hook.url}
    assert guide.call("GET", PATH).json == {"webhooks": [changed.json]}
    stack.cli("endpoint", "set", identity, "--retries", "2", tenant="acme")
    hook.answers = [Answer(500)] * 3
    stack.publish(kind="project.created")
    for attempt in (1, 2, 3):
        hook.wait(attempt)
        stack.wait_attempts(attempt)
        stack.make_due(may_be_none=attempt == 3)
    stack.wait_done(1)
    tried = guide.call("POST", PATH + "/{id}/test", place=identity)
    assert tried.status == 200 and tried.json["status"] == "success"
    listed = guide.call("GET", PATH + "/{id}/deliveries", document=DELIVERIES, place=identity)
    assert listed.status == 200 and form_of(listed.json) == form_of(json.loads(DELIVERIES))
    success, failed = listed.json["deliveries"]
    assert success == tried.json and success["status_code"] == 200 and success["attempts"] == 1
    assert (failed["status"], failed["status_code"], failed["attempts"]) == ("failed", 500, 3)
    assert failed["error"] == "HTTP status 500"
    gone = guide.call("DELETE", PATH + "/{id}", place=identity)
    assert gone.status == 204 and gone.body == b""
    assert guide.call("GET", PATH + "/{id}", place=identity).status == 404
    guide.write("guide_simple.txt")


# ---- webhooks ----

def test_what_is_left_out(stack, api):
    made = make(api, url="https://example.com/hook")
    assert made["events"] == ["*"] and made["active"] is True and made["secret"].startswith("whsec_")
    assert TIME.fullmatch(made["created_at"])
    shown = stack.cli("endpoint", "show", made["id"])
    assert shown["dialect"] == "simple"
    assert "secret" not in api.get(f"{PATH}/{made['id']}", tenant="acme").json


def test_not_active_from_the_beginning(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url, secret=SECRET, active=False)
    assert made["active"] is False
    stack.publish()
    wait_until(lambda: stack.redis("HGET", stack.key("acme", "unmatched"), "acme") == b"1", 10)
    changed = api.put(f"{PATH}/{made['id']}", {"active": True}, tenant="acme")
    assert changed.json["active"] is True and "secret" not in changed.json
    stack.publish(kind="LAST")
    assert json.loads(hook.wait(1)[0].body)["type"] == "LAST"
    assert is_signed("simple", hook.requests[0], SECRET)
    stack.wait_done(1)
    assert api.put(f"{PATH}/{made['id']}", {"active": False}, tenant="acme").json["active"] is False
    assert api.get(f"{PATH}/{made['id']}", tenant="acme").json["active"] is False


def test_put_changes_what_is_named(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url, secret=SECRET, events=["A"])
    path = f"{PATH}/{made['id']}"
    got = api.get(path, tenant="acme")
    again = api.put(path, got.json, tenant="acme")  # what was answered, as a whole
    assert again.status == 200 and again.json == got.json
    new = "another secret".replace(" ", "-") * 2
    assert api.put(path, {"secret": new, "events": ["B", "user.*"]}, tenant="acme").json["events"] == ["B", "user.*"]
    stack.publish(kind="A")
    stack.publish(kind="user.created")
    assert is_signed("simple", hook.wait(1)[0], new) and not is_signed("simple", hook.requests[0], SECRET)
    stack.wait_done(1)
    assert len(hook.requests) == 1


def test_versions(api):
    made = api.post(PATH, {"url": "https://example.com/hook"}, tenant="acme")
    path, etag = f"{PATH}/{made.json['id']}", made.headers["etag"]
    assert api.get(path, tenant="acme").headers["etag"] == etag
    put = api.put(path, {"events": ["A"]}, tenant="acme", headers={"If-Match": etag})
    assert put.status == 200 and put.headers["etag"] != etag
    for method, body in (("PUT", {"events": ["B"]}), ("DELETE", None)):
        problem(api.ask(method, path, body, tenant="acme", headers={"If-Match": etag}), 412, "If-Match")
    assert api.get(path, tenant="acme").json["events"] == ["A"]
    assert api.delete(path, tenant="acme", headers={"If-Match": put.headers["etag"]}).status == 204


def test_all_endpoints_of_the_tenant_are_listed(stack, api):
    of_cli = stack.add_endpoint("acme", "https://example.com/other", events="order.*")
    stack.add("other")
    made = make(api, url="https://example.com/hook")
    listed = api.get(PATH, tenant="acme").json["webhooks"]
    assert [one["id"] for one in listed] == [of_cli.id, made["id"]]
    assert listed[0]["events"] == ["order.*"] and all("secret" not in one for one in listed)


# ---- whose it is ----

CALLS = [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")]


@pytest.mark.parametrize("method, more", CALLS)
def test_another_tenant_s_is_not_there(stack, api, method, more):
    endpoint = stack.add("other")
    body = {"active": False} if method == "PUT" else None
    answers = [api.ask(method, f"{PATH}/{identity}{more}", body, tenant="acme")
               for identity in (endpoint.id, NOBODY, "hook_123", "%2e%2e")]
    assert {answer.status for answer in answers} == {404} and len({answer.body for answer in answers}) == 1
    assert not endpoint.hook.requests and stack.cli("endpoint", "show", endpoint.id)["enabled"]


def test_a_tenant_that_is_not_there(api):
    for answer in (api.get(PATH, tenant="nobody"), api.post(PATH, {"url": "https://example.com"}, tenant="nobody")):
        assert "tenant" in problem(answer, 404)


# ---- what is refused ----

@pytest.mark.parametrize("body, field", [
    ({}, "url"), ({"url": None}, "url"), ({"url": ""}, "url"), ({"url": 7}, "url"), ({"url": "ftp://example.com"}, "url"),
    ({"url": "https://10.0.0.1/"}, "url"), ({"url": "https://example.com:22/"}, "url"), ({"url": "https://u:p@example.com/"}, "url"),
    ({"events": []}, "events"), ({"events": [1]}, "events"), ({"events": ["a b"]}, "events"), ({"events": {"a": 1}}, "events"),
    ({"events": ["A"] * 101}, "events"), ({"secret": "short"}, "secret"), ({"secret": "x" * 513}, "secret"),
    ({"secret": "with a space, and long"}, "secret"), ({"secret": 1}, "secret"), ({"active": "true"}, "active"),
    ({"active": None}, "active"), ({"active": 1}, "active"), ({"description": "x"}, "description"), ({"dialect": "royalti"}, "dialect"),
    ({"status": "active"}, "status"), ({"retries": 3}, "retries"), ({"tenant": "other"}, "tenant"), ({"x" * 5000: 1}, "x" * 40),
])
def test_bodies_that_are_refused(api, body, field):
    url = {"url": "https://example.com/hook"}
    assert problem(api.post(PATH, body if field == "url" else {**url, **body}, tenant="acme"), 400, field)
    assert api.get(PATH, tenant="acme").json == {"webhooks": []}
    made = make(api, **url)
    if body:
        problem(api.put(f"{PATH}/{made['id']}", body, tenant="acme"), 400, field)
    assert api.get(f"{PATH}/{made['id']}", tenant="acme").json["events"] == ["*"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"url": "https://example.com", "url": "https://example.com"}',
                                  b'{"url": "https://example.com/\xff"}', b'{"url": "https://example.com/\\u0000"}',
                                  b"[" * 5000, b'{"a":' * 5000])
def test_what_is_no_object(api, body):
    assert api.post(PATH, body=body, tenant="acme").status == 400
    assert api.get(PATH, tenant="acme").json == {"webhooks": []}


def test_a_body_too_large(api):
    answer = api.post(PATH, {"url": "https://example.com", "secret": "x" * 70000}, tenant="acme")
    assert answer.status == 413


# ---- trying it out ----

def test_it_reaches_that_webhook_only(stack, api):
    picky = stack.receiver.hook("/picky")
    greedy = stack.add_endpoint("acme", stack.receiver.hook("/greedy"))
    made = make(api, url=picky.url, secret=SECRET, events=["order.*"])
    stack.cli("endpoint", "set", made["id"], "--filter", '{"n": 999}')
    for wanted, kind in ((None, "webhook.test"), ({"type": "user.created"}, "user.created")):
        answer = api.post(f"{PATH}/{made['id']}/test", wanted, tenant="acme")
        assert answer.status == 200, answer
        request = picky.requests[-1]
        body = json.loads(request.body)
        assert body["type"] == kind and body["data"] == {"test": True} and body["id"] == answer.json["event_id"]
        assert is_signed("simple", request, SECRET)
        assert answer.json == api.get(f"{PATH}/{made['id']}/deliveries", tenant="acme").json["deliveries"][0]
    stack.publish(kind="LAST")  # behind them, for all: when it is there, nothing else comes
    greedy.hook.wait(1)
    stack.wait_done(3)
    assert len(greedy.hook.requests) == 1 and len(picky.requests) == 2


def test_the_type_is_one_that_it_asks_for(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url, events=["user.*", "project.created", "A"])
    assert api.post(f"{PATH}/{made['id']}/test", tenant="acme").status == 200
    assert json.loads(hook.requests[0].body)["type"] == "project.created"


def test_what_came_of_it(stack, api):
    hook = stack.receiver.hook("/hook", Answer(500))
    made = make(api, url=hook.url)
    answer = api.post(f"{PATH}/{made['id']}/test", tenant="acme")
    assert answer.status == 200 and answer.json["status"] == "pending"  # it is tried again, as everything
    assert answer.json["status_code"] == 500 and answer.json["error"] == "HTTP status 500" and answer.json["attempts"] == 1
    stack.make_due()
    hook.wait(2)
    stack.wait_done(1)
    listed = api.get(f"{PATH}/{made['id']}/deliveries", tenant="acme").json["deliveries"]
    assert listed[0]["status"] == "success" and listed[0]["attempts"] == 2


def test_one_that_is_not_active_is_not_tried(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url, active=False)
    assert "disabled" in problem(api.post(f"{PATH}/{made['id']}/test", tenant="acme"), 409)
    assert not hook.requests and not stack.deliveries()


@pytest.mark.parametrize("body, field", [({"type": ""}, "type"), ({"type": "a b"}, "type"), ({"type": 1}, "type"),
                                         ({"type": "x" * 129}, "type"), ({"event": "A"}, "event")])
def test_tests_that_are_refused(stack, api, body, field):
    made = make(api, url="https://example.com/hook")
    problem(api.post(f"{PATH}/{made['id']}/test", body, tenant="acme"), 400, field)
    assert not stack.deliveries() and stack.total("XLEN", "events") == 0


def test_a_slow_receiver_is_not_waited_for(bare_stack):
    bare_stack.start()
    bare_stack.add_tenant("acme")
    api = bare_stack.start_api(api_test_wait="300ms")
    hook = bare_stack.receiver.hook("/hook", HANG)
    made = make(api, url=hook.url)
    answer = api.post(f"{PATH}/{made['id']}/test", tenant="acme")
    assert answer.status == 202 and answer.json["status"] == "pending" and answer.json["attempts"] == 0
    hook.release()
    bare_stack.wait_done(1)
    assert answer.json["id"] == bare_stack.delivery().id


def test_without_a_scheduler_it_is_pending(bare_stack):
    bare_stack.start(schedulers=1, workers=0)  # makes the installation
    bare_stack.add_tenant("acme")
    api = bare_stack.start_api(api_test_wait="100ms")
    made = make(api, url="https://example.com/hook")
    bare_stack.schedulers[0].stop()
    answer = api.post(f"{PATH}/{made['id']}/test", tenant="acme")
    assert answer.status == 202 and answer.json["id"] is None and answer.json["event_id"].startswith("evt_")


# ---- deliveries ----

def test_pages(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url, events=["A"])
    stack.add_endpoint("acme", stack.receiver.hook("/other"))
    stack.publish(kind="A", count=7)
    stack.wait_done(14)
    found, query = [], "?limit=3"
    while query:
        answer = api.get(f"{PATH}/{made['id']}/deliveries{query}", tenant="acme").json
        found += answer["deliveries"]
        query = f"?limit=3&cursor={answer['next_cursor']}" if "next_cursor" in answer else None
    mine = [one.id for one in stack.deliveries() if one.created["endpoint"] == made["id"]]
    assert [one["id"] for one in found] == mine[::-1] and len(mine) == 7
    assert all(one["status"] == "success" and TIME.fullmatch(one["delivered_at"]) for one in found)
    for query, field in (("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor")):
        problem(api.get(f"{PATH}/{made['id']}/deliveries?{query}", tenant="acme"), 400, field)


def test_one_that_was_cancelled(stack, api):
    hook = stack.receiver.hook("/hook", then=Answer(500))
    made = make(api, url=hook.url)
    stack.publish()
    stack.wait_attempts(1)
    path = f"{PATH}/{made['id']}"
    assert api.get(path + "/deliveries", tenant="acme").json["deliveries"][0]["status"] == "pending"
    api.put(path, {"active": False}, tenant="acme")
    stack.wait_done(1)
    one = api.get(path + "/deliveries", tenant="acme").json["deliveries"][0]
    assert (one["status"], one["status_code"], one["attempts"]) == ("cancelled", 500, 1) and "disabled" in one["error"]


def test_one_without_an_answer(stack, api):
    made = make(api, url=stack.receiver.hook("/hook", then=CLOSE).url)
    stack.cli("endpoint", "set", made["id"], "--retries", "0")
    stack.publish()
    stack.wait_done(1)
    one = api.get(f"{PATH}/{made['id']}/deliveries", tenant="acme").json["deliveries"][0]
    assert one["status"] == "failed" and one["status_code"] is None and one["error"]
