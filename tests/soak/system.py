# SPDX-License-Identifier: Apache-2.0
"""The whole that is tried: Redis, the programs, wires between them, receivers and producers, in one folder."""

import json
import os
import shutil
import subprocess
import threading
import zlib

import layout
import stack  # tests/support
from children import SANITIZER_MARKS, free_port, wait_until
from journal import Journal
from resp import Client, RedisError
from supervisor import Service, Supervisor

HERE = os.path.dirname(os.path.abspath(__file__))
LIBFAKETIME = "/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1".format(os.uname().machine)
MEASURED = ("worker", "scheduler", "api")


class Wires:
    """The switchboard of wires.py."""

    def __init__(self, system, targets):
        self.ports = {name: free_port() for name in targets}
        words = [f"{name}:{self.ports[name]}:{target}" for name, target in targets.items()]
        argv = ["/usr/bin/env", "python3", os.path.join(HERE, "wires.py"), *words]
        self.service = Service("wires", "wires", argv, system.folder, system.journal, pipe=True)
        self.service.start()
        self.lock = threading.Lock()
        assert b"ready" in self.service.popen.stdout.readline(), self.service.log()

    def set(self, wire, mode="pass", delay=0.0):
        with self.lock:
            popen = self.service.popen
            popen.stdin.write(json.dumps({"wire": wire, "mode": mode, "delay": delay}).encode() + b"\n")
            popen.stdin.flush()
            assert popen.stdout.readline() == b"done\n", self.service.log()


