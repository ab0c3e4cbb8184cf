# SPDX-License-Identifier: Apache-2.0
"""Processes that die, stop or leave: nothing is lost, and only what was on its way may be sent twice."""

import json
import threading
import time

import pytest
from children import wait_until
from receiver import Answer, HANG
from resp import RedisError
from tallies import duplicates, lost


def test_kill_9_of_a_worker_repeats_only_what_it_had_in_flight(bare_stack):
    stack = bare_stack.start(workers=2, lease="1s")
    hook = stack.add("acme", then=HANG, slots=400).hook
    stack.publish("acme", count=200)
    hook.wait_in_flight(200)
    holders = dict(stack.redis("XPENDING", stack.key("acme", "jobs"), "workers")[3])
    survivors = int(holders[stack.workers[1].name.encode()])
    assert 0 < survivors < 200, "both workers have some"
    stack.workers[0].kill9()
    hook.wait_in_flight(survivors)
    hook.release()
    stack.wait_done(200, seconds=20)
    assert {d.status for d in stack.deliveries()} == {"success"}
    assert lost(stack) == duplicates(hook) and len(lost(stack)) == 200 - survivors
    assert len(hook.requests) == 200 + len(lost(stack))
    for delivery in stack.deliveries():
        assert [a["attempt"] for a in delivery.attempts] == [1], "a lost attempt is made again with its number"
        assert all(e["worker"] == stack.workers[0].name for e in delivery.of_kind("lost"))


def test_a_worker_that_starts_after_another_died_takes_over(bare_stack):
    stack = bare_stack.start(lease="1s")
    hook = stack.add("acme", then=HANG).hook
    stack.publish("acme", count=20)
    hook.wait_in_flight(20)
    stack.workers[0].kill9()
    hook.release()
    stack.start_worker()
    stack.wait_done(20)
    assert len(lost(stack)) == 20


def test_a_worker_with_the_name_of_a_dead_one_goes_on_with_its_jobs(bare_stack):
    """As a pod of a stateful set does. Its pending jobs may have been sent: they are sent again or handed back."""
    stack = bare_stack.start(workers=0)
    stack.start_worker(name="pod-0")
    hook = stack.add("acme", then=HANG).hook
    stack.publish("acme", count=20)
    hook.wait_in_flight(20)
    stack.workers[0].kill9()
    hook.release()
    stack.start_worker(name="pod-0")
    stack.wait_done(20)
    assert {d.status for d in stack.deliveries()} == {"success"}


def test_a_worker_with_the_name_of_a_dead_one_uses_no_permit_twice(bare_stack):
    """What it finds may have been sent: it is recorded as lost, and its permit stays in the window."""
    stack = bare_stack.start(workers=0, permit="10s")
    stack.start_worker(name="pod-0", permit="10s")
    hook = stack.add("acme", then=HANG, limit=2).hook
    stack.publish("acme", count=2)
    hook.wait_in_flight(2)
    stack.workers[0].kill9()
    stack.start_worker(name="pod-0", permit="10s")
    wait_until(lambda: len(lost(stack)) == 2, 20, "both to be recorded as lost")
    assert stack.redis("LLEN", stack.key("acme", "window:acme")) == 2
    assert len(hook.requests) == 2
    hook.release()


def test_kill_9_of_a_worker_under_load_loses_nothing(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2, lease="1s")
    hook = stack.add("acme", then=Answer(delay=0.01), slots=50).hook
    stack.publish("acme", count=1000)
    for _ in range(3):
        hook.wait(len(hook.requests) + 50)
        stack.workers[-1].kill9()
        stack.start_worker()
    stack.wait_done(1000, seconds=60)
    assert len(set(hook.ids())) == 1000
    assert duplicates(hook) <= lost(stack)


def test_kill_9_of_a_scheduler_loses_and_repeats_nothing(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=1, lease="1s")
    hook = stack.add("acme", None, *[Answer(500)] * 300, slots=200, retries=1).hook
    for _ in range(3):
        stack.publish("acme", count=500)
        hook.wait(len(hook.requests) + 20)
        stack.schedulers[-1].kill9()
        stack.start_scheduler()
    wait_until(lambda: stack.total("XLEN", "events") == 1500)
    wait_until(lambda: len(hook.requests) >= 1500, 30)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) + stack.done() == 1500, 30)
    if stack.done() < 1500:
        stack.make_due()
    stack.wait_done(1500, seconds=30)
    assert len(set(hook.ids())) == 1500 and len(hook.requests) == 1800


