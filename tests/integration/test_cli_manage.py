# SPDX-License-Identifier: Apache-2.0
"""The commands of `grapnel` that read and change configuration and records, against a redis-server of their own."""

import base64
import json
import os
import re
import subprocess
import time

import pytest
from children import free_port, wait_until
from cli_support import PARTITIONS, Deliveries, key, lines, log, partition
from receiver import Answer
from redis_server import RedisServer
from iso_time import iso_ms

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
GRAPNEL = os.path.join(os.environ.get("GRAPNEL_BUILD", os.path.join(ROOT, "build", "release")), "cli", "grapnel")
MASTER_KEY = base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.b64encode(bytes(range(1, 33))).decode()
NO_ENDPOINT = "ep_00000000-0000-4000-8000-000000000000"
NO_DELIVERY = "whd_00000000-0000-4000-8000-000000000000"
MS = 1737556200000  # 2025-01-22T14:30:00.000Z


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RedisServer(str(tmp_path_factory.mktemp("manage")), fsync="no")
    yield server
    server.end()


@pytest.fixture
def redis(server):
    server("FLUSHALL")
    return server


class Cli:
    def __init__(self, url, folder):
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], "GRAPNEL_REDIS_URL": url, "GRAPNEL_MASTER_KEY": MASTER_KEY,
                    "GRAPNEL_EGRESS_ALLOW": "127.0.0.0/8",
                    **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}

    def environment(self, env):
        return {name: value for name, value in {**self.env, **env}.items() if value is not None}

    def run(self, *args, stdin="", **env):
        return subprocess.run([GRAPNEL, *map(str, args)], input=stdin.encode(), capture_output=True, cwd=self.folder,
                              env=self.environment(env), timeout=60, check=False)

    def start(self, *args):
        return subprocess.Popen([GRAPNEL, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=self.folder, env=self.env)

    def text(self, *args, **more):
        """What it printed for people; it did not fail."""
        done = self.run(*args, **more)
        assert done.returncode == 0, done.stderr.decode()
        assert not done.stderr
        return done.stdout.decode()

    def all(self, *args, **more):
        """Each line of JSON; it did not fail."""
        done = self.run(*args, "--json", **more)
        assert done.returncode == 0, done.stderr.decode()
        return lines(done)

    def one(self, *args, **more):
        (value,) = self.all(*args, **more)
        return value

    def refusal(self, *args, status=1, **more):
        """Its words; the same ones go to people and, with --json, to programs."""
        done = self.run(*args, **more)
        words = done.stderr.decode()
        assert done.returncode == status, words
        assert words.startswith("grapnel " + args[0]), words
        assert "Sanitizer" not in words
        if status == 1:
            (error,) = lines(self.run(*args, "--json", **more))
            assert error["error"] in words
        return words

    def add_endpoint(self, tenant="acme", *args, url="http://127.0.0.1:9/hook"):
        return self.one("endpoint", "add", "--tenant", tenant, "--url", url, *args)


@pytest.fixture
def cli(redis, tmp_path):
    return Cli(redis.url, tmp_path)


@pytest.fixture
def acme(cli):
    cli.one("tenant", "add", "acme", "--allow-http")
    return cli


@pytest.fixture
def deliveries(acme, redis):
    return Deliveries(redis, "acme", acme.add_endpoint()["id"])


# --- tenants ------------------------------------------------------------------------------------------------------------


def test_tenant_add_show_list_remove(cli):
    assert cli.text("tenant", "list") == "no tenants\n"
    added = cli.one("tenant", "add", "acme", "--name", "Acmé Inc", "--domain", "acme.example", "--limit", 30)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", added.pop("createdAt"))
    assert added == {"id": "acme", "name": "Acmé Inc", "domain": "acme.example", "limit": 30,
                     "limitIsDefault": False, "allowHttp": False}
    shown = cli.one("tenant", "show", "acme")
    assert {name: shown[name] for name in added} == added
    assert (shown["waiting"], shown["inWindow"], shown["nextPermitAt"], shown["endpoints"]) == (0, 0, None, [])
    assert "0 of 30" in cli.text("tenant", "show", "acme")
    assert "no endpoints" in cli.text("tenant", "show", "acme")
    cli.one("tenant", "add", "b:2")
    assert [tenant["id"] for tenant in cli.all("tenant", "list")] == ["acme", "b:2"]
    head, first, second = cli.text("tenant", "list").splitlines()
    assert head.split() == ["TENANT", "LIMIT", "HTTP", "CREATED", "NAME", "DOMAIN"]
    assert first.index("30") == head.index("LIMIT") == second.index("100 (default)")
    assert cli.one("tenant", "remove", "acme") == {"id": "acme", "removed": True}
    assert "there is no tenant acme" in cli.refusal("tenant", "show", "acme")
    assert "there is no tenant acme" in cli.refusal("tenant", "remove", "acme")
    assert [tenant["id"] for tenant in cli.all("tenant", "list")] == ["b:2"]


@pytest.mark.parametrize("given, limit, is_default", [(None, 100, True), ("default", 100, True), ("none", 0, False),
                                                      ("0", 0, False), ("1", 1, False), ("1000000", 1000000, False)])
def test_tenant_limits(cli, redis, given, limit, is_default):
    added = cli.one("tenant", "add", "acme", *(["--limit", given] if given else []))
    assert (added["limit"], added["limitIsDefault"]) == (limit, is_default)
    stored = redis("HGET", key("acme", "limits"), "acme")
    assert stored == (None if is_default else str(limit).encode())


def test_the_default_limit_is_the_setting(cli):
    assert cli.one("tenant", "add", "acme", GRAPNEL_TENANT_LIMIT="7")["limit"] == 7
    assert cli.one("tenant", "show", "acme", "--tenant-limit", 9)["limit"] == 9


def test_tenant_set_changes_what_is_named_only(cli, redis):
    cli.one("tenant", "add", "acme", "--name", "Acme", "--limit", 5, "--allow-http")
    version = int(redis("GET", key("acme", "version")))
    changed = cli.one("tenant", "set", "acme", "--domain", "acme.example")
    assert (changed["name"], changed["domain"], changed["limit"], changed["allowHttp"]) == (
        "Acme", "acme.example", 5, True)
    changed = cli.one("tenant", "set", "acme", "--limit", "default", "--allow-http=no", "--name", "")
    assert (changed["name"], changed["domain"], changed["limitIsDefault"], changed["allowHttp"]) == (
        "", "acme.example", True, False)
    assert redis("HGET", key("acme", "limits"), "acme") is None
    assert int(redis("GET", key("acme", "version"))) == version + 2  # caches learn of each change
    assert cli.text("tenant", "set", "acme", "--limit", 1) == "tenant acme set\n"
    assert "there is no tenant nope" in cli.refusal("tenant", "set", "nope", "--limit", 1)


def test_tenant_add_does_not_touch_one_that_is_there(cli):
    cli.one("tenant", "add", "acme", "--limit", 5)
    assert "acme is there already" in cli.refusal("tenant", "add", "acme", "--limit", 6)
    assert cli.one("tenant", "show", "acme")["limit"] == 5


@pytest.mark.parametrize("args, words", [
    (["tenant", "add"], "the tenant's id is missing"),
    (["tenant", "add", "a b"], "tenant: expected 1 to 64 of"),
    (["tenant", "add", "a{1}"], "tenant: expected 1 to 64 of"),
    (["tenant", "add", "x" * 65], "tenant: expected 1 to 64 of"),
    (["tenant", "add", ""], "tenant: expected 1 to 64 of"),
    (["tenant", "add", "a", "b"], "one tenant only"),
    (["tenant", "add", "a", "--limit", "-1"], "--limit: expected a number from 0 to 1000000, default or none"),
    (["tenant", "add", "a", "--limit", "1000001"], "--limit: expected"),
    (["tenant", "add", "a", "--limit", "1x"], "--limit: expected"),
    (["tenant", "add", "a", "--name", "x" * 129], "--name: 129 bytes; expected at most 128"),
    (["tenant", "add", "a", "--name", "a\nb"], "--name: expected UTF-8 text without control characters"),
    (["tenant", "add", "a", "--domain", b"\xff"], "--domain: expected UTF-8"),
    (["tenant", "add", "a", "--allow-http=maybe"], "--allow-http: expected yes or no"),
    (["tenant", "set", "a"], "nothing to set"),
    (["tenant", "show"], "the tenant's id is missing"),
    (["tenant", "remove"], "the tenant's id is missing"),
    (["tenant", "list", "x"], "unexpected argument"),
])
def test_tenant_misuse(cli, redis, args, words):
    done = subprocess.run([GRAPNEL, *args], capture_output=True, env=cli.env, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert redis("DBSIZE") == 0


def test_tenant_show_tells_what_waits(acme, redis):
    endpoint = acme.add_endpoint()["id"]
    acme.one("tenant", "set", "acme", "--limit", 10)
    seconds, micros = (int(part) for part in redis("TIME"))
    now = seconds * 1000 + micros // 1000
    redis("RPUSH", key("acme", "window:acme"), *[now - 1000 + i for i in range(5)], *[now + 50000 + i for i in range(7)])
    redis("RPUSH", key("acme", "wait:" + endpoint), *(["job"] * 3))
    redis("ZADD", key("acme", "throttled"), MS, "acme")
    shown = acme.one("tenant", "show", "acme")
    assert (shown["inWindow"], shown["waiting"], shown["nextPermitAt"]) == (7, 3, "2025-01-22T14:30:00.000Z")
    assert [e["id"] for e in shown["endpoints"]] == [endpoint]
    assert "7 of 10" in acme.text("tenant", "show", "acme")


def test_removing_a_tenant_removes_its_endpoints(acme, redis):
    endpoint = acme.add_endpoint()["id"]
    acme.one("tenant", "remove", "acme")
    assert "there is no endpoint" in acme.refusal("endpoint", "show", endpoint)
    assert redis("HEXISTS", key("acme", "cancelling"), endpoint) == 1  # what waits for it is cancelled
    assert acme.all("endpoint", "list") == []


# --- endpoints ----------------------------------------------------------------------------------------------------------


def test_endpoint_add_with_defaults(acme):
    added = acme.add_endpoint()
    assert re.fullmatch(r"ep_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", added["id"])
    assert int(added["id"][18:21], 16) == partition("acme")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", added.pop("secret"))
    expected = {"tenant": "acme", "url": "http://127.0.0.1:9/hook", "description": "", "dialect": "royalti",
                "events": ["*"], "slots": 64, "retries": 3, "timeoutMs": 30000, "own": {}, "filter": None,
                "enabled": True, "disabledReason": None, "disabledAt": None}
    assert {name: added[name] for name in expected} == expected
    (secret,) = added["secrets"]
    assert re.fullmatch("sec_[a-z2-9]{7}", secret["id"])
    assert (secret["createdAt"], secret["until"]) == (added["createdAt"], None)
    shown = acme.one("endpoint", "show", added["id"])
    assert shown == {**added, "consecutiveFailures": 0, "inFlight": 0, "waiting": 0, "slowed": None}


def test_endpoint_add_with_everything(acme, redis):
    added = acme.add_endpoint("acme", "--dialect", "verification", "--events", "A, user.* ,B", "--secret",
                              "0123456789abcdef", "--slots", 3, "--retries", 0, "--timeout", "1500ms",
                              "--description", "Größe 1", "--headers", '{"X-Env": "live"}', "--header-prefix", "X-Acme-")
    assert "secret" not in added  # who gave it knows it
    expected = {"dialect": "verification", "events": ["A", "user.*", "B"], "slots": 3, "retries": 0,
                "timeoutMs": 1500, "description": "Größe 1",
                "own": {"header-prefix": "X-Acme-", "retries": "0", "timeout": "1500ms", "headers": '{"X-Env": "live"}'}}
    assert {name: added[name] for name in expected} == expected
    assert len(added["secrets"]) == 1
    assert redis("HGET", key("acme", "caps"), added["id"]) == b"3"
    words = acme.text("endpoint", "show", added["id"])
    for expected in ("verification", "A,user.*,B", "1500 ms", "Größe 1", "enabled", "X-Acme-", "live", "sec_"):
        assert expected in words


def test_a_made_secret_is_shown_once_and_lies_encrypted(acme, redis):
    words = acme.text("endpoint", "add", "--tenant", "acme", "--url", "https://example.com/")
    endpoint, secret = re.search(r"endpoint (ep_\S+) added\nsecret (whsec_\S+) \(shown this once\)", words).groups()
    given = "a-secret-of-my-own-0123"
    acme.one("endpoint", "set", endpoint, "--secret", given)
    record = redis("GET", key("acme", "endpoint:" + endpoint))
    for text in (secret, given):
        assert text.encode() not in record and text[6:20].encode() not in record
    everything = b"".join(acme.run(*args).stdout for args in (
        ["endpoint", "show", endpoint], ["endpoint", "show", endpoint, "--json"], ["endpoint", "list"],
        ["endpoint", "list", "--json"], ["tenant", "show", "acme", "--json"]))
    assert secret.encode() not in everything and given.encode() not in everything
    assert len(acme.one("endpoint", "show", endpoint)["secrets"]) == 1


def test_a_secret_from_standard_input(acme):
    added = acme.one(
        "endpoint", "add", "--tenant", "acme", "--url", "https://example.com", "--secret", "-",
        stdin="0123456789abcdef\nmore\n")
    assert len(added["secrets"]) == 1 and "secret" not in added
    assert "--secret: standard input has no line" in acme.refusal(
        "endpoint", "add", "--tenant", "acme", "--url", "https://example.com", "--secret", "-")


@pytest.mark.parametrize("args, words, status", [
    (["--tenant", "acme"], "--url is missing", 2),
    (["--url", "https://example.com"], "--tenant is missing", 2),
    (["--tenant", "nope", "--url", "https://example.com"], "--tenant: there is no tenant nope", 1),
    (["--tenant", "a b", "--url", "https://example.com"], "--tenant: expected 1 to 64 of", 2),
    (["--tenant", "acme", "--url", "http://example.com"], "https", 1),
    (["--tenant", "acme", "--url", "https://10.1.2.3/"], "10.0.0.0/8", 1),
    (["--tenant", "acme", "--url", "https://localtest:22/"], "port", 1),
    (["--tenant", "acme", "--url", "https://user@example.com/"], "url", 1),
    (["--tenant", "acme", "--url", "ftp://example.com/"], "url", 1),
    (["--tenant", "acme", "--url", "https://example.com/" + "x" * 2048], "2048", 1),
    (["--tenant", "acme", "--url", ""], "--url: empty", 2),
    (["--tenant", "acme", "--url", "https://example.com", "--dialect", "stripe"],
     "--dialect: expected one of royalti, simple, verification, template, standard", 2),
    (["--tenant", "acme", "--url", "https://example.com", "--events", "USER_CREATED,A"],
     'events: "A" is not in the catalogue', 1),
    (["--tenant", "acme", "--url", "https://example.com", "--events", "user.*"], 'events: "user.*" is not', 1),
    (["--tenant", "acme", "--url", "https://example.com", "--dialect", "simple", "--events", "A,b*"], 'events: "b*"', 1),
    (["--tenant", "acme", "--url", "https://example.com", "--events", ""], "--events: empty", 2),
    (["--tenant", "acme", "--url", "https://example.com", "--events", ",".join(["USER_CREATED"] * 101)],
     "at most 100", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--slots", "0"], "--slots: expected a number from 1 to 10000", 2),
    (["--tenant", "acme", "--url", "https://example.com", "--slots", "10001"], "--slots: expected", 2),
    (["--tenant", "acme", "--url", "https://example.com", "--retries", "101"],
     "retries: expected 0 to 100", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--retries", "-1"], "retries: expected 0", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--timeout", "99"],
     "timeout: expected a duration from 100ms to 120s", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--timeout", "121s"], "timeout: expected", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--timeout", "soon"], "timeout: expected", 1),
    *((["--tenant", "acme", "--url", "https://example.com", "--" + part, value], words, 1) for part, value, words in [
        ("header-prefix", "X Acme", "header-prefix: expected 1 to 40"),
        ("header-prefix", "-X", "header-prefix: expected 1 to 40"),
        ("signature", "md5", "signature: expected hex, sha256-hex, v1 or v1a"),
        ("signed-text", "url", "signed-text: expected body, timestamp.body or id.timestamp.body"),
        ("signing", "never", "signing: expected always or required"),
        ("schedule", "5s,soon", 'schedule: "soon": expected delays of 100ms to 30d'),
        ("schedule", "31d", 'schedule: "31d": expected delays of 100ms to 30d'),
        ("schedule", ",".join(["1s"] * 17), "schedule: expected at most 16 delays"),
        ("schedule", "base=2s factor=11", 'schedule: "factor": expected'),
        ("schedule", "base=2h cap=1h", "schedule: expected a base, and a cap that is not below it"),
        ("jitter", "101", "jitter: expected 0 to 100 (percent)"),
        ("statuses", "199=retry", 'statuses: "199=retry": expected rules such as'),
        ("statuses", "404=perhaps", 'statuses: "404=perhaps": expected rules such as'),
        ("statuses", "499-400=final", 'statuses: "499-400=final": expected rules such as'),
        ("retry-after-max", "8d", "retry-after-max: expected a duration up to 7d, or 0"),
        ("headers", "X-Env: live", "headers: expected a JSON object"),
        ("headers", '{"Host":"x"}', "headers: Host is reserved"),
        ("headers", '{"X-Royalti-Event":"x"}', "headers: X-Royalti-Event is the dialect's own"),
        ("headers", '{"X-A":"b\\r\\nX-B: c"}', "headers: X-A: expected printable ASCII"),
        ("user-agent", "Größe", "user-agent: expected printable ASCII"),
    ]),
    (["--tenant", "acme", "--url", "https://example.com", "--signature", "v1a", "--secret", "whsec_" + "A" * 32],
     "expected whsk_", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--secret", "short"], "secret: 5 bytes; expected 15 to 512", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--secret", "x" * 513], "secret: 513 bytes", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--secret", "with spaces in it"], "printable ASCII", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--dialect", "standard", "--secret", "no-whsec-in-front"],
     "whsec_", 1),
    (["--tenant", "acme", "--url", "https://example.com", "--description", "x" * 257], "--description: 257 bytes", 2),
    (["--tenant", "acme", "--url", "https://example.com", "--from", "x"], "--from", 2),
    (["--from", "/nonexistent/file"], "/nonexistent/file: No such file or directory", 1),
])
def test_endpoint_add_refusals(cli, args, words, status):
    cli.one("tenant", "add", "acme")
    assert words in cli.refusal("endpoint", "add", *args, status=status)
    assert cli.all("endpoint", "list") == []


