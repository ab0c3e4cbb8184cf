# SPDX-License-Identifier: Apache-2.0
"""Asks the API all the time, and at the end compares what it says with what Redis holds."""

import http.client
import os
import random
import threading

import api_client  # tests/support
import layout
import stack
from journal import read

PAUSE_S = 0.3
SAMPLE = 100


class Prober(threading.Thread):
    def __init__(self, system):
        super().__init__(daemon=True)
        self.system, self.is_ending = system, threading.Event()
        self.apis = [api_client.Api(port, stack.ROOT_KEY) for port in system.api_ports.values()]
        self.random = random.Random(system.o.seed)

    def ask(self, path, tenant):
        """(status, JSON); status 0: there was no answer."""
        try:
            answer = self.random.choice(self.apis).ask("GET", path, tenant=tenant, timeout=10)
            return answer.status, answer.json if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return 0, None

    def run(self):
        while not self.is_ending.wait(PAUSE_S):
            tenant = self.random.choice(layout.TENANTS).name
            path = self.random.choice(["/v1/deliveries?limit=5", "/v1/tenants", f"/v1/tenants/{tenant}"])
            status, _ = self.ask(path, tenant)
            self.system.journal.note(did="probe", path=path, status=status)

    def end(self):
        self.is_ending.set()
        self.join(20)

    def compare(self):
        """When all is quiet: some records, as the API shows them."""
        lines = [line for line in read(os.path.join(self.system.folder, "records.journal")) if line["did"] == "record"]
        for line in self.random.sample(lines, min(SAMPLE, len(lines))):
            status, found = self.ask(f"/v1/deliveries/{line['id']}", line["tenant"])
            self.system.journal.note(did="compared", id=line["id"], status=status, delivery=found and found["status"],
                                     attempts=found and len(found["attempt_list"]))
