# SPDX-License-Identifier: Apache-2.0
"""Operational webhooks: what a move tells of becomes one event of the operator's tenant, whatever dies in between."""

import os

import pytest
from children import free_port, wait_until
from mail_server import MailServer, settings_of
from receiver import Answer
from operational import BAD, OPERATOR, Told, wait_quiet

SCRIPTS = os.path.join(os.path.dirname(__file__), "../../common/moves")


@pytest.fixture
def stack(bare_stack):
    """An endpoint that is disabled after three failed deliveries, and 400 ends one."""
    bare_stack.settings["disable_after"] = 3
    return bare_stack


def add_failing(stack, tenant="acme"):
    return stack.add(tenant, then=BAD, dialect="royalti", secret="a-literal-secret-of-a-guide")


def test_what_happens_to_an_endpoint_is_told_once(stack):
    told = Told(stack)
    stack.start(schedulers=2)
    endpoint = add_failing(stack)
    stack.publish(count=3)
    stack.wait_done(3)
    disabled = told.wait(1, "endpoint.disabled")[0]["data"]
    assert (disabled["tenant"], disabled["endpoint"]) == ("acme", endpoint.id)
    assert disabled["reason"] == "3 consecutive deliveries failed"
    exhausted = [event["data"] for event in told.wait(3, "delivery.exhausted")]
    assert {data["delivery"] for data in exhausted} == {delivery.id for delivery in stack.deliveries()}
    assert {data["reason"] for data in exhausted} == {"CLIENT_ERROR is not retried"}
    assert all(set(data) == {"tenant", "endpoint", "delivery", "reason", "time"} for data in exhausted)

    endpoint.hook.then = Answer()
    endpoint.cli("enable")
    stack.publish(count=5)
    stack.wait_done(8)
    recovered = told.wait(1, "endpoint.recovered")[0]["data"]
    assert recovered["endpoint"] == endpoint.id
    assert recovered["delivery"] in {delivery.id for delivery in stack.deliveries() if delivery.status == "success"}
    wait_quiet(stack)
    told.wait(5)


def test_gone(stack):
    told = Told(stack)
    stack.start()
    stack.add("acme", then=Answer(410))
    stack.publish()
    assert told.wait(1, "endpoint.disabled")[0]["data"]["reason"] == "the endpoint answered 410 Gone"
    told.wait(1, "delivery.exhausted")


@pytest.mark.parametrize("failures", [9, 10])
def test_recovery_is_news_after_ten_failures_in_a_row(bare_stack, failures):
    told = Told(bare_stack)
    bare_stack.start()
    endpoint = add_failing(bare_stack)
    bare_stack.publish(count=failures)
    bare_stack.wait_done(failures)
    endpoint.hook.then = Answer()
    bare_stack.publish(count=2)
    bare_stack.wait_done(failures + 2)
    wait_quiet(bare_stack)
    told.wait(failures, "delivery.exhausted")
    told.wait(failures == 10, "endpoint.recovered")
    assert bare_stack.total("EXISTS", "unwell") == 0


def test_without_the_tenant_nothing_is_written(stack):
    stack.start()
    add_failing(stack)
    stack.publish(count=3)
    stack.wait_done(3)
    assert stack.total("EXISTS", "notices") == stack.total("EXISTS", "unwell") == 0

    told = Told(stack)
    add_failing(stack, "later")

    def is_told():  # schedulers learn of the tenant with a heartbeat
        stack.publish("later")
        return told.events()
    wait_until(is_told, 10, interval=0.2)
    assert {event["data"]["tenant"] for event in told.events()} == {"later"}


def test_no_tenant_named(stack):
    told = Told(stack)
    stack.start(operational_tenant="")
    add_failing(stack)
    stack.publish(count=3)
    stack.wait_done(3)
    assert stack.total("EXISTS", "notices") == 0 and told.events() == []