def test_plain_http_where_the_tenant_may(cli):
    cli.one("tenant", "add", "acme")
    args = ["endpoint", "add", "--tenant", "acme", "--url", "http://example.com/"]
    cli.refusal(*args)
    cli.one("tenant", "set", "acme", "--allow-http")
    endpoint = cli.one(*args)["id"]
    cli.one("tenant", "set", "acme", "--allow-http=no")
    assert "https" in cli.refusal("endpoint", "set", endpoint, "--url", "http://example.com/other")
    cli.one("endpoint", "set", endpoint, "--description", "the URL is not looked at when it is not changed")


def test_no_endpoint_without_a_master_key(acme):
    args = ["endpoint", "add", "--tenant", "acme", "--url", "https://example.com"]
    words = acme.refusal(*args, GRAPNEL_MASTER_KEY=None)
    assert "master_key: not set" in words and "GRAPNEL_MASTER_KEY" in words
    endpoint = acme.one(*args)["id"]
    assert "master_key" in acme.refusal("endpoint", "set", endpoint, "--rotate", GRAPNEL_MASTER_KEY=None)
    assert acme.one("endpoint", "set", endpoint, "--slots", 5, GRAPNEL_MASTER_KEY=None)["slots"] == 5


def test_endpoint_set_changes_what_is_named_only(acme, redis):
    endpoint = acme.add_endpoint("acme", "--slots", 3, "--events", "USER_CREATED")["id"]
    before = acme.one("endpoint", "show", endpoint)
    for args, change in [
        (["--url", "https://example.com/new"], {"url": "https://example.com/new"}),
        (["--events", "all, default,ROYALTY_FILE_UPLOADED"], {"events": ["*", "default", "ROYALTY_FILE_UPLOADED"]}),
        (["--events", "USER_CREATED"], {"events": ["USER_CREATED"]}),
        (["--retries", "9"], {"retries": 9, "own": {"retries": "9"}}),
        (["--timeout", "5s"], {"timeoutMs": 5000, "own": {"retries": "9", "timeout": "5s"}}),
        (["--retries", "default"], {"retries": 3, "own": {"timeout": "5s"}}),
        (["--timeout", "default"], {"timeoutMs": 30000, "own": {}}),
        (["--slots", "default"], {"slots": 64}),
        (["--description", "new"], {"description": "new"}),
        (["--dialect", "simple", "--description", ""], {"dialect": "simple", "retries": 4, "description": ""}),
    ]:
        before.update(change)
        changed = acme.one("endpoint", "set", endpoint, *args)
        assert "secret" not in changed
        assert changed == {name: before[name] for name in changed}
        assert acme.one("endpoint", "show", endpoint) == before
    assert redis("HGET", key("acme", "caps"), endpoint) is None
    assert acme.text("endpoint", "set", endpoint, "--slots", 1) == f"endpoint {endpoint} set\n"


