#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The process of one producer: publishes events at a rate, and notes what it was told of each. Before an event is sent
it is noted, so that of a producer that was killed it is known what it may have sent."""

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import time
import zlib

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../support")]

import payload  # noqa: E402
from children import die_with_parent  # noqa: E402
from journal import Journal, read  # noqa: E402
from resp import Client, LostConnection, RedisError  # noqa: E402

SCRIPT = os.path.join(HERE, "../../common/moves/publish.lua")
BATCHES = [1, 1, 3, 10]


class Producer:
    """@tenants: [(tenant, weight)]. What is noted: `sent` before, `told` after; see history.py."""

    def __init__(self, options):
        self.o = options
        self.random = random.Random(f"{options.seed}/{options.name}/{options.generation}")
        self.journal = Journal(options.journal)
        self.n = 0
        self.client = None

    def new_event(self):
        self.n += 1
        mark = f"{self.o.name}.{self.o.generation}.{self.n:06d}"
        tenants, weights = zip(*self.o.tenants)
        tenant = self.random.choices(tenants, weights)[0]
        return {"mark": mark, "tenant": tenant, "type": self.random.choice(["USER_CREATED", "order.paid", "a:b"]),
                "data": payload.data_of(mark, self.random)}

    def note_sent(self, events, is_once):
        self.journal.note_all([{"did": "sent", "mark": e["mark"], "tenant": e["tenant"], "type": e["type"],
                                "digest": payload.digest(e["data"].encode()), "once": is_once} for e in events])

    def note_told(self, sent, outcome, **more):
        self.journal.note(did="told", mark=sent["mark"], outcome=outcome, **more)

    def head(self, tenant):
        return f"grapnel:{{{zlib.crc32(tenant.encode()) % self.o.partitions}}}:"

    def connect(self):
        if not self.client:
            self.client = Client(self.o.port, 3)
        return self.client

    def hang_up(self):
        if self.client:
            self.client.close()
        self.client = None

    def run(self):
        while True:
            begun = time.monotonic()
            count = self.random.choice(BATCHES)
            self.publish([self.new_event() for _ in range(count)])
            time.sleep(max(0.0, count / self.o.rate - (time.monotonic() - begun)))


class Plain(Producer):
    """XADD in pipelines, as any Redis client would; what is unknown is not repeated."""

    def publish(self, events):
        self.note_sent(events, False)
        try:
            answers = self.connect().answers(
                [("XADD", self.head(e["tenant"]) + "events", "*", "tenant", e["tenant"], "type", e["type"], "data",
                  e["data"]) for e in events])
        except LostConnection:
            self.hang_up()
            for event in events:
                self.note_told(event, "unknown")
            time.sleep(0.2)
            return
        for event, answer in zip(events, answers):
            if isinstance(answer, RedisError):
                self.note_told(event, "refused", why=str(answer)[:60])
            else:
                self.note_told(event, "accepted", event=answer.decode())


class Once(Producer):
    """publish.lua with an idempotency key, again and again until it is known to be accepted."""

    def __init__(self, options):
        super().__init__(options)
        with open(SCRIPT, encoding="utf-8") as file:
            self.script = file.read()

    def publish(self, events):
        self.note_sent(events, True)
        for event in events:
            while not self.try_one(event):
                time.sleep(0.2)

    def try_one(self, event):
        tenant = event["tenant"]
        try:
            answer = self.connect()("EVAL", self.script, 1, self.head(tenant), event["mark"], 3600000, tenant, "tenant",
                                    tenant, "type", event["type"], "data", event["data"])
        except LostConnection:
            self.hang_up()
            self.note_told(event, "unknown")
            return False
        except RedisError as e:
            self.note_told(event, "refused", why=str(e)[:60])
            return False
        self.note_told(event, "accepted", event=answer[1].decode(), is_new=bool(answer[0]))
        return True


class Command(Producer):
    """`grapnel publish --resume`, file after file: also when it, or we, were killed half way."""

    PER_FILE = 40

    def run(self):
        for path in sorted(self.unfinished()):
            self.finish(path)
        while True:
            begun = time.monotonic()
            events = [self.new_event() for _ in range(self.PER_FILE)]
            path = os.path.join(self.o.folder, f"{self.o.name}.{self.o.generation:03d}.{self.n:06d}.events")
            self.note_sent(events, True)
            with open(path + ".new", "w", encoding="utf-8") as file:
                for e in events:
                    file.write(f'{{"tenant":"{e["tenant"]}","type":"{e["type"]}","data":{e["data"]}}}\n')
            os.rename(path + ".new", path)
            self.finish(path)
            time.sleep(max(0.0, self.PER_FILE / self.o.rate - (time.monotonic() - begun)))

    def unfinished(self):
        return [os.path.join(self.o.folder, name) for name in os.listdir(self.o.folder)
                if name.startswith(self.o.name + ".") and name.endswith(".events")]

    def finish(self, path):
        with open(path, "rb") as file:
            marks = [payload.find(line)[0] for line in file]
        self.untold = set(marks)
        while self.run_once(path, marks):
            time.sleep(0.3)
        for mark in self.untold:  # said to a process that was killed before we had heard it
            self.note_told({"mark": mark}, "accepted", event=None)
        os.rename(path, path + ".done")

    def run_once(self, path, marks):
        """Its exit status; 0: all of the file's events are accepted."""
        argv = [self.o.program, "publish", "--file", path, "--resume", path + ".resume", "--json"]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=die_with_parent) as child:
            for line in child.stdout:
                self.take(json.loads(line), marks)
            words = child.stderr.read()[-200:].decode(errors="replace")
        if child.returncode:
            self.journal.note(did="command", status=child.returncode, words=words)
        return child.returncode

    def take(self, answer, marks):
        if "line" not in answer:
            return
        event = {"mark": marks[answer["line"] - 1]}
        if "eventId" in answer:
            _, _, ms, number = answer["eventId"].split("_")
            self.untold.discard(event["mark"])
            self.note_told(event, "accepted", event=f"{ms}-{number}", is_new=not answer.get("duplicate"))
        else:
            self.note_told(event, "unknown", why=answer.get("error", "")[:60])


