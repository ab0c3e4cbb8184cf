# SPDX-License-Identifier: Apache-2.0
"""The report of a run, for people: Markdown."""

import collections

from rules_events import FORGOTTEN

WRONG_MAX = 10  # of a rule that are shown


def counts(h, verdict):
    events = list(h.events.values())
    told = collections.Counter("accepted" if e.accepted else "refused" if not e.may_exist else "unknown" for e in events)
    ends = collections.Counter(record.status for record in h.records.values())
    lived = collections.Counter((line["kind"], "killed" if line["status"] == -9 else "ended")
                                for line in h.processes if line["did"] == "ended")
    attempts = sum(len(record.attempts) for record in h.records.values())
    duplicates = verdict.results.get("duplicates")
    lost = verdict.results.get("accounted")
    rows = [
        ("events sent", len(events)),
        ("… accepted / refused / unknown to their producer", f"{told['accepted']} / {told['refused']} / {told['unknown']}"),
        ("deliveries", f"{len(h.records)}: " + ", ".join(f"{n} {status}" for status, n in sorted(ends.items()))),
        ("attempts on record", attempts),
        ("requests seen by receivers", len(h.seen)),
    ]
    if duplicates and lost:
        rows += [("repeated by a crash", sum(duplicates.excused.values()) + len(duplicates.wrong)),
                 ("accepted events lost", f"{len(lost.wrong)} (and {lost.excused[FORGOTTEN]} that Redis may lose)")]
    lives = ", ".join(f"{kind} {how} {n} times" for (kind, how), n in sorted(lived.items()))
    rows.append(("processes", lives or "none ended"))
    return rows


def fault_rows(h):
    kinds = collections.defaultdict(lambda: [0, 0.0, 0])
    for fault in h.faults:
        kinds[fault.kind][0] += 1
        kinds[fault.kind][1] += fault.ended - fault.begun
        kinds[fault.kind][2] += fault.skipped
    return [(kind, n - skipped, f"{seconds:.1f} s", skipped or "") for kind, (n, seconds, skipped) in sorted(kinds.items())]


def rule_lines(name, result):
    word = "**BROKEN**" if result.wrong else "kept" if result.checked else "not tried"
    yield f"| {result.promise} | `{name}` | {word} | {result.checked} | {len(result.wrong)} | " + ", ".join(
        f"{n}: {why}" for why, n in result.excused.most_common()) + " |"


def write(verdict):
    h = verdict.history
    o = h.options
    lines = [f"# Soak, seed {o['seed']}: {'all promises kept' if verdict.is_good else 'PROMISES BROKEN'}", "",
             f"{o['minutes']:g} minutes of load with faults, {o.get('rate', 0):g} events a second, Redis with appendfsync "
             f"{o['fsync']}, three workers, two schedulers, two APIs.", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in counts(h, verdict)]
    lines += ["", "| promise | rule | | checked | broken | excused |", "|---|---|---|---|---|---|"]
    for name, result in verdict.results.items():
        lines += rule_lines(name, result)
    notes = [note for result in verdict.results.values() for note in result.notes]
    lines += ["", *[f"- {note}" for note in notes], "", "| fault | times | lasted | skipped |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in fault_rows(h)]
    if o.get("rewrites"):
        lines += ["", "Redis rewrote its log now and then, so its disk was not filled: see `system.py`."]
    if not o.get("clock", True):
        lines += ["", "No clock was moved: there is no libfaketime, the programs have a sanitizer (these two do not go "
                  "together), or `--no-clock` was given."]
    for name, result in verdict.results.items():
        if result.wrong:
            lines += ["", f"## {name}: {len(result.wrong)} times broken", ""]
            lines += [f"- {words[:1500]}" for words in result.wrong[:WRONG_MAX]]
    return "\n".join(lines) + "\n"