@pytest.mark.parametrize("args, words, status", [
    ([], "the endpoint's id is missing", 2),
    (["ep_x", "--slots", "1"], "ep_x is no endpoint's id: expected ep_ and a UUID", 1),
    ([NO_ENDPOINT, "--slots", "1"], "there is no endpoint " + NO_ENDPOINT, 1),
    ([NO_ENDPOINT, "--slots", "x"], "--slots: expected", 2),
    ([NO_ENDPOINT, "--secret", "0123456789abcdef", "--rotate"], "expected one of them", 2),
    ([NO_ENDPOINT, NO_ENDPOINT], "one endpoint only", 2),
    ([NO_ENDPOINT], "nothing to set", 2),
    ([NO_ENDPOINT, "--rotate", "--overlap", "8d"], "--overlap: expected", 2),
    ([NO_ENDPOINT, "--overlap", "1h"], "--overlap: expected with --secret or --rotate", 2),
])
def test_endpoint_set_refusals(cli, args, words, status):
    assert words in cli.refusal("endpoint", "set", *args, status=status)


def test_endpoint_rotate(acme):
    first = acme.add_endpoint("acme", "--dialect", "standard")
    second = acme.one("endpoint", "set", first["id"], "--rotate")
    assert second["secret"].startswith("whsec_") and second["secret"] != first["secret"]
    new, old = second["secrets"]
    assert new["until"] is None and old["id"] == first["secrets"][0]["id"]
    assert iso_ms(old["until"]) - iso_ms(new["createdAt"]) == 86400_000
    third = acme.one("endpoint", "set", first["id"], "--rotate", "--overlap", "1h")["secrets"]
    assert [iso_ms(secret["until"]) - iso_ms(third[0]["createdAt"]) for secret in third[1:]] == [3600_000, 3600_000]
    assert "signs until" in acme.text("endpoint", "show", first["id"])
    fourth = acme.one("endpoint", "set", first["id"], "--rotate", "--overlap", "7d")["secrets"]
    assert [secret["id"] for secret in fourth[1:]] == [secret["id"] for secret in third]
    assert fourth[2:] == third[1:], "an end that was told is not moved back"


def test_a_fifth_secret_is_refused_until_one_is_revoked(acme):
    endpoint = acme.add_endpoint("acme", "--dialect", "standard")["id"]
    for _ in range(3):
        before = acme.one("endpoint", "set", endpoint, "--rotate")
    assert len(before["secrets"]) == 4
    assert "secret: 4 are in use still; expected one to be revoked first" in acme.refusal(
        "endpoint", "set", endpoint, "--rotate")
    before.pop("secret")
    assert acme.one("endpoint", "show", endpoint)["secrets"] == before["secrets"]
    acme.one("endpoint", "revoke", endpoint, before["secrets"][2]["id"])
    assert len(acme.one("endpoint", "set", endpoint, "--rotate")["secrets"]) == 4
    alone = acme.one("endpoint", "set", endpoint, "--rotate", "--overlap", "0")["secrets"]
    assert [secret["until"] for secret in alone] == [None], "without an overlap all the others go"


def test_where_one_secret_signs_the_others_go_at_once(acme):
    endpoint = acme.add_endpoint()["id"]
    for overlap in ([], [], [], [], ["--overlap", "0"]):
        assert len(acme.one("endpoint", "set", endpoint, "--rotate", *overlap)["secrets"]) == 1
    assert "overlap: a signature that is no list" in acme.refusal("endpoint", "set", endpoint, "--rotate", "--overlap", "1s")


