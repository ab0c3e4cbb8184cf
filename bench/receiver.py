# SPDX-License-Identifier: Apache-2.0
"""grapnel-bench-receiver as a child: its counters, its statistics, its log."""

import csv
import http.client
import json
import mmap
import os
import select
import struct
import subprocess

from processes import BenchError, Process

# bench/counters.h
COUNTERS = ("requests", "distinct", "answered", "failed", "held", "held_most", "connections")
COUNTERS_FORMAT = struct.Struct(f"={len(COUNTERS)}Q")


class Receiver(Process):
    def __init__(self, program, folder, *options, name="receiver", with_log=False):
        self.counters_path = os.path.join(folder, f"{name}.counters")
        self.requests_path = os.path.join(folder, f"{name}.csv")
        log = ["--log", self.requests_path] if with_log else []
        super().__init__(name, [program, "--counters", self.counters_path, *log, *options], folder, stdout=subprocess.PIPE)
        self.port = self._read_port()
        with open(self.counters_path, "rb") as f:
            self.map = mmap.mmap(f.fileno(), COUNTERS_FORMAT.size, prot=mmap.PROT_READ)

    def _read_port(self):
        ready, _, _ = select.select([self.popen.stdout], [], [], 5)
        line = self.popen.stdout.readline() if ready else b""
        if not line.strip().isdigit():
            self.end()
            raise BenchError(f"the receiver did not tell its port:\n{self.log_tail()}")
        return int(line)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def counters(self):
        return dict(zip(COUNTERS, COUNTERS_FORMAT.unpack_from(self.map)))

    def _ask(self, method, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise BenchError(f"the receiver answered {method} {path} with {answer.status}")
        return body

    def stats(self, part=""):
        return json.loads(self._ask("GET", "/stats" + part))

    def reset(self):
        self._ask("POST", "/reset")

    def requests(self):
        """All rows of its log so far: dicts with us, path, delivery_id, attempt, status, latency_us."""
        self._ask("POST", "/flush")
        with open(self.requests_path, encoding="utf-8", newline="") as f:
            for row in csv.DictReader(f):
                for name in ("us", "attempt", "status", "latency_us"):
                    row[name] = int(row[name])
                yield row
