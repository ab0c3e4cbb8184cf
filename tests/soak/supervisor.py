# SPDX-License-Identifier: Apache-2.0
"""Keeps processes running: one that ends is started again, and both are noted with who did it."""

import os
import signal
import subprocess
import threading
import time

from children import die_with_parent

RESTART_S = 0.3


class Service:
    """One process that is to be there. Its log is <folder>/<name>.log, over all its lives."""

    def __init__(self, name, kind, argv, folder, journal, env=None, pipe=False):
        """@env: may be a function of the number of its life, from 1."""
        self.name, self.kind, self.argv, self.folder, self.journal = name, kind, argv, folder, journal
        self.env, self.pipe = env, pipe
        self.lock = threading.RLock()
        self.popen, self.is_wanted, self.is_ours, self.lives = None, False, False, 0
        self.down_until = 0.0
        self.log_path = os.path.join(folder, name + ".log")

    @property
    def pid(self):
        return self.popen.pid if self.popen else None

    def start(self):
        with self.lock, open(self.log_path, "ab") as log:
            self.is_wanted, self.is_ours = True, False
            self.lives += 1
            env = self.env(self.lives) if callable(self.env) else self.env
            self.popen = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE if self.pipe else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.pipe else log, stderr=log, cwd=self.folder, env=env,
                preexec_fn=die_with_parent)
            self.journal.note(did="started", name=self.name, kind=self.kind, pid=self.pid)

    def is_running(self):
        return self.popen is not None and self.popen.poll() is None

    def look(self):
        """Starts it again if it has ended, and it is time."""
        with self.lock:
            if not self.is_wanted or self.is_running():
                return
            if self.popen:
                self.note_end()
            if time.monotonic() >= self.down_until:
                self.start()

    def note_end(self):
        self.journal.note(did="ended", name=self.name, kind=self.kind, pid=self.pid, status=self.popen.returncode,
                          ours=self.is_ours)
        self.popen = None
        self.down_until = max(self.down_until, time.monotonic() + RESTART_S)

    def end(self, number, down_s=0.0):
        """Ended by us, and started again after so long."""
        with self.lock:
            if not self.is_running():
                return
            self.is_ours = True
            self.down_until = time.monotonic() + down_s
            self.popen.send_signal(number)
        if number == signal.SIGKILL:
            self.popen_wait(5)

    def popen_wait(self, seconds):
        popen = self.popen
        if popen:
            popen.wait(seconds)

    def signal(self, number):
        with self.lock:
            if self.is_running():
                self.popen.send_signal(number)

    def finish(self, seconds=20):
        """SIGTERM for good; its exit status, or None when it had to be killed."""
        with self.lock:
            self.is_wanted, self.is_ours = False, True
            popen = self.popen
        if popen is None:
            return 0
        popen.send_signal(signal.SIGCONT)
        popen.terminate()
        try:
            status = popen.wait(seconds)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()
            status = None
        self.journal.note(did="finished", name=self.name, kind=self.kind, pid=popen.pid, status=status)
        return status

    def log(self, most=2000):
        with open(self.log_path, "rb") as log:
            return log.read()[-most:].decode(errors="replace")


class Supervisor(threading.Thread):
    """Looks after the services, and notes memory and descriptors of those that are to be measured."""

    MEASURE_S, LOOK_S, STALL_S = 1.0, 0.05, 0.8

    def __init__(self, journal, measured):
        super().__init__(daemon=True)
        self.journal, self.measured = journal, measured
        self.services, self.is_ending = {}, threading.Event()
        self.faults = []

    def add(self, service):
        self.services[service.name] = service
        service.start()
        return service

    def of_kind(self, kind):
        return [service for service in self.services.values() if service.kind == kind]

    def run(self):
        due = looked = time.monotonic()
        while not self.is_ending.wait(self.LOOK_S):
            looked = self.note_stall(looked)
            try:
                for service in list(self.services.values()):
                    service.look()
                if time.monotonic() >= due:
                    due += self.MEASURE_S
                    self.measure()
            except Exception as e:  # else nobody would be started again, and nobody would know
                self.faults.append(repr(e))

    def note_stall(self, looked):
        """When the machine itself stood still, so may everybody else have: a fault that nobody planned."""
        now = time.monotonic()
        if now - looked > self.STALL_S:
            ended = time.time()
            self.journal.note(did="fault", kind="stall", target="", number=0.0, begun=ended - (now - looked), ended=ended,
                              skipped=False)
        return now

    def measure(self):
        for service in list(self.services.values()):
            if service.kind in self.measured and service.is_running():
                self.note_size(service)

    def note_size(self, service):
        pid = service.pid
        try:
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                pages = int(file.read().split()[1])
            count = len(os.listdir(f"/proc/{pid}/fd"))
        except (OSError, IndexError):
            return  # it ended just now
        self.journal.note(did="size", name=service.name, kind=service.kind, pid=pid,
                          rss_kib=pages * os.sysconf("SC_PAGE_SIZE") // 1024, fds=count)

    def end(self):
        self.is_ending.set()
        self.join(10)
