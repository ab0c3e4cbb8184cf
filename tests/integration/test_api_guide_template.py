# SPDX-License-Identifier: Apache-2.0
"""The template guide's webhooks: each of its calls as it stands there, and what we add. Leaves guide_template.txt in
reports/ of the build directory: the guide's answers and ours, side by side."""

import concurrent.futures
import json

import pytest
from guide_calls import TIME, GuideCalls, form_of
from receiver import HANG, Answer
from signatures import is_signed

CREATE = """{
  "url": "https://your-app.com/webhooks/handler",
  "events": ["user.created", "order.completed"],
  "description": "Production webhook for user events",
  "secret": "your-webhook-secret"
}"""

CREATED = """{
  "id": "wh_1234567890",
  "url": "https://your-app.com/webhooks/handler",
  "events": ["user.created", "order.completed"],
  "description": "Production webhook for user events",
  "created_at": "2023-06-20T14:15:30Z",
  "status": "active"
}"""

LISTED = """{
  "webhooks": [
    {
      "id": "wh_1234567890",
      "url": "https://your-app.com/webhooks/handler",
      "events": ["user.created", "order.completed"],
      "status": "active",
      "created_at": "2023-06-20T14:15:30Z"
    }
  ],
  "total": 1
}"""

UPDATE = """{
  "events": ["user.created", "user.updated", "order.completed"],
  "status": "active"
}"""

DELIVERIES = """{
  "deliveries": [
    {
      "id": "delivery_123",
      "event": "user.created",
      "status": "succeeded",
      "response_code": 200,
      "delivered_at": "2023-06-20T14:15:35Z",
      "attempts": 1
    },
    {
      "id": "delivery_124",
      "event": "order.completed",
      "status": "failed",
      "response_code": 500,
      "last_attempt_at": "2023-06-20T15:45:30Z",
      "attempts": 3,
      "next_attempt_at": "2023-06-20T17:45:30Z"
    }
  ]
}"""

TEST = """{
  "event": "user.created"
}"""

LOGS = """{
  "logs": [
    {
      "id": "log_123",
      "event": "user.created",
      "status": "delivered",
      "response_code": 200,
      "response_time": 150,
      "delivered_at": "2023-06-20T14:15:35Z"
    }
  ]
}"""

PATH = "/webhooks"
NOBODY = "ep_00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api(stack):
    stack.add_tenant("acme")
    return stack.start_api()


def make(api, **wanted):
    answer = api.post(PATH, wanted, tenant="acme")
    assert answer.status == 201, answer
    return answer.json


def get(api, path):
    answer = api.get(path, tenant="acme")
    assert answer.status == 200, answer
    return answer.json


def problem(answer, status, field=None):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", answer
    assert answer.json["status"] == status and answer.json.get("field") == field, answer.json
    return answer.json["detail"]


# ---- as it stands there ----

def fail_thrice(stack, hook):
    """As the guide's second example: three attempts have failed, another one is to come."""
    hook.answers = [Answer(500)] * 3
    stack.publish(kind="order.completed")
    for attempt in (1, 2, 3):
        hook.wait(attempt)
        stack.wait_attempts(attempt)
        if attempt < 3:
            stack.make_due()


