# SPDX-License-Identifier: Apache-2.0
"""The limit holds at the receiver: in any 60 seconds no tenant gets more than its limit, whatever stops or dies."""

import time

import pytest
from children import wait_until

WINDOW_S = 60


def most_in_a_window(requests, seconds=WINDOW_S):
    times = sorted(request.at for request in requests)
    return max((sum(at <= t < at + seconds for t in times[i:]) for i, at in enumerate(times)), default=0)


def stays_at(hook, count, seconds):
    """Nothing comes beyond @count for so long; this is about time passing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert len(hook.requests) <= count
        time.sleep(0.05)
    assert len(hook.requests) == count


def let_permits_go(stack, count, tenant="acme"):
    """As if so many of the oldest grants were 60 s further in the past: Redis's clock itself cannot be moved."""
    key = stack.key(tenant, "window:" + tenant)
    assert stack.redis("LLEN", key) >= count
    stack.redis.pipeline([*(("LSET", key, i, 1) for i in range(count)),
                          ("ZADD", stack.key(tenant, "throttled"), "XX", 1, tenant)])


def window(stack, tenant="acme"):
    return stack.redis("LLEN", stack.key(tenant, "window:" + tenant))


@pytest.mark.parametrize("limit", [10, 100])
def test_a_burst_is_cut_at_the_limit_and_goes_on_as_permits_come_free(bare_stack, limit):
    stack = bare_stack.start(schedulers=2, workers=2)
    hook = stack.add("acme", limit=limit, slots=20).hook
    stack.publish("acme", count=3 * limit)
    hook.wait(limit)
    stays_at(hook, limit, 2)
    assert window(stack) == limit
    let_permits_go(stack, 3)
    hook.wait(limit + 3)
    stays_at(hook, limit + 3, 0.5)
    let_permits_go(stack, limit)
    hook.wait(2 * limit + 3)
    stays_at(hook, 2 * limit + 3, 0.5)
    let_permits_go(stack, limit)
    stack.wait_done(3 * limit)
    assert {len(d.attempts) for d in stack.deliveries()} == {1}, "waiting burns no attempt"


def test_the_limit_holds_by_the_real_clock(bare_stack):
    """Takes a minute."""
    stack = bare_stack.start(schedulers=2, workers=2)
    hook = stack.add("acme", limit=5).hook
    stack.publish("acme", count=5)
    hook.wait(5)
    stack.publish("acme", count=5)
    requests = hook.wait(10, seconds=75)
    assert most_in_a_window(requests) == 5
    assert requests[9].at - requests[0].at < WINDOW_S + 2.5, "60 s, and the second in which a permit may be used"


def test_the_default_limit_is_100_for_tenants_without_one(bare_stack):
    stack = bare_stack.start(tenant_limit=None)
    stack.settings["tenant_limit"] = 100  # for the invariants
    stack.cli("tenant", "add", "acme", "--allow-http")
    hook = stack.receiver.hook("/acme")
    stack.add_endpoint("acme", hook)
    stack.publish("acme", count=150)
    hook.wait(100)
    stays_at(hook, 100, 1)


def test_the_limit_is_the_tenants_over_all_its_endpoints(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    stack.add_tenant("acme", 30)
    hooks = [stack.receiver.hook(f"/{n}") for n in range(5)]
    for hook in hooks:
        stack.add_endpoint("acme", hook)
    stack.publish("acme", count=20)
    wait_until(lambda: sum(len(hook.requests) for hook in hooks) == 30)
    time.sleep(1)
    counts = [len(hook.requests) for hook in hooks]
    assert sum(counts) == 30 and min(counts) >= 3, f"each endpoint gets its turn: {counts}"


def test_retries_count_against_the_limit(stack):
    from receiver import Answer
    hook = stack.add("acme", then=Answer(500), limit=10).hook
    stack.publish("acme", count=6)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 6)
    stack.make_due()
    hook.wait(10)
    stays_at(hook, 10, 1)


