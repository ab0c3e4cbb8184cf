# SPDX-License-Identifier: Apache-2.0
"""Everything at once, at random: at any moment the invariants hold, and at the end every delivery has ended."""

import os
import random
import threading
import time

import invariants
import pytest
from children import wait_until
from receiver import Answer, CLOSE, HANG, RESET
from resp import RedisError
from stack import Failed, MAKE_DUE

SECONDS = float(os.environ.get("CHAOS_SECONDS", "6"))
TENANTS = ["acme", "123", "globex", "initech", "umbrella"]  # two of them share a partition
ANSWERS = [Answer(200), Answer(200), Answer(200, delay=0.02), Answer(500), Answer(400), Answer(503), CLOSE, RESET]


class Chaos:
    def __init__(self, stack, seed):
        self.stack, self.random = stack, random.Random(seed)
        self.endpoints = []
        self.n_published = dict.fromkeys(TENANTS, 0)

    def add_endpoint(self, tenant):
        hook = self.stack.receiver.hook(f"/{tenant}/{len(self.endpoints)}")
        hook.answers = Mixture(self.random.choices(ANSWERS, k=3), self.random.random())
        self.endpoints.append(self.stack.add_endpoint(tenant, hook, slots=self.random.choice([2, 10, 50]), timeout="1s",
                                                      retries=self.random.choice([0, 1, 2])))

    def publish(self):
        tenant, count = self.random.choice(TENANTS), self.random.choice([1, 10, 50])
        self.stack.publish(tenant, count=count)
        self.n_published[tenant] += count

    def restart(self, how):
        start, children = self.random.choice([(self.stack.start_worker, self.stack.workers),
                                              (self.stack.start_scheduler, self.stack.schedulers)])
        child = children.pop(self.random.randrange(len(children)))
        if how == "kill":
            child.kill9()
        else:
            child.terminate()
            assert child.wait() == 0 and not child.sanitizer_report(), child.log()
        start()

    def pause(self):
        child = self.random.choice(self.stack.children())
        child.stop()
        time.sleep(self.random.choice([0.05, 0.3, 1.5]))
        child.cont()

    def configure(self):
        endpoint = self.random.choice(self.endpoints)
        verb, *args = self.random.choice([
            ("disable",), ("enable",), ("enable",), ("set", "--slots", self.random.choice([2, 5, 30])), ("remove",)])
        try:
            endpoint.cli(verb, *args)
        except Failed:
            return  # it was removed
        if verb == "remove":
            self.add_endpoint(endpoint.tenant)

    def limit(self):
        self.stack.cli("tenant", "set", self.random.choice(TENANTS), "--limit", self.random.choice([0, 50, 200]))

    def retry(self):
        tenant = self.random.choice(TENANTS)
        ended = self.stack.redis("LRANGE", self.stack.key(tenant, "done:" + tenant), 0, 9)
        if ended:
            self.stack.run("delivery", "retry", self.random.choice(ended).decode())  # or it is refused, with words

    def hurry(self):
        for head in self.stack.heads():
            self.stack.redis("EVAL", MAKE_DUE, 1, head + "delayed")

    def cut(self):
        self.stack.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def flush_scripts(self):
        self.stack.redis("SCRIPT", "FLUSH")

    def step(self):
        action = self.random.choices(
            [self.publish, self.configure, self.limit, self.retry, self.hurry, self.cut, self.pause, self.flush_scripts,
             lambda: self.restart("kill"), lambda: self.restart("term")],
            [30, 8, 3, 5, 5, 1, 2, 1, 2, 2])[0]
        action()


class Mixture(list):
    """Answers without end: one of these at random."""

    def __init__(self, answers, seed):
        super().__init__(answers)
        self.random = random.Random(seed)

    def pop(self, _):
        return self.random.choice(self)


class Watch(threading.Thread):
    """Looks at the invariants all the time."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.stack, self.wrong, self.n = stack, [], 0
        self.is_ending = threading.Event()
        self.start()

    def run(self):
        client = None
        while not self.is_ending.is_set() and not self.wrong:
            try:
                client = client or self.stack.redis.connect()
                self.wrong = invariants.violations(client, self.stack.heads(), has_moving_limits=True)
                self.n += 1
            except RedisError:
                client = None  # cut, like all connections
            time.sleep(0.02)

    def end(self):
        self.is_ending.set()
        self.join(20)
        assert not self.wrong, "\n".join(self.wrong)
        assert self.n > 10


@pytest.mark.moving_limits
def test_whatever_happens_the_invariants_hold_and_every_delivery_ends(bare_stack):
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(1 << 30)))
    print(f"CHAOS_SEED={seed}")
    stack = bare_stack.start(schedulers=2, workers=2, lease="1s", disable_after=1000)
    chaos = Chaos(stack, seed)
    for tenant in TENANTS:
        stack.add_tenant(tenant)
        for _ in range(2):
            chaos.add_endpoint(tenant)
    watch = Watch(stack)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and not watch.wrong:
        chaos.step()
    watch.end()
    for tenant in TENANTS:
        stack.cli("tenant", "set", tenant, "--limit", 0)

    def has_ended():
        chaos.hurry()
        return all(d.status != "pending" for tenant in TENANTS for d in stack.deliveries(tenant)) and all(
            not stack.total("XLEN", name) for name in ("jobs", "failed"))
    wait_until(has_ended, 40, lambda: str([d for t in TENANTS for d in stack.deliveries(t) if d.status == "pending"][:5]),
               0.2)
    for tenant in TENANTS:
        unmatched = int(stack.redis("HGET", stack.key(tenant, "unmatched"), tenant) or 0)
        events = {d.created["event"] for d in stack.deliveries(tenant)}
        assert len(events) + unmatched == chaos.n_published[tenant], "each event has deliveries, or is counted"


def test_hanging_endpoints_of_many_tenants_fill_no_more_than_their_slots(stack):
    endpoints = stack.add_many([f"t{n}" for n in range(10)], then=HANG, slots=7, timeout="30s")
    for n in range(10):
        stack.publish(f"t{n}", count=50)
    for endpoint in endpoints:
        endpoint.hook.wait_in_flight(7)
    assert not invariants.violations(stack.redis, stack.heads())
    for endpoint in endpoints:
        endpoint.hook.release()
    for n in range(10):
        stack.wait_done(50, f"t{n}")
    assert {endpoint.hook.most_in_flight for endpoint in endpoints} == {7}