def test_the_guide_s_calls(stack, api):
    guide = GuideCalls(stack, api, "acme")
    made = guide.call("POST", PATH, CREATE, document=CREATED)
    expected = json.loads(CREATED)
    assert made.status == 201 and form_of(made.json) == form_of(expected)
    assert {**made.json, "id": 0, "created_at": 0} == {**expected, "id": 0, "created_at": 0}
    identity, created = made.json["id"], made.json["created_at"]
    assert made.headers["location"] == f"{PATH}/{identity}"
    listed = guide.call("GET", PATH, document=LISTED)
    expected = json.loads(LISTED)
    assert listed.status == 200 and form_of(listed.json) == form_of(expected)
    expected["webhooks"][0].update(id=identity, created_at=created)
    assert listed.json == expected
    changed = guide.call("PUT", PATH + "/{id}", UPDATE, place=identity)
    assert changed.status == 200 and changed.json == {**made.json, **json.loads(UPDATE)}
    assert guide.call("GET", PATH + "/{id}", place=identity).json == changed.json
    # A receiver of its own, that answers as the one in the guide's examples.
    hook = stack.receiver.hook("/hook", then=Answer(200, delay=0.15))
    guide.call("PUT", PATH + "/{id}", json.dumps({"url": hook.url}), place=identity)
    fail_thrice(stack, hook)
    tried = guide.call("POST", PATH + "/{id}/test", TEST, place=identity)
    assert tried.status == 200 and tried.json["status"] == "succeeded" and tried.json["event"] == "user.created"
    assert is_signed("template", hook.requests[-1], "your-webhook-secret")
    assert json.loads(hook.requests[-1].body)["event"] == "user.created"
    deliveries = guide.call("GET", PATH + "/{id}/deliveries", document=DELIVERIES, place=identity)
    assert deliveries.status == 200 and form_of(deliveries.json) == form_of(json.loads(DELIVERIES))
    success, failed = deliveries.json["deliveries"]
    assert success == tried.json and (success["response_code"], success["attempts"]) == (200, 1)
    assert (failed["event"], failed["status"], failed["response_code"], failed["attempts"]) == ("order.completed", "failed", 500, 3)
    logs = guide.call("GET", PATH + "/{id}/logs", document=LOGS, place=identity)
    assert logs.status == 200 and form_of(logs.json["logs"][:1]) == form_of(json.loads(LOGS)["logs"])
    check_logs(logs.json["logs"], success, failed)
    gone = guide.call("DELETE", PATH + "/{id}", place=identity)
    assert gone.status == 204 and gone.body == b""
    guide.write("guide_template.txt")


def check_logs(logs, success, failed):
    """An attempt each, the newest first."""
    first = logs[0]
    assert (first["event"], first["status"], first["response_code"]) == ("user.created", "delivered", 200)
    assert first["response_time"] >= 150 and first["delivered_at"] == success["delivered_at"]
    assert first["id"] == success["id"].replace("whd_", "log_") + "_1"
    assert [one["id"] for one in logs[1:]] == [failed["id"].replace("whd_", "log_") + f"_{n}" for n in (3, 2, 1)]
    for one in logs[1:]:
        assert list(one) == ["id", "event", "status", "response_code", "response_time", "attempted_at", "error"]
        assert (one["status"], one["response_code"], one["error"]) == ("failed", 500, "HTTP status 500")
        assert TIME.fullmatch(one["attempted_at"])
    assert logs[1]["attempted_at"] == failed["last_attempt_at"]


# ---- webhooks ----

def test_what_is_left_out(stack, api):
    made = make(api, url="https://example.com/hook")
    assert made["events"] == ["*"] and made["status"] == "active" and made["description"] == ""
    assert made["secret"].startswith("whsec_")  # made here, so it is shown this once
    assert stack.cli("endpoint", "show", made["id"])["dialect"] == "template"
    assert "secret" not in get(api, f"{PATH}/{made['id']}")


def test_a_secret_that_was_made_signs(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url)
    assert api.post(f"{PATH}/{made['id']}/test", tenant="acme").status == 200
    assert is_signed("template", hook.requests[0], made["secret"])


def test_status(stack, api):
    made = make(api, url="https://example.com/hook", status="disabled")
    path = f"{PATH}/{made['id']}"
    assert made["status"] == get(api, path)["status"] == get(api, PATH)["webhooks"][0]["status"] == "disabled"
    assert api.put(path, {"status": "active"}, tenant="acme").json["status"] == get(api, path)["status"] == "active"
    stack.cli("endpoint", "disable", made["id"])
    assert get(api, path)["status"] == "disabled"
    whole = get(api, path)
    assert api.put(path, whole, tenant="acme").json == whole
    assert api.put(path, {"description": None}, tenant="acme").json["description"] == ""


def test_telling_its_state_begins_nothing_anew(stack, api):
    """A PUT says "active" of one that is: how often it failed in a row is not forgotten, as `enable` would."""
    hook = stack.receiver.hook("/hook", then=Answer(500))
    made = make(api, url=hook.url)
    stack.cli("endpoint", "set", made["id"], "--retries", "0")
    stack.publish()
    stack.wait_done(1)
    failures = stack.key("acme", "failures")
    assert stack.redis("HGET", failures, made["id"]) == b"1"
    assert api.put(f"{PATH}/{made['id']}", {"status": "active", "events": ["A"]}, tenant="acme").status == 200
    assert stack.redis("HGET", failures, made["id"]) == b"1"
    api.put(f"{PATH}/{made['id']}", {"status": "disabled"}, tenant="acme")
    assert api.put(f"{PATH}/{made['id']}", {"status": "active"}, tenant="acme").json["status"] == "active"
    assert stack.redis("HGET", failures, made["id"]) is None