def test_headers_and_what_they_must_not_be_can_change_together(acme):
    mine, theirs = '{"X-Acme-Event":"mine"}', '{"X-Royalti-Event":"mine"}'
    endpoint = acme.add_endpoint("acme", "--headers", mine)["id"]

    def change(prefix, *headers):
        return "endpoint", "set", endpoint, "--header-prefix", prefix, *headers
    assert "headers: X-Acme-Event is the dialect's own" in acme.refusal(*change("X-Acme-"))
    own = acme.one(*change("X-Acme-", "--headers", theirs))["own"]
    assert own == {"header-prefix": "X-Acme-", "headers": theirs}
    assert "headers: X-Royalti-Event is the dialect's own" in acme.refusal(*change("default"))
    assert acme.one(*change("default", "--headers", mine))["own"] == {"headers": mine}


def test_endpoint_revoke(acme):
    endpoint = acme.add_endpoint("acme", "--dialect", "standard")["id"]
    for _ in range(3):
        secrets = acme.one("endpoint", "set", endpoint, "--rotate")["secrets"]
    changed = acme.one("endpoint", "revoke", endpoint, secrets[1]["id"])
    assert "secret" not in changed
    assert changed["secrets"] == [secrets[0], secrets[2], secrets[3]] == acme.one("endpoint", "show", endpoint)["secrets"]
    assert acme.text("endpoint", "revoke", endpoint, secrets[3]["id"]) == f"endpoint {endpoint}: 1 secret revoked\n"
    acme.one("endpoint", "set", endpoint, "--rotate")
    assert acme.text("endpoint", "revoke", endpoint, "--old") == f"endpoint {endpoint}: 2 secrets revoked\n"
    assert len(acme.one("endpoint", "show", endpoint)["secrets"]) == 1
    assert acme.text("endpoint", "revoke", endpoint, "--old") == f"endpoint {endpoint}: 0 secrets revoked\n"


def test_revocations_at_the_same_time_are_all_kept(acme):
    endpoint = acme.add_endpoint("acme", "--dialect", "standard")["id"]
    for _ in range(3):
        secrets = acme.one("endpoint", "set", endpoint, "--rotate")["secrets"]
    changes = [["revoke", endpoint, secret["id"]] for secret in secrets[1:]] + [["set", endpoint, "--slots", "7"]]
    for running in [acme.start("endpoint", *args) for args in changes]:
        assert running.communicate(timeout=60) and running.returncode == 0
    shown = acme.one("endpoint", "show", endpoint)
    assert (shown["secrets"], shown["slots"]) == (secrets[:1], 7)


def test_a_secret_is_revoked_without_a_master_key(acme):
    endpoint = acme.add_endpoint("acme", "--dialect", "standard")["id"]
    acme.one("endpoint", "set", endpoint, "--rotate")
    assert len(acme.one("endpoint", "revoke", endpoint, "--old", GRAPNEL_MASTER_KEY=None)["secrets"]) == 1


def test_the_secret_in_use_cannot_be_revoked(acme):
    made = acme.add_endpoint()
    words = acme.refusal("endpoint", "revoke", made["id"], made["secrets"][0]["id"])
    assert "is the one in use" in words and "--rotate --overlap 0" in words
    assert acme.one("endpoint", "show", made["id"])["secrets"] == made["secrets"]


@pytest.mark.parametrize("args, words, status", [
    ([], "the endpoint's id is missing", 2),
    ([NO_ENDPOINT], "the secret's id is missing", 2),
    ([NO_ENDPOINT, "sec_abcdefg", "--old"], "a secret's id and --old: expected one of them", 2),
    ([NO_ENDPOINT, "sec_abcdefg", "sec_abcdefh"], "one secret only", 2),
    ([NO_ENDPOINT, "sec_abcdefg"], "there is no endpoint " + NO_ENDPOINT, 1),
    (["ep_x", "--old"], "ep_x is no endpoint's id", 1),
])
def test_endpoint_revoke_refusals(cli, args, words, status):
    assert words in cli.refusal("endpoint", "revoke", *args, status=status)


def test_revoking_what_is_not_there(acme):
    endpoint = acme.add_endpoint()["id"]
    assert f"endpoint {endpoint} has no secret sec_abcdefg" in acme.refusal("endpoint", "revoke", endpoint, "sec_abcdefg")
    acme.one("tenant", "add", "beta")
    assert "--tenant: endpoint" in acme.refusal("endpoint", "revoke", endpoint, "--old", "--tenant", "beta")


def test_a_dialect_with_other_secrets_needs_a_new_one(acme):
    endpoint = acme.add_endpoint("acme", "--secret", "not-of-the-form-that-standard-takes")["id"]
    words = acme.refusal("endpoint", "set", endpoint, "--dialect", "standard")
    assert "--secret" in words and "--rotate" in words
    assert acme.one("endpoint", "show", endpoint)["dialect"] == "royalti"
    changed = acme.one("endpoint", "set", endpoint, "--dialect", "standard", "--rotate")
    assert (changed["dialect"], len(changed["secrets"])) == ("standard", 1)  # the old one could not sign


def test_another_kind_of_key_needs_a_new_secret(acme):
    made = acme.add_endpoint("acme", "--dialect", "standard")
    words = acme.refusal("endpoint", "set", made["id"], "--signature", "v1a")
    assert "--secret" in words and "--rotate" in words
    changed = acme.one("endpoint", "set", made["id"], "--signature", "v1a", "--rotate")
    assert changed["secret"].startswith("whsk_")
    new, old = changed["secrets"]
    assert new["publicKey"].startswith("whpk_") and old["id"] == made["secrets"][0]["id"]
    assert new["publicKey"] in acme.text("endpoint", "show", made["id"])
    assert "--rotate" in acme.refusal("endpoint", "set", made["id"], "--signature", "default")
    assert acme.one("endpoint", "set", made["id"], "--signature", "default", "--rotate")["secret"].startswith("whsec_")


def test_changes_at_the_same_time_are_all_kept(acme):
    """Each reads, changes and writes back: none may undo another's."""
    before = acme.add_endpoint()
    endpoint = before["id"]
    changes = [["--url", "https://example.com/new"], ["--slots", 7], ["--retries", 2], ["--timeout", "9s"],
               ["--description", "new"],
               ["--events", "ROYALTY_FILE_UPLOADED"], ["--user-agent", "Seven/7"], ["--headers", '{"X-Env":"live"}'], ["--rotate"]]
    for running in [acme.start("endpoint", "set", endpoint, *args) for args in changes]:
        assert running.communicate(timeout=60) and running.returncode == 0
    shown = acme.one("endpoint", "show", endpoint)
    assert [shown[name] for name in ("url", "slots", "retries", "timeoutMs", "description", "events")] == [
        "https://example.com/new", 7, 2, 9000, "new", ["ROYALTY_FILE_UPLOADED"]]
    assert (shown["own"]["user-agent"], shown["own"]["headers"]) == ("Seven/7", '{"X-Env":"live"}')
    assert shown["secrets"][0]["id"] != before["secrets"][0]["id"]


def test_endpoint_list(acme):
    assert acme.text("endpoint", "list") == "no endpoints\n"
    acme.one("tenant", "add", "beta")
    ours = [acme.add_endpoint(url=f"http://127.0.0.1:9/{n}")["id"] for n in range(3)]
    other = acme.add_endpoint("beta", url="https://example.com/b")["id"]
    assert [e["id"] for e in acme.all("endpoint", "list", "--tenant", "acme")] == ours
    assert [e["id"] for e in acme.all("endpoint", "list")] == [*ours, other]
    head, *rows = acme.text("endpoint", "list").splitlines()
    assert len(rows) == 4
    assert {row.index("http") for row in rows} == {head.index("URL")}
    assert "there is no tenant nope" in acme.refusal("endpoint", "list", "--tenant", "nope")


def test_endpoint_show_tells_what_it_is_doing(acme, redis):
    endpoint = acme.add_endpoint()["id"]
    redis("SET", key("acme", "slots:" + endpoint), 5)
    redis("RPUSH", key("acme", "wait:" + endpoint), "a", "b")
    redis("HSET", key("acme", "failures"), endpoint, 49)
    shown = acme.one("endpoint", "show", endpoint)
    assert (shown["inFlight"], shown["waiting"], shown["consecutiveFailures"]) == (5, 2, 49)


