# SPDX-License-Identifier: Apache-2.0
"""What the faults of a run excuse. Everything that a rule forgives is decided here."""

import layout

# Redis writes its log before it answers, but while the disk is busy it may put that off for up to 2 s (everysec).
LOST_S = 2.0
# How long a fault is felt after its end: a lease runs out, a connection is made anew (2 s at most between two attempts),
# Redis reads its log, nobody is judged for 3 s after Redis was away.
FELT_S = layout.LEASE_S + layout.REDIS_TIMEOUT_S + 5.0

# From when a permit is used until its request is with the receiver's kernel.
USED_S = 0.5

# Nobody planned these, and they are everybody's: the machine stood still.
STALLS = ("stall",)
# Not "full" nor "flush scripts": heartbeats go on.
OF_REDIS = ("redis kill", "blackout", "redis term", "redis stop", "readonly", "no replicas", "disk full", "cut clients",
            *STALLS)
KILLS = ("kill", "blackout")
OF_MANY = ("stop workers", "blackout")  # and not of one target
OF_RECEIVERS = ("kill receivers", "stop receivers", "cut site", "mute site", "delay site", *STALLS)
# A wire that is only slow (0.3 s at most) costs nobody its lease.
OF_A_PROGRAM = ("kill", "stop", "stop long", "stop workers", "cut", "cut long", "mute")


class Trouble:
    def __init__(self, history):
        self.h = history
        self.faults = [fault for fault in history.faults if not fault.skipped]
        redis_ends = [line for line in history.processes if line["did"] == "ended" and line["kind"] == "redis"]
        # status -9: killed; 1: it gave up, as its log could not be written. Of SIGTERM nothing is lost.
        self.redis_deaths = [line["at"] for line in redis_ends if line["status"] != 0]

    def between(self, kinds, begin, end, target=None, felt=0.0):
        """The longest fault of these kinds that was going on, or still felt, at some time between these."""
        found = [fault for fault in self.faults if fault.kind in kinds and fault.begun <= end
                 and fault.ended + felt >= begin
                 and (target is None or fault.target == target or fault.kind in OF_MANY)]
        return max(found, key=lambda fault: fault.ended - fault.begun, default=None)

    def sent_from(self, request, endpoint):
        """When it may have been sent at the earliest: its wire may have held it up."""
        wires = ("mute site", "delay site")
        fault = endpoint["wire"] and self.between(wires, request.at - layout.HELD_UP_S, request.at, endpoint["wire"])
        return min(fault.begun, request.at) if fault else request.at

    def death_between(self, begin, end):
        """Did Redis die in a way that may cost what it was told just before?"""
        return any(begin <= at <= end for at in self.redis_deaths)

    def may_be_lost(self, begin, end=None):
        """May Redis have forgotten something that happened at @begin, or at some time from then to @end?"""
        if self.h.options["fsync"] == "always":
            return False
        return self.death_between(begin, (end or begin) + LOST_S)

    def may_be_sent_again(self, at, tenant):
        """Were jobs given out again about then under a permit that had been used? The architecture says so of a group
        that was destroyed by hand, and of nothing else."""
        target = f"{layout.partition(tenant)}:jobs"
        return self.between(("drop group",), at - layout.PERMIT_S - 2.0, at + 3.0, target) is not None

    def times_off(self, path):
        """[(disabling was asked for, answered, enabling was asked for, answered)] of an endpoint."""
        found, off, enabled = [], None, None
        for switch in (s for s in self.h.switches if s.path == path):
            if not switch.on:
                off = off or switch
            elif off:
                enabled = enabled or switch
                if not self.may_be_lost(switch.begun, switch.answered):  # else it may be off until the next one
                    found.append((off.begun, off.answered, enabled.begun, switch.answered))
                    off = enabled = None
        return found

    def may_be_off(self, path, begin, end):
        """Was it, or was it maybe, disabled at some time between these?"""
        return any(off[0] <= end and off[3] >= begin for off in self.times_off(path))

    def is_off(self, path, at):
        """It was, for certain, and for as long as an attempt that had its permit may still begin."""
        return any(off[1] + layout.PERMIT_S + USED_S < at < off[2] and not self.may_be_lost(off[0], off[1])
                   for off in self.times_off(path))

    def excuses_lost(self, worker, begin, end):
        """Why this worker may have been taken for dead between these; None: nothing says so."""
        worker = worker.split(".")[0]  # behind it the number of its life
        for felt in (0.0, FELT_S):  # rather what happened meanwhile than what may still be felt
            found = [self.between(OF_A_PROGRAM, begin, end, worker, felt), self.between(OF_REDIS, begin, end, felt=felt)]
            fault = max((f for f in found if f), key=lambda f: f.ended - f.begun, default=None)
            if fault:
                return fault.kind
        return None

    def is_calm(self, begin, end):
        """Nothing at all was wrong, nor still felt."""
        return not any(fault.begun <= end and fault.ended + FELT_S >= begin for fault in self.faults)