class Api(Producer):
    """POST /v1/events, with idempotency keys until all are accepted, or without and once."""

    def publish(self, events):
        is_once = self.random.random() < 0.5
        self.note_sent(events, is_once)
        left = self.post(events, is_once)
        while is_once and left:
            time.sleep(0.3)
            left = self.post(left, True)

    def post(self, events, is_once):
        """Those that are not accepted."""
        keys = [{"idempotency_key": e["mark"]} if is_once else {} for e in events]
        members = [{"type": e["type"], "tenant": e["tenant"], **key} for e, key in zip(events, keys)]
        # `data` as it is, and not as a parser would write it again
        body = ",".join(json.dumps(m)[:-1] + f', "data": {e["data"]}}}' for m, e in zip(members, events))
        status, answer = self.ask(f"[{body}]".encode())
        if status is None:
            return self.all_told(events, "unknown")
        if "results" not in answer:
            return self.all_told(events, "refused", why=f"{status} {answer.get('detail')}"[:60])
        return [event for event, result in zip(events, answer["results"]) if not self.take(event, result)]

    def all_told(self, events, outcome, **more):
        for event in events:
            self.note_told(event, outcome, **more)
        return events

    def take(self, event, result):
        """Is it accepted?"""
        if result["status"] == "accepted":
            _, _, ms, number = result["id"].split("_")
            self.note_told(event, "accepted", event=f"{ms}-{number}", is_new=not result["duplicate"])
            return True
        outcome = "unknown" if result["status"] == "unknown" else "refused"
        self.note_told(event, outcome, why=f"{result['status']} {result.get('detail')}"[:60])
        return False

    def ask(self, body):
        """(status, answer); (None, None) when there was none."""
        try:
            if not self.client:
                self.client = http.client.HTTPConnection("127.0.0.1", self.o.api_port, timeout=8)
            headers = {"Authorization": f"Bearer {self.o.api_key}", "Content-Type": "application/json"}
            self.client.request("POST", "/v1/events", body, headers)
            answer = self.client.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            self.hang_up()
            time.sleep(0.2)
            return None, None


KINDS = {"plain": Plain, "once": Once, "command": Command, "api": Api}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=KINDS, required=True)
    for name in ("name", "journal", "folder", "program", "tenants", "api-key"):
        parser.add_argument("--" + name, required=True)
    for name in ("seed", "port", "partitions", "api-port"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    options.tenants = json.loads(options.tenants)
    # One more than whoever wrote this journal before us: no mark comes twice.
    options.generation = sum(line["did"] == "start" for line in read(options.journal))
    producer = KINDS[options.kind](options)
    producer.journal.note(did="start", pid=os.getpid())
    producer.run()


if __name__ == "__main__":
    main()
