# SPDX-License-Identifier: Apache-2.0
"""The schedule of faults: a pure function of the seed and the time there is. Each lane has one fault at a time; those of
different lanes overlap."""

import dataclasses
import random

import layout


@dataclasses.dataclass(frozen=True)
class Fault:
    at: float  # seconds from the beginning
    seconds: float  # how long it lasts
    kind: str
    target: str = ""  # a service, a wire, a consumer group; "": Redis
    number: float = 0.0  # seconds of delay, or how far a clock is moved

    def __str__(self):
        extra = f" {self.number:+g} s" if self.number else ""
        return f"{self.at:7.1f} s  {self.kind} {self.target or 'redis'}{extra} for {self.seconds:.1f} s"


MORTAL_APIS = [name for name in layout.APIS if name not in layout.VETERANS]
MORTALS = [name for name in (*layout.WORKERS, *layout.SCHEDULERS) if name not in layout.VETERANS]
PROGRAMS = [*layout.WORKERS, *layout.SCHEDULERS]
CLOCKS = ("worker3", "scheduler2")  # those that run with a clock that can be moved
GROUPS = [f"{partition}:{stream}" for partition in range(layout.PARTITIONS)
          for stream in ("jobs", "events", "failed", "wake")]
SHORT, LONG = (0.1, 1.0), (1.5 * layout.LEASE_S, 2.5 * layout.LEASE_S)

# lane: (pause between two faults, {kind: (weight, targets, how long)})
LANES = {
    "process": ((0.5, 3.0), {
        "kill": (4, MORTALS, (0.0, 2.0)),
        "term": (1, MORTALS, (0.0, 1.0)),
        "stop": (2, PROGRAMS, SHORT),
        "stop long": (3, PROGRAMS, LONG),
        "stop workers": (1, ["workers"], LONG),
    }),
    "network": ((0.5, 3.0), {
        "cut": (2, PROGRAMS, SHORT),
        "cut long": (1, PROGRAMS, LONG),
        "mute": (1, PROGRAMS, LONG),
        "delay": (2, PROGRAMS, (1.0, 4.0)),
        "cut site": (1, layout.SITES, (0.1, 2.0)),
        "mute site": (1, layout.SITES, (0.5, 3.0)),
        "delay site": (1, layout.SITES, (1.0, 4.0)),
    }),
    "redis": ((3.0, 7.0), {
        "redis kill": (3, [""], (0.0, 2.0)),
        "redis term": (1, [""], (0.0, 1.0)),
        "blackout": (1, [""], (0.5, 2.0)),
        "redis stop": (2, [""], (0.2, 4.0)),
        "full": (2, [""], (1.0, 4.0)),
        "readonly": (2, [""], (0.5, 4.0)),
        "no replicas": (1, [""], (0.5, 3.0)),
        "disk full": (2, [""], (0.5, 3.0)),
        "cut clients": (1, [""], (0.0, 0.0)),
        "flush scripts": (1, [""], (0.0, 0.0)),
        "drop group": (3, GROUPS, (0.0, 0.0)),
    }),
    "others": ((2.0, 8.0), {
        "kill producer": (2, list(layout.PRODUCERS), (0.0, 1.0)),
        "kill api": (1, MORTAL_APIS, (0.0, 2.0)),
        "kill receivers": (1, ["receivers"], (0.0, 2.0)),
        "stop receivers": (1, ["receivers"], (0.2, 2.0)),
        "clock": (1, list(CLOCKS), (2.0, 8.0)),
        "stop api": (1, list(layout.APIS), LONG),
        "cut api": (1, list(layout.APIS), LONG),
    }),
}


def deck(kinds, random_):
    """All kinds, those with a weight more often, shuffled: none is missing for long."""
    cards = [kind for kind, (weight, _, _) in kinds.items() for _ in range(weight)]
    random_.shuffle(cards)
    return cards


def number_of(kind, random_):
    if kind.startswith("delay"):
        return round(random_.choice([0.01, 0.05, 0.15, 0.3]), 3)
    if kind == "clock":
        return random_.choice([-86400, -60, -2, 2, 60, 86400])
    return 0.0


def lane(name, seed, seconds):
    random_ = random.Random(f"{seed}/{name}")
    pause, kinds = LANES[name]
    faults, cards, at = [], [], 2.0 + random_.uniform(*pause)
    while at < seconds:
        cards = cards or deck(kinds, random_)
        kind = cards.pop()
        _, targets, length = kinds[kind]
        fault = Fault(round(at, 2), round(random_.uniform(*length), 2), kind, random_.choice(targets),
                      number_of(kind, random_))
        if at + fault.seconds < seconds:
            faults.append(fault)
        at += fault.seconds + random_.uniform(*pause)
    return faults


def make(seed, seconds, lanes=tuple(LANES)):
    """{lane: [Fault]}, in the order in which they begin; the last has ended after @seconds."""
    return {name: lane(name, seed, seconds) for name in lanes}
