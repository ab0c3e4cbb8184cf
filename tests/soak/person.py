# SPDX-License-Identifier: Apache-2.0
"""Somebody who disables and enables endpoints through the API all the time, and asks again until it is done."""

import http.client
import random
import threading
import time

import api_client  # tests/support
import stack

ON_S, OFF_S, AGAIN_S, GIVE_UP_S = (2.0, 8.0), (1.0, 5.0), 0.3, 60.0


class Person(threading.Thread):
    def __init__(self, system):
        super().__init__(daemon=True)
        self.system, self.is_ending = system, threading.Event()
        self.apis = [api_client.Api(port, stack.ROOT_KEY) for port in system.api_ports.values()]
        self.random = random.Random(f"{system.o.seed}/person")
        self.paths = [path for path, endpoint in system.endpoints.items() if endpoint["switched"]]

    def run(self):
        while not self.is_ending.wait(self.random.uniform(*ON_S)):
            path = self.random.choice(self.paths)
            self.switch(path, "disable")
            self.is_ending.wait(self.random.uniform(*OFF_S))
            self.switch(path, "enable")

    def switch(self, path, verb):
        """Notes when it was first asked for, and when it was answered that it is so."""
        begun, deadline = time.time(), time.monotonic() + GIVE_UP_S
        while not self.ask(path, verb):
            if time.monotonic() > deadline:
                self.system.journal.note(did="person", words=f"{verb} {path} was not answered with 200 for {GIVE_UP_S} s")
                return
            time.sleep(AGAIN_S)
        self.system.journal.note(did="switch", path=path, on=verb == "enable", begun=begun, answered=time.time())

    def ask(self, path, verb):
        endpoint = self.system.endpoints[path]
        try:
            answer = self.random.choice(self.apis).post(f"/v1/endpoints/{endpoint['id']}/{verb}", tenant=endpoint["tenant"],
                                                        timeout=10)
        except (OSError, http.client.HTTPException):
            return False
        return answer.status == 200

    def end(self):
        """All are enabled then."""
        self.is_ending.set()
        self.join(2 * GIVE_UP_S)
