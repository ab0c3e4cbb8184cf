# SPDX-License-Identifier: Apache-2.0
"""/v1/tenants: an operator's tenants, over the API."""

import concurrent.futures
import re

import pytest
from children import wait_until

NEVER = '"00000000000000000000000000000000"'


@pytest.fixture
def api(bare_stack):
    return bare_stack.start_api(tenant_limit=77)


def problem(answer, status, field=None):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", answer
    assert answer.json["status"] == status and answer.json.get("field") == field, answer.json
    return answer.json["detail"]


def add(api, **wanted):
    answer = api.post("/v1/tenants", wanted)
    assert answer.status == 201, answer
    return answer


def etag(api, tenant):
    return api.get(f"/v1/tenants/{tenant}").headers["etag"]


# ---- one ----

def test_a_tenant_s_life(api, bare_stack):
    answer = add(api, id="123", name="Acme", domain="acme.example", limit=600, allow_http=True)
    assert answer.headers["location"] == "/v1/tenants/123"
    created = answer.json.pop("created_at")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)
    got = api.get("/v1/tenants/123")
    assert got.json == {"id": "123", "name": "Acme", "domain": "acme.example", "limit": 600, "effective_limit": 600,
                        "allow_http": True, "settings_endpoint": None, "created_at": created, "endpoints": 0,
                        "load": {"waiting": 0, "permits_used": 0, "next_permit_at": None}}
    assert got.headers["etag"] == answer.headers["etag"] and re.fullmatch('"[0-9a-f]{32}"', got.headers["etag"])
    assert bare_stack.cli("tenant", "show", "123")["limit"] == 600  # what the command line sees
    changed = api.patch("/v1/tenants/123", {"name": "Acme & Co", "limit": None})
    assert changed.status == 200 and changed.headers["etag"] == etag(api, "123") != got.headers["etag"]
    assert changed.json["name"] == "Acme & Co" and changed.json["domain"] == "acme.example"  # what is not named stays
    assert changed.json["limit"] is None and changed.json["effective_limit"] == 77  # the setting tenant_limit
    assert api.delete("/v1/tenants/123").status == 204
    problem(api.get("/v1/tenants/123"), 404)
    problem(api.delete("/v1/tenants/123"), 404)
    problem(api.patch("/v1/tenants/123", {"limit": 1}), 404)


def test_null_is_the_default(api):
    add(api, id="a", name="A", domain="d", limit=5, allow_http=True)
    answer = api.patch("/v1/tenants/a", {"name": None, "domain": None, "limit": None, "allow_http": None}).json
    assert (answer["name"], answer["domain"], answer["limit"], answer["allow_http"]) == (None, None, None, False)
    assert add(api, id="b", name=None, limit=0).json["effective_limit"] == 0


def test_a_patch_of_nothing_changes_nothing(api):
    before = add(api, id="a").headers["etag"]
    assert api.patch("/v1/tenants/a", {}).headers["etag"] == before


@pytest.mark.parametrize("wanted, field, words", [
    ({}, "id", "missing"),
    ({"id": ""}, "id", "expected 1 to 64"),
    ({"id": "a b"}, "id", "expected 1 to 64"),
    ({"id": "a" * 65}, "id", "expected 1 to 64"),
    ({"id": 7}, "id", "expected a text"),
    ({"id": "x", "name": 7}, "name", "expected a text or null"),
    ({"id": "x", "name": "a" * 129}, "name", "129 bytes; expected at most 128"),
    ({"id": "x", "domain": "a\nb"}, "domain", "without control characters"),
    ({"id": "x", "limit": -1}, "limit", "from 0 (no limit) to 1000000"),
    ({"id": "x", "limit": 1000001}, "limit", "from 0 (no limit) to 1000000"),
    ({"id": "x", "limit": "5"}, "limit", "whole number"),
    ({"id": "x", "limit": 1.5}, "limit", "whole number"),
    ({"id": "x", "limit": True}, "limit", "whole number"),
    ({"id": "x", "allow_http": "yes"}, "allow_http", "true, false or null"),
    ({"id": "x", "colour": 1}, "colour", "cannot be set; expected id, name"),
    ({"id": "x", "created_at": None}, "created_at", "cannot be set"),
    ({"id": "x", "a b: c\n": 1}, "body", "cannot be set"),
])
def test_what_is_wrong_is_named(api, wanted, field, words):
    assert words in problem(api.post("/v1/tenants", wanted), 400, field)
    problem(api.get("/v1/tenants/x"), 404)


def test_a_patch_names_no_id(api):
    add(api, id="a")
    assert "cannot be set" in problem(api.patch("/v1/tenants/a", {"id": "b"}), 400, "id")


def test_a_second_one_of_the_same_id(api):
    add(api, id="a", name="first")
    problem(api.post("/v1/tenants", {"id": "a", "name": "second"}), 409, "id")
    assert api.get("/v1/tenants/a").json["name"] == "first"


@pytest.mark.parametrize("path", ["/v1/tenants/%7B0%7D", "/v1/tenants/a%20b", "/v1/tenants/" + "a" * 190, "/v1/tenants/%2e%2e"])
def test_ids_that_are_none(api, path):
    problem(api.get(path), 404)
    problem(api.patch(path, {"limit": 1}), 404)
    problem(api.delete(path), 404)


# ---- versions ----

