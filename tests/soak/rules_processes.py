# SPDX-License-Identifier: Apache-2.0
"""Rules about processes: they live, do not grow, leave in order; Redis's keys are as they must be; the API tells it."""

import collections
import math
import statistics

from rule import Result

OF_AN_API = ("stop api", "cut api", "kill api", "blackout", "stall")
PRODUCTS = ("worker", "scheduler", "api", "producer", "receivers")
SETTLED_S, LIFE_S = 30.0, 90.0  # what grows is looked for behind the first of a life, if there is as much as the second
GROWTH_KIB, GROWTH = 2048, 1.15
GROWTH_FDS = 24
FDS_MAX = 400  # of a worker with 256 slots: a connection each, and some


def alive(h, trouble):
    result = Result("every process runs until the end, except those that were killed; these are started again")
    for line in h.processes:
        if line["did"] == "ended" and line["kind"] in PRODUCTS:
            result.demand(line["ours"], f"{line['name']} ended by itself with status {line['status']} at {line['at']:.3f}")
            is_orderly = line["status"] in (0, -9)
            result.demand(is_orderly or line["kind"] in ("producer", "receivers"),
                          f"{line['name']} ended with status {line['status']}")
        elif line["did"] == "ended" and line["kind"] == "redis":
            is_known = line["ours"] or trouble.between(("disk full",), line["at"] - 5, line["at"])
            result.demand(is_known, f"redis-server ended by itself with status {line['status']}")
        elif line["did"] == "sanitizer":
            result.demand(False, f"a sanitizer's report in the log of {line['name']}")
        elif line["did"] == "finished" and line["kind"] in ("worker", "scheduler", "api"):
            result.demand(line["status"] == 0, f"{line['name']} left with status {line['status']}")
    return result


def flat(h, trouble):
    result = Result("memory and descriptors do not grow")
    sizes = collections.defaultdict(list)
    for line in h.processes:
        if line["did"] == "size":
            sizes[line["name"], line["pid"]].append(line)
    for (name, _), lines in sizes.items():
        most = max(line["fds"] for line in lines)
        result.demand(most <= FDS_MAX, f"{name} has {most} descriptors open")
        lines = [line for line in lines if lines[0]["at"] + SETTLED_S <= line["at"] < h.phases.get("drain", math.inf)]
        if not lines or lines[-1]["at"] - lines[0]["at"] < LIFE_S:
            continue
        early, late = halves(lines)
        # A sanitizer keeps what was freed, to see whether somebody uses it.
        result.demand(h.options.get("sanitized") or late["rss_kib"] <= early["rss_kib"] * GROWTH + GROWTH_KIB,
                      f"{name} grew from {early['rss_kib']} to {late['rss_kib']} KiB")
        result.demand(late["fds"] <= early["fds"] * GROWTH + GROWTH_FDS,
                      f"{name} grew from {early['fds']} to {late['fds']} descriptors")
        result.notes.append(
            f"{name}, {lines[-1]['at'] - lines[0]['at']:.0f} s: {early['rss_kib']:.0f} → {late['rss_kib']:.0f} KiB, "
            f"{early['fds']:.0f} → {late['fds']:.0f} descriptors (medians of the first and the second half)")
    return result


def halves(lines):
    """The medians of the first half and of the second."""
    middle = (lines[0]["at"] + lines[-1]["at"]) / 2
    parts = [[line for line in lines if line["at"] <= middle], [line for line in lines if line["at"] > middle]]
    return [{name: statistics.median(line[name] for line in part) for name in ("rss_kib", "fds")} for part in parts]


def at_rest(h, trouble):
    result = Result("all comes to its end, and Redis's keys are then as they must be")
    result.demand(not h.left, f"not done when the time was up: {h.left}")
    result.demand(not h.invariants, f"invariants: {h.invariants[:5]}")
    result.demand("end" in h.phases, "the run did not come to its end")
    return result


def api(h, trouble):
    result = Result("the API answers, and tells what is on record")
    for line in h.probes:
        if line["status"] in (200, 503):
            result.checked += 1
        elif line["status"] == 0 and trouble.between(OF_AN_API, line["at"] - 12, line["at"], felt=12.0):
            result.excuse("the API was stopped or killed")
        else:
            result.demand(False, f"{line['path']} was answered with {line['status']}")
    for line in h.compared:
        record = h.records[line["id"]]
        result.demand((line["status"], line["delivery"], line["attempts"]) == (200, record.status, len(record.attempts)),
                      f"{line} is not {record}")
    answered = collections.Counter(line["status"] for line in h.probes)
    result.notes.append(f"while things broke: {dict(answered)}")
    return result


def soak_itself(h, trouble):
    result = Result("the soak did what it was to do")
    for words in h.mishaps:
        result.demand(False, words)
    return result


RULES = (alive, flat, at_rest, api, soak_itself)