class System:
    def __init__(self, options, folder):
        self.o, self.folder = options, folder
        self.journal = Journal(os.path.join(folder, "system.journal"))
        self.programs = stack.find_programs()
        self.build = stack.build_folder()
        self.redis_port, self.receiver_port = free_port(), free_port()
        self.api_ports = {name: free_port() for name in layout.APIS}
        # Not both: in Redis 7.0.15 a log that could not grow, any time after it was rewritten, gets a hole and cannot be
        # read again (it is truncated at an offset of the file before).
        self.has_rewrites = options.seed % 3 == 0
        self.endpoints = {}  # path -> what receivers.py wants to know, and our id
        self.endpoints_path = os.path.join(folder, "endpoints.json")
        self.supervisor = Supervisor(self.journal, MEASURED)
        self.wires = None
        with open(self.programs["grapnel-worker"], "rb") as file:
            self.is_sanitized = b"__asan_init" in file.read()
        self.has_faketime = os.path.exists(LIBFAKETIME) and not options.no_clock and not self.is_sanitized
        self.settings = {
            "egress_allow": "127.0.0.0/8", "heartbeat": f"{int(layout.HEARTBEAT_S * 1000)}ms",
            "lease": f"{int(layout.LEASE_S * 1000)}ms", "redis_timeout": f"{int(layout.REDIS_TIMEOUT_S * 1000)}ms",
            "tenant_limit": 0, "partitions": layout.PARTITIONS, "drain": "10s", "disable_after": 1000000,
            "retention_count": 10000000, "master_key": stack.MASTER_KEY, "slots": 256}

    # --- starting ---------------------------------------------------------------------------------------------------

    def start(self):
        self.save_endpoints()
        self.start_redis()
        names = [*layout.WORKERS, *layout.SCHEDULERS, *layout.APIS, *layout.PRODUCERS]
        self.wires = Wires(self, {**dict.fromkeys(names, self.redis_port),
                                  **dict.fromkeys(layout.SITES, self.receiver_port)})
        self.add("receivers", "receivers", ["/usr/bin/env", "python3", os.path.join(HERE, "receivers.py"),
                                            str(self.o.seed), str(self.receiver_port), self.endpoints_path,
                                            os.path.join(self.folder, "seen.journal")])
        for name in layout.SCHEDULERS:
            self.start_program(name, "scheduler")
        wait_until(lambda: self.redis("EXISTS", "grapnel:meta"), 20, "a scheduler to install")
        self.configure()
        for name in layout.WORKERS:
            self.start_program(name, "worker")
        for name in layout.APIS:
            self.start_program(name, "api", api_listen=f"127.0.0.1:{self.api_ports[name]}", api_root_key=stack.ROOT_KEY)
        self.supervisor.start()

    def add(self, name, kind, argv, env=None):
        return self.supervisor.add(Service(name, kind, argv, self.folder, self.journal, env))

    def start_redis(self):
        data = os.path.join(self.folder, "redis")
        os.makedirs(data, exist_ok=True)
        # A file that may not grow shall be an error for it to deal with (as a full disk is), not the end.
        rewrite = ["--auto-aof-rewrite-min-size", "16mb"] if self.has_rewrites else ["--auto-aof-rewrite-percentage", "0"]
        argv = ["/bin/sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh", shutil.which("redis-server"), "--port",
                str(self.redis_port), "--bind", "127.0.0.1", "--dir", data, "--save", "", "--appendonly", "yes",
                "--appendfsync", self.o.fsync, *rewrite]
        self.add("redis", "redis", argv)
        wait_until(self.redis_answers, 20, "redis-server to answer")

    def redis_answers(self):
        try:
            return self.redis("PING") == b"PONG"
        except RedisError:
            return False

    def start_program(self, name, kind, **settings):
        settings = {**self.settings, "name": name, "redis_url": f"redis://127.0.0.1:{self.wires.ports[name]}/0", **settings}
        argv, env = [self.programs[f"grapnel-{kind}"]], stack.environment(settings)
        if self.has_faketime and name in self.o.clocks:
            self.set_clock(name, 0)
            env.update(LD_PRELOAD=LIBFAKETIME, FAKETIME_TIMESTAMP_FILE=self.clock_path(name), DONT_FAKE_MONOTONIC="1",
                       FAKETIME_DONT_FAKE_MONOTONIC="1", FAKETIME_CACHE_DURATION="1")
        if name in layout.NEW_NAMES:
            return self.add(name, kind, argv, lambda life: {**env, "GRAPNEL_NAME": f"{name}.{life}"})
        return self.add(name, kind, argv, env)

    def start_producers(self):
        tenants = json.dumps([(tenant.name, tenant.weight) for tenant in layout.TENANTS])
        for name, kind in layout.PRODUCERS.items():
            argv = ["/usr/bin/env", "python3", os.path.join(HERE, "producers.py"), "--kind", kind, "--name", name,
                    "--journal", os.path.join(self.folder, f"{name}.journal"), "--folder", self.folder, "--program",
                    self.programs["grapnel"], "--tenants", tenants, "--seed", str(self.o.seed), "--port",
                    str(self.wires.ports[name]), "--partitions", str(layout.PARTITIONS), "--rate",
                    str(self.o.rate / len(layout.PRODUCERS)), "--api-port", str(self.api_ports["api2"]),
                    "--api-key", stack.ROOT_KEY]
            url = f"redis://127.0.0.1:{self.wires.ports[name]}/0"
            self.add(name, "producer", argv, stack.environment({"redis_url": url, "redis_timeout": "2s"}))

    # --- configuration ----------------------------------------------------------------------------------------------

    def cli(self, *args):
        """One command of `grapnel`, straight to Redis; what it printed as JSON."""
        return stack.Stack.cli(self, *args)

    def run(self, *args, stdin=b""):
        settings = {**self.settings, "redis_url": f"redis://127.0.0.1:{self.redis_port}/0"}
        return subprocess.run([self.programs["grapnel"], *map(str, args)], cwd=self.folder, input=stdin, timeout=60,
                              env=stack.environment(settings), capture_output=True, check=False)

    def configure(self):
        for tenant in layout.TENANTS:
            self.cli("tenant", "add", tenant.name, "--limit", tenant.limit, "--allow-http")
            self.journal.note(did="limit", tenant=tenant.name, limit=tenant.limit)
            for i, hook in enumerate(tenant.hooks):
                self.add_endpoint(tenant, f"/{tenant.name}/{i}", hook)

    def add_endpoint(self, tenant, path, hook):
        port = self.wires.ports[hook.wire] if hook.wire else self.receiver_port
        secret = stack.SECRET
        # The receivers must know it before its first request comes.
        self.endpoints[path] = {"tenant": tenant.name, "mood": hook.mood, "now": hook.mood, "dialect": hook.dialect,
                                "secret": secret, "wire": hook.wire, "schedule": hook.schedule, "retries": hook.retries,
                                "jitter": hook.jitter, "timeout": hook.timeout,
                                "limit": tenant.limit, "switched": hook.switched}
        self.save_endpoints()
        answer = self.cli("endpoint", "add", "--tenant", tenant.name, "--url", f"http://127.0.0.1:{port}{path}",
                          "--dialect", hook.dialect, "--events", "*", "--secret", secret, "--schedule", hook.schedule,
                          "--retries", hook.retries, "--jitter", hook.jitter, "--timeout", hook.timeout, "--slots",
                          hook.slots)
        self.endpoints[path]["id"] = answer["id"]
        self.save_endpoints()

    def save_endpoints(self):
        with open(self.endpoints_path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.endpoints, file, indent=1)
        os.rename(self.endpoints_path + ".new", self.endpoints_path)

    def calm_receivers(self):
        """From now on all are well."""
        for endpoint in self.endpoints.values():
            endpoint["now"] = "good"
        self.save_endpoints()

    def lift_limits(self):
        for tenant in layout.TENANTS:
            if tenant.limit:
                self.journal.note(did="limit", tenant=tenant.name, limit=0)
                self.cli("tenant", "set", tenant.name, "--limit", 0)

    # --- Redis, past all wires --------------------------------------------------------------------------------------

    def redis(self, *args, timeout=5):
        with Client(self.redis_port, timeout) as client:
            return client(*args)

    def connect(self):
        return Client(self.redis_port, 60)

    def heads(self):
        return [f"grapnel:{{{p}}}:" for p in range(layout.PARTITIONS)]

    @staticmethod
    def head(tenant):
        return f"grapnel:{{{zlib.crc32(tenant.encode()) % layout.PARTITIONS}}}:"

    # --- clocks -----------------------------------------------------------------------------------------------------

    def clock_path(self, name):
        return os.path.join(self.folder, name + ".clock")

    def set_clock(self, name, seconds):
        path = self.clock_path(name)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{seconds:+g}\n")
        os.rename(path + ".new", path)

    # --- the end ----------------------------------------------------------------------------------------------------

    def service(self, name):
        return self.supervisor.services[name]

    def finish(self, kind):
        for service in self.supervisor.of_kind(kind):
            service.finish()

    def note_sanitizers(self):
        """What the programs' sanitizers, if they have any, said."""
        for service in self.supervisor.services.values():
            if service.kind in MEASURED and any(mark in service.log(1 << 20) for mark in SANITIZER_MARKS):
                self.journal.note(did="sanitizer", name=service.name, kind=service.kind)

    def kill_rest(self):
        self.supervisor.end()
        services = [*self.supervisor.services.values()]
        if self.wires:
            services.append(self.wires.service)
        for service in services:
            if service.is_running():
                service.popen.kill()
                service.popen.wait()
