# SPDX-License-Identifier: Apache-2.0
"""A whole Grapnel of a test's own: real programs on a real Redis, configured through the command line as a user would."""

import base64
import concurrent.futures
import itertools
import json
import os
import re
import subprocess
import zlib

import api_client
import records
from children import Child, wait_until

PROGRAMS = {
    "grapnel": "cli/grapnel",
    "grapnel-scheduler": "scheduler/grapnel-scheduler",
    "grapnel-worker": "worker/grapnel-worker",
    "grapnel-api": "api/grapnel-api",
}
PARTITIONS = 4

# Not the defaults, so that a test need not wait for them; each test may set its own.
SETTINGS = {"egress_allow": "127.0.0.0/8", "heartbeat": "100ms", "lease": "3s", "tenant_limit": 0, "drain": "10s",
            "partitions": PARTITIONS}

MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
ROOT_KEY = "an-operator-s-key-for-tests"
SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes of test secret!").decode()


def build_folder():
    return os.path.abspath(os.environ.get("GRAPNEL_BUILD") or os.path.join(os.path.dirname(__file__), "../../build/release"))


def is_sanitized():
    """Whether that build has a sanitizer in it."""
    with open(os.path.join(build_folder(), "CMakeCache.txt"), encoding="utf-8") as file:
        return re.search(r"^GRAPNEL_SANITIZE:[A-Z]+=(?!OFF$).", file.read(), re.MULTILINE) is not None


def find_programs():
    paths = {name: os.path.join(build_folder(), path) for name, path in PROGRAMS.items()}
    missing = [path for path in paths.values() if not os.access(path, os.X_OK)]
    assert not missing, f"not built (./dev build): {missing}"
    return paths


