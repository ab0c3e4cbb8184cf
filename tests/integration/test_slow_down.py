# SPDX-License-Identifier: Apache-2.0
"""An endpoint that says "slow down" (standard: 429, 502, 504) gets fewer requests at a time, and none until its Retry-After."""

from children import wait_until
from receiver import Answer

REST_S = 2
BUSY = Answer(429, b"later", (("Retry-After", str(REST_S)),))


def test_nothing_reaches_an_endpoint_before_its_retry_after(stack):
    stack.add_tenant("acme")
    busy, calm = stack.receiver.hook("/busy", BUSY), stack.receiver.hook("/calm")
    for hook in (busy, calm):
        stack.add_endpoint("acme", hook, slots=1)
    other = stack.add("other")
    stack.publish("acme", count=20)
    stack.publish("other", count=20)
    busy.wait(21, seconds=20)  # the first one once more
    calm.wait(20)
    other.hook.wait(20)
    first, second = busy.requests[:2]
    assert second.at - first.at >= REST_S
    assert calm.requests[-1].at < second.at and other.hook.requests[-1].at < second.at, "the others go on"
    stack.wait_done(40)
    assert {d.status for d in stack.deliveries()} == {"success"}


def test_a_rest_ends_though_nobody_remembers_it(bare_stack):
    """All schedulers die, and the call to look at it again is lost."""
    stack = bare_stack.start(lease="1s")
    hook = stack.add("acme", None, BUSY, slots=1).hook
    stack.publish("acme", count=5)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "slowed")) == 1)
    stack.schedulers[0].kill9()
    stack.redis("DEL", stack.key("acme", "wake"))
    assert len(hook.requests) == 1
    stack.start_scheduler()
    hook.wait(5)
    assert hook.requests[1].at - hook.requests[0].at >= REST_S


def test_answers_of_502_halve_what_is_in_flight_at_a_time(stack):
    hook = stack.add("acme", None, *[Answer(502, delay=0.3)] * 8, then=Answer(delay=0.05), slots=8).hook
    stack.publish("acme", count=60)
    hook.wait(60)
    assert [request.in_flight for request in hook.requests[:8]] == list(range(1, 9))
    assert max(request.in_flight for request in hook.requests[8:60]) == 4
    stack.wait_done(60)


def test_other_failures_do_not_slow_it_down(stack):
    hook = stack.add("acme", None, *[Answer(503, delay=0.3)] * 8, then=Answer(delay=0.05), slots=8).hook
    stack.publish("acme", count=60)
    hook.wait(60)
    assert max(request.in_flight for request in hook.requests[8:60]) == 8
    stack.wait_done(60)
