# SPDX-License-Identifier: Apache-2.0
"""Who may call the API: keys that are no keys, roles, the limit of a key, and a Redis that is away."""

import concurrent.futures
import math

import pytest
from children import wait_until


@pytest.fixture
def api(bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    return bare_stack.start_api()


def make(stack, role, tenant="acme", *more):
    return stack.cli("api-key", "add", *(["--tenant", tenant] if tenant else []), "--role", role, "--name", role, *more)["key"]


def status(api, method, path, key, **more):
    return api.ask(method, path, key=key, **more).status


def test_what_is_no_valid_key_is_told_the_same(api, bare_stack, redis):
    """Unknown, wrong, expired, revoked, malformed: one answer, byte for byte."""
    key, revoked, expired = (make(bare_stack, "admin") for _ in range(3))
    bare_stack.cli("api-key", "revoke", revoked[:39])
    redis("HSET", bare_stack.key("acme", "api_key:" + expired[:39]), "expires", 1)
    other_secret = make(bare_stack, "admin", "other")
    wrong = [key[:-1] + ("0" if key[-1] != "0" else "1"), key[:39] + other_secret[39:], other_secret[:39] + key[39:], key + "0", key[:-1],
             key.upper(), " " + key, key[:39], "gk_", "gk_" + "0" * 101, revoked, expired, "x", "\xff", key[:39] + "_" + "0" * 64,
             "gk_00000000-0000-4fff-8000-000000000000_" + "0" * 64, "gk_00000000-0000-4001-8000-000000000000_" + "0" * 64, "a" * 8000]
    answers = [api.get("/tenant/settings", key=k) for k in wrong]
    assert {(a.status, a.body, a.headers["www-authenticate"]) for a in answers} == {(401, answers[0].body, "Bearer")}
    assert api.get("/tenant/settings", key=key).status == 200


def test_roles(api, bare_stack):
    keys = {role: make(bare_stack, role) for role in ("admin", "read", "publish")}
    expected = {"admin": (200, 200, 403), "read": (200, 403, 403), "publish": (403, 403, 403)}
    for role, key in keys.items():
        assert (status(api, "GET", "/tenant/settings", key), api.put("/tenant/settings/webhook-retryAttempts", {"value": 1}, key=key).status,
                status(api, "GET", "/v1/tenants", key)) == expected[role], role


def test_a_tenant_s_key_is_about_its_tenant(api, bare_stack):
    key = make(bare_stack, "admin")
    assert status(api, "GET", "/tenant/settings", key) == status(api, "GET", "/tenant/settings", key, tenant="acme") == 200
    for tenant in ("other", "nobody", "a b", "acme2", "acm"):
        assert status(api, "GET", "/tenant/settings", key, tenant=tenant) == 404
    assert status(api, "GET", "/tenant/settings?tenant=other", key) == 404


def test_a_record_that_says_nonsense_lets_nobody_in(api, bare_stack, redis):
    for field, value in (("role", "king"), ("role", "none"), ("role", "operator"), ("tenant", "")):
        key = make(bare_stack, "admin")
        assert status(api, "GET", "/tenant/settings", key) == 200
        redis("HSET", bare_stack.key("acme", "api_key:" + key[:39]), field, value)
        assert status(api, "GET", "/tenant/settings", key, tenant="acme") == 401, (field, value)


# ---- the limit ----

@pytest.fixture
def slow_api(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    return bare_stack.start_api(api_key_limit=10)


def room_at(stack, key):
    return stack.key("acme", "api_key:" + key[:39])


def test_the_limit(slow_api, bare_stack, redis):
    key, free = make(bare_stack, "read"), make(bare_stack, "read")
    answers = [slow_api.get("/tenant/settings", key=key) for _ in range(12)]
    assert [a.status for a in answers[:10]] == [200] * 10 and answers[-1].status == 429
    assert "10 requests per minute" in answers[-1].json["detail"] and answers[-1].headers["content-type"] == "application/problem+json"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 6
    assert status(slow_api, "GET", "/tenant/settings", free) == 200 == status(slow_api, "GET", "/tenant/settings", True, tenant="acme")
    # Six seconds later by Redis's clock, which no test waits for: there is room for one.
    full = float(redis("HGET", room_at(bare_stack, key), "room_at"))
    redis("HSET", room_at(bare_stack, key), "room_at", math.floor(full - 6e6))
    assert [status(slow_api, "GET", "/tenant/settings", key) for _ in range(2)] == [200, 429]


def test_a_wrong_secret_takes_nothing_of_the_limit(slow_api, bare_stack):
    key = make(bare_stack, "read")
    for _ in range(30):
        assert status(slow_api, "GET", "/tenant/settings", key[:-3] + "xyz") == 401
    assert status(slow_api, "GET", "/tenant/settings", key) == 200


def test_what_is_refused_counts_and_waiting_calls_do_not(slow_api, bare_stack, redis):
    key = make(bare_stack, "publish")
    assert [status(slow_api, "GET", "/tenant/settings", key) for _ in range(12)] == [403] * 10 + [429] * 2
    before = redis("HGET", room_at(bare_stack, key), "room_at")
    assert status(slow_api, "GET", "/tenant/settings", key) == 429
    assert redis("HGET", room_at(bare_stack, key), "room_at") == before


def test_a_clock_that_was_set_back_locks_nobody_out(slow_api, bare_stack, redis):
    key = make(bare_stack, "read")
    redis("HSET", room_at(bare_stack, key), "room_at", int(bare_stack.now_ms() * 1000 + 3600e6))
    answer = slow_api.get("/tenant/settings", key=key)
    assert answer.status == 429 and int(answer.headers["retry-after"]) <= 6


def test_the_limit_holds_over_processes(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    apis = [bare_stack.start_api(api_key_limit=20) for _ in range(2)]
    key = make(bare_stack, "read")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: status(apis[n % 2], "GET", "/tenant/settings", key), range(60)))
    # One more each three seconds that this may have taken on a slow machine.
    assert set(found) == {200, 429} and 20 <= found.count(200) <= 30


def test_no_limit(bare_stack, redis):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(api_key_limit=0)
    key = make(bare_stack, "read")
    assert {status(api, "GET", "/tenant/settings", key) for _ in range(30)} == {200}
    assert redis("HGET", room_at(bare_stack, key), "room_at") is None


# ---- Redis ----

def test_without_redis_nobody_is_told_that_its_key_is_wrong(api, bare_stack, redis):
    key = make(bare_stack, "read")
    redis.kill9()
    answer = api.get("/tenant/settings", key=key)
    assert answer.status == 503 and answer.headers["retry-after"] == "1"
    redis.start()
    wait_until(lambda: status(api, "GET", "/tenant/settings", key) == 200)


def test_a_full_redis_still_knows_who_calls(api, bare_stack, redis):
    key = make(bare_stack, "admin")
    redis("CONFIG", "SET", "maxmemory", "1")
    assert status(api, "GET", "/tenant/settings", key) == 200
    assert status(api, "DELETE", f"/v1/keys/{key[:39]}", key) == 204
    assert status(api, "GET", "/tenant/settings", key) == 401
