# SPDX-License-Identifier: Apache-2.0
"""A partition of a real Redis, the scripts that move things in it, and what must hold after each of them.

Nobody waits here: advance() moves everything that has a time into the past instead."""

import collections
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

import invariants
import pack
import resp

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SCRIPTS = os.path.join(ROOT, "common", "moves")
MOVES = ("alerts", "configure", "decide", "fanout", "heartbeat", "leave", "promote", "publish", "refused", "rescue", "retry", "revise",
         "settle", "tally", "trim")
HEAD = "grapnel:{0}:"
GROUPS = {"events": "scheduler", "failed": "scheduler", "wake": "scheduler", "jobs": "workers"}
PERMIT_MS, SLOTS, LEASE_MS, WINDOW_MS = 1000, 3, 10000, 60000

# KEYS[1] head, ARGV[1] how many ms pass.
ADVANCE = """
local P, call, ms = KEYS[1], redis.call, tonumber(ARGV[1])
for _, name in ipairs({'delayed', 'throttled', 'consumers', 'slowed'}) do
    local flat = call('ZRANGE', P .. name, 0, -1, 'WITHSCORES')
    for i = 1, #flat, 2 do call('ZADD', P .. name, flat[i + 1] - ms, flat[i]) end
end
for _, key in ipairs(call('KEYS', P:gsub('[{}]', '\\\\%0') .. 'window:*')) do
    local times = call('LRANGE', key, 0, -1)
    for i, at in ipairs(times) do call('LSET', key, i - 1, at - ms) end
end
local permits = call('HGETALL', P .. 'permits')
for i = 1, #permits, 2 do
    local permit, valid = string.match(permits[i + 1], '^(%d+) (%d+)$')
    call('HSET', P .. 'permits', permits[i], permit .. ' ' .. string.format('%.0f', math.max(valid - ms, 0)))
end
local slow = call('HGETALL', P .. 'slow')
for i = 1, #slow, 2 do
    local rests, slots, halved, tenant = string.match(slow[i + 1], '^(%d) (%d+) (%d+) (.*)$')
    call('HSET', P .. 'slow', slow[i], string.format('%s %s %.0f %s', rests, slots, math.max(halved - ms, 0), tenant))
end
local left = call('PTTL', P .. 'judge_from')
if left > 0 then
    call('SET', P .. 'judge_from', call('GET', P .. 'judge_from') - ms, 'PX', math.max(left - ms, 1))
end
"""


# Bounds that the few things of a model would never reach.
SMALL = {"promote": [("local SWEPT = 256", "local SWEPT = 2"), ("local STAGES = 64", "local STAGES = 1")]}


def source(name, changes=None):
    """As cmake/embed_script.cmake makes it. @changes: of a script or a part of one, {name: [(old, new)]}."""
    with open(os.path.join(SCRIPTS, name + ".lua"), encoding="utf-8") as f:
        text = f.read()
    for old, new in (changes or {}).get(name, []):
        assert text.count(old) == 1, f"{name}.lua has {text.count(old)} times: {old}"
        text = text.replace(old, new)
    return re.sub(r"--#include ([a-z_]+)\.lua", lambda m: source(m[1], changes), text)


class Redis(resp.Client):
    """A server of our own on a unix socket, gone with close()."""

    def __init__(self, changes=None):
        """@changes: of the scripts, see source()."""
        self.folder = tempfile.mkdtemp(prefix="grapnel-model-")
        path = os.path.join(self.folder, "redis.sock")
        argv = [shutil.which("redis-server"), "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
                "--dir", self.folder]
        self.server = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        self.socket = socket.socket(socket.AF_UNIX)
        while self.socket.connect_ex(path):
            assert time.monotonic() < deadline and self.server.poll() is None, "redis-server does not start"
            time.sleep(0.01)
        self.socket.settimeout(30)
        self.file = self.socket.makefile("rb")
        self.shas = {name: self("SCRIPT", "LOAD", source(name, SMALL if changes is None else changes)) for name in MOVES}
        self.advance_sha = self("SCRIPT", "LOAD", ADVANCE)
        self.picture_sha = self("SCRIPT", "LOAD", invariants.PICTURE)

    def close(self):
        super().close()
        self.server.kill()
        self.server.wait()
        shutil.rmtree(self.folder)

    def run(self, name, *args):
        return self("EVALSHA", self.shas[name], 1, HEAD, *args)

    def key(self, name):
        return HEAD + name


class Check(invariants.Check):
    """Adds what only the model knows: limits that were lowered."""

    def __init__(self, picture, model):
        self.model = model
        super().__init__(picture, 0)

    def windows(self):
        for tenant, times in self.p["window"].items():
            limit = self.model.limit_since(tenant, WINDOW_MS + 30000)
            used = sum(int(at) > self.model.redis_ms() for at in times)  # what has left is taken out when needed
            self.demand(used <= limit, f"{tenant}: {used} grants in the window of {limit}")
            self.demand(times == sorted(times, key=int), f"{tenant}: the window is not in order: {times}")


