# SPDX-License-Identifier: Apache-2.0
"""The management commands that call the API: one table of rows (cli/api/resources.def), run by generic code."""

import json
import os
import re
import signal
import subprocess

import pytest
from children import wait_until
from stack import ROOT_KEY, Failed, environment, find_programs

ROOT = os.path.join(os.path.dirname(__file__), "../..")
GRAPNEL = find_programs()["grapnel"]


class Cli:
    """`grapnel` with an API and nothing else: not even Redis's address."""

    def __init__(self, api, folder):
        self.api, self.folder = api, folder
        self.env = environment({"api_url": f"http://127.0.0.1:{api.port}", "api_key": ROOT_KEY,
                                "redis_url": "redis://127.0.0.1:1/0", "contexts": os.path.join(folder, "contexts.json")})

    def run(self, *args, stdin=b"", **env):
        env = {name: value for name, value in {**self.env, **env}.items() if value is not None}
        return subprocess.run([GRAPNEL, *map(str, args)], input=stdin, capture_output=True, env=env, cwd=self.folder,
                              timeout=60, check=False)

    def text(self, *args, **more):
        done = self.run(*args, **more)
        if done.returncode:
            raise Failed(done)
        return done.stdout.decode()

    def json(self, *args, **more):
        return [json.loads(line) for line in self.text(*args, "--json", **more).splitlines()]

    def one(self, *args, **more):
        (value,) = self.json(*args, **more)
        return value

    def refusal(self, *args, status=1, **env):
        done = self.run(*args, **env)
        assert done.returncode == status, done
        return done.stderr.decode()

    def start(self, *args):
        return subprocess.Popen([GRAPNEL, *args], env=self.env, stdout=subprocess.PIPE, text=True, cwd=self.folder)


@pytest.fixture
def cli(bare_stack, folder):
    return Cli(bare_stack.start_api(), folder)


@pytest.fixture
def acme(cli):
    cli.one("tenant", "add", "acme", "--allow-http")
    return cli


def add_endpoint(cli, *args, url="http://127.0.0.1:9/hook"):
    return cli.one("endpoint", "add", "--tenant", "acme", "--url", url, "--dialect", "standard", *args)


# --- the table ----------------------------------------------------------------------------------------------------------


def routes():
    with open(os.path.join(ROOT, "api/routes.c"), encoding="utf-8") as file:
        found = re.findall(r'\{"([A-Z]+)", "([^"]+)"', file.read())
    assert len(found) > 60
    return found


def rows():
    """(method, route) of each row of the table."""
    with open(os.path.join(ROOT, "cli/api/resources.def"), encoding="utf-8") as file:
        found = re.findall(r'^ROW(?:_IF\("\w+", |\()"([^"]+)", "([A-Z]+)", "([^"]+)"', file.read(), re.M)
    assert len(found) > 40
    assert len({name for name, _, _ in found}) == len(found)
    return [(method, route) for _, method, route in found]


def test_every_route_has_one_command_and_every_command_a_route():
    own = {route for route in routes() if route[1].startswith(("/v1/", "/tenant/")) and "/webhooks" not in route[1]}
    assert sorted(rows()) == sorted(own)