def test_endpoint_disable_enable_remove(acme, redis):
    endpoint = acme.add_endpoint()["id"]
    redis("HSET", key("acme", "failures"), endpoint, 49)
    off = acme.one("endpoint", "disable", endpoint, "--reason", "maintenance é")
    assert (off["enabled"], off["disabledReason"]) == (False, "maintenance é")
    assert off["disabledAt"].startswith("20")
    assert "disabled: maintenance é" in acme.text("endpoint", "show", endpoint)
    assert acme.all("endpoint", "list")[0]["enabled"] is False
    assert acme.one("endpoint", "set", endpoint, "--slots", 2)["enabled"] is False
    on = acme.one("endpoint", "enable", endpoint)
    assert (on["enabled"], on["disabledReason"], on["disabledAt"]) == (True, None, None)
    assert acme.one("endpoint", "show", endpoint)["consecutiveFailures"] == 0
    assert acme.one("endpoint", "disable", endpoint)["disabledReason"] == "disabled by hand"
    assert acme.one("endpoint", "remove", endpoint) == {"id": endpoint, "tenant": "acme", "removed": True}
    for verb in ("show", "enable", "disable", "remove"):
        assert "there is no endpoint" in acme.refusal("endpoint", verb, endpoint)
    assert acme.all("endpoint", "list") == []


@pytest.mark.parametrize("verb", ["show", "enable", "disable", "remove"])
def test_one_endpoint_misuse(acme, verb):
    endpoint = acme.add_endpoint()["id"]
    assert "the endpoint's id is missing" in acme.refusal("endpoint", verb, status=2)
    assert "expected ep_ and a UUID" in acme.refusal("endpoint", verb, NO_DELIVERY)
    assert "none of tenant beta" in acme.refusal("endpoint", verb, endpoint, "--tenant", "beta")
    assert acme.one("endpoint", "show", endpoint, "--tenant", "acme")["enabled"] is True


def test_an_id_of_another_partition_count_is_unknown(acme):
    assert "there is no endpoint" in acme.refusal("endpoint", "show", "ep_00000000-0000-4fff-8000-000000000000")
    assert "there is no delivery" in acme.refusal("delivery", "show", "whd_00000000-0000-4fff-8000-000000000000")


# --- many endpoints -----------------------------------------------------------------------------------------------------


def bulk(*objects):
    return "".join((o if isinstance(o, str) else json.dumps(o)) + "\n" for o in objects)


def test_a_thousand_endpoints(cli):
    text = bulk(*({"tenant": f"t{n % 37}", "url": f"http://127.0.0.1:9/{n}", "dialect": "standard",
                   "create_tenant": {"limit": 0, "allow_http": True}} for n in range(1000)))
    begin = time.monotonic()
    added = cli.all("endpoint", "add", "--from", "-", stdin=text)
    assert time.monotonic() - begin < 2 or "ASAN_OPTIONS" in os.environ
    assert [e["line"] for e in added] == list(range(1, 1001))
    assert len({e["id"] for e in added}) == len({e["secret"] for e in added}) == 1000
    assert [e["url"] for e in added] == [f"http://127.0.0.1:9/{n}" for n in range(1000)]
    tenants = cli.all("tenant", "list")
    assert len(tenants) == 37
    assert all(t["limit"] == 0 and t["allowHttp"] for t in tenants)
    assert {e["id"] for e in cli.all("endpoint", "list")} == {e["id"] for e in added}


def test_bulk_from_a_file_with_everything(acme, tmp_path):
    path = tmp_path / "endpoints.ndjson"
    path.write_text(bulk({"tenant": "acme", "url": "https://example.com/1", "dialect": "simple",
                          "events": ["A", "user.*"], "secret": "0123456789abcdef", "slots": 8, "retries": 5,
                          "timeout": "10s", "description": "één", "headers": {"X-Env": "live"}, "schedule": "5s,1m",
                          "retry_after_max": "1h"},
                         {"tenant": "acme", "url": "https://example.com/2", "events": "USER_CREATED,all", "slots": None},
                         "", "   "))
    first, second = acme.all("endpoint", "add", "--from", path)
    expected = {"line": 1, "tenant": "acme", "dialect": "simple", "events": ["A", "user.*"], "slots": 8, "retries": 5,
                "timeoutMs": 10000, "description": "één",
                "own": {"schedule": "5s,1m", "retries": "5", "timeout": "10s", "retry-after-max": "1h",
                        "headers": '{"X-Env":"live"}'}}
    assert {name: first[name] for name in expected} == expected
    assert "secret" not in first
    assert (second["line"], second["events"], second["slots"]) == (2, ["USER_CREATED", "*"], 64)
    assert second["secret"].startswith("whsec_")
    words = acme.text("endpoint", "add", "--from", path)
    assert words.endswith("2 added, 0 refused\n") and words.count("secret whsec_") == 1


def test_bulk_tells_each_refused_line_and_adds_the_others(acme):
    url = "https://example.com/"
    cases = [
        ('{"tenant":"acme"}', "url: missing"),
        ({"url": url}, "tenant: missing"),
        ("nonsense", "not JSON"),
        ('{"tenant":"acme","url":"https://example.com/"', "not JSON"),
        ('{"tenant":"acme","tenant":"acme","url":"https://example.com/"}', "not JSON: duplicate"),
        ("[]", "expected a JSON object"),
        ({"tenant": "acme", "url": url}, None),
        ({"tenant": 1, "url": url}, "tenant: expected a text"),
        ({"tenant": "a b", "url": url}, "tenant: expected 1 to 64 of"),
        ({"tenant": "acme", "url": "https://10.0.0.1/"}, "10.0.0.0/8"),
        ({"tenant": "acme", "url": url, "dialect": "x"}, "dialect: expected one of"),
        ({"tenant": "acme", "url": url, "events": []}, "events: expected at least one"),
        ({"tenant": "acme", "url": url, "events": ["A,B"]}, "events: expected one type in each"),
        ({"tenant": "acme", "url": url, "events": [1]}, "events: expected a text"),
        ({"tenant": "acme", "url": url, "events": ["USER_CREATED"] * 101}, "at most 100"),
        ({"tenant": "acme", "url": url, "events": ["A"]}, 'events: "A" is not in the catalogue'),
        ({"tenant": "acme", "url": url, "slots": "8"}, "slots: expected a whole number"),
        ({"tenant": "acme", "url": url, "slots": 1.5}, "slots: expected a whole number"),
        ({"tenant": "acme", "url": url, "slots": 0}, "slots: expected a number from 1 to 10000"),
        ({"tenant": "acme", "url": url, "retries": 101}, "retries: expected 0 to 100"),
        ({"tenant": "acme", "url": url, "timeout": 1}, "timeout: expected a duration"),
        ({"tenant": "acme", "url": url, "timeout_ms": 1000}, "timeout_ms: unknown; expected tenant, url"),
        ({"tenant": "acme", "url": url, "jitter": [1]}, "jitter: expected a text"),
        ({"tenant": "acme", "url": url, "headers": {"X-A": 1}}, "headers: "),
        ({"tenant": "acme", "url": url, "secret": "short"}, "secret: 5 bytes"),
        ({"tenant": "acme", "url": url, "colour": "red"}, "colour: unknown; expected tenant, url"),
        ({"tenant": "beta", "url": url}, "tenant: there is no tenant beta"),
        ({"tenant": "beta", "url": url, "create_tenant": "yes"}, "create_tenant: expected true or false"),
        ({"tenant": "beta", "url": url, "create_tenant": {"limit": -1}}, "create_tenant.limit: expected"),
        ({"tenant": "beta", "url": url, "create_tenant": {"x": 1}}, "create_tenant.x: unknown"),
        ({"tenant": "beta", "url": url, "create_tenant": True}, None),
        ({"tenant": "beta", "url": url}, None),
        ({"tenant": "acme", "url": url, "description": "x" * 70000}, "longer than 65536 bytes"),
    ]
    done = acme.run("endpoint", "add", "--from", "-", "--json", stdin=bulk(*(case for case, _ in cases)))
    assert done.returncode == 1
    results = lines(done)
    assert [r["line"] for r in results] == list(range(1, len(cases) + 1))
    for (_, words), result in zip(cases, results):
        if words:
            assert words in result["error"]
            assert f"line {result['line']}: {result['error']}" in done.stderr.decode()
        else:
            assert "id" in result
    assert len(acme.all("endpoint", "list")) == sum(words is None for _, words in cases)


