# SPDX-License-Identifier: Apache-2.0
"""Redis away while events are published by HTTP: what clients are answered, and that nothing accepted is missing.
Leaves outage_killed.txt and outage_stopped.txt in reports/ of the build directory. GRAPNEL_OUTAGE_S: how long Redis is away at least (default 1)."""

import collections
import json
import os
import threading
import time

import pytest
from children import wait_until
from stack import build_folder

CLIENTS, BATCH = 8, 20
OUTAGE_S = float(os.environ.get("GRAPNEL_OUTAGE_S", "1"))


class Client(threading.Thread):
    """Publishes without a pause, every third call a batch; whatever is not confirmed is sent again with the same key."""

    def __init__(self, api, number):
        super().__init__()
        self.api, self.number, self.next = api, number, 0
        self.is_ending = False
        self.answers = []  # (when it was answered, kind, status, seconds, {result: count})
        self.accepted = {}  # n → event id
        self.wrong = []
        self.start()

    def run(self):
        try:
            while not self.is_ending:
                count = BATCH if self.next % 3 == 2 else 1
                self.publish(list(range(self.next, self.next + count)))
                self.next += count
        except Exception as e:
            self.wrong.append(repr(e))

    def publish(self, numbers):
        while numbers:
            began = time.monotonic()
            answer = self.send(numbers)
            kind = "one" if len(numbers) == 1 else "batch"
            results = collections.Counter(r["status"] for r in answer.json.get("results", ()))
            self.answers.append((time.monotonic(), kind, answer.status, time.monotonic() - began, results))
            numbers = self.take(answer, numbers)
            if numbers:
                assert answer.status == 503 and answer.headers["retry-after"] == "1" and answer.json["detail"], answer
                time.sleep(0.05)

    def send(self, numbers):
        events = [{"type": "A", "data": {"client": self.number, "n": n}, "idempotency_key": f"{self.number}-{n}"} for n in numbers]
        return self.api.post("/v1/events", events[0] if len(events) == 1 else events, tenant="acme")

    def take(self, answer, numbers):
        """Notes what was accepted; what is left to be sent again."""
        body = answer.json
        if answer.status == 202 and len(numbers) == 1:
            self.accepted[numbers[0]] = body["id"]
            return []
        results = body.get("results") or [{"status": "unknown"}] * len(numbers)
        left = []
        for n, result in zip(numbers, results, strict=True):
            if result["status"] == "accepted":
                self.accepted[n] = result["id"]
            else:
                assert result["status"] in ("failed", "unknown"), answer
                left.append(n)
        assert (answer.status == 202) == (not left), answer
        return left

    def has_seen(self, status, since, count=3):
        return sum(a[2] == status and a[0] > since for a in list(self.answers)) >= count


def write_report(how, phases, clients, missing, received):
    lines = [f"{len(clients)} clients publish without a pause, one event or {BATCH} a call, each with an idempotency key; what is not",
             f"confirmed is sent again. Redis (appendfsync always, redis_timeout 1 s) is {how}, for {phases[2][1] - phases[1][1]:.1f} s.", "",
             "| answered | call | answer | results of the events | calls | slowest |", "|---|---|---|---|---:|---:|"]
    for (name, begin), (_, end) in zip(phases, phases[1:], strict=False):
        found = collections.defaultdict(list)
        for when, kind, status, seconds, results in (a for client in clients for a in client.answers):
            if begin <= when < end:
                found[kind, status].append((seconds, results))
        for (kind, status), all_ in sorted(found.items()):
            results = sum((r for _, r in all_), collections.Counter())
            words = ", ".join(f"{n} {result}" for result, n in sorted(results.items()))
            lines.append(f"| {name} | {kind} | {status} | {words} | {len(all_)} | {max(s for s, _ in all_):.2f} s |")
    accepted = sum(len(c.accepted) for c in clients)
    lines += ["", f"{accepted} events confirmed; missing in Redis: {missing}; delivered: {received}, each once."]
    os.makedirs(os.path.join(build_folder(), "reports"), exist_ok=True)
    with open(os.path.join(build_folder(), "reports", f"outage_{how}.txt"), "w", encoding="utf-8") as report:
        report.write("\n".join(lines) + "\n")


@pytest.mark.fsync("always")
@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_redis_goes_and_comes_back(bare_stack, how):
    """Stopped, it does later what it was asked for: who was answered with a timeout sends it again, and it is there once."""
    stack = bare_stack.start(redis_timeout="1s", retention_count=10000000)
    endpoint = stack.add()
    api = stack.start_api()
    phases = [("before", time.monotonic())]
    clients = [Client(api, n) for n in range(CLIENTS)]
    wait_until(lambda: all(c.has_seen(202, 0) for c in clients), 20)
    phases.append(("Redis is away", time.monotonic()))
    (stack.redis.kill9 if how == "killed" else stack.redis.stop)()
    wait_until(lambda: all(c.has_seen(503, phases[-1][1]) for c in clients) and time.monotonic() > phases[-1][1] + OUTAGE_S, OUTAGE_S + 30)
    assert not any(c.has_seen(202, phases[-1][1] + 0.5, 1) for c in clients)  # what was answered before has arrived by then
    phases.append(("it is back", time.monotonic()))
    (stack.redis.start if how == "killed" else stack.redis.cont)()
    wait_until(lambda: all(c.has_seen(202, phases[-1][1]) for c in clients), 30)
    for client in clients:
        client.is_ending = True
    for client in clients:
        client.join(30)
    assert not any(c.is_alive() for c in clients) and [c.wrong for c in clients] == [[]] * CLIENTS
    phases.append(("end", time.monotonic()))

    wanted = {(c.number, n): i for c in clients for n, i in c.accepted.items()}
    assert len(wanted) == sum(c.next for c in clients)  # all were confirmed at last
    entries = stack.redis("XRANGE", stack.key("acme", "events"), "-", "+")
    there = {f"evt_{stack.partition('acme')}_{i.decode().replace('-', '_')}": json.loads(f[f.index(b"data") + 1]) for i, f in entries}
    missing = [key for key, i in wanted.items() if i not in there or (there[i]["client"], there[i]["n"]) != key]
    assert missing == [] and len(there) == len(wanted)  # each once
    stack.wait_done(len(wanted), seconds=60)
    bodies = [json.loads(r.body)["data"] for r in endpoint.hook.requests]
    received = {(b["client"], b["n"]) for b in bodies}
    assert received == set(wanted)
    write_report(how, phases, clients, len(missing), len(received))
