"""Child processes: started in a temporary folder with their output kept there, ended by their own pid."""

import ctypes
import os
import signal
import subprocess
import time


class BenchError(Exception):
    """What a person has to read; shown without a traceback."""


def die_with_parent():
    """Runs in the child: were we killed, nobody would be left to end it."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def wait_until(condition, seconds, what, interval=0.02):
    """Returns the first true answer of condition(); BenchError after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise BenchError(f"after {seconds:g} s still waiting for {what}")
        time.sleep(interval)


class Process:
    """One child; its output goes to <folder>/<name>.log."""

    def __init__(self, name, argv, folder, env=None, stdout=None):
        self.name = name
        self.log_path = os.path.join(folder, f"{name}.log")
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log, cwd=folder, env=env,
                preexec_fn=die_with_parent)
        self.pid = self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def log_tail(self, lines=15):
        with open(self.log_path, "rb") as log:
            text = log.read()[-8000:].decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def require(self):
        """Raises with the end of its log when it has ended by itself."""
        if not self.is_running():
            raise BenchError(f"{self.name} ended with status {self.popen.returncode}:\n{self.log_tail()}")

    def stop(self, seconds=10):
        """SIGTERM, and SIGKILL when that does not help. Returns the exit status."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        if self.popen.stdout:
            self.popen.stdout.close()
        return self.popen.returncode

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()

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
