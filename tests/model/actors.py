# SPDX-License-Identifier: Apache-2.0
"""The processes of an installation, each step as the C programs take it; the model decides who comes next, and
who dies, sleeps or says everything twice."""

import pack
import resp
from model import GROUPS, LEASE_MS, PERMIT_MS, SLOTS, Job

ENDPOINTS_MAX = 4
TENANTS = ("ann", "bob", "cid")
RETRY_AFTERS_MS = (0, 0, 500, 8000, 10**8)
LIMIT = 5  # of tenants that have none of their own; the scripts' default


def fields(entry):
    return dict(zip(entry[1][::2], entry[1][1::2], strict=True))


class Config:
    """What Redis holds; schedulers keep copies, which may be old."""

    def __init__(self, version=0):
        self.version = version
        self.tenants = {}  # name -> {"limit": None or number, "endpoints": {id: {"slots", "off"}}}

    def copy(self):
        other = Config(self.version)
        for name, tenant in self.tenants.items():
            ends = {i: dict(e) for i, e in tenant["endpoints"].items()}
            other.tenants[name] = {"limit": tenant["limit"], "endpoints": ends}
        return other

    def endpoint(self, tenant, endpoint):
        return self.tenants.get(tenant, {"endpoints": {}})["endpoints"].get(endpoint)


class Process:
    kind, group, streams, slots = None, None, (), 0
    count = 0

    def __init__(self, world):
        Process.count += 1
        self.name = f"{self.kind}{Process.count}"
        self.world, self.model, self.redis, self.random = world, world.model, world.redis, world.random
        self.replay = None
        self.beat()

    def beat(self):
        self.redis.run("heartbeat", f"{self.kind}/{self.name}", self.slots, LEASE_MS)
        if self.world.jobs_max:
            self.redis("SET", self.redis.key("jobs_max"), self.world.jobs_max)

    def run(self, name, *args):
        """Now and then an answer is lost, and the step is taken again."""
        answer = self.redis.run(name, *args)
        if self.random.random() < 0.05:
            again = self.redis.run(name, *args)
            answer = answer if name in ("fanout", "settle", "decide") else again
        return answer

    def read(self, stream, count, after=">"):
        key = self.redis.key(stream)
        try:
            answer = self.redis("XREADGROUP", "GROUP", GROUPS[stream], self.name, "COUNT", count, "STREAMS", key, after)
        except resp.RedisError as e:
            assert str(e).startswith("NOGROUP"), e
            return []
        return [[i.decode(), f] for i, f in answer[0][1] if f is not None] if answer else []

    def leave(self):
        return self.redis.run("leave", f"{self.kind}/{self.name}", self.name, self.group, *self.streams)

    def args(self):
        return LIMIT, PERMIT_MS, SLOTS


