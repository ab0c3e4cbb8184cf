# SPDX-License-Identifier: Apache-2.0
"""API keys: made, listed and revoked through the API and the command line; what is answered to whom is in
test_api_auth.py."""

import datetime
import hashlib
import re

import pytest
from stack import Failed


@pytest.fixture
def api(bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    return bare_stack.start_api()


def make(api, role="admin", tenant="acme", key=True, **more):
    answer = api.post("/v1/keys", {"name": "a key", "role": role, **more}, tenant=tenant, key=key)
    assert answer.status == 201, answer
    return answer.json


def refused(answer, status, field=None):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", answer
    assert answer.json.get("field") == field, answer.json
    return answer.json["detail"]


def in_ms(delta_ms, stack):
    moment = datetime.datetime.fromtimestamp((stack.now_ms() + delta_ms) / 1000, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_made_used_listed_revoked(api, bare_stack):
    made = make(api)
    assert made["id"].startswith("gk_") and made["key"].startswith(made["id"] + "_") and len(made["key"]) == 104
    assert (made["role"], made["tenant"], made["name"], made["expires_at"], made["last_used_at"]) == ("admin", "acme", "a key", None, None)
    key = made["key"]
    assert api.get("/tenant/settings", key=key).status == 200
    seen = api.get(f"/v1/keys/{made['id']}", key=key).json
    assert seen["last_used_at"] and seen == {**{n: v for n, v in made.items() if n != "key"}, "last_used_at": seen["last_used_at"]}
    assert api.get("/v1/keys", key=key).json == {"keys": [seen]}
    answer = api.delete(f"/v1/keys/{made['id']}", key=key)
    assert answer.status == 204 and not answer.body
    refused(api.get("/tenant/settings", key=key), 401)
    refused(api.delete(f"/v1/keys/{made['id']}", tenant="acme"), 404)
    assert api.get("/v1/keys", tenant="acme").json == {"keys": []}


def test_the_store_has_no_secret(api, redis):
    key = make(api)["key"]
    held = b""
    for name in redis("KEYS", "*api_key*"):
        held += name + (b"".join(redis("HGETALL", name)) if redis("TYPE", name) == b"hash" else b"".join(redis("ZRANGE", name, 0, -1)))
    assert key.rsplit("_", 1)[1].encode() not in held
    assert hashlib.sha256(key.encode()).digest() in held


def test_the_secret_is_in_no_log_and_shown_once(api, bare_stack):
    made = make(api)
    secret = made["key"].rsplit("_", 1)[1]
    for path in ("/v1/keys", f"/v1/keys/{made['id']}", f"/tenant/settings?tenant={secret}"):
        assert secret.encode() not in api.get(path, key=made["key"]).body
    api.child.terminate()
    assert api.child.wait() == 0 and secret not in api.child.log()


def test_an_operator_s_keys(api):
    made = make(api, "operator", tenant=None)
    assert made["tenant"] is None
    assert api.get("/tenant/settings", key=made["key"], tenant="acme").status == 200
    assert [k["id"] for k in api.get("/v1/keys", key=made["key"]).json["keys"]] == [made["id"]]
    assert api.get("/v1/keys", tenant="acme").json == {"keys": []}
    of_acme = make(api, "read", key=made["key"])["id"]
    assert api.get(f"/v1/keys/{of_acme}").status == 200 == api.get(f"/v1/keys/{of_acme}", tenant="acme").status
    refused(api.get(f"/v1/keys/{of_acme}", tenant="other"), 404)
    refused(api.get(f"/v1/keys/{made['id']}", tenant="acme"), 404)
    assert api.delete(f"/v1/keys/{of_acme}").status == 204


def test_nobody_makes_more_than_it_is(api):
    admin = make(api)["key"]
    assert make(api, "publish", tenant=None, key=admin)["tenant"] == "acme"
    refused(api.post("/v1/keys", {"name": "x", "role": "operator"}, key=admin), 400, "role")
    refused(api.post("/v1/keys", {"name": "x", "role": "admin"}, key=admin, tenant="other"), 404)
    refused(api.post("/v1/keys", {"name": "x", "role": "admin", "tenant": "other"}, key=admin), 400, "tenant")
    refused(api.post("/v1/keys", {"name": "x", "role": "operator"}, tenant="acme"), 400, "role")
    refused(api.post("/v1/keys", {"name": "x", "role": "admin"}), 400, "role")
    for role in ("read", "publish"):
        refused(api.post("/v1/keys", {"name": "x", "role": "publish"}, key=make(api, role)["key"]), 403)


@pytest.mark.parametrize("body, field", [
    ({}, "name"), ({"name": "x"}, "role"), ({"name": "", "role": "read"}, "name"), ({"name": 1, "role": "read"}, "name"),
    ({"name": "x" * 101, "role": "read"}, "name"), ({"name": "a\nb", "role": "read"}, "name"), ({"name": "x", "role": "none"}, "role"),
    ({"name": "x", "role": "root"}, "role"), ({"name": "x", "role": ["read"]}, "role"), ({"name": "x", "role": "read", "more": 1}, "more"),
    ({"name": "x", "role": "read", "expires_at": "soon"}, "expires_at"), ({"name": "x", "role": "read", "expires_at": 5}, "expires_at"),
    ({"name": "x", "role": "read", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
])
def test_what_is_wrong_is_named(api, body, field):
    refused(api.post("/v1/keys", body, tenant="acme"), 400, field)
    assert api.get("/v1/keys", tenant="acme").json == {"keys": []}


def test_a_tenant_that_is_not_there_has_no_keys(api):
    refused(api.post("/v1/keys", {"name": "x", "role": "read"}, tenant="nobody"), 404)


def test_a_tenant_s_keys_go_with_it(api, bare_stack, redis):
    key = make(api)["key"]
    bare_stack.cli("tenant", "remove", "acme")
    refused(api.get("/tenant/settings", key=key), 401)
    assert not redis("KEYS", "*api_key*")
    bare_stack.cli("tenant", "add", "acme")
    refused(api.get("/tenant/settings", key=key), 401)


def test_there_is_a_most_of_them(api, bare_stack, redis):
    made = [make(api, "read") for _ in range(100)]
    assert "100" in refused(api.post("/v1/keys", {"name": "x", "role": "read"}, tenant="acme"), 409)
    assert [k["id"] for k in api.get("/v1/keys", tenant="acme").json["keys"]] != [] and make(api, tenant="other")
    with pytest.raises(Failed, match="100 keys"):
        bare_stack.cli("api-key", "add", "--tenant", "acme", "--role", "read", "--name", "x")
    assert api.delete(f"/v1/keys/{made[7]['id']}", tenant="acme").status == 204
    make(api, "read")


def test_last_use_is_told_to_about_a_minute(api, bare_stack, redis):
    made = make(api, "read")
    name = bare_stack.key("acme", "api_key:" + made["id"])
    api.get("/tenant/settings", key=made["key"])
    first = int(redis("HGET", name, "used"))
    api.get("/tenant/settings", key=made["key"])
    assert int(redis("HGET", name, "used")) == first
    redis("HSET", name, "used", first - 60000)
    api.get("/tenant/settings", key=made["key"])
    assert int(redis("HGET", name, "used")) >= first


def test_it_expires_by_redis_s_clock(api, bare_stack, redis):
    made = make(api, "read", expires_at=in_ms(3600000, bare_stack))
    name = bare_stack.key("acme", "api_key:" + made["id"])
    assert api.get("/tenant/settings", key=made["key"]).status == 200
    redis("HSET", name, "expires", int(bare_stack.now_ms()))
    refused(api.get("/tenant/settings", key=made["key"]), 401)
    assert api.get(f"/v1/keys/{made['id']}", tenant="acme").json["expires_at"]


def test_the_command_line(api, bare_stack):
    made = bare_stack.cli("api-key", "add", "--tenant", "acme", "--role", "publish", "--name", "the shop", "--expires", "30d")
    assert made["role"] == "publish" and made["tenant"] == "acme" and made["last_used_at"] is None
    assert in_ms(30 * 86400_000 - 60_000, bare_stack) < made["expires_at"] <= in_ms(30 * 86400_000, bare_stack)
    refused(api.get("/tenant/settings", key=made["key"]), 403)
    operator = bare_stack.run("api-key", "add", "--role", "operator", "--name", "me")
    assert operator.returncode == 0, operator
    key = re.search("^key: (gk_.*)$", operator.stdout.decode(), re.M)[1]
    assert api.get("/tenant/settings", key=key, tenant="acme").status == 200
    listed = bare_stack.cli("api-key", "list", "--tenant", "acme")
    assert listed["id"] == made["id"] and "key" not in listed
    assert b"LAST USED" in bare_stack.run("api-key", "list").stdout
    assert bare_stack.run("api-key", "revoke", key[:39]).returncode == 0
    refused(api.get("/tenant/settings", key=key, tenant="acme"), 401)
    assert bare_stack.cli("api-key", "list") == []


@pytest.mark.parametrize("args, words, status", [
    ([], "--name", 2), (["--name", "x"], "--role", 2), (["--name", "x", "--role", "admin"], "role: ", 1),
    (["--name", "x", "--role", "operator", "--tenant", "acme"], "role: ", 1), (["--name", "x", "--role", "king"], "role: ", 1),
    (["--name", "x", "--role", "admin", "--tenant", "acme", "--expires", "0"], "expires_at: ", 1),
    (["--name", "x", "--role", "read", "--tenant", "nobody"], "tenant", 1),
])
def test_misuse_of_the_command_line(api, bare_stack, args, words, status):
    done = bare_stack.run("api-key", "add", *args)
    assert done.returncode == status and words in done.stderr.decode(), done


@pytest.mark.parametrize("identity", ["gk_nothing", "gk_00000000-0000-4000-8000-000000000000"])
def test_what_the_command_line_cannot_find(api, bare_stack, identity):
    done = bare_stack.run("api-key", "revoke", identity)
    assert done.returncode == 1 and b"key" in done.stderr, done


def test_the_first_operator_s_key(bare_stack):
    child = bare_stack.spawn("api", "--make-root-key", redis_url="redis://127.0.0.1:1/0")
    assert child.wait() == 0
    key = re.search("^GRAPNEL_API_ROOT_KEY=(.*)$", child.log(), re.M)[1]
    assert len(key) == 64
    bare_stack.start_api(api_root_key=key)
    assert bare_stack.run("api-key", "list", api_key=key).returncode == 0
    assert bare_stack.run("api-key", "list").returncode == 1