def test_no_more_endpoints_than_a_tenant_may_have(acme):
    done = acme.run("endpoint", "add", "--from", "-", "--json",
                    stdin=bulk(*({"tenant": "acme", "url": "https://example.com/"} for _ in range(1001))))
    results = lines(done)
    assert done.returncode == 1
    assert all("id" in r for r in results[:1000])
    assert "acme has 1000 endpoints" in results[1000]["error"]
    assert "acme has 1000 endpoints" in acme.refusal("endpoint", "add", "--tenant", "acme", "--url",
                                                    "https://example.com/")
    assert len(acme.all("endpoint", "list")) == 1000


# --- the store ----------------------------------------------------------------------------------------------------------


def test_the_installation_is_made_and_checked(cli, redis):
    cli.one("tenant", "add", "acme")
    meta = redis("HGETALL", "grapnel:meta")
    meta = dict(zip(meta[::2], meta[1::2]))
    assert (meta[b"format"], meta[b"partitions"]) == (b"1", str(PARTITIONS).encode())
    assert "partitions: the installation in this Redis has 4, configured are 8" in cli.refusal(
        "tenant", "list", GRAPNEL_PARTITIONS="8")
    assert "master_key: the secrets in this Redis were encrypted with another key" in cli.refusal(
        "tenant", "list", GRAPNEL_MASTER_KEY=OTHER_KEY)
    assert "master_key: expected 32 bytes in base64" in cli.refusal("tenant", "list", GRAPNEL_MASTER_KEY="x")
    assert len(cli.all("tenant", "list", GRAPNEL_MASTER_KEY=None)) == 1
    redis("HSET", "grapnel:meta", "format", "2")
    assert "format" in cli.refusal("tenant", "list")
    assert cli.all("tenant", "list", GRAPNEL_KEY_PREFIX="other") == []


def test_redis_is_unreachable(cli):
    words = cli.refusal("tenant", "list", "--redis-url", f"redis://127.0.0.1:{free_port()}", status=3)
    assert "Connection refused" in words


def test_redis_that_does_not_answer(cli, server):
    server.stop()
    try:
        assert "no answer within 300 ms" in cli.refusal("tenant", "list", "--redis-timeout", "300ms", status=3)
    finally:
        server.cont()


def test_password_and_database(cli, redis):
    redis("CONFIG", "SET", "requirepass", "hunter2 %")
    try:
        words = cli.refusal("tenant", "list")
        assert "NOAUTH" in words
        assert "WRONGPASS" in cli.refusal("tenant", "list", GRAPNEL_REDIS_URL=redis.url.replace("//", "//:wrong@"))
        url = redis.url.replace("//", "//:hunter2%20%25@")[:-1] + "3"
        cli.one("tenant", "add", "acme", GRAPNEL_REDIS_URL=url)
        assert len(cli.all("tenant", "list", GRAPNEL_REDIS_URL=url)) == 1
        assert cli.all("tenant", "list", GRAPNEL_REDIS_URL=url[:-1] + "0") == []
    finally:
        redis("AUTH", "hunter2 %")
        redis("CONFIG", "SET", "requirepass", "")


def test_scripts_are_sent_again_when_redis_has_forgotten_them(acme, redis):
    redis("SCRIPT", "FLUSH")
    acme.one("tenant", "set", "acme", "--limit", 3)
    redis("SCRIPT", "FLUSH")
    assert len(acme.all("endpoint", "add", "--from", "-",
                        stdin=bulk(*({"tenant": "acme", "url": "https://example.com/"} for _ in range(3))))) == 3


def test_a_full_redis_can_be_looked_at_and_relieved(acme, deliveries, redis):
    identity = deliveries.add(FAILED, ended("failed"))
    redis("CONFIG", "SET", "maxmemory", "1")
    try:
        assert "OOM" in acme.refusal("delivery", "retry", identity)
        assert acme.one("delivery", "show", identity)["deliveryStatus"] == "failed"
        assert acme.one("endpoint", "disable", deliveries.endpoint)["enabled"] is False
        assert acme.one("tenant", "remove", "acme")["removed"] is True
    finally:
        redis("CONFIG", "SET", "maxmemory", "0")


def test_records_that_cannot_be_read(acme, redis):
    endpoint = acme.add_endpoint()["id"]
    redis("SET", key("acme", "endpoint:" + endpoint), "garbage")
    assert f"endpoint {endpoint}: its record cannot be read" in acme.refusal("endpoint", "show", endpoint)
    redis("SET", key("acme", "tenant:acme"), "garbage")
    assert "tenant acme: its record cannot be read" in acme.refusal("tenant", "show", "acme")
    redis("DEL", key("acme", "tenant:acme"))
    redis("RPUSH", key("acme", "tenant:acme"), "no string")
    assert "WRONGTYPE" in acme.refusal("tenant", "set", "acme", "--limit", 1)


# --- deliveries: list ---------------------------------------------------------------------------------------------------

FAILED = ["attempt", MS + 10, 1, 5234, 500, "SERVER_ERROR", "Internal server error", "oops"]
SUCCESS = ["attempt", MS + 10, 1, 12, 200, "", "", "ok"]


def ended(status, reason="", ms=MS + 20):
    return ["final", ms, status, reason]


def test_delivery_list(acme, deliveries):
    assert acme.text("delivery", "list", "--tenant", "acme") == "no deliveries\n"
    old = deliveries.add(FAILED, ended("failed", "attempt 1 was the last"))
    new = deliveries.add(SUCCESS, ended("success"), ms=MS + 1000, kind="user.created")
    newest = deliveries.add(ms=MS + 2000)
    shown = acme.all("delivery", "list", "--tenant", "acme")
    assert [d["id"] for d in shown] == [newest, new, old]
    cursor = shown[2].pop("cursor")
    assert cursor == f"{MS}.{old}"
    assert shown[2] == {
        "id": old, "tenant": "acme", "endpoint": deliveries.endpoint, "event": f"evt_{partition('acme')}_{MS}_0",
        "eventType": "order.paid", "requestUrl": "http://127.0.0.1:9/hook", "deliveryStatus": "failed",
        "reason": "attempt 1 was the last", "responseStatus": 500, "responseTimeMs": 5234, "attemptNumber": 1,
        "finalAttempt": True, "errorCode": "SERVER_ERROR", "errorMessage": "Internal server error",
        "createdAt": "2025-01-22T14:30:00.000Z", "nextAttemptAt": None, "endedAt": "2025-01-22T14:30:00.020Z"}
    assert (shown[0]["deliveryStatus"], shown[0]["attemptNumber"], shown[0]["responseStatus"]) == ("pending", 0, None)
    head, *rows = acme.text("delivery", "list", "--tenant", "acme").splitlines()
    assert head.split()[0] == "DELIVERY"
    assert [row.split()[0] for row in rows] == [newest, new, old]
    assert rows[2].split()[-1] == deliveries.endpoint


def test_delivery_list_filters(acme, deliveries, redis):
    other = Deliveries(redis, "acme", acme.add_endpoint()["id"])
    by_status = {status: deliveries.add(FAILED, ended(status), ms=MS + n)
                 for n, status in enumerate(["success", "failed", "timeout", "cancelled"])}
    by_status["pending"] = deliveries.add(FAILED, ms=MS + 10)
    elsewhere = other.add(ms=MS + 20, kind="user.created")

    def ids(*args):
        return [d["id"] for d in acme.all("delivery", "list", "--tenant", "acme", *args)]

    for status, identity in by_status.items():
        expected = [identity] if status != "pending" else [elsewhere, identity]
        assert ids("--status", status) == expected
    assert ids("--endpoint", other.endpoint) == [elsewhere]
    assert ids("--type", "user.created") == [elsewhere]
    assert ids("--type", "user") == []
    assert ids("--status", "pending", "--endpoint", deliveries.endpoint) == [by_status["pending"]]
    assert ids("--limit", "2") == [elsewhere, by_status["pending"]]


