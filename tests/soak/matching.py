# SPDX-License-Identifier: Apache-2.0
"""Brings together what a receiver saw of a delivery and what is on record of it."""

import dataclasses

from layout import HELD_UP_S

EARLY_S = 1.0  # how far a worker may be off Redis's clock


@dataclasses.dataclass
class Match:
    pairs: list  # (attempt as recorded, Seen or None)
    unseen: list  # attempts with a status on record that no receiver gave
    extra: list  # Seen that no attempt on record accounts for


def gap_s(attempt, seen):
    """How far the request came outside the time of the attempt."""
    begin, end = attempt["ms"] / 1000, (attempt["ms"] + attempt["duration_ms"]) / 1000
    return max(begin - seen.at, seen.at - end, 0.0)


def fits(attempt, seen):
    if seen.attempt is not None and seen.attempt != attempt["attempt"]:
        return False
    if attempt["status"]:
        return attempt["status"] in seen.answer.codes
    # It may never have come at all: then none that came before it, or long after, is its.
    return seen.at >= attempt["ms"] / 1000 - EARLY_S and gap_s(attempt, seen) <= HELD_UP_S


def match(attempts, seen):
    """Of all ways to pair them the best: as many attempts with a status as can be get a request that got it, and the
    others theirs, unless that puts pairs further apart in time than a wire may. (Not by order: a wire that was muted lets
    its requests go in any.)"""
    ways = {0: (0, 0.0, ())}  # requests that are taken, as bits -> (attempts with a status, how good, pairs)
    for i, attempt in enumerate(attempts):
        ways = next_ways(ways, i, attempt, seen)
    return match_of(attempts, seen, dict(max(ways.values(), key=lambda way: way[:2])[2]))


def next_ways(ways, i, attempt, seen):
    """With one attempt more: it has no request, or one that is not taken yet."""
    found = dict(ways)
    worth = 0.0 if attempt["status"] else HELD_UP_S
    fitting = [(j, worth - gap_s(attempt, request)) for j, request in enumerate(seen) if fits(attempt, request)]
    for taken, (answered, good, pairs) in ways.items():
        for j, gain in fitting:
            if taken >> j & 1:
                continue
            way = (answered + bool(attempt["status"]), good + gain, (*pairs, (i, j)))
            key = taken | 1 << j
            if key not in found or found[key][:2] < way[:2]:
                found[key] = way
    return found


def match_of(attempts, seen, pairs):
    return Match([(attempt, seen[pairs[i]] if i in pairs else None) for i, attempt in enumerate(attempts)],
                 [attempt for i, attempt in enumerate(attempts) if attempt["status"] and i not in pairs],
                 [request for j, request in enumerate(seen) if j not in pairs.values()])
