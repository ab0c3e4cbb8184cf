# SPDX-License-Identifier: Apache-2.0
"""One tenant, one endpoint, a scheduler and a worker: for tests that take one step after the other."""

import collections
import random

import actors
import model
import pack


class World:
    """One tenant with one endpoint; a scheduler and a worker."""

    is_ending, jobs_max, keep, disable_after, gone, delays_ms, ends = True, None, 1, 50, 0, (0,), ["done"]
    operator = ""

    def __init__(self, redis):
        self.redis = redis
        self.random = random.Random(1)
        self.model = model.Model(redis)
        self.model.shift_of = collections.defaultdict(int)  # no time passes
        self.config = actors.Config()
        self.n_ids = 0
        self.person = actors.Person(self)
        self.person.configure("tenant", "ann", "record", 0, "")
        self.person.configure("endpoint", "ann", "end", "record", "", "new", 4)
        self.config.tenants["ann"] = {"limit": 0, "endpoints": {"end": {"slots": None, "off": False}}}
        self.scheduler, self.worker = actors.Scheduler(self), actors.Worker(self)

    def new_id(self, kind):
        self.n_ids += 1
        return f"{kind}_{self.n_ids}"

    def maybe(self, _):
        return True

    def add_endpoint(self, endpoint, slots=""):
        self.person.configure("endpoint", "ann", endpoint, "record", slots, "new", 4)
        self.config.tenants["ann"]["endpoints"][endpoint] = {"slots": slots or None, "off": False}

    def deliver(self):
        """One event from end to end: the id of its delivery."""
        self.redis("XADD", self.redis.key("events"), "*", "tenant", "ann", "type", "a.b", "data", "{}")
        self.scheduler.hand += self.scheduler.read("events", 10)
        self.scheduler.fan_out()
        self.worker.claim()
        self.worker.send()
        self.worker.settle()
        return f"whd_{self.n_ids}"

    def publish(self, count):
        """So many events, fanned out."""
        for _ in range(count):
            self.redis("XADD", self.redis.key("events"), "*", "tenant", "ann", "type", "a.b", "data", "{}")
        self.scheduler.hand += self.scheduler.read("events", 1000)
        self.step(self.scheduler.fan_out)

    def step(self, move, *args):
        """Takes it and checks the invariants."""
        answer = move(*args)
        self.model.check()
        return answer

    def promote(self, most=64):
        return self.step(self.redis.run, "promote", *self.scheduler.args(), most, self.keep)

    def settle_sent(self, *args):
        """Nine for each, of what is claimed now at the latest."""
        self.worker.claim()
        self.worker.claimed.clear()
        answer = self.step(self.redis.run, "settle", *self.scheduler.args(), self.keep, *args)
        assert answer == [len(args) // 9, 0], "they were the worker's"

    def granted(self):
        """(entry, Job) of all that is in `jobs`."""
        entries = self.redis("XRANGE", self.redis.key("jobs"), "-", "+")
        return [(entry.decode(), model.Job(fields[1])) for entry, fields in entries]

    def end(self, entry, job, kind, number=0):
        """The nine of one job that was sent."""
        record = b"" if kind in ("back", "late") else pack.pack(["attempt", 1, job.attempt, 5, 429, "", "", ""])
        outcome = pack.pack(["CLIENT_ERROR", 1, 429, 0])
        if kind == "done":
            record += pack.pack(["final", 1, "success", ""])
        return [entry, kind, job.tenant, job.endpoint, job.id, record, job.packed, outcome, number]

    def back_off(self, endpoint, count, due_ms=10**15):
        """So many deliveries that back off, as fanout.lua and decide.lua would have left them."""
        jobs = []
        for n in range(count):
            identity, event = self.new_id("whd"), f"1-{self.n_ids}"
            job = pack.pack([identity, "ann", endpoint, event, 2, 0])
            created = pack.pack(["created", 1, "ann", endpoint, event, "a.b"])
            self.redis("XADD", self.redis.key("events"), event, "tenant", "ann", "type", "a.b", "data", "{}")
            self.redis("HSET", self.redis.key("event_refs"), event, 1)
            self.redis("SET", self.redis.key("delivery:" + identity), created)
            self.redis("ZADD", self.redis.key("index:ann"), 1, identity)
            self.redis("ZADD", self.redis.key("delayed"), due_ms + n, job)
            jobs.append(identity)
        return jobs

    def statuses(self):
        return {identity: delivery.status for identity, delivery in self.model.deliveries.items()}