def test_delivery_list_goes_on_behind_a_cursor(acme, deliveries):
    """Many of one millisecond, as one batch makes them, more than a page holds."""
    expected = {deliveries.add(ms=MS + n // 150) for n in range(400)}
    seen, before = [], []
    while True:
        page = acme.all("delivery", "list", "--tenant", "acme", "--limit", 61, *before)
        seen += page
        if len(page) < 61:
            break
        before = ["--before", page[-1]["cursor"]]
    assert len(seen) == 400
    assert {d["id"] for d in seen} == expected
    times = [d["createdAt"] for d in seen]
    assert times == sorted(times, reverse=True)
    words = acme.text("delivery", "list", "--tenant", "acme", "--limit", 399)
    cursor = re.search(r"^more: --before (\S+)$", words, re.M).group(1)
    (last,) = acme.all("delivery", "list", "--tenant", "acme", "--before", cursor)
    assert last["id"] == seen[-1]["id"]
    assert acme.all("delivery", "list", "--tenant", "acme", "--before", last["cursor"]) == []


def test_delivery_list_passes_over_records_that_are_gone_or_unreadable(acme, deliveries, redis):
    gone, bad, good = (deliveries.add(ms=MS + n) for n in range(3))
    redis("DEL", key("acme", "delivery:" + gone))
    redis("SET", key("acme", "delivery:" + bad), b"\xc1")
    done = acme.run("delivery", "list", "--tenant", "acme", "--json")
    assert done.returncode == 0
    assert [d["id"] for d in lines(done)] == [good]
    assert f"delivery {bad}: its record cannot be read" in done.stderr.decode()


def test_deliveries_of_a_removed_endpoint_and_tenant(acme, deliveries):
    identity = deliveries.add(SUCCESS, ended("success"))
    acme.one("tenant", "remove", "acme")
    (listed,) = acme.all("delivery", "list", "--tenant", "acme")
    assert (listed["id"], listed["requestUrl"]) == (identity, None)
    assert "(removed)" in acme.text("delivery", "show", identity)


@pytest.mark.parametrize("args, words, status", [
    ([], "--tenant is missing", 2),
    (["--tenant", "nope"], "--tenant: there is no tenant nope", 1),
    (["--tenant", "acme", "--status", "ok"], "--status: expected pending, success, failed, timeout or cancelled", 2),
    (["--tenant", "acme", "--limit", "0"], "--limit: expected a number from 1 to 100000", 2),
    (["--tenant", "acme", "--before", "x"], "--before: expected a cursor", 2),
    (["--tenant", "acme", "--before", f"x.{NO_DELIVERY}"], "--before: expected a cursor", 2),
    (["--tenant", "acme", "--before", f"{MS}.whd_x"], "--before: expected a cursor", 2),
])
def test_delivery_list_refusals(acme, args, words, status):
    assert words in acme.refusal("delivery", "list", *args, status=status)


# --- deliveries: show ---------------------------------------------------------------------------------------------------


def test_delivery_show_all_that_can_happen(acme, deliveries, redis):
    redis("XADD", key("acme", "events"), f"{MS}-0", "tenant", "acme", "type", "order.paid", "data", "{}", "id", "mine")
    identity = deliveries.add(
        FAILED,
        ["retry", MS + 20, 2, MS + 2020],
        ["lost", MS + 9000, 2, "host-1"],
        ["attempt", MS + 10000, 2, 30000, 0, "TIMEOUT", "no answer within 30000 ms", ""],
        ended("timeout", "attempt 2 was the last", MS + 40000),
        ["again", MS + 50000, 3, MS + 55000],
        ["attempt", MS + 55001, 3, 7, 204, "", "", ""],
        ended("success", "", MS + 55010))
    shown = acme.one("delivery", "show", identity)
    assert (shown["deliveryStatus"], shown["finalAttempt"], shown["attemptNumber"], shown["place"]) == (
        "success", True, 3, "ended")
    assert (shown["eventId"], shown["event"]) == ("mine", f"evt_{partition('acme')}_{MS}_0")
    assert shown["attempts"] == [
        {"attemptNumber": 1, "createdAt": "2025-01-22T14:30:00.010Z", "lost": False, "responseStatus": 500,
         "responseTimeMs": 5234, "errorCode": "SERVER_ERROR", "errorMessage": "Internal server error",
         "response": "oops", "responseTruncated": False, "nextRetryAt": "2025-01-22T14:30:02.020Z"},
        {"attemptNumber": 2, "createdAt": "2025-01-22T14:30:09.000Z", "lost": True, "worker": "host-1"},
        {"attemptNumber": 2, "createdAt": "2025-01-22T14:30:10.000Z", "lost": False, "responseStatus": None,
         "responseTimeMs": 30000, "errorCode": "TIMEOUT", "errorMessage": "no answer within 30000 ms",
         "response": "", "responseTruncated": False, "nextRetryAt": None},
        {"attemptNumber": 3, "createdAt": "2025-01-22T14:30:55.001Z", "lost": False, "responseStatus": 204,
         "responseTimeMs": 7, "errorCode": None, "errorMessage": None, "response": "", "responseTruncated": False,
         "nextRetryAt": None}]
    assert [entry["kind"] for entry in shown["history"]] == [
        "created", "attempt", "retry", "lost", "attempt", "final", "again", "attempt", "final"]
    assert shown["history"][6] == {"kind": "again", "at": "2025-01-22T14:30:50.000Z", "attemptNumber": 3,
                                   "dueAt": "2025-01-22T14:30:55.000Z"}
    words = acme.text("delivery", "show", identity)
    for expected in ("(mine)", "http://127.0.0.1:9/hook", "HTTP 500: Internal server error", "5234 ms",
                     "due 2025-01-22T14:30:02.020Z", "host-1 died or was stopped", "retry by hand",
                     "response to attempt 1 (4 bytes):\noops"):
        assert expected in words
    assert "response to attempt 2" not in words


@pytest.mark.parametrize("entries, place, words", [
    ([], "ready", "waits for a permit or a worker"),
    ([FAILED], "verdict", "a scheduler decides"),
    ([FAILED, ["retry", MS, 2, MS + 1000]], "ready", "waits for a permit or a worker"),  # long due
    ([FAILED, ["retry", MS, 2, 4102444800000]], "delayed", "2100-01-01T00:00:00.000Z"),
    ([["lost", MS, 1, "w"]], "ready", "waits for a permit or a worker"),
    ([FAILED, ended("failed"), ["again", MS, 2, 4102444800000]], "delayed", "backs off"),
])
def test_where_a_pending_delivery_is(acme, deliveries, entries, place, words):
    identity = deliveries.add(*entries)
    shown = acme.one("delivery", "show", identity)
    assert (shown["deliveryStatus"], shown["place"], shown["finalAttempt"], shown["endedAt"]) == (
        "pending", place, False, None)
    assert (shown["nextAttemptAt"] == "2100-01-01T00:00:00.000Z") == (place == "delayed")
    assert words in acme.text("delivery", "show", identity)


def test_responses_may_be_any_bytes(acme, deliveries):
    body = b"\x1b[31mred\x07 \xff\xc3\xa9\x00 \xc2\x9b\xe2\x80\xae end"
    identity = deliveries.add(["attempt", MS, 1, 1, 200, "", body, body], ended("success", body))
    (attempt,) = acme.one("delivery", "show", identity)["attempts"]
    assert attempt["response"] == "\x1b[31mred\x07 \ufffdé\x00 \x9b\u202e end"
    for args in (["delivery", "show", identity], ["delivery", "follow", identity],
                 ["delivery", "list", "--tenant", "acme"]):
        printed = acme.text(*args)
        assert all(c == "\n" or c >= " " and not "\x7f" <= c <= "\x9f" and c != "\u202e" for c in printed)
    assert "?[31mred? ?é? ?? end" in acme.text("delivery", "show", identity)


def test_long_responses_are_cut(acme, deliveries):
    body = ("é" * 8191 + "x" + "é" * 1000).encode()  # the cut is within a character
    identity = deliveries.add(["attempt", MS, 1, 1, 200, "", "", body], ended("success"))
    (attempt,) = acme.one("delivery", "show", identity)["attempts"]
    assert attempt["responseTruncated"] is True
    assert attempt["response"] == "é" * 8191 + "x"
    words = acme.text("delivery", "show", identity)
    assert f"({len(body)} bytes)" in words and "é" * 300 + "…" in words and "é" * 301 not in words


def test_delivery_show_refusals(acme, deliveries, redis):
    assert "the delivery's id is missing" in acme.refusal("delivery", "show", status=2)
    assert "there is no delivery " + NO_DELIVERY in acme.refusal("delivery", "show", NO_DELIVERY)
    assert "expected whd_ and a UUID" in acme.refusal("delivery", "show", "whd_123")
    bad = deliveries.add()
    for record in (b"\xc1", log(ended("success")), log(deliveries.created(MS)) + b"\x91"):
        redis("SET", key("acme", "delivery:" + bad), record)
        assert f"the record of delivery {bad} cannot be read" in acme.refusal("delivery", "show", bad)


# --- deliveries: retry and follow -----------------------------------------------------------------------------------------


def test_delivery_retry(acme, deliveries, redis):
    identity = deliveries.add(FAILED, ended("failed"))
    seconds = int(redis("TIME")[0])
    answer = acme.one("delivery", "retry", identity)
    (member, due), = [redis("ZRANGE", key("acme", "delayed"), 0, -1, "WITHSCORES")]
    assert seconds + 5 <= int(due) / 1000 <= seconds + 7
    assert identity.encode() in member
    assert (answer["id"], answer["deliveryStatus"], answer["finalAttempt"]) == (identity, "pending", False)
    shown = acme.one("delivery", "show", identity)
    assert (shown["finalAttempt"], shown["place"], shown["nextAttemptAt"]) == (False, "delayed", answer["nextAttemptAt"])
    assert redis("LLEN", key("acme", "done:acme")) == 0
    assert redis("XLEN", key("acme", "wake")) == 1
    assert f"delivery {identity} has not ended yet" in acme.refusal("delivery", "retry", identity)


def test_delivery_retry_refusals(acme, deliveries):
    identity = deliveries.add(FAILED, ended("failed"))
    assert "the delivery's id is missing" in acme.refusal("delivery", "retry", status=2)
    assert "expected whd_ and a UUID" in acme.refusal("delivery", "retry", "x")
    assert "there is no delivery" in acme.refusal("delivery", "retry", NO_DELIVERY)
    acme.one("endpoint", "disable", deliveries.endpoint)
    assert "is disabled" in acme.refusal("delivery", "retry", identity)
    acme.one("endpoint", "remove", deliveries.endpoint)
    assert "was removed" in acme.refusal("delivery", "retry", identity)


def read_line(running):
    return json.loads(running.stdout.readline())


def test_delivery_follow(acme, deliveries):
    identity = deliveries.add()
    running = acme.start("delivery", "follow", identity, "--json")
    assert (read_line(running)["kind"]) == "created"
    deliveries.append(identity, FAILED, ["retry", MS + 20, 2, MS + 2020])
    attempt = read_line(running)
    assert (attempt["delivery"], attempt["kind"], attempt["errorCode"]) == (identity, "attempt", "SERVER_ERROR")
    assert read_line(running) == {"delivery": identity, "kind": "retry", "at": "2025-01-22T14:30:00.020Z",
                                  "attemptNumber": 2, "dueAt": "2025-01-22T14:30:02.020Z"}
    deliveries.append(identity, ended("success", "", MS + 2030))
    assert read_line(running)["deliveryStatus"] == "success"
    assert running.communicate(timeout=10) == (b"", b"")
    assert running.returncode == 0
    words = acme.text("delivery", "follow", identity)  # it has ended: all is told at once
    assert len(words.splitlines()) == 4 and "attempt 1  SERVER_ERROR in 5234 ms" in words


def test_delivery_follow_ends_when_the_record_goes(acme, deliveries, redis):
    identity = deliveries.add()
    running = acme.start("delivery", "follow", identity, "--json")
    read_line(running)
    redis("DEL", key("acme", "delivery:" + identity))
    assert f"there is no delivery {identity}" in running.communicate(timeout=10)[1].decode()
    assert running.returncode == 1


def test_delivery_follow_refusals(acme):
    assert "expected a delivery's id, or --tenant" in acme.refusal("delivery", "follow", status=2)
    assert "expected a delivery's id, or --tenant" in acme.refusal("delivery", "follow", NO_DELIVERY, "--tenant",
                                                                  "acme", status=2)
    assert "there is no delivery" in acme.refusal("delivery", "follow", NO_DELIVERY)
    assert "expected whd_ and a UUID" in acme.refusal("delivery", "follow", "x" * 100)
    assert "there is no tenant nope" in acme.refusal("delivery", "follow", "--tenant", "nope")


def test_following_a_tenant(acme, deliveries, redis):
    """What was there before is not told; what is made now is, and its end."""
    deliveries.add()
    running = acme.start("delivery", "follow", "--tenant", "acme", "--json")

    def is_following():
        clients = redis("CLIENT", "LIST").decode()
        return "cmd=zrangebyscore" in clients or "cmd=time" in clients

    wait_until(is_following, 10)
    seconds, micros = (int(part) for part in redis("TIME"))
    now = seconds * 1000 + micros // 1000
    first, second = deliveries.add(ms=now + 1), deliveries.add(ms=now + 1)
    told = [read_line(running), read_line(running)]
    assert {line["delivery"] for line in told} == {first, second}
    assert {line["kind"] for line in told} == {"created"}
    deliveries.append(second, FAILED, ended("failed"))
    line = read_line(running)
    assert (line["delivery"], line["deliveryStatus"]) == (second, "failed")
    deliveries.append(first, SUCCESS, ended("success"))
    assert read_line(running)["delivery"] == first
    running.terminate()
    assert running.communicate(timeout=10)[0] == b""


# --- with a scheduler and a worker ----------------------------------------------------------------------------------------


def test_retry_and_wait(stack):
    hook = stack.receiver.hook("/acme", Answer(400), Answer(400), then=Answer(200))
    stack.add_tenant("acme")
    stack.add_endpoint("acme", hook, dialect="royalti")
    stack.publish()
    stack.wait_done()
    identity = stack.cli("delivery", "list", "--tenant", "acme")["id"]
    cli = Cli(stack.redis.url, stack.folder)
    for status, outcome in ((1, "failed"), (0, "success")):
        running = cli.start("delivery", "retry", identity, "--wait", "--json")
        wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 1, 10, "the retry to be delayed")
        stack.make_due()
        stack.redis("XADD", stack.key("acme", "wake"), "*", "at", 0)
        out, _ = running.communicate(timeout=20)
        assert running.returncode == status
        assert json.loads(out)["deliveryStatus"] == outcome
    assert len(hook.requests) == 3
    shown = stack.cli("delivery", "show", identity)
    assert [attempt["responseStatus"] for attempt in shown["attempts"]] == [400, 400, 200]


# --- events ---------------------------------------------------------------------------------------------------------------


def reject(redis, p, ms, *fields):
    return redis("XADD", f"grapnel:{{{p}}}:rejected", f"{ms}-0", *fields)


def test_rejected_events_of_all_partitions_the_newest_first(cli, redis):
    assert cli.text("event", "rejected") == "nothing was rejected\n"
    for n in range(30):
        reject(redis, n % PARTITIONS, MS + n, "reason", f"reason {n}", "tenant", f"t{n % 3}", "type", "a.b", "data", "1")
    shown = cli.all("event", "rejected", "--limit", 100)
    assert [e["reason"] for e in shown] == [f"reason {n}" for n in reversed(range(30))]
    assert shown[0] == {"rejectedAt": "2025-01-22T14:30:00.029Z", "reason": "reason 29", "partition": 1,
                        "entry": f"{MS + 29}-0",
                        "fields": [{"name": "tenant", "value": "t2", "truncated": False},
                                   {"name": "type", "value": "a.b", "truncated": False},
                                   {"name": "data", "value": "1", "truncated": False}]}
    assert len(cli.all("event", "rejected")) == 20
    assert [e["reason"] for e in cli.all("event", "rejected", "--tenant", "t1", "--limit", 2)] == [
        "reason 28", "reason 25"]
    assert cli.all("event", "rejected", "--tenant", "no such") == []
    head, *rows, more = cli.text("event", "rejected").splitlines()
    assert head.split() == ["REJECTED", "TENANT", "TYPE", "REASON"]
    assert len(rows) == 20 and rows[0].endswith("reason 29") and "--limit" in more
    assert "--limit: expected" in cli.refusal("event", "rejected", "--limit", "x", status=2)


def test_rejected_entries_may_hold_anything(cli, redis):
    reject(redis, 1, MS, "reason", "jobs: the entry cannot be read", "job", b"\x96\xff\x1b[2J", "until", "x" * 20000)
    reject(redis, 2, MS + 1, "reason", "tenant: given twice", "tenant", "a", "tenant", "b")
    first, second = cli.all("event", "rejected")
    assert [field["value"] for field in first["fields"]] == ["a", "b"]
    job, until = second["fields"]
    assert job["value"] == "\ufffd\ufffd\x1b[2J"
    assert (len(until["value"]), until["truncated"]) == (16384, True)
    assert "\x1b" not in cli.text("event", "rejected")
