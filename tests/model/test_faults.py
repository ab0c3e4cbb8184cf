# SPDX-License-Identifier: Apache-2.0
"""A script whose Nth call fails, for every N: nothing is lost, nothing comes twice, the limit holds.

`once`: that call raises and the others work, as with one key of a wrong type. `from then on`: Redis refuses all that comes
after, so even what tidies up fails; of such a script only what costs a customer something is asked: the limit."""

import collections
import json

import actors
import invariants
import model
import pack
import pytest
import small

# In place of base.lua's `call`. `fault` (no key of a partition) = "<N> <once or on>"; counts down in itself.
FAULTY = """local fault_text = redis.call('GET', 'fault')
local fault_at, fault_lasts = string.match(fault_text or '0 once', '^(%d+) (%a+)$')
local fault_n = 0
fault_at = tonumber(fault_at)
local function call(...)
    fault_n = fault_n + 1
    if fault_at > 0 and (fault_n == fault_at or fault_lasts == 'on' and fault_n > fault_at) then
        redis.call('SET', 'fault_met', fault_n)
        error('injected', 0)
    end
    return redis.call(...)
end"""
LIMIT = 6


@pytest.fixture(scope="module")
def faulty():
    server = model.Redis({"base": [("local call = redis.call", FAULTY)]})
    yield server
    server.close()


class World(small.World):
    keep = 1000

    def __init__(self, redis):
        redis("FLUSHALL")
        super().__init__(redis)
        self.person.configure("tenant", "ann", "record", LIMIT, "")
        self.config.tenants["ann"]["limit"] = LIMIT
        self.add_endpoint("other")

    def push(self, count):
        for _ in range(count):
            self.redis("XADD", self.redis.key("events"), "*", "tenant", "ann", "type", "a.b", "data", "{}", "id", "own")
        self.scheduler.hand += self.scheduler.read("events", 1000)

    def ends(self, *kinds):
        """A claimed job of each kind, as settle.lua is told of it."""
        self.worker.claim()
        taken = self.granted()
        assert len(taken) >= len(kinds)
        return [a for kind, (entry, job) in zip(kinds, taken, strict=False) for a in self.end(entry, job, kind)]


def before_fanout(world):
    world.push(3)
    world.scheduler.config = world.config.copy()
    return "fanout", [*world.scheduler.args(), world.config.version,
                      *(a for e in world.scheduler.hand for a in world.scheduler.event_args(e))]


def before_settle(world):
    world.publish(5)
    return "settle", [*world.scheduler.args(), world.keep, *world.ends("done", "failed", "back", "slow", "late")]


def before_promote(world):
    world.back_off("end", 5, due_ms=1)
    world.publish(1)
    return "promote", [*world.scheduler.args(), 64, world.keep]


def before_decide(world):
    world.publish(3)
    world.settle_sent(*world.ends("failed", "failed", "failed"))
    entries = world.scheduler.read("failed", 3)
    kinds = ["retry", "final", "disable"]
    verdicts = [a for e, kind in zip(entries, kinds, strict=True) for a in verdict(world, e, kind)]
    return "decide", [world.keep, 50, "", *verdicts]


def verdict(world, entry, kind):
    job = model.Job(actors.fields(entry)[b"job"])
    if kind == "retry":
        text = pack.pack(["retry", 1, 2, 10**15])
        return [entry[0], kind, job.tenant, job.endpoint, job.id, text, 10**15, job.next()]
    return [entry[0], kind, job.tenant, job.endpoint, job.id, pack.pack(["final", 1, "failed", "enough"]), 0, "gone"]


def before_rescue(world):
    world.publish(4)
    world.worker.claim()
    for _ in range(4):
        world.model.advance(4000)  # at once it would be Redis that was away
        world.scheduler.beat()
    return "rescue", [*world.scheduler.args(), world.scheduler.name, model.LEASE_MS, 128, world.keep]