def environment(settings):
    """Ours without anything of a Grapnel that the user may have, and with these settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GRAPNEL_")}
    for name, value in settings.items():
        if value is not None:
            env["GRAPNEL_" + name.upper()] = str(value)
    env.setdefault("GRAPNEL_CONTEXTS", "/dev/null/none")  # not those of whoever runs the tests
    return env


MAKE_DUE = """#!lua flags=allow-oom
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], 1, member) end
"""


# These commands of `grapnel` call the API, which is started for the first of them unless the test has started one.
OF_THE_API = {("api-key",), ("setting",), ("endpoint", "match"), ("event", "show")}


class Failed(AssertionError):
    """A command of `grapnel` that did not exit with 0."""

    def __init__(self, done):
        self.status = done.returncode
        self.words = (done.stdout + done.stderr).decode(errors="replace").strip()
        super().__init__(f"{' '.join(done.args[1:])}: status {self.status}: {self.words}")


class Endpoint:
    def __init__(self, stack, tenant, identity, hook, dialect, secret):
        self.stack, self.tenant, self.id, self.hook, self.dialect = stack, tenant, identity, hook, dialect
        self.secret = secret

    def cli(self, verb, *args):
        """grapnel endpoint <verb> …"""
        return self.stack.cli("endpoint", verb, self.id, *args, tenant=self.tenant)


class Stack:
    def __init__(self, redis, receiver, folder):
        self.redis, self.receiver, self.folder = redis, receiver, folder
        self.build = build_folder()
        self.programs = find_programs()
        self.settings = dict(SETTINGS, redis_url=redis.url, master_key=MASTER_KEY)
        self.schedulers, self.workers, self.apis = [], [], []
        self.api_url = None  # of the last that was started
        self._numbers = itertools.count(1)

    # --- processes --------------------------------------------------------------------------------------------------

    def start(self, schedulers=1, workers=1, **settings):
        """@settings are everybody's, also those that are started later."""
        self.settings.update(settings)
        for _ in range(schedulers):
            self.start_scheduler()
        for _ in range(workers):
            self.start_worker()
        return self

    def start_scheduler(self, **settings):
        return self._start("scheduler", self.schedulers, settings)

    def start_worker(self, **settings):
        return self._start("worker", self.workers, settings)

    def start_api(self, **settings):
        """A client of it, with an operator's key."""
        child = self._start("api", self.apis, {"api_listen": "127.0.0.1:0", "api_root_key": ROOT_KEY, **settings})
        port = int(re.search(r'"api ready".* port=(\d+)', child.log()).group(1))
        self.api_url = f"http://127.0.0.1:{port}"
        return api_client.Api(port, ROOT_KEY, child)

    def _start(self, kind, children, settings):
        child = self.spawn(kind, **settings)
        children.append(child)
        child.wait_for_log(f"{kind} ready")
        return child

    def spawn(self, kind, *args, **settings):
        """A process that is not waited for and, as it is in no list, not looked after either."""
        name = f"{kind}{next(self._numbers)}"
        env = environment({"name": name, **self.settings, **settings})
        return Child(name, [self.programs[f"grapnel-{kind}"], *args], self.folder, env)

    def children(self):
        return [*self.schedulers, *self.workers, *self.apis]

    def end(self):
        """SIGTERM for all; what was wrong."""
        for child in self.children():
            if not child.was_killed and not child.was_terminated:  # a second SIGTERM asks it to give up
                child.terminate()
        wrong = [child.end() for child in self.children()]
        wrong += [child.sanitizer_report() for child in self.children()]
        return [words for words in wrong if words]

    def kill_rest(self):
        for child in self.children():
            if child.is_running():
                child.kill9()

    def logs(self):
        names = sorted(name for name in os.listdir(self.folder) if name.endswith(".log"))
        for name in names:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as log:
                yield name, log.read()

    # --- the command line -------------------------------------------------------------------------------------------

    def run(self, *args, stdin=b"", **settings):
        """One command of `grapnel`, as subprocess.run() answers."""
        settings = {**self.settings, **self._api_of(args), **settings}
        return subprocess.run([self.programs["grapnel"], *map(str, args)], cwd=self.folder, input=stdin, timeout=60,
                              env=environment(settings), capture_output=True, check=False)

    def _api_of(self, args):
        if args[:1] not in OF_THE_API and args[:2] not in OF_THE_API:
            return {}
        if not self.api_url:
            self.start_api()
        return {"api_url": self.api_url, "api_key": ROOT_KEY}

    def run_async(self, *args):
        """The same, without waiting for its end: a subprocess.Popen."""
        env = environment({**self.settings, **self._api_of(args)})
        return subprocess.Popen([self.programs["grapnel"], *map(str, args)], cwd=self.folder, env=env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def cli(self, *args, tenant=None, stdin=b""):
        """One command with --json; what it printed, as Python's values. Failed when its status is not 0."""
        of_tenant = ["--tenant", tenant] if tenant else []
        done = self.run(*args, *of_tenant, "--json", stdin=stdin)
        if done.returncode:
            raise Failed(done)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return lines[0] if len(lines) == 1 else lines

    def add_tenant(self, tenant, limit=0, *args):
        self.cli("tenant", "add", tenant, "--limit", limit, "--allow-http", *args)
        return tenant

    def add_endpoint(self, tenant, hook, dialect="standard", events="*", secret=SECRET, **options):
        """@hook: of the receiver, or a URL."""
        extra = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        answer = self.cli("endpoint", "add", "--tenant", tenant, "--url", getattr(hook, "url", hook), "--dialect",
                          dialect, "--events", events, "--secret", secret, *extra)
        return Endpoint(self, tenant, answer["id"], hook, dialect, secret)

    def add(self, tenant="acme", path=None, *answers, then=None, limit=0, **options):
        """A tenant with one endpoint at a path of its own: the endpoint."""
        hook = self.receiver.hook(path or f"/{tenant}", *answers, **({"then": then} if then else {}))
        self.add_tenant(tenant, limit)
        return self.add_endpoint(tenant, hook, **options)

    def add_many(self, tenants, **options):
        """@tenants: names, or (name, options of its own)."""
        pairs = [tenant if isinstance(tenant, tuple) else (tenant, {}) for tenant in tenants]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda pair: self.add(pair[0], **{**options, **pair[1]}), pairs))

    # --- events, put in as any Redis client would -------------------------------------------------------------------

    def partition(self, tenant):
        return zlib.crc32(tenant.encode()) % self.settings["partitions"]

    def key(self, tenant, name):
        return f"grapnel:{{{self.partition(tenant)}}}:{name}"

    def xadd(self, tenant, kind="USER_CREATED", data='{"n":1}', **fields):
        """The XADD for one event."""
        words = ["XADD", self.key(tenant, "events"), "*", "tenant", tenant, "type", kind, "data", data]
        for name, value in fields.items():
            words += [name, value]
        return words

    def publish(self, tenant="acme", count=1, kind="USER_CREATED", data=None, **fields):
        """Stream ids, in order. The data of the n-th is {"n":n} unless given."""
        commands = [self.xadd(tenant, kind, data or f'{{"n":{n}}}', **fields) for n in range(count)]
        ids = []
        for i in range(0, count, 500):
            ids += self.redis.pipeline(commands[i:i + 500])
        return [stream_id.decode() for stream_id in ids]

    # --- what Redis holds -------------------------------------------------------------------------------------------

    def heads(self):
        return [f"grapnel:{{{p}}}:" for p in range(self.settings["partitions"])]

    def total(self, command, name):
        """XLEN, ZCARD … of a key, over all partitions."""
        return sum(self.redis.pipeline([(command, head + name) for head in self.heads()]))

    def rejected(self, tenant):
        """[{field: value}] of the tenant's partition, oldest first."""
        entries = self.redis("XRANGE", self.key(tenant, "rejected"), "-", "+")
        return [dict(zip(map(bytes.decode, fields[::2]), fields[1::2])) for _, fields in entries]

    def deliveries(self, tenant="acme"):
        """Their records, oldest first; see records.Delivery."""
        ids = self.redis("ZRANGE", self.key(tenant, "index:" + tenant), 0, -1)
        return [records.read(self.redis, self.key(tenant, ""), i.decode()) for i in ids]

    def delivery(self, tenant="acme"):
        """The record of the only one."""
        found = self.deliveries(tenant)
        assert len(found) == 1, f"one delivery expected: {found}"
        return found[0]

    def done(self, tenant="acme"):
        """How many deliveries have ended."""
        return self.redis("LLEN", self.key(tenant, "done:" + tenant))

    def wait_done(self, count=1, tenant="acme", seconds=15):
        wait_until(lambda: self.done(tenant) >= count, seconds,
                   lambda: f"{count} deliveries of {tenant} to end; ended: {self.done(tenant)}")
        assert self.done(tenant) == count

    def wait_attempts(self, count, tenant="acme", seconds=15):
        """Until the only delivery has so many attempts on record and the scheduler's verdict on the last: the record."""
        def has_so_many():
            found = self.deliveries(tenant)
            return found and len(found[0].attempts) >= count and found[0].entries[-1]["kind"] != "attempt"
        wait_until(has_so_many, seconds, lambda: f"{count} attempts; there is {self.deliveries(tenant)}")
        return self.delivery(tenant)

    def make_due(self, tenant="acme", may_be_none=False):
        """Moves what backs off forward in time, so that it is due now."""
        key = self.key(tenant, "delayed")
        members = self.redis("ZRANGE", key, 0, -1)
        assert members or may_be_none, "nothing is delayed"
        self.redis("EVAL", MAKE_DUE, 1, key)
        return len(members)

    def due_ms(self, tenant="acme"):
        """When the first of those that back off is due, by Redis's clock."""
        found = self.redis("ZRANGE", self.key(tenant, "delayed"), 0, 0, "WITHSCORES")
        assert found, "nothing is delayed"
        return int(found[1])

    def now_ms(self):
        seconds, micros = self.redis("TIME")
        return int(seconds) * 1000 + int(micros) / 1000
