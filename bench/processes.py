# SPDX-License-Identifier: Apache-2.0
"""Child processes that are measured, and the CPU time that they use."""

import os
import time

import children


class BenchError(Exception):
    """What a person has to read; shown without a traceback."""


def wait_until(condition, seconds, what, interval=0.02):
    """Returns the first true answer of condition(); BenchError after so many seconds."""
    try:
        return children.wait_until(condition, seconds, what, interval)
    except AssertionError as error:
        raise BenchError(str(error)) from None


class Process(children.Child):
    """A child that is measured."""

    def require(self):
        """Raises with the end of its log when it has ended by itself."""
        if not self.is_running():
            raise BenchError(f"{self.name} ended with status {self.popen.returncode}:\n{self.log_tail()}")

    def cpu_us(self):
        """CPU time so far, over all its threads, by the scheduler's own clock (not in ticks of 10 ms)."""
        total = 0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            try:
                with open(f"/proc/{self.pid}/task/{task}/schedstat", encoding="ascii") as f:
                    total += int(f.read().split()[0])
            except FileNotFoundError:
                pass  # a thread that has just ended
        return total / 1000

    def memory_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise BenchError(f"{self.name} has no VmRSS: it has ended")


def machine_cpu_us():
    """CPU time that the whole machine has spent busy, stolen time included."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, f.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * 1e6 / os.sysconf("SC_CLK_TCK")


class CpuMeter:
    """CPU time that groups of processes use between start() and stop(), and how much the rest of the machine used."""

    def __init__(self, groups):
        self.groups = groups  # name -> [Process]

    def start(self):
        self.began = time.monotonic()
        self.machine_before = machine_cpu_us()
        self.before = self._read()

    def stop(self):
        """{"name": CPU µs}; self.seconds is how long it was, self.others_percent what all other processes took of the
        machine's processors."""
        after = self._read()
        machine = machine_cpu_us() - self.machine_before
        self.seconds = time.monotonic() - self.began
        used = {name: after[name] - self.before[name] for name in after}
        self.others_percent = max(0, machine - sum(used.values())) / self.seconds / 1e4 / os.cpu_count()
        return used

    def _read(self):
        return {name: sum(p.cpu_us() for p in processes) for name, processes in self.groups.items()}