def test_tenants_do_not_share_a_limit(stack):
    endpoints = stack.add_many([f"t{n}" for n in range(6)], limit=5)
    for n in range(6):
        stack.publish(f"t{n}", count=20)
    for endpoint in endpoints:
        endpoint.hook.wait(5)
    for endpoint in endpoints:
        stays_at(endpoint.hook, 5, 0.2)


def test_raising_the_limit_helps_at_once(stack):
    hook = stack.add("acme", limit=5).hook
    stack.publish("acme", count=50)
    hook.wait(5)
    stays_at(hook, 5, 0.5)
    stack.cli("tenant", "set", "acme", "--limit", 30)
    hook.wait(30)
    stays_at(hook, 30, 0.5)
    stack.cli("tenant", "set", "acme", "--limit", 0)
    stack.wait_done(50)


def test_lowering_the_limit_holds_back_what_comes_next(stack):
    hook = stack.add("acme", limit=20).hook
    stack.publish("acme", count=10)
    hook.wait(10)
    stack.cli("tenant", "set", "acme", "--limit", 5)
    stack.publish("acme", count=10)
    stays_at(hook, 10, 1)
    let_permits_go(stack, 7)  # three are left
    hook.wait(12)
    stays_at(hook, 12, 0.5)


def test_permits_of_a_stopped_worker_come_back_and_nothing_is_sent_late(stack):
    """Stopped for less than the lease: the worker itself hands back what it may no longer send."""
    hook = stack.add("acme", limit=20).hook
    worker = stack.workers[0]
    worker.stop()
    stack.publish("acme", count=50)
    wait_until(lambda: stack.redis("XLEN", stack.key("acme", "jobs")) == 20)
    time.sleep(1.2)  # the permits run out
    assert not hook.requests
    worker.cont()
    hook.wait(20)
    stays_at(hook, 20, 2)
    assert window(stack) == 20
    assert not [d for d in stack.deliveries() if d.of_kind("lost")]


def test_repeated_stops_never_break_the_limit(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2, lease="1s")
    hook = stack.add("acme", limit=50).hook
    stack.publish("acme", count=200)
    for n in range(8):
        worker = stack.workers[n % 2]
        worker.stop()
        time.sleep(0.2 if n % 3 else 1.4)  # within its permits; beyond its permits and its lease
        worker.cont()
    stack.publish("acme", count=10)
    hook.wait(1)
    time.sleep(2)
    assert len(hook.requests) <= 50 and window(stack) <= 50
    let_permits_go(stack, window(stack))
    hook.wait(50)
    stack.cli("tenant", "set", "acme", "--limit", 0)
    stack.wait_done(210, seconds=30)


def test_jobs_of_a_worker_that_is_stopped_beyond_its_lease_are_sent_by_another_within_the_limit(bare_stack):
    stack = bare_stack.start(workers=2, lease="3s")  # shorter ones end on a busy machine for those that live, too
    hook = stack.add("acme", limit=40).hook
    stopped = stack.workers[0]
    stopped.stop()
    stack.publish("acme", count=40)

    def lost():
        return [d for d in stack.deliveries() if d.of_kind("lost")]
    wait_until(lambda: len(hook.requests) + len(lost()) == 40, 20)
    assert window(stack) == 40, "what the stopped worker had may have been sent: its permits count"
    stopped.cont()
    stays_at(hook, 40 - len(lost()), 1)
    if lost():
        let_permits_go(stack, len(lost()))
    stack.wait_done(40)
    assert len(hook.requests) == 40, "the stopped worker sent nothing late"


def test_a_backlog_over_the_limit_costs_no_work(stack):
    """The scheduler and the worker sleep until the next permit."""
    import os
    hook = stack.add("acme", limit=1).hook
    stack.publish("acme", count=2000)
    hook.wait(1)
    wait_until(lambda: stack.redis("LLEN", next(iter(stack.redis("KEYS", "*wait:*")))) == 1999)

    def cpu_s():
        total = 0
        for child in stack.children():
            with open(f"/proc/{child.pid}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")
    before = cpu_s()
    time.sleep(3)
    assert cpu_s() - before < 0.5
    stack.cli("tenant", "set", "acme", "--limit", 0)
    stack.wait_done(2000, seconds=60)