class Model:
    """What was done, in virtual time: Redis's clock and all that advance() let pass."""

    def __init__(self, redis):
        self.redis = redis
        self.shift_ms = 0
        self.shift_of = {}  # entry in jobs or failed -> shift_ms when it was made
        self.limits = {}  # tenant -> [(virtual ms, limit)], 0 is none
        self.sends = {}  # tenant -> [virtual ms]
        self.sent = {}  # (delivery, attempt) -> times
        self.counted = set()  # entries of jobs that were sent
        self.excused = set()  # deliveries that may have been sent twice
        self.statuses = {}  # delivery -> as last seen
        self.may_reopen = set()
        self.picture = self.deliveries = None
        self.operator = ""  # the operational tenant

    def redis_ms(self):
        seconds, micros = self.redis("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    def now_ms(self):
        return self.redis_ms() + self.shift_ms

    def advance(self, ms):
        self.redis("EVALSHA", self.redis.advance_sha, 1, HEAD, ms)
        self.shift_ms += ms

    def aged(self, entry, ms):
        """A time that was written into @entry, as advance() would have moved it."""
        return ms - (self.shift_ms - self.shift_of[entry])

    def set_limit(self, tenant, limit):
        self.limits.setdefault(tenant, []).append((self.now_ms(), limit))

    def limit_since(self, tenant, ms):
        """The highest limit in the last @ms."""
        since, highest = self.now_ms() - ms, 0
        for i, (_, limit) in enumerate(self.limits.get(tenant, [(0, 0)])):
            later = self.limits[tenant][i + 1:] if tenant in self.limits else []
            if not later or later[0][0] >= since:
                highest = max(highest, limit or 1 << 30)
        return highest

    def note_send(self, entry, job):
        """A receiver got it: the limit must hold there, and nobody gets anything twice."""
        now, tenant, sends = self.now_ms(), job.tenant, self.sends.setdefault(job.tenant, [])
        self.sent[job.id, job.attempt] = self.sent.get((job.id, job.attempt), 0) + 1
        if entry not in self.counted:  # the same permit twice: only if the group was lost
            sends.append(now)
        self.counted.add(entry)
        recent = [at for at in sends if at > now - WINDOW_MS]
        self.sends[tenant] = recent
        limit = self.limit_since(tenant, WINDOW_MS + 30000)
        assert len(recent) <= limit, f"{tenant} got {len(recent)} in 60 s, its limit is {limit}"

    def forget_all(self):
        """After FLUSHALL nothing of before is known; what was sent was sent."""
        for name in ("limits", "sends", "sent", "statuses"):
            getattr(self, name).clear()

    def check(self):
        text = self.redis("EVALSHA", self.redis.picture_sha, 1, HEAD)
        before = self.picture
        self.picture = {name: value or {} for name, value in json.loads(text).items()}
        for stream in ("jobs", "failed"):
            for entry in self.picture[stream]["ids"]:
                self.shift_of.setdefault(entry, self.shift_ms)
        found = Check(self.picture, self)
        self.deliveries = found.deliveries
        assert not found.wrong, "\n".join(found.wrong)
        self._check_notices()
        if before:
            self._check_grants(before)
        self._check_history(found.deliveries)

    def _check_notices(self):
        """The operator is told of each delivery that failed for good, once, and of nothing of his own."""
        entries = self.redis("XRANGE", self.redis.key("notices"), "-", "+")
        told = [dict(zip(fields[::2], fields[1::2], strict=True)) for _, fields in entries]
        counts = collections.Counter(t[b"delivery"].decode() for t in told if t[b"type"] == b"delivery.exhausted")
        for identity, delivery in self.deliveries.items():
            tenant = delivery.created["tenant"]
            failed = sum(final["status"] == "failed" for final in delivery.of_kind("final"))
            wanted = failed if self.operator and tenant != self.operator else 0
            assert counts[identity] == wanted, f"{delivery} of {tenant} failed {failed} times, told of {counts[identity]} times"
        for endpoint in self.redis("HKEYS", self.redis.key("unwell")):
            assert self.redis("EXISTS", self.redis.key(f"endpoint:{endpoint.decode()}")), f"{endpoint} is unwell and gone"

    def _check_grants(self, before):
        """Who is slow got no more in this step than it may have now; who is emptied got nothing."""
        jobs, old = self.picture["jobs"], set(before["jobs"]["ids"])
        for endpoint in {job[2] for i, job in zip(jobs["ids"], jobs["jobs"], strict=True) if i not in old}:
            rests, slots = map(int, self.picture["slow"].get(endpoint, "0 1000000").split()[:2])
            used = int(self.picture["slots"][endpoint])
            assert used <= (0 if rests else slots), f"{endpoint} got more, has {used}: {self.picture['slow'][endpoint]}"
            assert endpoint not in self.picture["cancelling"], f"{endpoint} got more while it was emptied"

    def _check_history(self, deliveries):
        for identity, delivery in deliveries.items():
            before = self.statuses.get(identity, "pending")
            if before != "pending" and delivery.status == "pending":
                assert identity in self.may_reopen, f"{delivery} was {before}"
            assert delivery.entries[0]["kind"] == "created", f"{delivery}"
            if delivery.status != "pending":
                self.may_reopen.discard(identity)
        for identity, before in self.statuses.items():
            assert identity in deliveries or before != "pending" or identity in self.may_vanish, f"{identity} vanished"
        self.statuses = {identity: delivery.status for identity, delivery in deliveries.items()}
        for (identity, attempt), times in self.sent.items():
            if times > 1 and identity in deliveries and identity not in self.excused:
                lost = [e for e in deliveries[identity].of_kind("lost") if e["attempt"] == attempt]
                assert times <= 1 + len(lost), f"{deliveries[identity]}: attempt {attempt} sent {times} times"

    may_vanish = frozenset()  # what the step under way may end and, with few to keep, remove at once


class Job:
    def __init__(self, packed):
        self.packed = packed
        self.id, self.tenant, self.endpoint, self.event, self.attempt, self.base = pack.unpack(packed)

    def next(self):
        return pack.pack([self.id, self.tenant, self.endpoint, self.event, self.attempt + 1, self.base])
