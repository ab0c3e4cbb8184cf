# SPDX-License-Identifier: Apache-2.0
"""Rules about events: what was accepted is delivered or recorded, once; nothing else is."""

import collections

from rule import Result


FORGOTTEN = "accepted just before Redis was killed"
FANOUT_S = 20.0  # after so long an event is fanned out, whatever is wrong


def stream_ms(stream_id):
    return int(stream_id.split("-")[0])


class Index:
    """Finds the records of an event."""

    def __init__(self, h):
        self.by_event = collections.defaultdict(list)
        for record in h.records.values():
            self.by_event[record.tenant, record.created["event"]].append(record)
        self.by_mark = collections.defaultdict(set)
        for seen in h.seen:
            if seen.delivery in h.records:
                self.by_mark[seen.mark].add(seen.delivery)
        self.h = h

    def records_of(self, event):
        told = {stream_id for _, outcome, stream_id in event.told if outcome == "accepted" and stream_id}
        found = {record.id: record for stream_id in told for record in self.by_event[event.tenant, stream_id]}
        if not told:  # accepted, but by which id was said to a process that died
            found = {i: self.h.records[i] for i in self.by_mark[event.mark]}
        return list(found.values())


def was_forgotten(event, trouble):
    """Did Redis die so soon after it had accepted the event that it may have forgotten it?"""
    if trouble.h.options["fsync"] == "always":
        return False
    known = [stream_ms(stream_id) / 1000 for _, outcome, stream_id in event.told if outcome == "accepted" and stream_id]
    begin = min(known) - 0.1 if known else event.at
    end = (max(known) if known else event.accepted) + 2.0
    return trouble.death_between(begin, end)


def accounted(h, trouble):
    result = Result("every accepted event has a delivery for each endpoint, and each has ended")
    index, paths = Index(h), h.path_of()
    wanted = collections.defaultdict(set)
    for path, endpoint in h.endpoints.items():
        wanted[endpoint["tenant"]].add(path)
    for event in h.events.values():
        if event.accepted is None:
            continue
        found = [paths.get(record.created["endpoint"]) for record in index.records_of(event)]
        missing = wanted[event.tenant] - set(found)
        if len(found) + len(missing) != len(wanted[event.tenant]):
            result.demand(False, f"{event.mark} of {event.tenant}, told {event.told}: deliveries for {found}")
        elif not missing:
            result.checked += 1
        elif all(trouble.may_be_off(path, event.at, event.accepted + FANOUT_S) for path in missing):
            result.excuse("the endpoint was disabled")
        elif not found and was_forgotten(event, trouble):
            result.excuse(FORGOTTEN)
        else:
            result.demand(False, f"{event.mark} of {event.tenant}, told {event.told}: no delivery for {missing}")
    return result


def ended(h, trouble):
    result = Result("every delivery ends, and only when and as it should")
    paths = h.path_of()
    for record in h.records.values():
        path = paths.get(record.created["endpoint"])
        begin, end = record.created["ms"] / 1000, record.entries[-1]["ms"] / 1000
        if record.status == "cancelled" and trouble.may_be_off(path, begin - FANOUT_S, end + 1):
            result.excuse("cancelled, as the endpoint was disabled")
            continue
        words = what_is_wrong(record, h.endpoints[path]) if path else "its endpoint is unknown"
        result.demand(not words, lambda r=record, w=words: f"{r.id} of {r.tenant}: {w}; {r.entries}")
    return result


def is_final_answer(endpoint, status):
    return endpoint["dialect"] == "royalti" and 400 <= status < 500 and status != 408


def what_is_wrong(record, endpoint):
    """With how it went on and ended; empty when nothing is."""
    numbers = [attempt["attempt"] for attempt in record.attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        return f"its attempts are numbered {numbers}"
    if record.status == "pending":
        return "it is still pending"
    if not numbers:
        return f"it is {record.status} without an attempt"
    status = record.attempts[-1]["status"]
    if any(200 <= attempt["status"] < 300 and not attempt["code"] for attempt in record.attempts[:-1]):
        return "it went on after a success"
    if record.status == "success":
        return "" if 200 <= status < 300 else f"it is a success with status {status}"
    if record.status not in ("failed", "timeout"):
        return f"it is {record.status}, and nobody asked for that"
    if len(numbers) != endpoint["retries"] + 1 and not is_final_answer(endpoint, status):
        return f"it was given up after {len(numbers)} attempts of {endpoint['retries'] + 1}"
    return ""


def invented(h, trouble):
    result = Result("nothing is delivered that was refused, or never sent")
    for seen in h.seen:
        event = h.events.get(seen.mark)
        endpoint = h.endpoints.get(seen.path)
        is_known = event is not None and event.may_exist and endpoint and endpoint["tenant"] == event.tenant
        result.demand(is_known, lambda s=seen, e=event: f"{s.path} got {s.mark}, its producer was told {e and e.told}")
    for line in h.rejected:
        result.demand(False, f"rejected, although it was well formed: {line['fields']}")
    return result


def once(h, trouble):
    result = Result("an event has one delivery for each endpoint, also when its producer repeated it")
    found = collections.defaultdict(dict)
    for seen in h.seen:
        found[seen.mark, seen.path].setdefault(seen.delivery, seen.at)
    for (mark, path), deliveries in found.items():
        if len(deliveries) == 1:
            result.checked += 1
            continue
        at = sorted(deliveries.values())
        event = h.events.get(mark)
        if (event and event.once and h.options["fsync"] != "always"
                and trouble.death_between(event.at, at[-1] + 1)):
            result.excuse("Redis forgot it when it was killed, and its producer repeated it")
        else:
            result.demand(False, f"{path} got {mark} as {sorted(deliveries)}")
    return result


RULES = (accounted, ended, invented, once)
