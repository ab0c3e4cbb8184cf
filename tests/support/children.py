# SPDX-License-Identifier: Apache-2.0
"""Child processes and waiting. Only what we started is ever signalled, by its own pid."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:")


def wait_until(condition, seconds=10, what=None, interval=0.01):
    """Returns the first true answer of condition(); fails with @what (text, or a function that makes it)."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            words = what() if callable(what) else what or condition.__name__
            raise AssertionError(f"after {seconds:g} s still waiting for: {words}")
        time.sleep(interval)


def free_port():
    """Below the range that outgoing connections use, so that none takes it while its owner restarts."""
    for _ in range(1000):
        port = random.randrange(15000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


LIBC = ctypes.CDLL(None)  # loaded here, as a child of a process with threads must not


def die_with_parent():
    """Runs in the child: were the tests killed, nobody would be left to end it."""
    LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Child:
    """One process; what it prints goes to <folder>/<name>.log."""

    def __init__(self, name, argv, folder, env=None, stdout=None):
        """@stdout: where its output goes, if not into the log."""
        self.name = name
        self.log_path = os.path.join(folder, f"{name}.log")
        self.is_stopped = False  # by SIGSTOP
        self.was_killed = self.was_terminated = False
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout or log, stderr=log, cwd=folder, env=env,
                                          preexec_fn=die_with_parent)
        self.pid = self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")

    def log_tail(self, lines=15):
        return "\n".join(self.log()[-8000:].splitlines()[-lines:])

    def wait_for_log(self, words, seconds=10):
        def has_said():
            if words in self.log():
                return True
            assert self.is_running(), f"{self.name} ended with status {self.popen.returncode}:\n{self.log()}"
            return False
        wait_until(has_said, seconds, f'"{words}" in the log of {self.name}')

    def signal(self, number):
        if self.is_running():
            self.popen.send_signal(number)

    def stop(self):
        self.signal(signal.SIGSTOP)
        self.is_stopped = True

    def cont(self):
        """Only one that is stopped: at its end a SIGCONT makes LeakSanitizer, which traces the process, wait for ever."""
        if self.is_stopped:
            self.signal(signal.SIGCONT)
        self.is_stopped = False

    def kill9(self):
        self.was_killed = True
        self.signal(signal.SIGKILL)
        self.popen.wait()

    def terminate(self):
        """SIGTERM; see wait()."""
        self.cont()
        self.was_terminated = True
        self.signal(signal.SIGTERM)

    def wait(self, seconds=20):
        """Its exit status."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} is still running after {seconds} s") from None

    def end(self, seconds=20):
        """SIGTERM if it has had none, and SIGKILL if that does not help. None, or what was wrong with its end."""
        if self.was_killed:
            return None
        if not self.was_terminated:
            self.terminate()
        try:
            status = self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill9()
            return f"{self.name} did not end within {seconds} s of SIGTERM"
        return f"{self.name} ended with status {status}" if status else None

    def sanitizer_report(self):
        log = self.log()
        return f"{self.name}: sanitizer report" if any(mark in log for mark in SANITIZER_MARKS) else None