def test_what_a_stopped_scheduler_had_read_is_taken_over_and_not_fanned_out_twice(bare_stack):
    stack = bare_stack.start(schedulers=2, lease="1s")
    hook = stack.add("acme").hook
    stack.schedulers[0].stop()
    for _ in range(20):  # so that some are read for the stopped one
        stack.publish("acme", count=5)
    stack.wait_done(100, seconds=20)
    stack.schedulers[0].cont()
    stack.publish("acme", count=10)
    stack.wait_done(110)
    assert len(hook.requests) == len(set(hook.ids())) == 110


def test_the_last_scheduler_may_die_and_another_starts_later(bare_stack):
    stack = bare_stack.start(lease="1s")
    hook = stack.add("acme", None, *[Answer(500)] * 5).hook
    stack.publish("acme", count=5)
    hook.wait(5)
    stack.schedulers[0].kill9()
    stack.publish("acme", count=50)
    stack.start_scheduler()
    hook.wait(55)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 5)
    stack.make_due()
    stack.wait_done(55)


# --- leaving in order ---------------------------------------------------------------------------------------------------


def test_sigterm_lets_a_worker_finish_what_is_in_flight(bare_stack):
    stack = bare_stack.start(workers=2)
    hook = stack.add("acme", then=HANG, slots=100).hook
    stack.publish("acme", count=60)
    hook.wait_in_flight(60)
    worker = stack.workers[0]
    worker.terminate()
    worker.wait_for_log("draining")
    hook.release()
    assert worker.wait() == 0
    stack.wait_done(60)
    assert len(hook.requests) == 60 and not lost(stack)
    assert stack.redis("ZSCORE", stack.key("acme", "consumers"), f"worker/{worker.name}") is None, "it took its leave"


