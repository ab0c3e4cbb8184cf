"""Brings together what a receiver saw of a delivery and what is on record of it."""

import dataclasses

HELD_UP_S = 4.0  # how long a wire may hold up a request that its worker has given up


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
    return gap_s(attempt, seen) <= HELD_UP_S


def match(attempts, seen):
    """The closest in time first; of those, attempts with a status, as only a request that got it can be theirs."""
    pairs = sorted((not attempt["status"], gap_s(attempt, request), i, j) for i, attempt in enumerate(attempts)
                   for j, request in enumerate(seen) if fits(attempt, request))
    request_of, taken = {}, set()
    for _, _, i, j in pairs:
        if i not in request_of and j not in taken:
            request_of[i] = seen[j]
            taken.add(j)
    return Match([(attempt, request_of.get(i)) for i, attempt in enumerate(attempts)],
                 [attempt for i, attempt in enumerate(attempts) if attempt["status"] and i not in request_of],
                 [request for j, request in enumerate(seen) if j not in taken])
