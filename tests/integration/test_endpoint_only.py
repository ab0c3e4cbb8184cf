# SPDX-License-Identifier: Apache-2.0
"""Events for one endpoint only: the wire field `endpoint`."""

import json

import pytest
from children import wait_until

NOBODY = "ep_00000000-0000-4000-8000-000000000000"


@pytest.fixture
def pair(stack):
    """Two endpoints of acme: one that wants nothing of what is published here, and one that wants everything."""
    picky = stack.add(events="order.*", filter='{"n": 999}')
    greedy = stack.add_endpoint("acme", stack.receiver.hook("/greedy"))
    return picky, greedy


def of_endpoint(stack, endpoint):
    return [one.id for one in stack.deliveries() if one.entries[0]["endpoint"] == endpoint.id]


def test_it_goes_to_that_one_whatever_it_wants(stack, pair):
    picky, greedy = pair
    stack.publish(endpoint=picky.id)
    request = picky.hook.wait(1)[0]
    assert json.loads(request.body)["type"] == "USER_CREATED"
    stack.wait_done(1)
    stack.publish(kind="LAST")  # behind it, for everybody
    greedy.hook.wait(1)
    stack.wait_done(2)
    assert [json.loads(r.body)["type"] for r in greedy.hook.requests] == ["LAST"]
    assert len(picky.hook.requests) == len(of_endpoint(stack, picky)) == 1
    assert "endpoint" not in request.body.decode() and picky.id not in str(request.headers)


@pytest.mark.parametrize("whose", ["another tenant's", "nobody's", "removed"])
def test_one_that_is_not_the_tenant_s_is_rejected(stack, pair, whose):
    picky, greedy = pair
    other = stack.add("other")
    if whose == "removed":
        picky.cli("remove")
    stack.publish(endpoint={"another tenant's": other.id, "nobody's": NOBODY, "removed": picky.id}[whose])
    wait_until(lambda: stack.rejected("acme"), 10)
    assert stack.rejected("acme")[0]["reason"] == b"endpoint: the tenant has no such endpoint"
    assert not stack.deliveries() and not stack.deliveries("other") and not greedy.hook.requests


def test_a_disabled_one_gets_nothing_and_nobody_else_does(stack, pair):
    picky, greedy = pair
    picky.cli("disable")
    stack.publish(endpoint=picky.id)
    wait_until(lambda: stack.redis("HGET", stack.key("acme", "unmatched"), "acme") == b"1", 10)
    assert not stack.deliveries() and not greedy.hook.requests


def test_published_by_the_command_line(stack, pair):
    picky, _ = pair
    published = stack.cli("publish", "--tenant", "acme", "--type", "A", "--data", "1", "--endpoint", picky.id)
    line = {"tenant": "acme", "type": "B", "data": 2, "endpoint": picky.id}
    stack.cli("publish", stdin=json.dumps(line).encode())
    bodies = [json.loads(request.body) for request in picky.hook.wait(2)]
    assert {body["type"] for body in bodies} == {"A", "B"}
    stack.wait_done(2)
    stack.start_api()
    assert stack.cli("event", "show", published["eventId"], tenant="acme")["endpoint"] == picky.id
