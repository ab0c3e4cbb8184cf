# SPDX-License-Identifier: Apache-2.0
"""What must be true of a partition's keys at any moment (docs/architecture.md), checked on one atomic picture of it."""

import collections
import json

import records

# One picture of all keys of a partition, as JSON. KEYS[1]: its head.
PICTURE = """
local P, call = KEYS[1], redis.call
local function flat(list)
    local map = {}
    for i = 1, #list, 2 do map[list[i]] = list[i + 1] end
    return map
end
local function jobs_of(list)
    local jobs = {}
    for i, packed in ipairs(list) do jobs[i] = cmsgpack.unpack(packed) end
    return jobs
end
local function stream(name)
    local ids, jobs = {}, {}
    for i, entry in ipairs(call('XRANGE', P .. name, '-', '+')) do
        ids[i] = entry[1]
        if name ~= 'events' then jobs[i] = cmsgpack.unpack(flat(entry[2]).job) end
    end
    return {ids = ids, jobs = jobs}
end
local function pending(name, group)
    local answer = redis.pcall('XPENDING', P .. name, group)
    if answer.err then return {} end
    local names = {}
    for i, consumer in ipairs(answer[4] or {}) do names[i] = consumer[1] end
    return names
end
local picture = {wait = {}, ring = {}, window = {}, done = {}, index = {}, slots = {}, own_ids = {}, deliveries = {}}
for _, key in ipairs(call('KEYS', P:gsub('([%[%]{}*?\\\\])', '\\\\%1') .. '*')) do
    local kind, rest = string.match(string.sub(key, #P + 1), '^(%a+):(.*)$')
    if not kind then kind, rest = string.match(string.sub(key, #P + 1), '^own_(ids):(.*)$') end
    if kind == 'wait' then picture.wait[rest] = jobs_of(call('LRANGE', key, 0, -1))
    elseif kind == 'ring' then picture.ring[rest] = call('ZRANGE', key, 0, -1)
    elseif kind == 'window' then picture.window[rest] = call('LRANGE', key, 0, -1)
    elseif kind == 'done' then picture.done[rest] = call('LRANGE', key, 0, -1)
    elseif kind == 'index' then picture.index[rest] = call('ZRANGE', key, 0, -1)
    elseif kind == 'slots' then picture.slots[rest] = call('GET', key)
    elseif kind == 'ids' then picture.own_ids[rest] = flat(call('HGETALL', key))
    elseif kind == 'delivery' then picture.deliveries[rest] = {cmsgpack.unpack(call('GET', key))} end
end
for _, name in ipairs({'event_refs', 'limits', 'cancelling', 'sweep', 'slow'}) do
    picture[name] = flat(call('HGETALL', P .. name))
end
picture.disabled = call('HKEYS', P .. 'disabled')
for _, name in ipairs({'throttled', 'consumers', 'slowed'}) do
    picture[name] = flat(call('ZRANGE', P .. name, 0, -1, 'WITHSCORES'))
end
picture.capped = call('SMEMBERS', P .. 'capped')
picture.events, picture.jobs, picture.failed = stream('events'), stream('jobs'), stream('failed')
picture.delayed = jobs_of(call('ZRANGE', P .. 'delayed', 0, -1))
picture.pending = {
    worker = pending('jobs', 'workers'),
    scheduler = {pending('events', 'scheduler'), pending('failed', 'scheduler'), pending('wake', 'scheduler')},
}
return cjson.encode(picture)
"""


def take_picture(redis, head):
    picture = json.loads(redis("EVAL", PICTURE, 1, head).decode("utf-8", "replace"))
    return {name: value or {} for name, value in picture.items()}