def test_a_change_of_another_version_is_refused(api):
    add(api, id="a", name="first")
    old = etag(api, "a")
    assert api.patch("/v1/tenants/a", {"name": "second"}, headers={"If-Match": old}).status == 200
    problem(api.patch("/v1/tenants/a", {"name": "third"}, headers={"If-Match": old}), 412, "If-Match")
    problem(api.delete("/v1/tenants/a", headers={"If-Match": old}), 412, "If-Match")
    assert api.get("/v1/tenants/a").json["name"] == "second"
    assert api.delete("/v1/tenants/a", headers={"If-Match": etag(api, "a")}).status == 204


@pytest.mark.parametrize("form, status", [
    ("{}", 200), ("*", 200), (" * ", 200), (f"{NEVER}, {{}}", 200), (f"{NEVER},{{}}", 200), ('"a,b" , {}', 200),
    ("W/{}", 412), (NEVER, 412), ("", 412), ("x", 412), ('"', 412), ("* {}", 412), (f"{NEVER} x {{}}", 412), ("'{}'", 412),
])
def test_forms_of_if_match(api, form, status):
    add(api, id="a")
    assert api.patch("/v1/tenants/a", {"limit": 7}, headers={"If-Match": form.format(etag(api, "a"))}).status == status
    assert api.get("/v1/tenants/a").json["limit"] == (7 if status == 200 else None)


def test_of_two_changes_of_one_version_one_holds(api):
    add(api, id="a")
    for n in range(10):
        version = {"If-Match": etag(api, "a")}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda i: api.patch("/v1/tenants/a", {"limit": 10 * n + i}, headers=version), range(4)))
        assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]
        kept = next(answer for answer in answers if answer.status == 200)
        assert api.get("/v1/tenants/a").json["limit"] == kept.json["limit"]


def test_changes_of_different_parts_at_once_all_hold(api):
    """Without If-Match each is read, changed and written anew when another came in between."""
    add(api, id="a")
    for n in range(10):
        parts = [{"name": f"n{n}"}, {"domain": f"d{n}"}, {"limit": n}]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            assert [answer.status for answer in pool.map(lambda part: api.patch("/v1/tenants/a", part), parts)] == [200] * 3
        now = api.get("/v1/tenants/a").json
        assert (now["name"], now["domain"], now["limit"]) == (f"n{n}", f"d{n}", n)


# ---- many ----

def test_pages(api):
    ids = sorted(f"t{n}" for n in range(25))
    for one in ids:
        add(api, id=one)
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        answer = api.get(f"/v1/tenants?limit=10&cursor={cursor}").json
        assert len(answer["tenants"]) <= 10
        seen += [tenant["id"] for tenant in answer["tenants"]]
        cursor, pages = answer["next_cursor"], pages + 1
    assert seen == ids and pages == 3
    assert len(api.get("/v1/tenants").json["tenants"]) == 20
    api.delete(f"/v1/tenants/{ids[10]}")
    after = api.get(f"/v1/tenants?limit=5&cursor={ids[10]}").json  # a cursor whose tenant is gone still is a place
    assert [tenant["id"] for tenant in after["tenants"]] == ids[11:16]
    assert api.get("/v1/tenants?cursor=zzz").json == {"tenants": [], "next_cursor": None}


def test_no_tenants(api):
    assert api.get("/v1/tenants").json == {"tenants": [], "next_cursor": None}


@pytest.mark.parametrize("limit", ["0", "1001", "x", "", "-1", "1e2"])
def test_a_wrong_limit(api, limit):
    problem(api.get(f"/v1/tenants?limit={limit}"), 400, "limit")


# ---- what it does ----

def test_a_change_holds_for_what_is_waiting(stack):
    hook = stack.receiver.hook("/acme")
    stack.add_tenant("acme", 1)
    stack.add_endpoint("acme", hook)
    api = stack.start_api()
    stack.publish("acme", 5)
    hook.wait(1)

    def load():
        return api.get("/v1/tenants/acme").json["load"]
    wait_until(lambda: load()["waiting"] == 4)
    assert load()["permits_used"] == 1 and load()["next_permit_at"]
    assert api.patch("/v1/tenants/acme", {"limit": 0}).status == 200
    hook.wait(5)
    stack.wait_done(5)
    assert load() == {"waiting": 0, "permits_used": load()["permits_used"], "next_permit_at": None}


def test_removing_a_tenant_removes_its_endpoints(stack):
    stack.add("acme")
    api = stack.start_api()
    assert api.get("/v1/tenants/acme").json["endpoints"] == 1
    assert api.delete("/v1/tenants/acme").status == 204
    stack.publish("acme")
    wait_until(lambda: stack.rejected("acme"))
    assert stack.cli("endpoint", "list") == []


# ---- whose it is ----

def test_a_tenant_s_key_sees_its_own_tenant_only(api):
    for one in ("acme", "other"):
        add(api, id=one)
    key = api.post("/v1/keys", {"name": "a key", "role": "admin"}, tenant="acme").json["key"]
    reader = api.post("/v1/keys", {"name": "a key", "role": "read"}, tenant="acme").json["key"]
    for one in (key, reader):
        assert api.get("/v1/tenants/acme", key=one).json["id"] == "acme"
        there, nowhere = (problem(api.get(f"/v1/tenants/{who}", key=one), 404) for who in ("other", "nobody"))
        assert there == nowhere
        for method, path, value in (("GET", "", None), ("POST", "", {"id": "x"}), ("PATCH", "/acme", {"limit": 0}), ("DELETE", "/acme", None)):
            problem(api.ask(method, "/v1/tenants" + path, value, key=one), 403)
    assert api.get("/v1/tenants/acme").json["limit"] is None
