# SPDX-License-Identifier: Apache-2.0
"""The audit: who changed what. No change without an entry, whatever dies."""

import concurrent.futures
import http.client
import time

import pytest


@pytest.fixture
def api(bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    return bare_stack.start_api()


def make(api, role="admin", tenant="acme", key=True):
    answer = api.post("/v1/keys", {"name": "x", "role": role}, tenant=tenant, key=key)
    assert answer.status == 201, answer
    return answer.json


def put(api, value, **more):
    return api.put("/tenant/settings/webhook-retryAttempts", {"value": value}, **more)


def entries(api, tenant="acme", query="", key=True, limit=100):
    """All of them, page after page."""
    found, cursor = [], ""
    while True:
        answer = api.get(f"/v1/audit?limit={limit}{query}{cursor}", tenant=tenant, key=key)
        assert answer.status == 200, answer
        found += answer.json["entries"]
        if not answer.json["next_cursor"]:
            return found
        cursor = "&cursor=" + answer.json["next_cursor"]


def test_an_entry_says_who_did_what(api, bare_stack):
    made = make(api)
    before = bare_stack.now_ms()
    answer = put(api, 4, key=made["key"], headers={"X-Request-Id": "call-7"})
    assert answer.status == 200 and answer.headers["x-request-id"] == "call-7"
    newest, first = entries(api)
    assert newest.pop("id") > first["id"] and newest.pop("at") >= first["at"] > "2020"
    assert newest == {"who": "key:" + made["id"], "method": "PUT", "route": "/tenant/settings/{name}", "objects": ["webhook-retryAttempts"],
                      "status": 200, "peer": "127.0.0.1", "request_id": "call-7"}
    assert (first["who"], first["route"], first["objects"], first["status"]) == ("root", "/v1/keys", [made["id"]], 201)
    assert first["request_id"].startswith("req_")
    assert abs(int(entries(api)[0]["id"].split("-")[0]) - before) < 60000


def test_a_request_id_that_is_none_is_not_taken(api):
    answer = put(api, 4, tenant="acme", headers={"X-Request-Id": "a b\"c"})
    assert answer.headers["x-request-id"].startswith("req_") and entries(api)[0]["request_id"] == answer.headers["x-request-id"]


def test_what_changes_nothing_leaves_nothing(api, redis):
    key = make(api, "read")["key"]
    n = len(entries(api))
    assert put(api, "many", tenant="acme").status == 400
    assert put(api, 4, key=key).status == 403
    assert put(api, 4, key="x").status == 401
    assert api.put("/tenant/settings/webhook-noSuch", {"value": 1}, tenant="acme").status == 404
    assert api.get("/tenant/settings", tenant="acme").status == 200
    assert len(entries(api)) == n


def test_publishing_and_trying_out_are_no_changes(api, bare_stack, redis):
    events = [{"type": "USER_CREATED", "data": {}}] * 3
    assert api.post("/v1/events", events, tenant="acme").status == 202
    assert api.post("/v1/filters/test", {"filter": {"a": 1}, "data": {"a": 1}}, tenant="acme").status == 200
    assert redis("KEYS", "*audit*") == []


def test_a_tenant_that_is_not_there_gets_no_stream(api, bare_stack, redis):
    assert put(api, 4, tenant="nobody").status == 404
    assert redis("KEYS", "*audit*") == []


def test_no_secret_is_in_it(api, redis, bare_stack):
    made = make(api)
    token = "your-secure-random-secret-token-min-32-chars"
    assert put(api, 3, key=made["key"]).status == 200
    api.put("/tenant/settings/webhook-secretToken", {"value": token}, key=made["key"])
    held = repr(redis("XRANGE", bare_stack.key("acme", "audit:acme"), "-", "+"))
    assert token not in held and made["key"].rsplit("_", 1)[1] not in held and made["id"] in held


def test_each_sees_its_own(api):
    acme, other = make(api), make(api, tenant="other")
    operator = make(api, "operator", tenant=None)
    put(api, 1, key=acme["key"])
    assert [e["objects"] for e in entries(api, None, key=acme["key"])] == [["webhook-retryAttempts"], [acme["id"]]]
    assert [e["objects"] for e in entries(api, None, key=other["key"])] == [[other["id"]]]
    assert [e["objects"] for e in entries(api, None)] == [[operator["id"]]]
    assert len(entries(api, "acme", key=operator["key"])) == 2
    assert api.get("/v1/audit", key=acme["key"], tenant="other").status == 404
    assert api.get("/v1/audit", key=make(api, "read")["key"]).status == 403


def test_what_operators_do_to_tenants_is_theirs(api):
    assert api.post("/v1/tenants", {"id": "new"}).status == 201
    assert api.delete("/v1/tenants/new").status == 204
    found = entries(api, None)
    assert [(e["method"], e["route"], e["objects"], e["status"]) for e in found] == [
        ("DELETE", "/v1/tenants/{id}", ["new"], 204), ("POST", "/v1/tenants", ["new"], 201)]


def test_pages_and_times(api):
    for n in range(7):
        assert put(api, n + 1, tenant="acme").status == 200
    whole = entries(api)
    assert len(whole) == 7 and [e["id"] for e in whole] == sorted((e["id"] for e in whole), reverse=True)
    assert entries(api, limit=3) == entries(api, limit=7) == whole
    ms = [int(e["id"].split("-")[0]) for e in whole]
    assert entries(api, query=f"&from={ms[2]}&to={ms[2]}") == [e for e, at in zip(whole, ms) if at == ms[2]]
    assert entries(api, query=f"&from={ms[4]}") == [e for e, at in zip(whole, ms) if at >= ms[4]]
    assert entries(api, query=f"&to={ms[4]}") == [e for e, at in zip(whole, ms) if at <= ms[4]]
    assert entries(api, query="&to=2020-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query, field", [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=x", "cursor"), ("cursor=-", "cursor"),
                                          ("cursor=1-99999999999999999999999", "cursor"), ("from=soon", "from"), ("to=", "to")])
def test_what_is_wrong_is_named(api, query, field):
    answer = api.get("/v1/audit?" + query, tenant="acme")
    assert answer.status == 400 and answer.json["field"] == field


def test_it_is_bounded(bare_stack, redis):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(audit_entries=100, api_key_limit=0)
    for n in range(350):
        assert put(api, n % 10 + 1, tenant="acme").status == 200
    key = bare_stack.key("acme", "audit:acme")
    assert 100 <= redis("XLEN", key) <= 300
    assert 0 < redis("PTTL", key) <= 400 * 86400000


def test_old_ones_go(api, bare_stack, redis):
    key = bare_stack.key("acme", "audit:acme")
    for n in range(250): # whole nodes of the stream are removed
        redis("XADD", key, f"{n + 1}-0", "who", "somebody")
    assert put(api, 4, tenant="acme").status == 200
    assert redis("XLEN", key) <= 101


def test_no_entry_no_change(api, bare_stack, redis):
    redis("SET", bare_stack.key("acme", "audit:acme"), "in the way")
    assert api.post("/v1/keys", {"name": "x", "role": "read"}, tenant="acme").status == 500
    assert api.get("/v1/keys", tenant="acme").json == {"keys": []}


def test_killed_at_any_moment(bare_stack, redis):
    """Keys are made as fast as it goes, while the process is killed again and again. Each that is there has an entry, but for those
    whose calls were under way: they have one without a status."""
    bare_stack.cli("tenant", "add", "acme")

    def make_some(api, kept):
        try:
            while True:
                answer = api.post("/v1/keys", {"name": "x", "role": "read"}, tenant="acme", timeout=5)
                assert answer.status in (201, 409), answer
                if answer.status == 409:
                    return
                kept.append(answer.json["id"])
        except (OSError, http.client.HTTPException):
            return

    told = []
    for n in range(8):
        api = bare_stack.start_api()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in range(4):
                pool.submit(make_some, api, told)
            time.sleep(0.005 * n) # how far it comes differs; nothing is waited for
            api.child.kill9()
    there = {i.decode() for i in redis("ZRANGE", bare_stack.key("acme", "api_keys:acme"), 0, -1)}
    found = entries(bare_stack.start_api())
    finished = [o for e in found if e["status"] == 201 for o in e["objects"]]
    under_way = [e for e in found if e["status"] is None]
    assert set(told) <= set(finished) <= there and len(set(finished)) == len(finished)
    assert len(there - set(finished)) <= len(under_way) <= 8 * 4
    assert all(e["objects"] == [] and e["who"] == "root" for e in under_way)
