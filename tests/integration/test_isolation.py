# SPDX-License-Identifier: Apache-2.0
"""One bad endpoint, or one tenant's backlog, hurts only itself; caps on what is in flight hold over all workers."""

import time

from children import wait_until
from receiver import Answer, HANG


def latencies(stack, endpoint, count):
    """Seconds from XADD to arrival, one event after the other."""
    found = []
    for n in range(count):
        began = time.monotonic()
        stack.publish(endpoint.tenant)
        found.append(endpoint.hook.wait(len(found) + 1)[-1].at - began)
    return sorted(found)


def test_a_hanging_endpoint_with_a_backlog_does_not_delay_others(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    other = stack.add("alone")
    alone = latencies(stack, other, 100)
    bad = stack.add("bad", then=HANG, timeout="30s")
    stack.publish("bad", count=3000)
    bad.hook.wait_in_flight(64)
    good = stack.add("good")
    beside = latencies(stack, good, 100)
    assert beside[98] < 10 * alone[98] + 0.1, f"p99 alone {alone[98]:.3f} s, beside the backlog {beside[98]:.3f} s"
    assert beside[50] < 5 * alone[50] + 0.02, f"median alone {alone[50]:.4f} s, beside it {beside[50]:.4f} s"
    assert bad.hook.in_flight == 64 == bad.hook.most_in_flight
    bad.hook.release()
    stack.wait_done(3000, "bad", seconds=60)


def test_another_endpoint_of_the_same_tenant_is_not_delayed_either(stack):
    stack.add_tenant("acme")
    hooks = [stack.receiver.hook("/bad", then=HANG), stack.receiver.hook("/good")]
    for hook, events in zip(hooks, ("bad", "good")):
        stack.add_endpoint("acme", hook, events=events, slots=10)
    stack.publish("acme", count=500, kind="bad")
    hooks[0].wait_in_flight(10)
    began = time.monotonic()
    stack.publish("acme", count=50, kind="good")
    hooks[1].wait(50)
    assert time.monotonic() - began < 3
    hooks[0].release()
    stack.wait_done(550, seconds=30)


def test_a_large_backlog_of_one_tenant_is_interleaved_with_others(stack):
    """Both go to endpoints that are quick; the second need not wait until the first is through."""
    big, small = stack.add_many(["big", "small"], then=Answer(delay=0.02), slots=16)
    stack.publish("big", count=3000)
    big.hook.wait(200)
    stack.publish("small", count=50)
    small.hook.wait(50, seconds=20)
    assert len(big.hook.requests) < 2000
    stack.wait_done(3000, "big", seconds=60)


def test_an_endpoints_slots_hold_over_two_workers(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    hook = stack.add("acme", then=Answer(delay=0.03), slots=5).hook
    stack.publish("acme", count=200)
    stack.wait_done(200, seconds=30)
    assert hook.most_in_flight == 5
    assert len({request.connection for request in hook.requests}) <= 20, "connections are used again"


def test_a_new_number_of_slots_holds_at_once(stack):
    endpoint = stack.add("acme", then=HANG, slots=3)
    stack.publish("acme", count=50)
    endpoint.hook.wait_in_flight(3)
    endpoint.cli("set", "--slots", 8)
    endpoint.hook.wait_in_flight(8)
    endpoint.hook.release()
    stack.wait_done(50)
    assert endpoint.hook.most_in_flight == 8


def test_a_workers_slots_hold(bare_stack):
    stack = bare_stack.start(slots=10)
    hooks = [e.hook for e in stack.add_many(["a", "b", "c"], then=Answer(delay=0.03), slots=1000)]
    for tenant in "abc":
        stack.publish(tenant, count=100)
    seen = []

    def is_done():
        seen.append(sum(hook.in_flight for hook in hooks))
        return all(stack.done(tenant) == 100 for tenant in "abc")
    wait_until(is_done, 20, interval=0.001)
    assert max(seen) == 10
    assert all(len(hook.requests) == 100 for hook in hooks)


def test_a_worker_that_is_full_of_hanging_requests_takes_no_more_and_recovers(bare_stack):
    stack = bare_stack.start(slots=8)
    bad = stack.add("bad", then=HANG, slots=100)
    good = stack.add("good")
    stack.publish("bad", count=20)
    bad.hook.wait_in_flight(8)
    stack.publish("good", count=5)
    time.sleep(1.5)  # permits run out meanwhile
    assert not good.hook.requests and bad.hook.in_flight == 8
    bad.hook.release()
    stack.wait_done(20, "bad")
    stack.wait_done(5, "good")
    assert len(bad.hook.requests) == 20


def test_a_second_worker_adds_its_slots(bare_stack):
    stack = bare_stack.start(slots=70)
    hook = stack.add("acme", then=HANG, slots=200).hook
    stack.publish("acme", count=200)
    hook.wait_in_flight(70)
    stack.start_worker()
    hook.wait_in_flight(140)
    hook.release()
    stack.wait_done(200)


def test_retries_of_one_endpoint_do_not_hold_up_new_events_of_another(stack):
    bad = stack.add("bad", then=Answer(500), slots=100)
    stack.publish("bad", count=1000)
    wait_until(lambda: stack.redis("ZCARD", stack.key("bad", "delayed")) == 1000, 30)
    good = stack.add("good")
    bad.hook.then = Answer(200)
    stack.make_due("bad")
    assert latencies(stack, good, 20)[-1] < 2
    stack.wait_done(1000, "bad", seconds=30)