class Scheduler(Process):
    kind, group, streams = "scheduler", "scheduler", ("events", "failed", "wake")

    def __init__(self, world):
        super().__init__(world)
        self.config = world.config.copy()
        self.hand = []  # events that were read and not fanned out

    # --- events ---

    def read_events(self):
        history = [e for e in self.read("events", 8, "0")] if self.random.random() < 0.3 else []
        known = {e[0] for e in self.hand}
        self.hand += [e for e in history if e[0] not in known]
        self.hand += self.read("events", self.random.randint(1, 6))

    def fan_out(self):
        """Maybe with an old configuration, which must then do nothing."""
        if self.world.maybe(0.7):
            self.config = self.world.config.copy()
        batch = [self.event_args(e) for e in self.hand]
        args = [*self.args(), self.config.version, *(a for event in batch for a in event)]
        answer = self.run("fanout", *args)
        assert len(answer) in (1, 4), answer
        assert len(answer) == 1 or self.config.version == self.world.config.version, "an old configuration was used"
        if len(answer) == 4:
            self.hand = []

    def event_args(self, entry):
        event, values = entry[0], fields(entry)
        tenant = values.get(b"tenant", b"").decode()
        config = self.config.tenants.get(tenant)
        if b"type" not in values or not config:
            return [event, tenant, 0, -1, "type: missing" if config else "tenant: there is no such tenant"]
        wanted = [(i, e) for i, e in config["endpoints"].items() if not e["off"] and values[b"type"] != b"unwanted"]
        args = [event, tenant, LIMIT if config["limit"] is None else config["limit"], len(wanted)]
        args += [values.get(b"id", b"")] if wanted else []
        for endpoint, e in wanted:
            identity = self.world.new_id("whd")
            created = pack.pack(["created", 1, tenant, endpoint, event, "a.b"])
            job = pack.pack([identity, tenant, endpoint, event, 1, 0])
            args += [identity, endpoint, e["slots"] or SLOTS, job, created]
        return args

    # --- failed attempts ---

    def decide(self):
        after = "0" if self.random.random() < 0.3 else ">"
        verdicts = [a for e in self.read("failed", self.random.randint(1, 6), after) for a in self.verdict(e)]
        if verdicts:
            self.run("decide", self.world.keep, self.world.disable_after, self.world.operator, *verdicts)

    def verdict(self, entry):
        if b"job" not in fields(entry):
            return [entry[0], "refuse", "", "", "", "failed: the entry cannot be read", 0, ""]
        job = Job(fields(entry)[b"job"])
        failed_ms = int(entry[0].split("-")[0])
        final = pack.pack(["final", 1, "failed", "enough"])
        if not self.world.config.endpoint(job.tenant, job.endpoint):
            return self.verdict_of(entry, "cancel", job, pack.pack(["final", 1, "cancelled", "removed"]))
        kind = self.random.choice(["retry"] * 12 + ["final"] * 3 + ["disable"] * self.world.gone)
        if kind != "retry" or job.attempt - job.base > 5 or self.world.is_ending:
            return self.verdict_of(entry, "final" if kind == "retry" else kind, job, final)
        due = self.model.aged(entry[0], failed_ms) + self.random.choice(self.world.delays_ms)
        return self.verdict_of(entry, "retry", job, pack.pack(["retry", 1, job.attempt + 1, due]), due, job.next())

    def verdict_of(self, entry, kind, job, text, due=0, next_job=""):
        return [entry[0], kind, job.tenant, job.endpoint, job.id, text, due, next_job]

    # --- the rest ---

    def promote(self):
        self.run("promote", *self.args(), self.random.choice((1, 3, 64)), self.world.keep)

    def rescue(self):
        self.run("rescue", *self.args(), self.name, LEASE_MS, self.random.choice((1, 2, 128)), self.world.keep)

    def trim(self):
        self.run("trim", "0", self.random.choice((-1000, 0, 60000)), self.random.choice((1, 500)))

    def wakes(self):
        for entry in self.read("wake", 10):
            self.redis("XACK", self.redis.key("wake"), "scheduler", entry[0])
            self.redis("XDEL", self.redis.key("wake"), entry[0])


class Worker(Process):
    kind, group, streams, slots = "worker", "workers", ("jobs",), 8

    def __init__(self, world):
        super().__init__(world)
        self.claimed = {}  # entry -> (Job, until)
        self.is_sent = set()

    def claim(self):
        room = self.slots - len(self.claimed)
        after = "0" if self.random.random() < 0.1 else ">"
        for entry in self.read("jobs", room, after) if room else []:
            if entry[0] not in self.claimed:
                self.claimed[entry[0]] = (Job(fields(entry)[b"job"]), int(fields(entry)[b"until"]))

    def has_permit(self, entry):
        return self.model.redis_ms() < self.model.aged(entry, self.claimed[entry][1])

    def send(self):
        for entry, (job, _) in self.claimed.items():
            if entry not in self.is_sent and self.has_permit(entry) and self.world.maybe(0.7):
                self.model.note_send(entry, job)
                self.is_sent.add(entry)

    def settle(self):
        chosen = [e for e in self.claimed if self.world.maybe(0.6)]
        args = [a for entry in chosen for a in self.settlement(entry)]
        if args:
            self.run("settle", *self.args(), self.world.keep, *args)
        for entry in chosen:
            del self.claimed[entry]

    def settlement(self, entry):
        job, until = self.claimed[entry]
        attempt = pack.pack(["attempt", 1, job.attempt, 5, 200, "", "", ""])
        final = pack.pack(["final", 1, "success", ""])
        end = [entry, None, job.tenant, job.endpoint, job.id, b"", job.packed, b"", 0]
        kind = self.kind_of(entry, job)
        if kind == "done":
            end[5:7] = [attempt + final, b""]
        elif kind in ("failed", "slow"):
            end[5], end[7] = attempt, pack.pack(["NETWORK_ERROR", 1, 0, 0])
        elif kind == "lost":
            end[5] = pack.pack(["lost", 1, job.attempt, self.name])
        elif kind == "cancel":
            end[5:7] = [pack.pack(["final", 1, "cancelled", "off"]), b""]
        numbers = {"back": self.model.aged(entry, until), "late": 3000, "slow": self.random.choice(RETRY_AFTERS_MS)}
        end[1], end[8] = kind, numbers.get(kind, 0)
        return end

    def kind_of(self, entry, job):
        if entry in self.is_sent:
            return "done" if self.world.is_ending else self.random.choice([*self.world.ends, "lost"])
        config = self.world.config.endpoint(job.tenant, job.endpoint)
        if (not config or config["off"]) and self.world.maybe(0.7):
            return "cancel"
        return self.random.choice(["back", "back", "late"])


