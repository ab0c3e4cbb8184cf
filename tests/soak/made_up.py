# SPDX-License-Identifier: Apache-2.0
"""Histories that never happened, for the tests of the checker: one event, one delivery, all well; then something else."""

import behaviour
from history import Event, Fault, History, Record, Seen, Switch

T0 = 1_800_000_000.0
ENDPOINT = {"id": "ep_1", "tenant": "acme", "mood": "flaky", "dialect": "standard", "wire": "", "schedule": "1s,2s",
            "retries": 2, "jitter": 10, "timeout": "2s", "limit": 0}


def ms(seconds):
    return int(round((T0 + seconds) * 1000))


def empty(fsync="always"):
    h = History()
    h.options = {"fsync": fsync, "seed": 1, "minutes": 1}
    h.endpoints = {"/acme": dict(ENDPOINT)}
    h.limits = {"acme": [(T0 - 10, 0)]}
    h.phases = {"load": T0, "end": T0 + 1000}
    return h


def event(h, n=1, at=0.0, outcome="accepted", once=False):
    stream_id = f"{ms(at + 0.001)}-0"
    told = [(T0 + at + 0.002, outcome, stream_id if outcome == "accepted" else None)] if outcome else []
    h.events[f"m{n}"] = Event(f"m{n}", "acme", "order.paid", "digest", T0 + at, once, told)
    return stream_id


def request(h, n=1, at=0.01, status=200, kind="answer", retry_after=0, delivery=None, **more):
    seen = Seen(T0 + at, "/acme", delivery or f"whd_{n}", f"m{n}", "digest", "order.paid", True, True, None,
                behaviour.Answer(kind, status, retry_after))
    for name, value in more.items():
        setattr(seen, name, value)
    h.seen.append(seen)
    return seen


def attempt(number, at, status=200, code=None, duration=0.01):
    code = ("" if 200 <= status < 300 else "SERVER_ERROR") if code is None else code
    return {"kind": "attempt", "ms": ms(at), "attempt": number, "duration_ms": int(duration * 1000), "status": status,
            "code": code, "message": ""}


def retry(number, at, due):
    return {"kind": "retry", "ms": ms(at), "attempt": number, "due_ms": ms(due)}


def lost(at, worker="worker2", number=1):
    return {"kind": "lost", "ms": ms(at), "attempt": number, "worker": worker}


def final(at, status="success"):
    return {"kind": "final", "ms": ms(at), "status": status, "reason": ""}


def record(h, stream_id, *entries, n=1, endpoint="ep_1"):
    created = {"kind": "created", "ms": ms(0.005), "tenant": "acme", "endpoint": endpoint, "event": stream_id,
               "type": "order.paid"}
    h.records[f"whd_{n}"] = Record(f"whd_{n}", "acme", [created, *entries])


def fault(h, kind, target, begun, ended):
    h.faults.append(Fault(kind, target, T0 + begun, T0 + ended))


def off(h, disable, enable):
    """@disable, @enable: (asked for, answered)."""
    h.switches += [Switch("/acme", on, T0 + begun, T0 + answered) for on, (begun, answered) in
                   ((False, disable), (True, enable))]


def redis_killed(h, at):
    fault(h, "redis kill", "", at, at + 0.5)
    h.processes.append({"did": "ended", "name": "redis", "kind": "redis", "status": -9, "ours": True, "at": T0 + at,
                        "pid": 1})


def good(fsync="always"):
    """An event that failed once and was then delivered."""
    h = empty(fsync)
    stream_id = event(h)
    request(h, at=0.01, status=500)
    request(h, at=1.03)
    record(h, stream_id, attempt(1, 0.009, 500), retry(2, 0.02, 1.02), attempt(2, 1.021), final(1.04))
    return h