def test_both_guides_show_the_same_webhooks(stack, api):
    simple = api.post("/v1/webhooks", {"url": "https://example.com/simple", "active": False}, tenant="acme").json
    template = make(api, url="https://example.com/template")
    assert [one["id"] for one in get(api, PATH)["webhooks"]] == [simple["id"], template["id"]]
    assert [one["id"] for one in get(api, "/v1/webhooks")["webhooks"]] == [simple["id"], template["id"]]
    assert get(api, f"{PATH}/{simple['id']}")["status"] == "disabled"
    assert get(api, PATH)["total"] == 2


# ---- whose it is ----

CALLS = [("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/deliveries"), ("GET", "/logs"), ("POST", "/test")]


@pytest.mark.parametrize("method, more", CALLS)
def test_another_tenant_s_is_not_there(stack, api, method, more):
    endpoint = stack.add("other")
    body = {"status": "disabled"} if method == "PUT" else None
    answers = [api.ask(method, f"{PATH}/{identity}{more}", body, tenant="acme")
               for identity in (endpoint.id, NOBODY, "wh_1234567890", "%2e%2e")]
    assert {answer.status for answer in answers} == {404} and len({answer.body for answer in answers}) == 1
    assert not endpoint.hook.requests and stack.cli("endpoint", "show", endpoint.id)["enabled"]
    assert get(api, PATH) == {"webhooks": [], "total": 0}


# ---- what is refused ----

@pytest.mark.parametrize("body, field", [
    ({}, "url"), ({"url": []}, "url"), ({"url": "https://example.com/" + "x" * 2100}, "url"), ({"url": "https://[::1]/"}, "url"),
    ({"url": "https://0xa.1/"}, "url"), ({"url": "javascript:alert(1)"}, "url"), ({"events": ["*x*"]}, "events"),
    ({"events": None, "url": None}, "url"), ({"description": 1}, "description"), ({"description": "x" * 300}, "description"),
    ({"description": "two\nlines"}, "description"), ({"secret": "short"}, "secret"), ({"status": "ACTIVE"}, "status"),
    ({"status": None}, "status"), ({"status": True}, "status"), ({"active": True}, "active"), ({"slots": 3}, "slots"),
])
def test_bodies_that_are_refused(api, body, field):
    url = {"url": "https://example.com/hook"}
    problem(api.post(PATH, body if field == "url" else {**url, **body}, tenant="acme"), 400, field)
    assert get(api, PATH) == {"webhooks": [], "total": 0}
    made = make(api, **url)
    if body:
        problem(api.put(f"{PATH}/{made['id']}", body, tenant="acme"), 400, field)
    assert get(api, f"{PATH}/{made['id']}") == {name: value for name, value in made.items() if name != "secret"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"url": 1e999}', b'{"events": ["\\ud800"]}', b"\x00", b"[" * 5000])
def test_what_is_no_object(api, body):
    assert api.post(PATH, body=body, tenant="acme").status == 400
    assert get(api, PATH)["total"] == 0


@pytest.mark.parametrize("body, field", [({"event": ""}, "event"), ({"event": "user.*"}, "event"), ({"event": None}, "event"),
                                         ({"type": "A"}, "type")])
def test_tests_that_are_refused(stack, api, body, field):
    made = make(api, url="https://example.com/hook")
    problem(api.post(f"{PATH}/{made['id']}/test", body, tenant="acme"), 400, field)
    assert stack.total("XLEN", "events") == 0


# ---- trying it out ----

def test_it_reaches_that_webhook_only(stack, api):
    hook = stack.receiver.hook("/hook")
    greedy = stack.add_endpoint("acme", stack.receiver.hook("/greedy"))
    made = make(api, url=hook.url, events=["order.*"])
    answer = api.post(f"{PATH}/{made['id']}/test", {"event": "user.created"}, tenant="acme")
    assert answer.status == 200 and answer.json["event"] == "user.created"
    body = json.loads(hook.requests[0].body)
    assert list(body) == ["event", "timestamp", "data"] and body["event"] == "user.created"
    stack.publish(kind="LAST")  # behind it
    greedy.hook.wait(1)
    stack.wait_done(2)
    assert len(greedy.hook.requests) == 1 and len(hook.requests) == 1


