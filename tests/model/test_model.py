# SPDX-License-Identifier: Apache-2.0
"""Random interleavings of all moves, by processes that die, sleep, come back and say things twice.

After each step the keys must be as docs/architecture.md has it; in the end everything must have ended.
MODEL_SEED=7 MODEL_STEPS=100000 goes on longer, or again where it failed (time is real, so nearly again)."""

import os
import random
import time

import actors
import model
import pytest

SEEDS = [int(os.environ["MODEL_SEED"])] if "MODEL_SEED" in os.environ else range(1, 9)
STEPS = int(os.environ.get("MODEL_STEPS", 1200))


class World:
    def __init__(self, redis, seed):
        self.redis, self.random = redis, random.Random(seed)
        self.model = model.Model(redis)
        self.config = actors.Config()
        self.is_ending = False
        self.n_ids = 0
        self.names = []  # of the steps
        self.keys, self.accepted = {}, set()
        self.is_busy = bool(seed % 2)  # much is under way and backs off while endpoints come and go, and no limits
        self.jobs_max = None if self.is_busy else self.random.choice((None, 2, 6))
        self.keep = self.random.choice((1, 10, 1000))
        self.disable_after = self.random.choice((3, 50))
        self.gone = self.random.choice((0, 1))
        self.operator = self.model.operator = actors.TENANTS[0] if seed % 3 else ""
        self.limits = (0, 0, 20) if self.is_busy else (None, None, 0, 1, 3, 20)
        self.pauses_ms = (100, 300, 900, 2000) if self.is_busy else (100, 900, 2000, 6000, 11000, 61000)
        self.delays_ms = (500, 5000, 100000, 100000) if self.is_busy else (0, 500, 5000, 100000)
        self.slots = (None, 4, 8) if self.is_busy else (None, 1, 2, 5)
        self.ends = ["done"] + ["failed"] * 6 + ["slow"] if self.is_busy else ["done"] * 4 + ["failed"] * 4 + ["slow"] * 3
        self.person = actors.Person(self)
        self.schedulers = [actors.Scheduler(self) for _ in range(2)]
        self.workers = [actors.Worker(self) for _ in range(3)]
        for _ in range(3):
            self.person.set_tenant()
        for _ in range(5):
            self.person.add_endpoint()

    def new_id(self, kind):
        self.n_ids += 1
        return f"{kind}_{self.n_ids}"

    def maybe(self, chance):
        return self.is_ending or self.random.random() < chance

    def refresh(self):
        """What the scripts themselves have changed."""
        self.config.version = int(self.redis("GET", self.redis.key("version")) or 0)
        off = self.redis("HKEYS", self.redis.key("disabled"))
        for tenant in self.config.tenants.values():
            for endpoint, config in tenant["endpoints"].items():
                config["off"] = endpoint.encode() in off

    # --- what may happen ---

    def scheduler(self):
        return self.random.choice(self.schedulers)

    def worker(self):
        return self.random.choice(self.workers)

    def advance(self):
        """Most processes go on living; the others are thought dead after a while, and act all the same."""
        ms = self.random.choice(self.pauses_ms)
        awake = [process for process in self.schedulers + self.workers if self.random.random() < 0.85]
        part = ms if self.random.random() < 0.1 else 3000  # in one: it is Redis that was away
        for passed in range(0, ms, part):
            self.model.advance(min(part, ms - passed))
            for process in awake:
                process.beat()

    def edge(self):
        """The latest use of permits, and the earliest of the next ones: if a window is short, it is seen here."""
        worker, scheduler = self.worker(), self.scheduler()
        for move in (worker.claim, lambda: self.pass_awake(model.PERMIT_MS - 50), worker.send,
                     lambda: self.pass_awake(model.WINDOW_MS - 900), scheduler.promote, worker.claim, worker.send):
            self.do(move)

    def pass_awake(self, ms):
        for passed in range(0, ms, 3000):
            self.model.advance(min(3000, ms - passed))
            for process in self.schedulers + self.workers:
                process.beat()

    def crash(self):
        group = self.random.choice((self.schedulers, self.workers))
        dead = self.random.choice(group)
        group[group.index(dead)] = type(dead)(self)

    def drain(self):
        worker = self.worker()
        if not worker.claimed:
            worker.leave()
            worker.beat()

    def lose_group(self):
        stream = self.random.choice(("jobs", "events", "failed", "wake"))
        if stream == "jobs":  # those in flight are sent again, also under the same permit
            self.model.excused |= {job[0] for job in self.model.picture["jobs"]["jobs"]}
            self.lift_limits()
        self.redis("XGROUP", "DESTROY", self.redis.key(stream), model.GROUPS[stream])

    def lift_limits(self):
        for tenant, config in self.config.tenants.items():
            self.model.set_limit(tenant, 0)
            self.model.set_limit(tenant, actors.LIMIT if config["limit"] is None else config["limit"])

    def flush(self):
        time.sleep(0.005)  # stream ids are times: none of before comes again
        self.redis("FLUSHALL")
        self.model.forget_all()
        for tenant in actors.TENANTS:  # who holds permits of before may still use them
            self.model.set_limit(tenant, 0)
        self.config = actors.Config()
        self.keys, self.accepted = {}, set()
        for process in self.schedulers + self.workers:
            process.beat()
        for _ in range(4):
            self.person.set_tenant()
            self.person.add_endpoint()

    def moves(self):
        s, w, p = self.scheduler, self.worker, self.person
        return {
            "publish": (14, lambda: p.publish()),
            "read_events": (6, lambda: s().read_events()),
            "fan_out": (8, lambda: s().fan_out()),
            "claim": (12, lambda: w().claim()),
            "send": (10, lambda: w().send()),
            "settle": (12, lambda: w().settle()),
            "decide": (8, lambda: s().decide()),
            "promote": (5 if self.is_busy else 10, lambda: s().promote()),
            "rescue": (4, lambda: s().rescue()),
            "trim": (1, lambda: s().trim()),
            "wakes": (2, lambda: s().wakes()),
            "beat": (4, lambda: self.random.choice(self.schedulers + self.workers).beat()),
            "advance": (8, self.advance),
            "edge": (0 if self.is_busy else 2, self.edge),
            "retry": (2, lambda: p.retry()),
            "set_tenant": (1, lambda: p.set_tenant()),
            "remove_tenant": (0.1, lambda: p.remove_tenant()),
            "add_endpoint": (1, lambda: p.add_endpoint()),
            "change_endpoint": (6 if self.is_busy else 2, lambda: p.change_endpoint()),
            "crash": (1, self.crash),
            "drain": (0.5, self.drain),
            "lose_group": (0.2, self.lose_group),
            "flush": (0.1, self.flush),
        }

    def step(self):
        moves = self.moves()
        name = self.random.choices(list(moves), [weight for weight, _ in moves.values()])[0]
        self.model.may_vanish = {i for i, status in self.model.statuses.items() if status == "pending"}
        self.names.append(name)
        self.do(moves[name][1], name in ("settle", "decide", "promote", "rescue"))

    def do(self, move, may_end=True):
        pending = {i for i, status in self.model.statuses.items() if status == "pending"}
        self.model.may_vanish = pending if may_end else frozenset()
        move()
        self.refresh()
        self.model.check()

    # --- the end ---

    def end(self):
        """Everybody dies. Two new ones must bring all that was accepted to its end."""
        self.is_ending = True
        self.model.advance(model.LEASE_MS + 1)
        self.schedulers, self.workers = [actors.Scheduler(self)], [actors.Worker(self)]
        rounds = 100 + 6 * len(self.model.deliveries) + 24 * len(self.model.picture["events"]["ids"])
        while not self.is_over():
            rounds -= 1
            assert rounds > 0, f"waiting for ever: {self.waiting()}"
            self.round()

    def round(self):
        scheduler, worker = self.schedulers[0], self.workers[0]
        deliver = (worker.claim, worker.send, worker.settle)
        for move in (scheduler.rescue, scheduler.read_events, scheduler.fan_out, scheduler.promote, *deliver * 3,
                     scheduler.decide, scheduler.wakes):
            self.do(move)
        for _ in range(7):
            self.model.advance(3000)
            scheduler.beat()
            worker.beat()

    def waiting(self):
        names = ("consumers", "throttled", "ring", "capped", "slots", "wait", "delayed", "jobs", "failed", "pending")
        return {name: self.model.picture[name] for name in names}

    def is_over(self):
        picture = self.model.picture
        waits = any(d.status == "pending" for d in self.model.deliveries.values())
        if waits or set(picture["events"]["ids"]) != set(picture["event_refs"]):
            return False
        left = [picture[stream]["ids"] for stream in ("jobs", "failed")]
        left += [picture[name] for name in ("delayed", "capped", "wait")]
        assert not any(left), f"something is left: {left}"
        assert not any(int(used) for used in picture["slots"].values()), f"slots are left: {picture['slots']}"
        return True