def before_retry(world):
    identity = world.deliver()
    return "retry", [identity, 0]


SCENES = {"fanout": before_fanout, "settle": before_settle, "promote": before_promote, "decide": before_decide,
          "rescue": before_rescue, "retry": before_retry}


def play(redis, scene, n, lasts):
    """The scene with its Nth call failing. The world after it, the picture before, whether there was an Nth call."""
    world = World(redis)
    name, args = SCENES[scene](world)
    before = picture(redis)
    redis("SET", "fault", f"{n} {lasts}")
    try:
        redis.run(name, *args)
    except Exception as e:  # the caller sees it and says it again
        assert "injected" in str(e), e
    redis("DEL", "fault")
    return world, before, redis("EXISTS", "fault_met"), (name, args)


def picture(redis):
    """Without what was acknowledged and could not be deleted any more: nobody is given it again."""
    seen = invariants.take_picture(redis, model.HEAD)
    for stream in ("jobs", "failed"):
        key, group = redis.key(stream), model.GROUPS[stream]
        info = redis("XINFO", "GROUPS", key)[0]
        last = order(info[info.index(b"last-delivered-id") + 1].decode())
        pending = {entry[0].decode() for entry in redis("XPENDING", key, group, "-", "+", 1000)}
        ids = seen[stream].get("ids") or []
        kept = [n for n, i in enumerate(ids) if i in pending or order(i) > last]
        seen[stream] = {name: [seen[stream][name][n] for n in kept] for name in ("ids", "jobs")}
    return seen


def order(entry):
    return tuple(map(int, entry.split("-")))


def places(seen):
    found = collections.Counter()
    for name in ("jobs", "failed"):
        found.update(job[0] for job in seen[name]["jobs"])
    found.update(job[0] for job in seen["delayed"])
    found.update(job[0] for jobs in seen["wait"].values() for job in jobs)
    return found


def check_limit(seen):
    """Each grant that is in `jobs` is counted in the window."""
    granted = len(seen["jobs"]["ids"])
    counted = len(seen["window"].get("ann", []))
    assert granted <= counted <= LIMIT, f"{granted} in jobs, {counted} in the window of {LIMIT}"


def check_deliveries(seen, rejected):
    """Pending: in exactly one place. Ended: in none, unless what is there was the last thing that happened."""
    found = places(seen)
    for identity, log in seen["deliveries"].items():
        is_pending = log[-1][0] != "final"
        assert found[identity] <= 1, f"{identity} is in {found[identity]} places: {log}"
        assert not is_pending or found[identity] or identity in rejected, f"{identity} is lost: {log}"


def rejected_text(redis):
    return json.dumps([str(fields) for _, fields in redis("XRANGE", redis.key("rejected"), "-", "+")])


@pytest.mark.parametrize("scene", SCENES)
def test_a_call_that_fails_once(faulty, scene):
    n, met = 0, True
    while met:
        n += 1
        world, _, met, (name, args) = play(faulty, scene, n, "once")
        try:
            check_limit(picture(faulty))
            faulty.run(name, *args)  # by whoever was told that it failed, or comes after
            for _ in range(2):
                faulty.run("promote", *world.scheduler.args(), 64, world.keep)
            seen = picture(faulty)
            check_limit(seen)
            check_deliveries(seen, rejected_text(faulty))
        except AssertionError as e:
            raise AssertionError(f"call {n} of {scene}: {e}") from e
    assert n > 8, "there were calls to fail"


@pytest.mark.parametrize("scene", SCENES)
def test_the_limit_holds_wherever_a_script_ends(faulty, scene):
    n, met = 0, True
    while met:
        n += 1
        _, before, met, _ = play(faulty, scene, n, "on")
        try:
            check_limit(picture(faulty))
        except AssertionError as e:
            raise AssertionError(f"{scene} ended before call {n}: {e}; before it {before['jobs']}") from e
    assert n > 8, "there were calls to fail"