def test_an_endpoint_of_another_dialect(stack, api):
    endpoint = stack.add_endpoint("acme", stack.receiver.hook("/royalti"), dialect="royalti", events="USER_CREATED")
    answer = api.post(f"{PATH}/{endpoint.id}/test", tenant="acme")
    assert answer.status == 200 and answer.json["event"] == "USER_CREATED" and answer.json["status"] == "succeeded"
    assert is_signed("royalti", endpoint.hook.requests[0], endpoint.secret)


def test_half_of_the_threads_may_wait(bare_stack):
    """So that tests of receivers that hang do not hold up the API."""
    bare_stack.start()
    bare_stack.add_tenant("acme")
    api = bare_stack.start_api(api_threads=1, api_test_wait="60s")
    hook = bare_stack.receiver.hook("/hook", then=HANG)
    made = make(api, url=hook.url)
    answer = api.post(f"{PATH}/{made['id']}/test", tenant="acme", timeout=30)
    assert answer.status == 202
    assert answer.json == {"id": None, "event": "webhook.test", "status": "pending", "response_code": None,
                           "last_attempt_at": None, "attempts": 0, "next_attempt_at": None}
    hook.wait(1)
    hook.release()
    bare_stack.wait_done(1)


def test_nobody_waits_for_a_test_when_the_api_ends(bare_stack):
    bare_stack.start()
    bare_stack.add_tenant("acme")
    api = bare_stack.start_api(api_test_wait="60s")
    hook = bare_stack.receiver.hook("/hook", then=HANG)
    made = make(api, url=hook.url)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(api.post, f"{PATH}/{made['id']}/test", tenant="acme", timeout=50)
        hook.wait_in_flight(1)
        api.child.terminate()
        assert answer.result().status == 202 and answer.result().json["status"] == "pending"
    hook.release()
    bare_stack.wait_done(1)


# ---- deliveries and logs ----

def test_pages(stack, api):
    hook = stack.receiver.hook("/hook")
    made = make(api, url=hook.url, events=["A"])
    stack.publish(kind="A", count=7)
    stack.wait_done(7)
    for name, prefix in (("deliveries", "whd_"), ("logs", "log_")):
        found, query = [], "?limit=3"
        while query:
            answer = get(api, f"{PATH}/{made['id']}/{name}{query}")
            assert set(answer) - {"next_cursor"} == {name} and len(answer[name]) <= 3
            found += answer[name]
            query = f"?limit=3&cursor={answer['next_cursor']}" if "next_cursor" in answer else None
        expected = [one.id.removeprefix("whd_") for one in stack.deliveries()][::-1]
        assert [one["id"].removeprefix(prefix).removesuffix("_1") for one in found] == expected
        problem(api.get(f"{PATH}/{made['id']}/{name}?cursor=x", tenant="acme"), 400, "cursor")


def test_before_and_after_an_attempt(stack, api):
    hook = stack.receiver.hook("/hook", HANG)
    made = make(api, url=hook.url)
    path = f"{PATH}/{made['id']}"
    stack.publish(kind="A")
    hook.wait_in_flight(1)
    assert get(api, path + "/deliveries")["deliveries"][0] == {
        "id": stack.delivery().id, "event": "A", "status": "pending", "response_code": None, "last_attempt_at": None,
        "attempts": 0, "next_attempt_at": None}
    assert get(api, path + "/logs") == {"logs": []}
    hook.release(then=Answer(503))
    stack.wait_attempts(1)
    one = get(api, path + "/deliveries")["deliveries"][0]
    assert one["status"] == "failed" and TIME.fullmatch(one["next_attempt_at"]) and TIME.fullmatch(one["last_attempt_at"])
    api.put(path, {"status": "disabled"}, tenant="acme")
    stack.wait_done(1)
    one = get(api, path + "/deliveries")["deliveries"][0]
    assert one["status"] == "cancelled" and one["next_attempt_at"] is None and one["attempts"] == 1
    assert [log["status"] for log in get(api, path + "/logs")["logs"]] == ["failed"]
