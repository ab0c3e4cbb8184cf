# SPDX-License-Identifier: Apache-2.0
"""Bulk retries: which deliveries, how often, and what becomes of a job when those who work at it are killed."""


import pytest
from children import wait_until
from receiver import Answer

STEP = 100  # RETRY_STEP_MAX


@pytest.fixture
def failing(bare_stack):
    """A stack with an endpoint whose deliveries fail for good at once."""
    stack = bare_stack.start(disable_after=1000000, retention_count=1000000)
    stack.endpoint = stack.add(then=Answer(500), retries=0)
    return stack


def fail(stack, count, **more):
    before = stack.done()
    stack.publish(count=count, **more)
    stack.wait_done(before + count, seconds=60)


def make(api, *, expected=202, tenant="acme", **wanted):
    answer = api.post("/v1/retries", {"status": "failed", **wanted}, tenant=tenant)
    assert answer.status == expected, answer
    if expected == 202:
        assert answer.headers["location"] == "/v1/retries/" + answer.json["id"]
    return answer.json


def get(api, job, tenant="acme"):
    answer = api.get(f"/v1/retries/{job['id']}", tenant=tenant)
    assert answer.status == 200, answer
    return answer.json


def wait_ended(api, job, seconds=30):
    wait_until(lambda: get(api, job)["state"] != "running", seconds)
    return get(api, job)


def wait_all_ended(stack, count):
    """What is tried again has an attempt, and one more when that fails."""
    def have_ended():
        if stack.make_due(may_be_none=True):
            stack.redis("XADD", stack.key("acme", "wake"), "*", "at", 0)
        return stack.done() == count
    wait_until(have_ended, 20)


def asked_again(stack):
    """How often each delivery was tried again on request, by id."""
    return {d.id: len(d.of_kind("again")) for d in stack.deliveries()}


def counts(job):
    return job["retried"], job["skipped"], job["refused"]["endpoint_removed"], job["refused"]["endpoint_disabled"]


def test_all_that_failed_and_nothing_else(failing):
    stack, api = failing, failing.start_api()
    fail(stack, 150)
    stack.endpoint.hook.then = Answer(200)
    fail(stack, 20)  # these succeed
    failed = {d.id for d in stack.deliveries() if d.status == "failed"}
    job = make(api)
    assert job["state"] == "running" and job["status"] == ["failed"] and job["total"] == 170
    done = wait_ended(api, job)
    assert (done["state"], done["looked_at"], counts(done)) == ("done", 170, (150, 0, 0, 0))
    assert asked_again(stack) == {d.id: int(d.id in failed) for d in stack.deliveries()} and len(failed) == 150
    wait_all_ended(stack, 170)
    assert {d.status for d in stack.deliveries()} == {"success"}
    again = wait_ended(api, make(api))
    assert counts(again) == (0, 0, 0, 0)
    assert [j["id"] for j in api.get("/v1/retries", tenant="acme").json["retries"]] == [again["id"], done["id"]]


def test_filters(failing):
    stack, api = failing, failing.start_api()
    other = stack.add_endpoint("acme", stack.receiver.hook("/other", then=Answer(500)), retries=0, events="B")
    fail(stack, 5, kind="A")
    between = int(stack.now_ms())
    wait_until(lambda: int(stack.now_ms()) > between)
    (event,) = stack.publish(kind="B")
    stack.wait_done(7)
    event = f"evt_{stack.partition('acme')}_{event.replace('-', '_')}"
    cases = [({"type": "A"}, 5), ({"endpoint": other.id}, 1), ({"event": event}, 2), ({"from": between + 1}, 2), ({"to": between}, 5),
             ({"type": "A", "endpoint": other.id}, 0), ({"status": ["timeout", "success"]}, 0), ({"status": "cancelled"}, 0)]
    for wanted, found in cases:
        before = {d.id: len(d.entries) for d in stack.deliveries()}
        done = wait_ended(api, make(api, **wanted))
        assert counts(done) == (found, 0, 0, 0), (wanted, done)
        touched = [d for d in stack.deliveries() if len(d.entries) != before[d.id]]
        assert len(touched) == found
        wait_all_ended(stack, 7)


def test_what_cannot_be_tried_again(failing):
    stack, api = failing, failing.start_api()
    gone = stack.add_endpoint("acme", stack.receiver.hook("/gone", then=Answer(500)), retries=0, events="B")
    fail(stack, 3, kind="A")
    stack.publish(count=2, kind="B")
    stack.wait_done(7)
    gone.cli("remove")
    stack.endpoint.cli("disable")
    assert counts(wait_ended(api, make(api))) == (0, 0, 2, 5)
    assert set(asked_again(stack).values()) == {0}


