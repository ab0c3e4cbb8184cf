# SPDX-License-Identifier: Apache-2.0
"""Rules about requests: what came is what was published, what is on record is what came, duplicates have a cause."""

import layout
from matching import match
from rule import Result
from trouble import KILLS, OF_RECEIVERS

NETWORK = OF_RECEIVERS + ("stop", "stop long", "stop workers", "term", *KILLS)


def intact(h, trouble):
    result = Result("each request carries its event's data byte for byte, its type, and the right signature")
    for seen in h.seen:
        event = h.events.get(seen.mark)
        if not event:
            continue  # see invented()
        is_good = seen.signed and seen.json and seen.digest == event.digest and seen.type == event.type
        result.demand(is_good, lambda s=seen, e=event: f"{s} is not what was sent: {e}")
    return result


def end_s(attempt):
    return (attempt["ms"] + attempt["duration_ms"]) / 1000


def agree(h, trouble):
    result = Result("records agree with what receivers saw and answered")
    by_delivery = h.seen_of()
    for record in h.records.values():
        matched = match(record.attempts, by_delivery.get(record.id, []))
        for attempt in matched.unseen:
            result.demand(False, f"{record.id}: on record is {attempt}, but no receiver answered that")
        for attempt, seen in matched.pairs:
            if attempt in matched.unseen:
                continue
            if attempt["status"] or (seen and is_hopeless(seen, h.endpoints[seen.path])):
                result.checked += 1
                continue
            fault = trouble.between(NETWORK, attempt["ms"] / 1000 - 1, end_s(attempt) + 1, felt=2.0)
            if fault:
                result.excuse(f"no answer: {fault.kind}")
            else:
                result.demand(False, f"{record.id}: {attempt} failed without a cause; its receiver saw {seen}")
    for identity, seen in by_delivery.items():
        if identity in h.records:
            continue
        if trouble.may_be_lost(seen[0].at) or trouble.may_be_lost(seen[0].at - 2):
            result.excuse("its record was lost when Redis was killed")
        else:
            result.demand(False, f"{seen[0].path} got {identity}, of which there is no record")
    return result


def is_hopeless(seen, endpoint):
    """Such an answer is none."""
    return 0 in seen.answer.codes


def duplicates(h, trouble):
    """Requests that no attempt on record accounts for: each needs a cause."""
    result = Result("a request is repeated only where a crash, a stop or a cut explains it")
    by_delivery = h.seen_of()
    for record in h.records.values():
        seen, lost = by_delivery.get(record.id, []), list(record.lost)
        matched = match(record.attempts, seen)
        result.checked += len(seen) - len(matched.extra)
        for request in matched.extra:
            twin = earlier_twin(request, seen, matched)
            sent = [trouble.sent_from(s, h.endpoints[s.path]) for s in (twin, request) if s]
            again = min((s.at for s in seen if s.at > request.at), default=request.at)
            why = cause(record, sent, again, lost, trouble)
            if why:
                result.excuse(why)
            else:
                result.demand(False, f"{record.id}: came at {request.at:.3f} besides what is on record: {record.entries}")
    return result


def earlier_twin(request, seen, matched):
    """The request before this one, if they may be one attempt that was made twice: of two the record does not tell which
    it tells of. Not one whose attempt was on record for longer than somebody else may have had a permit for it."""
    before = max((s for s in seen if s.at < request.at), key=lambda s: s.at, default=None)
    attempt = next((a for a, s in matched.pairs if s is before), None)
    return None if attempt and end_s(attempt) + layout.PERMIT_S < request.at else before


def cause(record, sent, again, lost, trouble):
    """Why a request came without being on record; @sent: when its twin (if any) and it were sent, @again: when the
    next one came. Takes the entry from @lost that tells of it. Without one its worker came back by the same name and
    found what it had claimed, or Redis forgot, or the group was destroyed while it was claimed."""
    before = sent[0]
    entry = next((e for e in lost if e["ms"] / 1000 >= sent[-1] - 0.5), None)
    if entry:
        lost.remove(entry)
        return trouble.excuses_lost(entry["worker"], sent[-1] - 1, entry["ms"] / 1000)
    for worker in layout.NAMESAKES:
        if trouble.between(KILLS, before, again, worker):
            return "kill, and back by the same name"
    if trouble.may_be_lost(before, again):
        return "redis kill"
    claimed = before - layout.PERMIT_S
    fault = trouble.between(("drop group",), claimed, again, f"{layout.partition(record.tenant)}:jobs")
    return fault and fault.kind


def lost_entries(h, trouble):
    result = Result("a worker is taken for dead only when it was killed, stopped or cut off, or Redis was away")
    for record in h.records.values():
        for entry in record.lost:
            at = entry["ms"] / 1000
            why = trouble.excuses_lost(entry["worker"], at - 20, at)
            if why:
                result.excuse(why)
            else:
                result.demand(False, f"{record.id}: {entry}, and nothing had happened to {entry['worker']}")
    return result


def switched_off(h, trouble):
    result = Result("an endpoint gets nothing from when it was answered that it is disabled until it is enabled")
    paths = {switch.path for switch in h.switches}
    for seen in h.seen:
        if seen.path in paths:
            result.demand(not trouble.is_off(seen.path, seen.at), lambda s=seen: f"{s}")
    return result


RULES = (intact, agree, switched_off, duplicates, lost_entries)
