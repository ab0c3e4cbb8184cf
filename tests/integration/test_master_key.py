# SPDX-License-Identifier: Apache-2.0
"""The operator's master key is changed while deliveries go on: in any order of restarts, with processes dying, nothing
fails, and at the end nothing lies under the old key. Whoever lacks a key says which."""

import base64
import contextlib
import hashlib
import itertools
import json
import threading

import pytest
import signatures
from children import wait_until
from stack import MASTER_KEY, SECRET, Failed


def key_id(key):
    return hashlib.sha256(base64.b64decode(key)).hexdigest()[:8]


OLD = MASTER_KEY
NEW = base64.b64encode(b"the new key has thirty-two bytes").decode()
THIRD = base64.b64encode(b"the third one is of that length.").decode()
OLD_ID, NEW_ID, THIRD_ID = map(key_id, (OLD, NEW, THIRD))
MANY = 300  # endpoints of one tenant: many batches of a scheduler


def named(stack):
    """The ids that the installation names: (current, next)."""
    return tuple(value and value.decode() for value in
                 stack.redis("HMGET", "grapnel:meta", "master_key", "master_key_next"))


def records(stack):
    """{key: record} of all endpoints."""
    keys = [key for head in stack.heads() for key in stack.redis("KEYS", head.replace("{", "\\{") + "endpoint:*")]
    return dict(zip(keys, stack.redis.pipeline([("GET", key) for key in keys])))


def sealed_under(stack, key):
    """How many endpoints hold something sealed under it: the version byte and the key's id."""
    mark = b"\x01" + bytes.fromhex(key_id(key))
    return sum(mark in record for record in records(stack).values())


def key_list(stack, **settings):
    """{id: what `grapnel master-key list` tells of it}."""
    done = stack.run("master-key", "list", "--json", **settings)
    if done.returncode:
        raise Failed(done)
    return {line["id"]: line for line in map(json.loads, done.stdout.splitlines())}


def refusal(stack, *args, **settings):
    done = stack.run(*args, **settings)
    assert done.returncode == 1, done
    return done.stderr.decode()


def restart(stack, *keys, children=None):
    """One after the other, so that the others go on meanwhile; all of them, or @children."""
    stack.settings["master_key"] = ",".join(keys)
    for child in children or [child for child in stack.children() if child.is_running()]:
        is_worker = child in stack.workers
        child.terminate()
        assert child.wait() == 0
        if is_worker:
            stack.start_worker()
        else:
            stack.start_scheduler()


def add_many_endpoints(stack, tenant, count=MANY):
    """Endpoints that get no events."""
    stack.add_tenant(tenant)
    line = json.dumps({"tenant": tenant, "url": "http://127.0.0.1:1/x", "dialect": "standard", "events": ["NEVER"],
                       "secret": SECRET})
    stack.cli("endpoint", "add", "--from", "-", stdin="\n".join([line] * count).encode())


class Traffic:
    """Events for some tenants, without a pause, until it ends."""

    def __init__(self, stack, tenants):
        self.stack, self.tenants = stack, tenants
        self.published = 0  # for each of them
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with self.stack.redis.connect() as client:
            while not self._is_ending.wait(0.02):
                client.pipeline([self.stack.xadd(tenant) for tenant in self.tenants])
                self.published += 1

    def wait_for_more(self, count=10):
        """Until so many have come through from now on, for each tenant."""
        wanted = self.published + count
        wait_until(lambda: all(self.stack.done(tenant) >= wanted for tenant in self.tenants), 30,
                   lambda: f"{wanted} deliveries each; {[self.stack.done(tenant) for tenant in self.tenants]}")

    def end(self):
        self._is_ending.set()
        self._thread.join(10)

    @classmethod
    @contextlib.contextmanager
    def flows(cls, stack, tenants):
        traffic = cls(stack, tenants)
        traffic._thread.start()
        try:
            yield traffic
        finally:
            traffic.end()


def check_all_arrived(stack, endpoints, count):
    """Each event once at each endpoint, by its first attempt, with a signature that verifies."""
    for endpoint in endpoints:
        stack.wait_done(count, endpoint.tenant, seconds=30)
        assert len(endpoint.hook.requests) == count
        assert all(signatures.is_signed(endpoint.dialect, r, endpoint.secret) for r in endpoint.hook.requests)
        for delivery in stack.deliveries(endpoint.tenant):
            assert [attempt["status"] for attempt in delivery.attempts] == [200], delivery