def members_of(document, schema):
    """Names of all members that an object of @schema may have."""
    if "$ref" in schema:
        return members_of(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    found = set(schema.get("properties", {}))
    for one in [*schema.get("oneOf", []), *schema.get("anyOf", []), *schema.get("allOf", [])]:
        found |= members_of(document, one)
    return found


def test_every_member_of_a_body_is_one_that_the_api_documents(cli):
    """An option that fills a member which the API refuses would be of no use to anybody."""
    document = cli.api.get("/openapi.json", key=None).json
    paths = document["paths"]
    with open(os.path.join(ROOT, "cli/api/resources.def"), encoding="utf-8") as file:
        text = file.read()
    macros = {name: body for name, body in re.findall(r"^#define (\w+_MEMBERS) *\\\n((?:.*\\\n)*.*\n)", text, re.M)}
    assert set(macros) == {"TENANT_MEMBERS", "ENDPOINT_MEMBERS", "SOURCE_MEMBERS"}
    for row in re.findall(r"^ROW(?:_IF)?\(.*?\)$(?=\n(?:ROW|\n|#))", text, re.M | re.S):
        method, route = re.match(r'ROW(?:_IF\("\w+", |\()"[^"]+", "([A-Z]+)", "([^"]+)"', row).groups()
        for name, body in macros.items():
            row = row.replace(name, body)
        members = re.findall(r'\bIN_BODY,\s*"(\w+)"', row) + re.findall(r'\bBODY\("([\w-]+)"', row)
        members += re.findall(r'\bBODY_NULL\("[\w-]+",\s*"(\w+)"', row) + re.findall(r'ENDPOINT_PART\("[\w-]+",\s*"(\w+)"', row)
        if not members:
            continue
        known = members_of(document, next(iter(paths[route][method.lower()]["requestBody"]["content"].values()))["schema"])
        assert set(members) <= known, (method, route, set(members) - known)


# --- what is printed ----------------------------------------------------------------------------------------------------


def test_json_is_the_apis_object_unchanged(acme):
    endpoint = add_endpoint(acme)["id"]
    for command, path in [(["tenant", "show", "acme"], "/v1/tenants/acme"),
                          (["endpoint", "show", endpoint, "--tenant", "acme"], f"/v1/endpoints/{endpoint}")]:
        assert acme.text(*command, "--json").encode() == acme.api.get(path, tenant="acme").body.rstrip(b"\n") + b"\n"
    page = acme.api.get("/v1/endpoints", tenant="acme").json["endpoints"]
    assert acme.json("endpoint", "list", "--tenant", "acme") == page


def test_lists_follow_the_cursor_and_end_where_one_likes(cli):
    for n in range(25):
        assert cli.api.post("/v1/tenants", {"id": f"t{n}"}).status == 201
    assert {tenant["id"] for tenant in cli.json("tenant", "list")} == {f"t{n}" for n in range(25)}
    assert len(cli.json("tenant", "list", "--limit", 22)) == 22
    head, *body = cli.text("tenant", "list", "--limit", 3).splitlines()
    assert head.split() == ["TENANT", "LIMIT", "HTTP", "CREATED", "NAME", "DOMAIN"]
    assert len(body) == 3 and all(line.startswith("t") for line in body)


def test_an_object_is_a_line_for_each_member(acme):
    acme.one("tenant", "set", "acme", "--name", "Acmé Inc", "--limit", 30)
    text = acme.text("tenant", "show", "acme")
    assert "name: Acmé Inc\n" in text and "limit: 30\n" in text and "allow_http: yes\n" in text
    assert re.search(r"^load\.\w+: ", text, re.M), "what is nested has its path as name"
    added = add_endpoint(acme)
    assert re.search(r"^secrets\.1\.id: sec_", acme.text("endpoint", "show", added["id"], "--tenant", "acme"), re.M)


def test_what_a_refusal_says(acme):
    words = acme.refusal("endpoint", "add", "--tenant", "acme", "--url", "ftp://x/")
    assert words.startswith("grapnel endpoint add: url: ")
    assert "tenant" in acme.refusal("tenant", "show", "nope")
    assert "GRAPNEL_API_KEY" in acme.refusal("tenant", "list", "--key", "wrong")
    done = acme.run("tenant", "add", "b", "--limit", "-1", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["error"].startswith("limit: ")
    assert acme.refusal("tenant", "list", "--api", "http://127.0.0.1:1", status=3)
    assert "ID is missing" in acme.refusal("tenant", "show", status=2)
    assert "--url is missing" in acme.refusal("endpoint", "add", "--tenant", "acme", status=2)
    assert "--limit: expected a number" in acme.refusal("tenant", "add", "b", "--limit", "x", status=2)
    assert "FILTER: expected JSON" in acme.refusal("filter", "test", "{", "--tenant", "acme", status=2)
    assert "unexpected argument: b" in acme.refusal("tenant", "show", "a", "b", status=2)


def test_values_become_what_the_api_wants(acme, tmp_path):
    added = add_endpoint(acme, "--events", "user.*, order.paid", "--slots", 3, "--filter", '{"amount":{"$gte":100}}',
                         "--retries", 2, "--headers", '{"X-Env":"live"}')
    assert (added["events"], added["slots"], added["filter"]) == (["user.*", "order.paid"], 3, {"amount": {"$gte": 100}})
    changed = acme.one("endpoint", "set", added["id"], "--tenant", "acme", "--slots", "default", "--filter", "none",
                       "--retries", "default", "--rotate")
    assert (changed["slots"], changed["filter"], changed["retries"]) == (None, None, None)
    assert changed["secret"].startswith("whsec_") and len(changed["secrets"]) == 2
    assert acme.one("tenant", "set", "acme", "--limit", "none")["limit"] == 0
    changed = acme.one("tenant", "set", "acme", "--limit", "default", "--allow-http=no")
    assert (changed["limit"], changed["allow_http"]) == (None, False)
    secret = "whsec_" + "A" * 32
    rotated = acme.run("endpoint", "rotate", added["id"], "--tenant", "acme", "--secret", "-", stdin=(secret + "\n").encode())
    assert rotated.returncode == 0, rotated.stderr
    missing = str(tmp_path / "none.pem")
    assert missing in acme.refusal("endpoint", "set", added["id"], "--tenant", "acme", "--ca-file", missing, status=2)


def test_if_match_guards_a_change(acme):
    etag = acme.api.get("/v1/tenants/acme").headers["etag"]
    acme.one("tenant", "set", "acme", "--name", "first", "--if-match", etag)
    acme.refusal("tenant", "set", "acme", "--name", "second", "--if-match", etag)
    assert acme.one("tenant", "show", "acme")["name"] == "first"


# --- every noun once, over the whole system --------------------------------------------------------------------------------


def test_an_event_from_publish_to_retry(bare_stack, folder, receiver):
    stack = bare_stack.start()
    cli = Cli(stack.start_api(), folder)
    cli.one("tenant", "add", "acme", "--allow-http")
    hook = receiver.hook("/hook")
    endpoint = add_endpoint(cli, url=hook.url)["id"]
    of = ["--tenant", "acme"]
    published = cli.one("event", "publish", *of, "--type", "order.paid", "--data", '{"total":1500.00}')
    stack.wait_done()
    (delivery,) = cli.json("delivery", "list", *of, "--status", "success")
    assert delivery["endpoint"] == endpoint
    assert '"data":{"total":1500.00}' in cli.text("event", "show", published["id"], *of, "--json"), "byte for byte"
    assert "data.total: 1500" in cli.text("event", "show", published["id"], *of)
    hostile = cli.one("event", "publish", *of, "--type", "order.paid", "--data", '{"a\\u001b[2J":"b\\u001b[2J\\u0007"}')
    assert not re.search("[\x1b\x07]", cli.text("event", "show", hostile["id"], *of))
    wait_until(lambda: len(hook.requests) == 2, 15, "the second event")
    assert "status: success" in cli.text("delivery", "show", delivery["id"], *of, "--watch")

    def ended():
        return cli.one("delivery", "show", delivery["id"], *of)["status"] == "success"
    cli.one("delivery", "retry", delivery["id"], *of)
    wait_until(lambda: len(hook.requests) == 3 and ended(), 15, "the retry")
    job = cli.one("retry-job", "start", *of, "--status", "success,failed", "--event", published["id"])
    assert re.search("^state: done$", cli.text("retry-job", "show", job["id"], *of, "--watch"), re.M)
    wait_until(lambda: len(hook.requests) == 4, 15, "the bulk retry")
    assert [one["id"] for one in cli.json("retry-job", "list", *of)] == [job["id"]]
    assert cli.one("endpoint", "match", endpoint, *of, "--type", "a", "--data", "{}")["matches"] is True
    assert cli.one("endpoint", "disable", endpoint, *of, "--reason", "maintenance")["state"] == "disabled"
    assert cli.one("endpoint", "enable", endpoint, *of)["state"] == "enabled"
    assert cli.text("endpoint", "remove", endpoint, *of) == "endpoint remove: done\n"
    entries = cli.json("audit", "list", *of)
    assert "/v1/endpoints/{id}" in {entry["route"] for entry in entries}, "what the command line does is audited"


def test_a_list_is_watched_until_one_stops(acme):
    watching = acme.start("tenant", "list", "--watch", "--json")
    try:
        assert json.loads(watching.stdout.readline())["id"] == "acme"
        acme.one("tenant", "set", "acme", "--name", "changed")
        assert json.loads(watching.stdout.readline())["name"] == "changed"
        acme.one("tenant", "add", "b")
        assert json.loads(watching.stdout.readline())["id"] == "b"
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=10)


def test_the_other_nouns(acme):
    of = ["--tenant", "acme"]
    key = acme.one("api-key", "add", *of, "--name", "shop", "--role", "admin")
    assert acme.one("api-key", "show", key["id"], *of)["role"] == "admin"
    assert acme.json("endpoint", "list", GRAPNEL_API_KEY=key["key"]) == [], "a tenant's key needs no --tenant"
    acme.text("api-key", "revoke", key["id"], *of)
    assert "shop" not in acme.text("api-key", "list", *of)
    acme.one("setting", "set", "webhook-url", "https://example.com/hook", *of)
    assert acme.one("setting", "show", "webhook-url", *of)["data"]["value"] == "https://example.com/hook"
    assert "https://example.com/hook" in acme.text("setting", "list", *of)
    source = acme.one("source", "add", *of, "--kind", "github", "--name", "code")
    assert acme.one("source", "set", source["id"], *of, "--name", "repo")["name"] == "repo"
    assert source["id"] in acme.text("source", "list", *of)
    acme.text("source", "remove", source["id"], *of)
    for noun, status in [("download", "preparing"), ("file", "processing")]:
        made = acme.one(noun, "add", *of, "--name", "x")
        assert acme.one(noun, "show", made["id"], *of)["status"] == status
        assert [one["id"] for one in acme.json(noun, "list", *of)] == [made["id"]]
    assert acme.one("filter", "test", '{"n":1}', *of, "--data", '{"n":1}')["matches"] is True
    assert "n: $eq 1: 2 → no" in acme.run("filter", "test", '{"n":1}', *of, "--data", '{"n":2}').stdout.decode()
    assert acme.run("filter", "test", '{"n":1}', *of, "--data", '{"n":2}').returncode == 1, "for scripts"
    assert "USER_CREATED" in acme.text("event-type", "list")
    assert "standard" in acme.text("dialect", "list")


# --- contexts -----------------------------------------------------------------------------------------------------------


def test_contexts(acme):
    bare = {"GRAPNEL_API_URL": None, "GRAPNEL_API_KEY": None}
    url = acme.env["GRAPNEL_API_URL"]
    acme.text("context", "add", "here", "--api", url + "/", "--key", ROOT_KEY, "--tenant", "acme", **bare)
    acme.text("context", "add", "away", "--api", "http://127.0.0.1:1", **bare)
    assert os.stat(acme.env["GRAPNEL_CONTEXTS"]).st_mode & 0o777 == 0o600
    assert [(c["name"], c["current"], c["has_key"]) for c in acme.json("context", "list", **bare)] == [
        ("here", True, True), ("away", False, False)]
    assert acme.one("tenant", "show", "acme", **bare)["id"] == "acme"
    assert acme.json("endpoint", "list", **bare) == [], "the context names the tenant"
    acme.text("context", "use", "away", **bare)
    acme.refusal("tenant", "list", status=3, **bare)
    assert acme.one("tenant", "show", "acme", "--context", "here", **bare)["id"] == "acme"
    assert acme.one("tenant", "show", "acme")["id"] == "acme", "the environment is asked before the current context"
    assert ROOT_KEY not in acme.text("context", "show", "here") + acme.text("context", "list") + acme.text(
        "context", "show", "here", "--json")
    acme.text("context", "remove", "away", **bare)
    assert "not found" in acme.refusal("context", "use", "away", **bare)
    assert "no context is in use" in acme.refusal("context", "show", **bare)
    assert "not found" in acme.refusal("tenant", "list", "--context", "away", status=2, **bare)
