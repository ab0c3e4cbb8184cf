# SPDX-License-Identifier: Apache-2.0
"""Everything that is known of a run, read from its journals: what producers were told, what receivers saw, which faults
there were, what became of processes, what Redis held at the end. Times are seconds since 1970 of the machine's clock,
which is Redis's, too."""

import dataclasses
import json
import os

import behaviour
from journal import read


@dataclasses.dataclass
class Event:
    """One that a producer sent, and what it was told."""

    mark: str
    tenant: str
    type: str
    digest: str
    at: float
    once: bool  # with an idempotency key, repeated until accepted
    told: list = dataclasses.field(default_factory=list)  # (at, outcome, stream id or None)

    @property
    def accepted(self):
        """When it was told so, or None."""
        return next((at for at, outcome, _ in self.told if outcome == "accepted"), None)

    @property
    def may_exist(self):
        """Told nothing, or nothing that excludes it."""
        return not self.told or any(outcome != "refused" for _, outcome, _ in self.told)


@dataclasses.dataclass
class Seen:
    """One request that came to a receiver."""

    at: float  # when the kernel had it
    path: str
    delivery: str
    mark: str | None
    digest: str | None
    type: str | None
    signed: bool
    json: bool
    attempt: int | None  # where the dialect tells it
    answer: behaviour.Answer


@dataclasses.dataclass
class Record:
    """A delivery as Redis has it. Times in its entries are ms, as they are there."""

    id: str
    tenant: str
    entries: list

    @property
    def created(self):
        return self.entries[0]

    @property
    def attempts(self):
        return [entry for entry in self.entries if entry["kind"] == "attempt"]

    @property
    def lost(self):
        return [entry for entry in self.entries if entry["kind"] == "lost"]

    @property
    def status(self):
        last = self.entries[-1]
        return last["status"] if last["kind"] == "final" else "pending"


@dataclasses.dataclass
class Fault:
    kind: str
    target: str
    begun: float
    ended: float
    number: float = 0.0
    skipped: bool = False


@dataclasses.dataclass
class Switch:
    """An endpoint that was disabled or enabled: first asked for, and answered."""

    path: str
    on: bool
    begun: float
    answered: float


@dataclasses.dataclass
class History:
    options: dict = dataclasses.field(default_factory=lambda: {"fsync": "always", "seed": 0, "minutes": 0})
    endpoints: dict = dataclasses.field(default_factory=dict)  # path -> as in endpoints.json
    limits: dict = dataclasses.field(default_factory=dict)  # tenant -> [(at, limit)]
    events: dict = dataclasses.field(default_factory=dict)  # mark -> Event
    seen: list = dataclasses.field(default_factory=list)
    records: dict = dataclasses.field(default_factory=dict)  # delivery id -> Record
    faults: list = dataclasses.field(default_factory=list)
    switches: list = dataclasses.field(default_factory=list)
    processes: list = dataclasses.field(default_factory=list)  # started, ended, finished, size: as noted
    rejected: list = dataclasses.field(default_factory=list)
    probes: list = dataclasses.field(default_factory=list)
    compared: list = dataclasses.field(default_factory=list)
    phases: dict = dataclasses.field(default_factory=dict)  # name -> when it began
    left: list = dataclasses.field(default_factory=list)  # what was unfinished when it should have been quiet
    invariants: list = dataclasses.field(default_factory=list)
    mishaps: list = dataclasses.field(default_factory=list)  # of the soak itself

    def seen_of(self):
        """{delivery id: [Seen]}, oldest first."""
        found = {}
        for seen in sorted(self.seen, key=lambda seen: seen.at):
            found.setdefault(seen.delivery, []).append(seen)
        return found

    def path_of(self):
        return {endpoint["id"]: path for path, endpoint in self.endpoints.items()}


def load(folder):
    h = History()
    with open(os.path.join(folder, "endpoints.json"), encoding="utf-8") as file:
        h.endpoints = json.load(file)
    for line in read(os.path.join(folder, "system.journal")):
        take_system(h, line)
    for name in sorted(os.listdir(folder)):
        if name.endswith(".journal") and name not in ("system.journal", "seen.journal", "records.journal"):
            take_producer(h, read(os.path.join(folder, name)))
    h.seen = [seen_of(line) for line in read(os.path.join(folder, "seen.journal"))]
    for line in read(os.path.join(folder, "records.journal")):
        if line["did"] == "record":
            h.records[line["id"]] = Record(line["id"], line["tenant"], line["entries"])
        elif line["did"] == "rejected":
            h.rejected.append(line)
        else:
            h.invariants.append(line["words"])
    return h


def take_system(h, line):
    did = line["did"]
    if did == "options":
        h.options = line
    elif did == "limit":
        h.limits.setdefault(line["tenant"], []).append((line["at"], line["limit"]))
    elif did == "fault":
        h.faults.append(Fault(line["kind"], line["target"], line["begun"], line["ended"], line["number"],
                              line["skipped"]))
    elif did == "switch":
        h.switches.append(Switch(line["path"], line["on"], line["begun"], line["answered"]))
    elif did in ("started", "ended", "finished", "size", "sanitizer"):
        h.processes.append(line)
    elif did == "probe":
        h.probes.append(line)
    elif did == "compared":
        h.compared.append(line)
    elif did == "phase":
        h.phases[line["name"]] = line["at"]
    elif did == "drained":
        h.left = line["left"]
    else:
        h.mishaps.append(f"{did}: {line.get('words')}")


def take_producer(h, lines):
    for line in lines:
        if line["did"] == "sent":
            h.events[line["mark"]] = Event(line["mark"], line["tenant"], line["type"], line["digest"], line["at"],
                                           line["once"])
        elif line["did"] == "told":
            h.events[line["mark"]].told.append((line["at"], line["outcome"], line.get("event")))


def seen_of(line):
    answer = behaviour.Answer(line["answer"], line["status"], line.get("retry_after", 0))
    return Seen(line["got"], line["target"], line["delivery"], line["mark"], line["digest"], line["type"],
                line["signed"], line["json"], line["attempt"], answer)
