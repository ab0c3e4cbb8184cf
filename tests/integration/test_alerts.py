# SPDX-License-Identifier: Apache-2.0
"""Alerts, from workers' attempts and refused inbound calls to the operator's endpoint. What is one: tests/model/test_alerts.py."""

import pytest
from children import wait_until
from receiver import Answer
from inbound_source import Source
from operational import BAD, Told, wait_quiet

PERIOD = "2s"  # so that workers tell three times a second


@pytest.fixture
def stack(bare_stack):
    bare_stack.settings.update(alert_period=PERIOD, disable_after=1000000)
    return bare_stack


def alerts(told):
    return [event for event in told.events() if event["type"].startswith("alert.")]


def wait_alert(told, count=1):
    wait_until(lambda: len(alerts(told)) >= count, 30, lambda: f"{count} alerts; there are {told.events()}")
    assert len(alerts(told)) == count
    return alerts(told)[-1]


def test_a_tenant_whose_attempts_fail(stack):
    told = Told(stack)
    stack.start(schedulers=2, workers=2)
    endpoint = stack.add("acme", then=BAD, dialect="royalti", secret="a-literal-secret-of-a-guide")
    stack.add("other")
    stack.publish("other", count=40)
    stack.publish(count=40)
    alert = wait_alert(told)
    data = alert["data"]
    assert (alert["type"], data["tenant"], data["value"], data["threshold"]) == ("alert.success_rate", "acme", 0, 95)
    assert 20 <= data["samples"] <= 40 and "0.0 %" in data["reason"] and data["state"] == "raised"
    assert set(data) == {"tenant", "reason", "state", "value", "threshold", "samples", "window_minutes", "time"}

    # It is over when enough succeed; then it may be told again.
    endpoint.hook.then = Answer()

    def is_better():
        stack.publish(count=30)
        return len(alerts(told)) > 1
    wait_until(is_better, 60, interval=0.3)
    data = wait_alert(told, 2)["data"]
    assert (data["tenant"], data["state"]) == ("acme", "cleared") and data["value"] >= 96
    wait_until(lambda: stack.total("EXISTS", "tally") == stack.total("EXISTS", "alerts") == 0, 60)
    wait_quiet(stack)
    assert len(alerts(told)) == 2
    endpoint.hook.then = BAD
    stack.publish(count=30)
    data = wait_alert(told, 3)["data"]
    assert (data["tenant"], data["state"]) == ("acme", "raised")


def test_a_tenant_whose_endpoints_are_slow(stack):
    told = Told(stack)
    stack.start(alert_response_time="100ms", alert_samples=10)
    stack.add("acme", then=Answer(delay=0.3))
    stack.publish(count=10)
    alert = wait_alert(told)
    assert (alert["type"], alert["data"]["tenant"], alert["data"]["threshold"]) == ("alert.response_time", "acme", 100)
    assert 300 <= alert["data"]["value"] < 5000 and alert["data"]["samples"] == 10


def test_nobody_is_told_of_few_attempts_or_of_the_operators_own(stack):
    told = Told(stack, then=Answer(500), schedule="1h")
    stack.start(alert_samples=20)
    stack.add("acme", then=BAD, dialect="royalti", secret="a-literal-secret-of-a-guide")
    stack.publish(count=19)
    stack.publish("grapnel", count=40)
    told.endpoint.hook.wait(59, 20)
    wait_until(lambda: stack.total("EXISTS", "alerts_turn"), 20, "somebody to look")
    wait_until(lambda: stack.total("EXISTS", "tally") == 0, 60)
    assert alerts(told) == []


def test_inbound_calls_that_are_not_genuine(stack):
    told = Told(stack)
    stack.start(workers=1)
    api = stack.start_api()
    stack.add("acme")
    source = Source(api, "a-secret-of-github", kind="github")
    for n in range(9):
        headers = source.headers(b"{}")
        headers["X-Hub-Signature-256"] = "sha256=" + "0" * 64
        assert source.send(body=b"{}", headers=headers).status in (400, 401)
        assert len(alerts(told)) == 0 or n >= 5
    alert = wait_alert(told)
    data = alert["data"]
    assert (alert["type"], data["tenant"], data["source"]) == ("alert.inbound_signatures", "acme", source.id)
    assert (data["value"], data["threshold"], data["state"], data["window_minutes"]) == (6, 5, "raised", 60)
    wait_quiet(stack)
    wait_alert(told)

    hour = int(stack.now_ms()) // 3600000
    stack.redis("HSET", stack.key("acme", "alerts_inbound"), f"acme/{source.id}", hour - 2)  # as if it had been then
    data = wait_alert(told, 2)["data"]
    assert (data["source"], data["state"]) == (source.id, "cleared")


def test_a_threshold_of_0_is_none(stack):
    told = Told(stack)
    stack.start(alert_success_rate=0, alert_response_time=0, alert_samples=1)
    stack.add("acme", then=BAD, dialect="royalti", secret="a-literal-secret-of-a-guide")
    stack.publish(count=30)
    wait_until(lambda: stack.total("EXISTS", "tally"), 20)
    wait_until(lambda: stack.total("EXISTS", "tally") == 0, 60)
    wait_quiet(stack)
    assert alerts(told) == []


def test_a_worker_tells_what_it_counted_before_it_leaves(stack):
    stack.start(alert_period="1d")  # it would not do so for hours
    stack.add("acme", then=BAD, dialect="royalti", secret="a-literal-secret-of-a-guide")
    stack.publish(count=30)
    stack.wait_done(30)
    assert stack.total("EXISTS", "tally") == 0
    stack.workers[0].terminate()
    assert stack.workers[0].end() is None
    rows = stack.redis("HGET", stack.key("acme", "tally"), "acme").decode().split()
    assert len(rows) == 1 and rows[0].split(":")[1:4] == ["30", "30", "30"]


def test_what_was_told_stays_in_nobodys_way_without_an_operator(stack):
    """Statistics go away although nobody wants alerts."""
    stack.start()
    stack.add("acme", then=BAD, dialect="royalti", secret="a-literal-secret-of-a-guide")
    stack.publish(count=30)
    wait_until(lambda: stack.total("EXISTS", "tally"), 20)
    wait_until(lambda: stack.total("EXISTS", "tally") == 0, 60)
    assert stack.total("EXISTS", "alerts") == stack.total("EXISTS", "notices") == 0