def test_sigterm_under_load_loses_and_repeats_nothing(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    hook = stack.add("acme", then=Answer(delay=0.05), slots=50).hook
    stack.publish("acme", count=2000)
    for _ in range(4):
        hook.wait(len(hook.requests) + 100)
        stack.start_worker()
        stack.start_scheduler()
        for child in (stack.workers.pop(0), stack.schedulers.pop(0)):
            child.terminate()
            assert child.wait() == 0
            assert not child.sanitizer_report()
    stack.wait_done(2000, seconds=60)
    assert len(hook.requests) == len(set(hook.ids())) == 2000 and not lost(stack)


def test_leaving_in_order_is_quick_and_warns_of_nothing(bare_stack):
    stack = bare_stack.start(workers=2)
    stack.add("acme")
    stack.publish("acme", count=10)
    stack.wait_done(10)
    children = stack.children()
    stack.schedulers, stack.workers = [], []
    began = time.monotonic()
    for child in children:
        child.terminate()
    assert [child.wait() for child in children] == [0, 0, 0]
    assert time.monotonic() - began < 0.9, "a blocked read is ended, not waited for"
    for child in children:
        assert "level=warn" not in child.log() and "level=error" not in child.log(), child.log()
    assert stack.total("ZCARD", "consumers") == 0


def test_a_rolling_restart_is_quick(bare_stack):
    """What a leaving worker hands back is not left to its lease."""
    stack = bare_stack.start(workers=1, lease="60s")
    hook = stack.add("acme", then=Answer(delay=0.01), slots=50).hook
    stack.publish("acme", count=500)
    hook.wait(100)
    stack.workers[0].terminate()
    assert stack.workers.pop(0).wait() == 0
    stack.start_worker()
    stack.wait_done(500, seconds=20)
    assert len(hook.requests) == 500


def test_a_drain_that_takes_too_long_hands_the_rest_back(bare_stack):
    stack = bare_stack.start(workers=0, lease="60s")
    stack.start_worker(drain="300ms")
    hook = stack.add("acme", then=HANG, timeout="30s").hook
    stack.publish("acme", count=20)
    hook.wait_in_flight(20)
    worker = stack.workers.pop(0)
    began = time.monotonic()
    worker.terminate()
    assert worker.wait() == 0 and 0.3 <= time.monotonic() - began < 3
    hook.wait_in_flight(0)
    hook.release()
    stack.start_worker()
    stack.wait_done(20)
    assert len(lost(stack)) == 20 and len(hook.requests) == 40
    assert all(d.status == "success" and len(d.attempts) == 1 for d in stack.deliveries())


def test_a_second_sigterm_ends_the_drain_at_once(bare_stack):
    stack = bare_stack.start(workers=0, lease="60s")
    stack.start_worker(drain="60s")
    hook = stack.add("acme", then=HANG, timeout="30s").hook
    stack.publish("acme", count=5)
    hook.wait_in_flight(5)
    worker = stack.workers.pop(0)
    worker.terminate()
    worker.wait_for_log("draining")
    worker.terminate()
    assert worker.wait(5) == 0
    hook.release()
    stack.start_worker()
    stack.wait_done(5)


def test_processes_leave_although_redis_is_gone(bare_stack):
    stack = bare_stack.start(redis_timeout="500ms")
    stack.redis.kill9()
    children = stack.children()
    stack.schedulers, stack.workers = [], []
    for child in children:
        child.terminate()
    assert [child.wait(10) for child in children] == [0, 0]
    stack.redis.start()


# --- Redis itself -------------------------------------------------------------------------------------------------------


class Publisher(threading.Thread):
    """Publishes until told to stop, and notes which events Redis has acknowledged."""

    def __init__(self, stack, tenant, name):
        super().__init__(daemon=True)
        self.stack, self.tenant, self.tag = stack, tenant, name
        self.acknowledged, self.n_failed, self.n = [], 0, 0
        self.is_ending = threading.Event()
        self.start()

    def run(self):
        client = None
        while not self.is_ending.is_set():
            self.n += 1
            event = f"{self.tag}-{self.n}"
            try:
                client = client or self.stack.redis.connect(timeout=5)
                client(*self.stack.xadd(self.tenant, id=event))
                self.acknowledged.append(event)
                time.sleep(0.002)
            except RedisError:
                self.n_failed += 1
                client = None
                time.sleep(0.02)

    def end(self):
        self.is_ending.set()
        self.join(20)
        return self.acknowledged


@pytest.mark.fsync("always")
def test_every_acknowledged_event_survives_kill_9_of_redis(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2, lease="2s", redis_timeout="1s")
    hook = stack.add("acme", then=Answer(delay=0.005), dialect="simple", secret="a-literal-secret-of-a-guide").hook
    publishers = [Publisher(stack, "acme", f"p{n}") for n in range(2)]
    for _ in range(2):
        hook.wait(len(hook.requests) + 100, seconds=20)
        stack.redis.kill9()
        stack.redis.start()
    hook.wait(len(hook.requests) + 100, seconds=20)
    acknowledged = {event for publisher in publishers for event in publisher.end()}

    def received():
        return {json.loads(request.body)["id"] for request in list(hook.requests)}
    wait_until(lambda: acknowledged <= received(), 30, lambda: f"missing: {acknowledged - received()}", 0.1)
    wait_until(lambda: all(d.status == "success" for d in stack.deliveries()), 20, "all to be settled", 0.1)
    assert len(acknowledged) > 300


def test_a_short_absence_of_redis_repeats_nothing(bare_stack):
    """Shorter than the lease. Answers that came meanwhile are kept and settled once Redis is back."""
    stack = bare_stack.start(redis_timeout="1s", lease="10s")
    hook = stack.add("acme", then=HANG, slots=50).hook
    stack.publish("acme", count=50)
    hook.wait_in_flight(50)
    stack.redis.kill9()
    hook.release()
    hook.wait_in_flight(0)
    stack.redis.start()
    stack.wait_done(50, seconds=20)
    assert len(hook.requests) == 50 and not lost(stack)


def test_an_absence_of_redis_beyond_the_lease_does_not_make_living_workers_look_dead(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2, redis_timeout="500ms", lease="1s")
    hook = stack.add("acme", then=HANG, slots=50, timeout="60s").hook
    stack.publish("acme", count=50)
    hook.wait_in_flight(50)
    stack.redis.kill9()
    time.sleep(2.5)
    stack.redis.start()
    time.sleep(3.5)  # were they taken for dead, their jobs would be sent again
    hook.release()
    stack.wait_done(50, seconds=20)
    assert len(hook.requests) == 50 and not lost(stack)


def test_a_stopped_redis_is_waited_for(bare_stack):
    stack = bare_stack.start(redis_timeout="500ms", lease="1s")
    hook = stack.add("acme", slots=50).hook
    stack.publish("acme", count=100)
    hook.wait(10)
    stack.redis.stop()
    time.sleep(2)
    stack.redis.cont()
    stack.wait_done(100, seconds=20)
    stack.publish("acme", count=10)
    stack.wait_done(110)
    assert len(set(hook.ids())) == 110