@pytest.mark.parametrize("wanted, field", [
    ({"status": "pending"}, "status"), ({"status": []}, "status"), ({"status": ["failed", 1]}, "status"), ({"status": ["failed", "failed"]}, "status"), ({"status": None}, "status"),
    ({"type": 1}, "type"), ({"type": "a b"}, "type"), ({"endpoint": "x" * 65}, "endpoint"), ({"event": "mine"}, "event"),
    ({"from": "soon"}, "from"), ({"to": -1}, "to"), ({"from": 2000, "to": 1000}, "to"), ({"limit": 1}, "limit")])
def test_wrong_filters_name_the_field(bare_stack, wanted, field):
    bare_stack.cli("tenant", "add", "acme")
    assert make(bare_stack.start_api(), expected=400, **wanted)["field"] == field


def test_stopped_and_foreign_ones(failing):
    stack, api = failing, failing.start_api(api_retry_pause="60s")
    stack.cli("tenant", "add", "other")
    fail(stack, 300)
    job = make(api)
    wait_until(lambda: get(api, job)["retried"], 10)
    path = f"/v1/retries/{job['id']}"
    for answer in (api.get(path, tenant="other"), api.delete(path, tenant="other"), api.get(path + "x", tenant="acme"),
                   api.get("/v1/retries/rty_00000000-0000-4000-8000-000000000000", tenant="acme")):
        assert answer.status == 404 and answer.json["detail"] == "there is no such bulk retry"
    assert api.get("/v1/retries", tenant="other").json == {"retries": []}
    assert make(api, expected=404, tenant="nobody")
    stopped = api.delete(path, tenant="acme")
    assert stopped.status == 200 and stopped.json["state"] == "stopped" and 0 < stopped.json["retried"] < 300
    assert api.delete(path, tenant="acme").json == stopped.json
    assert stack.total("ZCARD", "retries") == 0
    assert sum(asked_again(stack).values()) == stopped.json["retried"]


def test_some_run_at_a_time_and_some_are_kept(failing):
    stack, api = failing, failing.start_api(api_retry_pause="60s")
    fail(stack, 600)  # more than one step looks at
    first = make(api)
    for _ in range(9):
        make(api)
    assert "run already" in make(api, expected=409)["detail"]
    api.delete(f"/v1/retries/{first['id']}", tenant="acme")
    for _ in range(100):
        job = make(api)
        api.delete(f"/v1/retries/{job['id']}", tenant="acme")
    listed = api.get("/v1/retries", tenant="acme").json["retries"]
    assert len(listed) == 100 and sum(j["state"] == "running" for j in listed) == 9
    assert api.get(f"/v1/retries/{first['id']}", tenant="acme").status == 404
    assert stack.redis("EXISTS", stack.key("acme", f"retry_job:{first['id']}")) == 0


@pytest.mark.fsync("always")
def test_those_who_work_at_it_are_killed(failing):
    """Each delivery is tried again once, and counted once, whoever dies in whatever step."""
    total = 3000
    stack = failing
    fail(stack, total)
    settings = {"api_retry_pause": "10ms", "lease": "500ms"}
    api = stack.start_api(**settings)
    job = make(api)
    kills = seen = 0
    while (now := get(api, job))["state"] == "running":
        if now["retried"] >= seen + 3 * STEP:
            seen = now["retried"]
            api.child.kill9()
            api, kills = stack.start_api(**settings), kills + 1
    assert kills >= 3 and (now["state"], now["looked_at"], counts(now)) == ("done", total, (total, 0, 0, 0))
    assert set(asked_again(stack).values()) == {1}


def test_two_share_one_job(failing):
    stack = failing
    fail(stack, 2000)
    apis = [stack.start_api(api_retry_pause="1ms") for _ in range(2)]
    jobs = [make(api) for api in apis]  # the same deliveries: whoever comes second passes them over
    done = [wait_ended(apis[0], job) for job in jobs]
    assert sum(j["retried"] for j in done) == 2000
    assert all(j["looked_at"] == 2000 for j in done)
    assert set(asked_again(stack).values()) == {1}


def test_the_tenant_is_removed_meanwhile(failing):
    stack, api = failing, failing.start_api()
    fail(stack, 500)
    job = make(api)
    stack.cli("tenant", "remove", "acme")
    wait_until(lambda: stack.total("ZCARD", "retries") == 0, 20)
    assert get(api, job)["state"] == "done"