class Check:
    """One partition; `wrong` has a line for each thing that is not as it must be."""

    def __init__(self, picture, default_limit, has_moving_limits=False):
        """@has_moving_limits: after a limit was lowered, more permits are out than it allows."""
        self.p = picture
        self.default_limit = default_limit
        self.has_moving_limits = has_moving_limits
        self.wrong = []
        self.deliveries = {i: records.Delivery(i, [records.name_fields(e) for e in log])
                           for i, log in picture["deliveries"].items()}
        for check in (self.places, self.slots, self.waiting, self.disabled, self.slowed, self.ended, self.events,
                      self.windows):
            check()

    def demand(self, is_true, words):
        if not is_true:
            self.wrong.append(words)

    def places(self):
        """A delivery that has not ended is in exactly one place, one that has ended in none."""
        found = collections.defaultdict(list)
        for name in ("jobs", "failed"):
            for job in self.p[name]["jobs"]:
                found[job[0]].append(name)
        for job in self.p["delayed"]:
            found[job[0]].append("delayed")
        for endpoint, jobs in self.p["wait"].items():
            for job in jobs:
                found[job[0]].append("wait:" + endpoint)
                self.demand(job[2] == endpoint, f"{job} waits at {endpoint}")
        for i, delivery in self.deliveries.items():
            most = 0 if delivery.status != "pending" else 1
            self.demand(len(found[i]) == most, f"{delivery} is {delivery.status} and in {found[i] or 'no place'}")
        for i in found:
            self.demand(i in self.deliveries, f"{i} is in {found[i]} and has no record")

    def slots(self):
        used = collections.Counter(job[2] for job in self.p["jobs"]["jobs"])
        for endpoint in {*used, *self.p["slots"]}:
            counted = int(self.p["slots"].get(endpoint, 0))
            self.demand(counted == used[endpoint],
                        f"{endpoint} has {used[endpoint]} jobs, but {counted} slots are counted")

    def waiting(self):
        in_ring = {endpoint: tenant for tenant, ring in self.p["ring"].items() for endpoint in ring}
        for endpoint, jobs in self.p["wait"].items():
            where = [endpoint in in_ring, endpoint in self.p["capped"]]
            self.demand(sum(where) == 1, f"{len(jobs)} wait at {endpoint}; in ring, in capped: {where}")
        for endpoint in {*in_ring, *self.p["capped"]}:
            self.demand(self.p["wait"].get(endpoint), f"{endpoint} is in a ring or capped, but nothing waits there")
        for tenant, ring in self.p["ring"].items():
            self.demand(not ring or tenant in self.p["throttled"], f"{tenant} has a ring and is not throttled")

    def disabled(self):
        """What waits at a disabled endpoint is about to be cancelled, and so is what backs off: the sweep, which comes
        from the latest, has it before it or comes once more."""
        off, sweep = set(self.p["disabled"]), self.p["sweep"]
        for endpoint in off & set(self.p["wait"]):
            self.demand(endpoint in self.p["cancelling"], f"something waits at {endpoint}, which is disabled, for ever")
        seen = int(sweep.get("at", 0)) if "again" not in sweep else 0
        for rank, job in enumerate(reversed(self.p["delayed"])):
            self.demand(job[2] not in off or sweep and rank >= seen,
                        f"{job} backs off at a disabled endpoint and is not swept, rank {rank}, sweep {sweep}")

    def slowed(self):
        """Who gets no slot now will come back, even if nobody remembers it."""
        self.demand(set(self.p["slow"]) == set(self.p["slowed"]), f"{self.p['slow']} is slow, {self.p['slowed']} slowed")
        for endpoint in self.p["capped"]:
            rests = self.p["slow"].get(endpoint, "0").startswith("1")
            self.demand(int(self.p["slots"].get(endpoint, 0)) > 0 or rests or endpoint in self.p["cancelling"],
                        f"{endpoint} is capped, and nothing will bring it back")

    def ended(self):
        listed = [i for ids in self.p["done"].values() for i in ids]
        done = set(listed)
        self.demand(len(done) == len(listed), "a delivery is in done twice")
        index = {i for ids in self.p["index"].values() for i in ids}
        for i, delivery in self.deliveries.items():
            self.demand((delivery.status != "pending") == (i in done), f"{delivery}: in done: {i in done}")
            self.demand(i in index, f"{delivery} is not in the index")
        for i in done | index:
            self.demand(i in self.deliveries, f"{i} is listed and has no record")

    def events(self):
        refs = collections.Counter(delivery.created["event"] for delivery in self.deliveries.values())
        counted = {event: int(n) for event, n in self.p["event_refs"].items()}
        self.demand(refs == counted, f"deliveries by event: {refs}, but event_refs says {counted}")
        for event in refs:
            self.demand(event in self.p["events"]["ids"], f"event {event} is needed and gone")
        for own, event in [pair for ids in self.p["own_ids"].values() for pair in ids.items()]:
            self.demand(event in refs, f"own id {own} is of event {event}, which is gone")

    def windows(self):
        for tenant, times in self.p["window"].items():
            limit = int(self.p["limits"].get(tenant, self.default_limit))
            is_known = limit and not self.has_moving_limits
            self.demand(not is_known or len(times) <= limit, f"{tenant}: {len(times)} grants in the window, its limit is {limit}")
            self.demand(times == sorted(times, key=int), f"{tenant}: the window is not in order: {times}")

    def consumers(self):
        """Who holds entries must be known, or nobody would rescue them. (Schedulers see to it at each heartbeat, so
        this may be untrue for a moment.)"""
        names = {"worker": self.p["pending"].get("worker") or [],
                 "scheduler": [n for names in self.p["pending"]["scheduler"] for n in names or []]}
        for kind, holders in names.items():
            for name in holders:
                self.demand(f"{kind}/{name}" in self.p["consumers"], f"{kind} {name} holds entries and is not known")


def violations(redis, heads, default_limit=0, **options):
    """Of all partitions, as words; an empty list is how it must be."""
    wrong = []
    for head in heads:
        wrong += [f"{head} {words}" for words in Check(take_picture(redis, head), default_limit, **options).wrong]
    return wrong


def unknown_holders(redis, heads):
    wrong = []
    for head in heads:
        check = Check(take_picture(redis, head), 0)
        check.wrong = []
        check.consumers()
        wrong += [f"{head} {words}" for words in check.wrong]
    return wrong