@pytest.fixture(scope="module")
def redis():
    server = model.Redis()
    yield server
    server.close()


def go(redis, seed, steps):
    redis("FLUSHALL")
    world = World(redis, seed)
    try:
        for _ in range(steps):
            world.step()
        world.end()
    except AssertionError as e:
        raise AssertionError(f"MODEL_SEED={seed}, step {len(world.names)}: {' '.join(world.names[-8:])}: {e}") from e


@pytest.mark.parametrize("seed", SEEDS)
def test_model(redis, seed):
    go(redis, seed, STEPS)


# What a script may be broken by: the part, what stands there, what would, and how the model says it.
BREAKS = {
    "a retry is put off at a disabled endpoint":
        ("decide", "kind == 'retry' and off_reason(endpoint)", "false", "backs off at a disabled endpoint"),
    "a sweep ends without those that were disabled meanwhile":
        ("disable", "call('HSET', P .. 'sweep', 'again', 1)", "local _", "backs off at a disabled endpoint"),
    "a sweep skips one":
        ("promote", "at = at + 1\n", "at = at + 2\n", "backs off at a disabled endpoint"),
    "a job is handed back to a disabled endpoint":
        ("settle", "if reason then return cancel(id, tenant, reason, KEEP) end", "", "which is disabled, for ever"),
    "one that rests gets a slot":
        ("admit", "if s and s.rests then return 0 end", "", "got more"),
    "nobody wakes one that has rested":
        ("promote", "if s then uncap(s.tenant, endpoint) end", "", "nothing will bring it back"),
    "a window is a second short":
        ("admit", "local WINDOW_MS = 60000", "local WINDOW_MS = 59000", "in 60 s, its limit is"),
    "a settlement does not look whether the job is still its own":
        ("settle", "elseif acked == 1 then", "elseif acked then",
         "and in"),
    "nobody is told of a delivery that failed":
        ("decide", "if is_told(tenant) then tell_exhausted", "if why_off then tell_exhausted", "told of 0 times"),
    "an endpoint that is gone may recover":
        ("configure", "'disabled', 'unwell'}", "'disabled'}", "is unwell and gone"),
    "it comes back from `capped` only by its jobs":
        ("slow", "call('ZADD', P .. 'slowed', until_ms, endpoint)", "", "slowed|nothing will bring it back"),
}


@pytest.mark.parametrize("part, old, new, words", BREAKS.values(), ids=BREAKS)
def test_the_model_finds_what_is_broken(part, old, new, words):
    changes = {**model.SMALL, part: [*model.SMALL.get(part, []), (old, new)]}
    broken = model.Redis(changes)
    try:
        with pytest.raises(AssertionError, match=words):
            for seed in range(1, 60):  # one of the first tells, as a rule
                go(broken, seed, STEPS)
    finally:
        broken.close()
