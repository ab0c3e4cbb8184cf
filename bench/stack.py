# SPDX-License-Identifier: Apache-2.0
"""A whole Grapnel of our own: Redis, schedulers, workers, receiver, in a temporary folder that goes with it."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import redis_server
from processes import BenchError, Process, wait_until
from receiver import Receiver

PROGRAMS = {
    "grapnel": "cli/grapnel",
    "grapnel-worker": "worker/grapnel-worker",
    "grapnel-scheduler": "scheduler/grapnel-scheduler",
    "grapnel-api": "api/grapnel-api",
    "grapnel-bench-receiver": "bench/grapnel-bench-receiver",
    "grapnel-bench-driver": "bench/grapnel-bench-driver",
}


def find_programs(build):
    """Paths by name; BenchError that lists all that are missing."""
    if not build:
        raise BenchError("GRAPNEL_BUILD is not set: run ./dev bench, or set it to the build folder")
    paths = {name: os.path.join(os.path.abspath(build), path) for name, path in PROGRAMS.items()}
    missing = [path for path in paths.values() if not os.access(path, os.X_OK)]
    if missing:
        raise BenchError("not built (./dev build):\n  " + "\n  ".join(missing))
    return paths


class RedisServer(redis_server.RedisServer):
    child_class = Process


class Stack:
    """with Stack(options) as stack: …; everything that it started has ended when the block is left."""

    def __init__(self, options):
        self.options = options
        self.programs = find_programs(options.build)
        self.children = []
        self.schedulers, self.workers = [], []
        self.numbers = {}

    def __enter__(self):
        self.env = dict(os.environ, GRAPNEL_EGRESS_ALLOW="127.0.0.0/8",
                        GRAPNEL_MASTER_KEY=base64.b64encode(os.urandom(32)).decode())
        for setting in self.options.set:
            name, equals, value = setting.partition("=")
            if not equals:
                raise BenchError(f'--set "{setting}": expected NAME=VALUE')
            self.env["GRAPNEL_" + name.upper().replace("-", "_")] = value
        self.folder = tempfile.mkdtemp(prefix="grapnel-bench.", dir=self.options.temp)
        try:
            self.client = RedisServer(self.folder, self.options.fsync)
            self.redis = self._add(self.client.child)
            self.env["GRAPNEL_REDIS_URL"] = self.client.url
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        for child in reversed(self.children):
            child.end(5)
        if kind and issubclass(kind, BenchError):
            for child in [*self.schedulers, *self.workers]:
                print(f"-- end of {child.name}'s log:\n{child.log_tail(5)}", file=sys.stderr)
        if self.options.keep:
            print(f"logs and data are in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _add(self, child):
        self.children.append(child)
        return child

    def _start(self, program, *args):
        number = self.numbers[program] = self.numbers.get(program, 0) + 1
        name = f"{program.removeprefix('grapnel-')}{number}"
        return self._add(Process(name, [self.programs[program], *args], self.folder, self.env))

    def start_receiver(self, *options, with_log=False):
        number = self.numbers["receiver"] = self.numbers.get("receiver", 0) + 1
        self.receiver = self._add(Receiver(self.programs["grapnel-bench-receiver"], self.folder, *options,
                                           name=f"receiver{number}", with_log=with_log))
        return self.receiver

    def start_scheduler(self, *args):
        """The first one prepares Redis: nothing can be configured or published before."""
        self.schedulers.append(self._start("grapnel-scheduler", *args))

        def is_prepared():
            self.schedulers[-1].require()
            return self.client("EXISTS", "grapnel:meta")
        wait_until(is_prepared, 10, "the scheduler to prepare Redis")
        return self.schedulers[-1]

    def start_worker(self, *args):
        self.workers.append(self._start("grapnel-worker", *args))
        return self.workers[-1]

    def start_api(self):
        """(process, port)"""
        api = self._start("grapnel-api", "--api-listen", "127.0.0.1:0")

        def port_of():
            api.require()
            found = re.search(r'"api ready".* port=(\d+)', api.log_tail())
            return found and int(found[1])
        return api, wait_until(port_of, 10, "grapnel-api to be ready")

    def start_driver(self, *args):
        """Returns it running; see finish_driver()."""
        return self._add(Process("driver", self._driver_argv(args), self.folder, self.env, stdout=subprocess.PIPE))

    def _driver_argv(self, args):
        where = () if "--post" in args else ("--redis-url", self.client.url)
        return [self.programs["grapnel-bench-driver"], *where, "--bytes", str(self.options.bytes),
                "--counters", self.receiver.counters_path, *map(str, args)]

    def finish_driver(self, driver, seconds):
        """Waits for its end and returns what it reports."""
        try:
            out, _ = driver.popen.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise BenchError(f"the driver was still publishing after {seconds:g} s") from None
        if driver.popen.returncode != 0:
            raise BenchError(f"the driver failed:\n{driver.log_tail()}")
        return json.loads(out)

    def publish(self, *args, seconds=120):
        return self.finish_driver(self.start_driver(*args), seconds)

    def require_all(self):
        for child in [self.redis, self.receiver, *self.schedulers, *self.workers]:
            child.require()

    # --- configuration, by the command line as a user would ---------------------------------------------------------

    def grapnel(self, *args):
        """Runs one command of `grapnel`; returns what it printed."""
        done = subprocess.run([self.programs["grapnel"], *args], env=self.env, cwd=self.folder, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)
        if done.returncode != 0:
            words = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise BenchError(f"grapnel {' '.join(args)}: {words}")
        return done.stdout

    def add_tenant(self, tenant, path=None, limit=0, slots=None):
        """A tenant with one endpoint at the receiver."""
        self.grapnel("tenant", "add", tenant, "--limit", str(limit), "--allow-http")
        self.grapnel("endpoint", "add", "--tenant", tenant, "--url", self.receiver.url(path or f"/t/{tenant}/hook"),
                     "--dialect", self.options.dialect, "--events", "*", *(["--slots", str(slots)] if slots else []))

    def add_tenants(self, prefix, count):
        """The same for prefix0, prefix1 … without a limit, in one go."""
        path = os.path.join(self.folder, f"{prefix}.ndjson")
        with open(path, "w", encoding="utf-8") as f:
            for tenant in (f"{prefix}{i}" for i in range(count)):
                f.write(json.dumps({
                    "tenant": tenant, "url": self.receiver.url(f"/t/{tenant}/hook"), "dialect": self.options.dialect,
                    "events": ["*"], "create_tenant": {"limit": 0, "allow_http": True}}) + "\n")
        self.grapnel("endpoint", "add", "--from", path)

    # --- waiting ----------------------------------------------------------------------------------------------------

    def wait_received(self, count, seconds, counter="distinct", what=None):
        def is_reached():
            self.require_all()
            return self.receiver.counters()[counter] >= count
        wait_until(is_reached, seconds, what or f"{count} deliveries ({counter}: {self.receiver.counters()})", 0.01)

    def keys(self, name):
        """This key's name in all partitions."""
        partitions = self.client("HGET", "grapnel:meta", "partitions")
        return [f"grapnel:{{{p}}}:{name}" for p in range(int(partitions or 0))]

    def total(self, command, name):
        """XLEN, ZCARD … of a key, over all partitions."""
        return sum(self.client.pipeline([(command, key) for key in self.keys(name)]))

    def is_fanned_out(self):
        """Has every event been read from `events` and acknowledged? (The entries stay, they hold the events' data.)"""
        for key in self.keys("events"):
            if not self.client("EXISTS", key):
                continue
            stream, groups = self.client.pipeline([("XINFO", "STREAM", key), ("XINFO", "GROUPS", key)])
            last = dict(zip(stream[::2], stream[1::2]))[b"last-generated-id"]
            for group in groups:
                group = dict(zip(group[::2], group[1::2]))
                if group[b"pending"] or group[b"last-delivered-id"] != last:
                    return False
        return True

    def is_settled(self):
        return not self.total("XLEN", "jobs") and not self.total("XLEN", "failed")