def test_the_key_is_changed_under_traffic(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    tenants = [f"tenant{n}" for n in range(6)]
    endpoints = stack.add_many(tenants)
    add_many_endpoints(stack, "large")
    total = MANY + len(tenants)
    assert named(stack) == (OLD_ID, None) and sealed_under(stack, OLD) == total

    with Traffic.flows(stack, tenants) as traffic:
        restart(stack, OLD, NEW)
        traffic.wait_for_more()
        stack.cli("master-key", "rotate", NEW_ID)
        assert named(stack) == (OLD_ID, NEW_ID)

        wait_until(lambda: sealed_under(stack, NEW), 20, "re-encryption to begin", interval=0)
        victim = stack.schedulers[-1]
        victim.kill9()
        assert 0 < sealed_under(stack, NEW) < total  # in the middle
        stack.settings["master_key"] = f"{NEW},{OLD}"
        stack.start_scheduler()
        restart(stack, NEW, OLD)
        wait_until(lambda: named(stack) == (NEW_ID, None), 30, lambda: f"the change to end: {key_list(stack)}")
        keys = key_list(stack)
        assert (keys[OLD_ID]["secrets"], keys[NEW_ID]["secrets"]) == (0, total)
        assert sealed_under(stack, OLD) == 0

        restart(stack, NEW)
        traffic.wait_for_more()

    check_all_arrived(stack, endpoints, traffic.published)
    assert set(key_list(stack)) == {NEW_ID}
    assert "master_key" in refusal(stack, "tenant", "list", master_key=OLD)
    assert not any("cannot be re-encrypted" in child.log() for child in stack.children())


def test_a_secret_that_is_made_during_the_change_lies_under_the_new_key(bare_stack):
    stack = bare_stack.start(master_key=f"{OLD},{NEW}")
    stack.add("before")
    stack.cli("master-key", "rotate", NEW_ID)
    during = stack.add("during")
    (record,) = [record for key, record in records(stack).items() if key.decode().endswith(during.id)]
    assert bytes.fromhex(NEW_ID) in record
    stack.publish("during")
    stack.wait_done(1, "during")
    assert signatures.is_signed("standard", during.hook.requests[0], SECRET)


def beats(stack, count, child):
    """Waits until it has been heard of so many times."""
    seen = set()

    def has_beaten():
        score = stack.redis("ZSCORE", "grapnel:{0}:consumers", f"scheduler/{child.name}")
        seen.add(score)
        return len(seen) > count
    wait_until(has_beaten, 20, f"{count} heartbeats of {child.name}")


def test_schedulers_with_different_orders_do_not_fight(bare_stack):
    stack = bare_stack.start(schedulers=0, workers=1)
    add_many_endpoints(stack, "acme", 40)
    one = stack.start_scheduler(master_key=f"{OLD},{NEW}")
    other = stack.start_scheduler(master_key=f"{NEW},{OLD}")
    stack.workers[0].terminate()
    assert stack.workers[0].wait() == 0
    before = records(stack)
    for child in (one, other):  # nobody asked for a change yet
        beats(stack, 5, child)
    assert records(stack) == before
    stack.settings["master_key"] = f"{OLD},{NEW}"
    stack.cli("master-key", "rotate", NEW_ID)
    wait_until(lambda: named(stack) == (NEW_ID, None), 30, "the change to end")
    after = records(stack)
    assert sealed_under(stack, NEW) == 40
    for child in (one, other):
        beats(stack, 5, child)
    assert records(stack) == after


def test_the_change_ends_although_configuration_never_rests(bare_stack):
    stack = bare_stack.start(master_key=f"{OLD},{NEW}")
    tenants = [next(f"t{n}" for n in range(100) if stack.partition(f"t{n}") == p) for p in range(4)]
    stack.add_many(tenants)
    stack.cli("master-key", "rotate", NEW_ID)
    limits = itertools.count(1)

    def has_ended_while_tenants_change():
        for tenant in tenants:
            stack.cli("tenant", "set", tenant, "--limit", next(limits))
        return named(stack) == (NEW_ID, None)
    wait_until(has_ended_while_tenants_change, 30, "the change to end", interval=0)
    assert sealed_under(stack, OLD) == 0


def test_the_change_can_be_taken_back(bare_stack):
    stack = bare_stack.start(master_key=f"{OLD},{NEW}")
    add_many_endpoints(stack, "large")
    endpoint = stack.add("acme")
    stack.cli("master-key", "rotate", NEW_ID)
    wait_until(lambda: sealed_under(stack, NEW), 20, "re-encryption to begin")
    stack.cli("master-key", "rotate", OLD_ID)
    assert named(stack) == (NEW_ID, OLD_ID)
    wait_until(lambda: named(stack) == (OLD_ID, None), 30, "the change to end")
    assert sealed_under(stack, NEW) == 0 and key_list(stack)[OLD_ID]["secrets"] == MANY + 1
    stack.publish("acme")
    check_all_arrived(stack, [endpoint], 1)


@pytest.mark.parametrize("kind", ["scheduler", "worker"])
@pytest.mark.parametrize("has, lacks", [(OLD, NEW), (NEW, OLD)])
def test_during_the_change_both_keys_are_needed_to_start(bare_stack, kind, has, lacks):
    stack = bare_stack.start(schedulers=0, workers=0, master_key=f"{OLD},{NEW}")
    stack.cli("tenant", "add", "acme")
    stack.cli("master-key", "rotate", NEW_ID)
    child = stack.spawn(kind, master_key=has)
    assert child.wait() == 1
    assert key_id(lacks) in child.log() and key_id(has) in child.log() and "master_key" in child.log()
    assert has not in child.log()


def test_a_worker_that_lacks_the_new_key_stops_before_it_is_needed(bare_stack):
    """Its jobs go to those that have it; no attempt fails."""
    stack = bare_stack.start(master_key=f"{OLD},{NEW}")
    endpoint = stack.add("acme")
    laggard = stack.spawn("worker", master_key=OLD)
    laggard.wait_for_log("worker ready")
    with Traffic.flows(stack, ["acme"]) as traffic:
        traffic.wait_for_more()
        stack.cli("master-key", "rotate", NEW_ID)
        assert laggard.wait() == 1
        assert f"re-encrypted with key {NEW_ID}" in laggard.log()
        wait_until(lambda: named(stack) == (NEW_ID, None), 30, "the change to end")
        traffic.wait_for_more()
    check_all_arrived(stack, [endpoint], traffic.published)


def add_under(stack, key, tenant):
    """An endpoint sealed under a key that the installation does not name."""
    current, _ = named(stack)
    stack.redis("HSET", "grapnel:meta", "master_key", key_id(key))
    hook = stack.receiver.hook(f"/{tenant}")
    done = stack.run("endpoint", "add", "--tenant", tenant, "--url", hook.url, "--dialect", "standard", "--events", "*",
                     "--secret", SECRET, "--json", master_key=key)
    assert done.returncode == 0, done
    stack.redis("HSET", "grapnel:meta", "master_key", current or OLD_ID)
    return hook


def test_what_a_command_that_began_before_the_change_writes_is_brought_over(bare_stack):
    stack = bare_stack.start(workers=0, master_key=f"{OLD},{NEW}")
    stack.add("acme")
    stack.cli("master-key", "rotate", NEW_ID)
    wait_until(lambda: named(stack) == (NEW_ID, None), 30, "the change to end")
    stack.add_tenant("late")
    add_under(stack, OLD, "late")
    assert key_list(stack)[OLD_ID]["secrets"] == 1
    wait_until(lambda: sealed_under(stack, OLD) == 0, 20, "the late one to be re-encrypted")


def test_a_secret_under_a_key_that_nobody_has_is_told_and_holds_the_change_open(bare_stack):
    stack = bare_stack
    stack.settings["master_key"] = f"{OLD},{NEW}"
    stack.add_tenant("foreign")
    hook = add_under(stack, THIRD, "foreign")  # from a copy of another installation, say
    good = stack.add("acme")
    stack.start(schedulers=1, workers=1)
    stack.publish("foreign")
    attempt = stack.wait_attempts(1, "foreign").attempts[0]
    words = f"encrypted with master key {THIRD_ID}, which is not configured here"
    assert words in attempt["message"] and attempt["code"] == "UNKNOWN_ERROR"
    worker = stack.workers[0]
    wait_until(lambda: words in worker.log(), 5, "the worker to say so")
    assert worker.log().count(words) == 1 and worker.is_running()

    stack.cli("master-key", "rotate", NEW_ID)
    scheduler = stack.schedulers[0]
    scheduler.wait_for_log(words, 20)
    wait_until(lambda: sealed_under(stack, NEW) == 1, 20, "the other endpoint to be re-encrypted")
    beats(stack, 5, scheduler)
    assert named(stack) == (OLD_ID, NEW_ID)
    keys = key_list(stack)
    assert keys[THIRD_ID] == {"id": THIRD_ID, "seals": False, "isBeingReplaced": False, "configured": False,
                              "secrets": 1}
    stack.publish("acme")
    check_all_arrived(stack, [good], 1)

    restart(stack, NEW, OLD, THIRD)  # found again
    wait_until(lambda: named(stack) == (NEW_ID, None), 30, "the change to end")
    stack.publish("foreign")
    assert signatures.is_signed("standard", hook.wait(1, 20)[0], SECRET)


def test_a_record_of_another_version_is_left_as_it_is(bare_stack):
    stack = bare_stack.start(master_key=f"{OLD},{NEW}")
    stack.add("acme")
    endpoint = stack.add("other")
    key = stack.key("other", f"endpoint:{endpoint.id}")
    record = stack.redis("GET", key)
    assert record[0] & 0xf0 == 0x80 and record[0] < 0x8f  # a map; with one member more that nobody knows yet
    record = bytes([record[0] + 1]) + record[1:] + b"\xa6future\xa1x"
    stack.redis("SET", key, record)
    stack.cli("master-key", "rotate", NEW_ID)
    stack.schedulers[0].wait_for_log("written by another version", 20)
    wait_until(lambda: sealed_under(stack, NEW) == 1, 20, "the other endpoint to be re-encrypted")
    beats(stack, 5, stack.schedulers[0])
    assert stack.redis("GET", key) == record and named(stack) == (OLD_ID, NEW_ID)
    assert "another version" in refusal(stack, "master-key", "list")
    stack.publish("other")
    check_all_arrived(stack, [endpoint], 1)


def add_source(api, tenant, secret):
    answer = api.post("/v1/sources", {"kind": "token", "header": "X-Token", "secret": secret, "event_type": {"fixed": "thing"}},
                      tenant=tenant)
    assert answer.status == 201
    return answer.json["path"]


def test_inbound_sources_come_over_too(bare_stack):
    stack = bare_stack.start(schedulers=1, workers=0, master_key=f"{OLD},{NEW}")
    api = stack.start_api()
    paths = {}
    for n in range(3):
        stack.add_tenant(f"tenant{n}")
        for m in range(2 + 15 * n):  # more than one batch
            secret = f"the-secret-{n}-{m}"
            paths[add_source(api, f"tenant{n}", secret)] = secret
    assert key_list(stack)[OLD_ID]["secrets"] == len(paths)
    stack.cli("master-key", "rotate", NEW_ID)
    wait_until(lambda: named(stack) == (NEW_ID, None), 30, lambda: f"the change to end: {key_list(stack)}")
    keys = key_list(stack)
    assert (keys[OLD_ID]["secrets"], keys[NEW_ID]["secrets"]) == (0, len(paths))
    after = stack.start_api(master_key=NEW)
    for path, secret in paths.items():
        assert after.post(path, body=b"{}", headers={"X-Token": secret}, key=None).status == 202
        assert after.post(path, body=b"{}", headers={"X-Token": "another-secret"}, key=None).status == 401
        assert after.post(path, body=b"{}", headers={"X-Token": secret}, key=None).status == 200


def test_a_source_of_another_version_is_left_as_it_is(bare_stack):
    stack = bare_stack.start(schedulers=1, workers=0, master_key=f"{OLD},{NEW}")
    stack.add_tenant("acme")
    path = add_source(stack.start_api(), "acme", "the-secret")
    key = stack.key("acme", "source:" + path.rsplit("/", 1)[1])
    record = stack.redis("GET", key)
    assert record[0] & 0xf0 == 0x80 and record[0] < 0x8f
    record = bytes([record[0] + 1]) + record[1:] + b"\xa6future\xa1x"
    stack.redis("SET", key, record)
    stack.cli("master-key", "rotate", NEW_ID)
    stack.schedulers[0].wait_for_log("written by another version", 20)
    beats(stack, 5, stack.schedulers[0])
    assert stack.redis("GET", key) == record and named(stack) == (OLD_ID, NEW_ID)
    assert "another version" in refusal(stack, "master-key", "list")


def test_a_key_is_made(bare_stack):
    stack = bare_stack
    done = stack.run("master-key", "new", redis_url="redis://127.0.0.1:1/0", master_key=None)
    assert done.returncode == 0 and len(base64.b64decode(done.stdout)) == 32
    made = stack.cli("master-key", "new")
    assert made["id"] == key_id(made["key"]) and made["key"].encode() != done.stdout.strip()


def test_a_change_that_cannot_be_is_refused(bare_stack):
    stack = bare_stack
    stack.settings["master_key"] = f"{OLD},{NEW},{THIRD}"
    stack.cli("tenant", "add", "acme")
    assert "not among what is configured" in refusal(stack, "master-key", "rotate", "00112233")
    for wrong in ("", "63", OLD_ID.upper() + "0", "xyzw1234"):
        assert stack.run("master-key", "rotate", wrong).returncode == 2
    assert stack.run("master-key", "rotate").returncode == 2
    assert stack.cli("master-key", "rotate", OLD_ID) == {"current": OLD_ID, "next": None}
    assert stack.cli("master-key", "rotate", NEW_ID) == {"current": OLD_ID, "next": NEW_ID}
    assert stack.cli("master-key", "rotate", NEW_ID) == {"current": OLD_ID, "next": NEW_ID}
    assert "expected that to end first" in refusal(stack, "master-key", "rotate", THIRD_ID)
    assert "master_key" in refusal(stack, "master-key", "rotate", NEW_ID, master_key=None)
    listed = stack.run("master-key", "list").stdout.decode()
    assert "seals" in listed and "is being replaced" in listed
    assert key_list(stack, master_key=None)[OLD_ID]["configured"] is False
    for key in (OLD, NEW, THIRD):
        assert key not in listed


def test_an_api_that_runs_on_seals_with_the_new_key_at_once(bare_stack):
    """Nobody re-encrypts here: what lies under the old key afterwards would stay there."""
    stack = bare_stack
    stack.settings["master_key"] = f"{OLD},{NEW}"
    api = stack.start_api(api_threads=1)
    stack.add_tenant("acme")
    body = {"url": "http://127.0.0.1:1/x", "dialect": "standard"}

    def add():
        answer = api.post("/v1/endpoints", body, tenant="acme")
        assert answer.status == 201, answer
        return answer.json["id"]

    first = add()
    stack.cli("master-key", "rotate", NEW_ID)
    add()
    assert api.put("/tenant/settings/webhook-url", {"value": body["url"]}, tenant="acme").status < 300
    assert (sealed_under(stack, OLD), sealed_under(stack, NEW)) == (1, 2)
    answer = api.ask("PATCH", "/v1/endpoints/" + first, {"rotate": True, "overlap": "0"}, tenant="acme")
    assert answer.status == 200, answer
    assert (sealed_under(stack, OLD), sealed_under(stack, NEW)) == (0, 3)


def test_an_api_without_the_new_key_makes_no_more_secrets(bare_stack):
    stack = bare_stack
    api = stack.start_api(api_threads=1)
    stack.add_tenant("acme")
    body = {"url": "http://127.0.0.1:1/x", "dialect": "standard"}
    assert api.post("/v1/endpoints", body, tenant="acme").status == 201
    stack.settings["master_key"] = f"{OLD},{NEW}"
    stack.cli("master-key", "rotate", NEW_ID)
    answer = api.post("/v1/endpoints", body, tenant="acme")
    assert answer.status >= 500, answer
    assert api.get("/v1/endpoints", tenant="acme").status == 200, "the rest goes on"