class Person:
    """Producers, and whoever configures."""

    def __init__(self, world):
        self.world, self.model, self.redis, self.random = world, world.model, world.redis, world.random

    def publish(self):
        tenant = self.random.choice([*self.world.config.tenants, "nobody"])
        kind = self.random.choice(["a.b"] * 8 + ["unwanted"])
        key = f"key{self.random.randrange(40)}"
        event = ["tenant", tenant, "type", kind, "data", "{}"]
        if self.random.random() < 0.5:
            event += ["id", f"own{self.random.randrange(6)}"]
        if self.random.random() < 0.03:
            event[2] = "typo"
        is_new, stream_id = self.redis.run("publish", key, 3600000, tenant, *event)[:2]
        before = self.world.keys.setdefault((tenant, key), stream_id)
        assert before == stream_id, "one idempotency key made two events"
        assert is_new == (stream_id not in self.world.accepted), "an idempotency key was not kept"
        self.world.accepted.add(stream_id)

    def configure(self, *args):
        answer = self.redis.run("configure", *args)
        if isinstance(answer, int):
            self.world.config.version = answer
        return answer

    def set_tenant(self):
        tenant = self.random.choice(TENANTS)
        limit = self.random.choice(self.world.limits)
        self.model.set_limit(tenant, LIMIT if limit is None else limit)
        self.configure("tenant", tenant, "record", "" if limit is None else limit, "")
        self.world.config.tenants.setdefault(tenant, {"endpoints": {}})["limit"] = limit

    def remove_tenant(self):
        tenant = self.random.choice(TENANTS)
        self.model.set_limit(tenant, LIMIT)
        answer = self.configure("tenant-remove", tenant)
        assert (answer == b"missing") == (tenant not in self.world.config.tenants)
        self.world.config.tenants.pop(tenant, None)

    def add_endpoint(self):
        tenant = self.random.choice(TENANTS)
        slots = self.random.choice(self.world.slots)
        endpoint = self.world.new_id("end")
        answer = self.configure("endpoint", tenant, endpoint, "record", slots or "", "new", ENDPOINTS_MAX)
        if isinstance(answer, int):
            self.world.config.tenants[tenant]["endpoints"][endpoint] = {"slots": slots, "off": False}

    def some_endpoint(self):
        every = [(t, e) for t, c in self.world.config.tenants.items() for e in c["endpoints"]]
        return self.random.choice(every) if every else (None, None)

    def change_endpoint(self):
        tenant, endpoint = self.some_endpoint()
        if not tenant:
            return
        config = self.world.config.tenants[tenant]["endpoints"]
        what = self.random.choice(("slots", "slots", "remove", "disable", "enable", "enable", "enable"))
        if what == "slots":
            slots = config[endpoint]["slots"] = self.random.choice(self.world.slots)
            self.configure("endpoint", tenant, endpoint, "record", slots or "", "old", ENDPOINTS_MAX)
        elif what == "remove":
            self.configure("endpoint-remove", tenant, endpoint)
            del config[endpoint]
        elif what == "disable":
            self.configure("endpoint-disable", tenant, endpoint, "by hand")
            config[endpoint]["off"] = True
        else:
            self.configure("endpoint-enable", tenant, endpoint)
            config[endpoint]["off"] = False

    def retry(self):
        ended = [i for i, d in (self.model.deliveries or {}).items() if d.status != "pending"]
        if ended:
            identity = self.random.choice(ended)
            self.model.may_reopen.add(identity)
            self.redis.run("retry", identity, self.random.choice((0, 3000)))
