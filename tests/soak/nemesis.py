# SPDX-License-Identifier: Apache-2.0
"""Does what plan.py says, one thread a lane, and notes when each fault really began and ended."""

import os
import resource
import signal
import threading
import time

import plan
from children import free_port
from resp import RedisError

DISK_BYTES = 4096  # what still goes onto a disk that is full


class Nemesis:
    def __init__(self, system):
        self.system = system
        self.is_ending = threading.Event()
        self.wrong = []
        self.threads = []
        self.dead_port = free_port()

    def start(self, lanes):
        """@lanes: {name: [Fault]}; times count from now."""
        begun = time.monotonic()
        for faults in lanes.values():
            thread = threading.Thread(target=self.run_lane, args=(faults, begun), daemon=True)
            thread.start()
            self.threads.append(thread)

    def end(self):
        self.is_ending.set()
        for thread in self.threads:
            thread.join(60)

    def run_lane(self, faults, begun):
        for fault in faults:
            if self.is_ending.wait(max(0.0, begun + fault.at - time.monotonic())):
                return
            try:
                self.run_fault(fault)
            except Exception as e:  # told in the report: a fault that did not happen proves nothing
                self.wrong.append(f"{fault}: {e!r}")

    def run_fault(self, fault):
        action = getattr(self, "do_" + fault.kind.replace(" ", "_"))
        line = {"did": "fault", "kind": fault.kind, "target": fault.target, "number": fault.number, "begun": time.time()}
        undo = action(fault)
        try:
            if undo != "skipped":
                self.is_ending.wait(fault.seconds)
        finally:
            if callable(undo):
                undo()
            self.system.journal.note(**line, ended=time.time(), skipped=undo == "skipped")

    # --- processes --------------------------------------------------------------------------------------------------

    def do_kill(self, fault):
        self.system.service(fault.target).end(signal.SIGKILL, fault.seconds)

    def do_term(self, fault):
        self.system.service(fault.target).end(signal.SIGTERM, fault.seconds)

    def do_stop(self, fault):
        service = self.system.service(fault.target)
        service.signal(signal.SIGSTOP)
        return lambda: service.signal(signal.SIGCONT)

    do_stop_long = do_stop_receivers = do_stop_api = do_stop
    do_kill_producer = do_kill_receivers = do_kill_api = do_kill

    def do_stop_workers(self, _):
        services = self.system.supervisor.of_kind("worker")
        for service in services:
            service.signal(signal.SIGSTOP)

        def undo():
            for service in services:
                service.signal(signal.SIGCONT)
        return undo

    def do_clock(self, fault):
        if not self.system.has_faketime:
            return "skipped"
        self.system.set_clock(fault.target, fault.number)
        return lambda: self.system.set_clock(fault.target, 0)

    # --- the network ------------------------------------------------------------------------------------------------

    def set_wire(self, fault, mode):
        self.system.wires.set(fault.target, mode, fault.number)
        return lambda: self.system.wires.set(fault.target)

    def do_cut(self, fault):
        return self.set_wire(fault, "cut")

    def do_mute(self, fault):
        return self.set_wire(fault, "mute")

    def do_delay(self, fault):
        return self.set_wire(fault, "pass")

    do_cut_long = do_cut_site = do_cut_api = do_cut
    do_mute_site, do_delay_site = do_mute, do_delay

    # --- Redis ------------------------------------------------------------------------------------------------------

    def do_redis_kill(self, fault):
        self.system.service("redis").end(signal.SIGKILL, fault.seconds)

    def do_redis_term(self, fault):
        self.system.service("redis").end(signal.SIGTERM, fault.seconds)

    def do_blackout(self, fault):
        """Redis and all that may die, at once."""
        for name in ("redis", *plan.MORTALS, *plan.MORTAL_APIS):
            self.system.service(name).end(signal.SIGKILL, fault.seconds)

    def do_redis_stop(self, _):
        service = self.system.service("redis")
        service.signal(signal.SIGSTOP)
        return lambda: service.signal(signal.SIGCONT)

    def ask(self, *command):
        """Until Redis has answered: it may be starting still."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.system.redis(*command)
            except RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def undo_by(self, *command):
        return lambda: self.ask(*command)

    def do_full(self, _):
        used = int(self.ask("INFO", "memory").split(b"used_memory:")[1].split()[0])
        self.ask("CONFIG", "SET", "maxmemory", used * 9 // 10)
        return self.undo_by("CONFIG", "SET", "maxmemory", 0)

    def do_readonly(self, _):
        self.ask("REPLICAOF", "127.0.0.1", self.dead_port)
        return self.undo_by("REPLICAOF", "NO", "ONE")

    def do_no_replicas(self, _):
        self.ask("CONFIG", "SET", "min-replicas-to-write", 1)
        return self.undo_by("CONFIG", "SET", "min-replicas-to-write", 0)

    def do_cut_clients(self, _):
        self.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def do_flush_scripts(self, _):
        self.ask("SCRIPT", "FLUSH")

    def do_drop_group(self, fault):
        partition, stream = fault.target.split(":")
        group = "workers" if stream == "jobs" else "scheduler"
        try:
            self.ask("XGROUP", "DESTROY", f"grapnel:{{{partition}}}:{stream}", group)
        except RedisError:
            return "skipped"
        return None

    def do_disk_full(self, _):
        """The log of all commands may not grow any more: to Redis it is a disk that is full."""
        service = self.system.service("redis")
        folder = os.path.join(self.system.folder, "redis", "appendonlydir")
        sizes = [os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder) if ".incr." in name]
        if not service.pid or not sizes or self.system.has_rewrites:
            return "skipped"
        pid = service.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (max(sizes) + DISK_BYTES, hard))

        def undo():
            if service.pid == pid:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        return undo