def test_the_operators_own_endpoints_make_no_news(stack):
    told = Told(stack, then=Answer(410))
    stack.start()
    add_failing(stack)
    stack.publish()
    stack.wait_done(1)
    told.endpoint.hook.wait(1)
    wait_until(lambda: not told.endpoint.cli("show")["enabled"], 10, "the operator's endpoint to be disabled")
    wait_quiet(stack)
    assert [event["type"] for event in told.events()] == ["delivery.exhausted"]
    assert stack.total("EXISTS", "unwell") == 0


@pytest.fixture
def server():
    server = MailServer(free_port())
    yield server
    server.end()


def test_by_mail(stack, server):
    stack.add_tenant(OPERATOR)
    stack.add_endpoint(OPERATOR, "mailto:ops@example.org", events="endpoint.disabled")
    stack.start(**settings_of(server.port))
    endpoint = stack.add("acme", then=Answer(410))
    stack.publish()
    wait_until(lambda: server.mails, 20, "a mail")
    _, recipients, message, _ = server.mails[0]
    assert recipients == ["ops@example.org"] and message["Subject"] == "endpoint.disabled"
    assert endpoint.id in message.get_content() and "the endpoint answered 410 Gone" in message.get_content()


def test_published_and_not_yet_removed(stack):
    """Where a scheduler died between the two: another one takes it for published."""
    told = Told(stack)
    head = f"grapnel:{{{stack.partition('acme')}}}:"
    fields = ["type", "endpoint.disabled", "tenant", "acme", "reason", "because", "endpoint", "ep_1"]
    entry = stack.redis("XADD", head + "notices", "*", *fields).decode()
    with open(os.path.join(SCRIPTS, "publish.lua"), encoding="utf-8") as script:
        stack.redis("EVAL", script.read(), 1, stack.key(OPERATOR, ""), f"notice/{stack.partition('acme')}/{entry}", 60000,
                    OPERATOR, "tenant", OPERATOR, "type", "endpoint.disabled", "data", "{}")
    stack.start()
    wait_until(lambda: stack.redis("XLEN", head + "notices") == 0)
    wait_quiet(stack)
    assert told.wait(1)[0]["data"] == {}


def test_what_cannot_be_read_is_in_nobodys_way(stack):
    told = Told(stack)
    key = stack.key("acme", "notices")
    stack.redis("XADD", key, "*", "alone", "")
    stack.redis("XADD", key, "*", "type", "x", "long", "y" * 20000)
    stack.redis("XADD", key, "*", "type", "a.b", "#n", "1500.00", "#no", "1,\"x\":2", "t\"ext", "line\nend")
    stack.start()
    data = told.wait(1, "a.b")[0]["data"]
    assert b'"n":1500.00,' in told.endpoint.hook.requests[-1].body
    assert (data["n"], data["no"], data["t\"ext"]) == (1500, "1,\"x\":2", "line\nend")
    wait_until(lambda: stack.redis("XLEN", key) == 0)


def test_schedulers_that_are_killed(bare_stack):
    """Each of 300 deliveries that fail is told of once, while schedulers die all the time."""
    stack, tenants = bare_stack, [f"t{n}" for n in range(6)]
    told = Told(stack)
    stack.start(schedulers=3, lease="1s", disable_after=1000000)
    for tenant in tenants:
        add_failing(stack, tenant)
    for n in range(10):
        for tenant in tenants:
            stack.publish(tenant, count=5)
        wait_until(lambda: told.events() or stack.total("XLEN", "notices"), 10, "something to be told of")
        stack.schedulers[n].kill9()
        stack.start_scheduler()
    for tenant in tenants:
        stack.wait_done(50, tenant, 60)
    wait_until(lambda: stack.done(OPERATOR) >= 300, 60, lambda: f"300 to be told of: {stack.done(OPERATOR)}")
    wait_quiet(stack)
    failed = {delivery.id for tenant in tenants for delivery in stack.deliveries(tenant)}
    told_of = [event["data"]["delivery"] for event in told.events("delivery.exhausted")]
    assert len(failed) == 300 and sorted(told_of) == sorted(failed)
