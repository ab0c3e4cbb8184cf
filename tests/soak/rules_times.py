# SPDX-License-Identifier: Apache-2.0
"""Rules about times: the limit at the receiver, and when retries come."""

import collections

import behaviour
import layout
from matching import match
from rule import Result

WINDOW_S = 60.0
EARLY_S = 0.002  # two clocks are read to the millisecond
CLOCK_S = 0.5  # how far a worker may be off Redis's clock while its wire is slow
LATE_S = 2.0  # a retry that nothing holds up comes within this of its time


def periods(limits):
    """[(begin, end, limit)] of a tenant; those without a limit are left out."""
    ends = [at for at, _ in limits[1:]] + [float("inf")]
    return [(at, end, limit) for (at, limit), end in zip(limits, ends) if limit]


def windows(h, trouble):
    """In any 60 s from a request on there are no more than the limit. Where Redis forgot its last moments, it has
    forgotten permits, too; those that were used then come on top. So do those of a group that was destroyed."""
    result = Result("in any 60 seconds a tenant's receivers get no more than its limit")
    times = collections.defaultdict(list)
    for seen in h.seen:
        if seen.path in h.endpoints:
            times[h.endpoints[seen.path]["tenant"]].append(seen.at)
    for tenant, limits in h.limits.items():
        for begin, end, limit in periods(limits):
            most = judge_period(tenant, sorted(at for at in times[tenant] if begin <= at < end), limit, trouble, result)
            result.notes.append(f"{tenant}: at most {most} in 60 s, limit {limit}")
    return result


def judge_period(tenant, at, limit, trouble, result):
    """While the limit stays the same; the most that came in any 60 s."""
    most = end = 0
    for begin, first in enumerate(at):
        while end < len(at) and at[end] < first + WINDOW_S:
            end += 1
        count = end - begin
        on_top = sum(is_on_top(t, tenant, trouble) for t in at[begin:end]) if count > limit else 0
        if on_top and count - on_top <= limit:
            result.excuse("Redis forgot permits when it was killed, or a group was destroyed and its jobs given out again")
        else:
            result.demand(count <= limit, f"{tenant}: {count} requests in 60 s from {first:.3f}, its limit is {limit}")
        most = max(most, count)
    return most


def is_on_top(at, tenant, trouble):
    """Its permit was granted up to a second before the request."""
    return trouble.may_be_lost(at - layout.PERMIT_S, at) or trouble.may_be_sent_again(at, tenant)


def planned_s(endpoint, attempt):
    """(least, most) seconds from the failure of attempt @attempt to the next."""
    schedule = [layout.parse_ms(word) / 1000 for word in endpoint["schedule"].split(",")]
    delay = schedule[min(attempt, len(schedule)) - 1]
    return delay * (1 - endpoint["jitter"] / 100), delay * (1 + endpoint["jitter"] / 100)


def verdicts(record):
    """[(attempt, the `retry` that followed it)]."""
    entries = [entry for entry in record.entries if entry["kind"] in ("attempt", "retry")]
    return [(a, b) for a, b in zip(entries, entries[1:]) if a["kind"] == "attempt" and b["kind"] == "retry"]


def retries(h, trouble):
    """Never early, whatever happens; never late unless something held it up."""
    result = Result("retries come when the schedule says, and not before a Retry-After is over")
    by_delivery, paths, n_calm = h.seen_of(), h.path_of(), 0
    for record in h.records.values():
        seen = by_delivery.get(record.id, [])
        request_of = {attempt["attempt"]: request for attempt, request in match(record.attempts, seen).pairs}
        for attempt, verdict in verdicts(record):
            endpoint = h.endpoints[paths[record.created["endpoint"]]]
            request, following = request_of.get(attempt["attempt"]), request_of.get(verdict["attempt"])
            words = early(endpoint, attempt, verdict, request, following)
            if not words and following and is_undisturbed(endpoint, attempt, verdict, trouble):
                words = late(endpoint, attempt, verdict, following)
                n_calm += 1
            result.demand(not words, lambda r=record, w=words: f"{r.id}: {w}; {r.entries}")
    result.notes.append(f"{n_calm} of them undisturbed, so judged for being late, too")
    return result


def early(endpoint, attempt, verdict, request, following):
    due = verdict["due_ms"] / 1000
    if following and following.at < due - EARLY_S:
        return f"attempt {verdict['attempt']} came {due - following.at:.3f} s early"
    least, failed_at = planned_s(endpoint, attempt["attempt"])[0], attempt["ms"] / 1000 - CLOCK_S
    if request and attempt["status"]:
        failed_at = request.at - EARLY_S
        least = max(least, request.answer.retry_after)
    if due < failed_at + least:
        return f"attempt {verdict['attempt']} is due {due - failed_at:.3f} s after {attempt['attempt']}; {least} s planned"
    return ""


def is_undisturbed(endpoint, attempt, verdict, trouble):
    if not behaviour.is_prompt(endpoint["mood"]) or endpoint["limit"]:
        return False
    return trouble.is_calm(attempt["ms"] / 1000 - 1, verdict["due_ms"] / 1000 + LATE_S)


def late(endpoint, attempt, verdict, following):
    most = planned_s(endpoint, attempt["attempt"])[1]
    due, ended = verdict["due_ms"] / 1000, (attempt["ms"] + attempt["duration_ms"]) / 1000
    if due > ended + most + LATE_S:
        return f"attempt {verdict['attempt']} is due {due - ended:.3f} s after the failure, at most {most} s were planned"
    if following.at > due + LATE_S:
        return f"attempt {verdict['attempt']} came {following.at - due:.3f} s after it was due"
    return ""


RULES = (windows, retries)
