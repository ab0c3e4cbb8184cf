# SPDX-License-Identifier: Apache-2.0
"""Downloads and royalty files, as a tenant registers and reads them."""

import json
import uuid

import pytest
from children import wait_until
from api_problem import problem

ID = "d3f2c1b0-1234-5678-90ab-cdef12345678"


@pytest.fixture
def api(bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    return bare_stack.start_api()


def add(api, kind="downloads", tenant="acme", **members):
    return api.post(f"/v1/{kind}", members, tenant=tenant)


def walk(api, kind, limit, tenant="acme"):
    """Ids of all pages."""
    found, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/v1/{kind}?limit={limit}{cursor and '&cursor=' + cursor}", tenant=tenant).json
        assert len(page[kind]) <= limit
        found += [one["id"] for one in page[kind]]
        cursor = page["next_cursor"]
    return found


def mail_endpoints(stack, tenant="acme"):
    answer = stack.cli("endpoint", "list", tenant=tenant)
    return [e for e in (answer if isinstance(answer, list) else [answer]) if e["url"] == "mailto:"]


@pytest.mark.parametrize("kind, first, own", [("downloads", "preparing", "email"), ("files", "processing", "source")])
def test_it_is_registered_and_read(api, kind, first, own):
    answer = add(api, kind, id=ID.upper(), name="Q1 2024 \u2603", **{own: "a@example.com"})
    assert answer.status == 201
    made = answer.json
    assert made["id"] == ID and made["name"] == "Q1 2024 \u2603" and made["status"] == first
    assert made[own] == "a@example.com" and made["created_at"] == made["updated_at"]
    assert api.get(f"/v1/{kind}/{ID}", tenant="acme").json == made
    assert api.get(f"/v1/{kind}", tenant="acme").json == {kind: [made], "next_cursor": None}


def test_the_endpoint_for_mail_is_in_use_again_when_it_was_removed_and_is_made_anew(api, bare_stack):
    """Under the id that it had: what was said of the removed one does not hold for it."""
    add(api, email="a@example.com")
    (first,) = mail_endpoints(bare_stack)
    bare_stack.cli("endpoint", "remove", first["id"], tenant="acme")
    assert not mail_endpoints(bare_stack)
    add(api, email="a@example.com")
    (again,) = mail_endpoints(bare_stack)
    assert again["id"] == first["id"]
    assert again["enabled"] and again["disabledReason"] is None


@pytest.mark.parametrize("kind", ["downloads", "files"])
def test_an_id_is_made_when_none_is_named(api, kind):
    ids = {add(api, kind).json["id"] for _ in range(3)}
    assert len(ids) == 3 and all(str(uuid.UUID(one)) == one for one in ids)


@pytest.mark.parametrize("kind", ["downloads", "files"])
def test_another_tenant_s_is_not_there(api, kind):
    add(api, kind, id=ID)
    answer = api.get(f"/v1/{kind}/{ID}", tenant="other")
    assert problem(answer, 404) == problem(api.get(f"/v1/{kind}/{uuid.uuid4()}", tenant="other"), 404)
    assert api.get(f"/v1/{kind}", tenant="other").json[kind] == []


def test_asking_again_answers_what_is_there(api):
    made = add(api, id=ID, name="a").json
    again = add(api, id=ID, name="a")
    assert again.status == 200 and again.json == made
    problem(add(api, id=ID, name="b"), 409, "id")
    assert len(walk(api, "downloads", 10)) == 1


def test_a_download_s_id_is_one_tenant_s(api):
    """Its webhook names no tenant; a file's does."""
    add(api, id=ID)
    problem(add(api, tenant="other", id=ID), 409, "id")
    assert add(api, "files", id=ID).status == add(api, "files", tenant="other", id=ID).status == 201


def test_pages(api, bare_stack):
    ids = []
    for n in range(7):
        ids.append(add(api, name=str(n)).json["id"])
        last = int(bare_stack.now_ms())
        wait_until(lambda since=last: int(bare_stack.now_ms()) > since)  # those of one millisecond are in the order of their ids
    for limit in (1, 3, 7, 100):
        assert walk(api, "downloads", limit) == ids[::-1]
    problem(api.get("/v1/downloads?cursor=nope", tenant="acme"), 400, "cursor")
    problem(api.get("/v1/downloads?limit=0", tenant="acme"), 400, "limit")
    assert api.get(f"/v1/downloads?cursor={uuid.uuid4()}", tenant="acme").json == {"downloads": [], "next_cursor": None}


@pytest.mark.parametrize("members, field", [
    ({"id": "1"}, "id"), ({"id": ID + "0"}, "id"), ({"id": 5}, "id"), ({"name": "a\nb"}, "name"), ({"name": "x" * 257}, "name"),
    ({"email": "nobody"}, "email"), ({"email": "a@b@c"}, "email"), ({"email": "a b@c"}, "email"), ({"email": "<a@b.example>"}, "email"),
    ({"email": "a@b.example\r\nBcc: c@d.example"}, "email"), ({"email": "a@b,c@d"}, "email"), ({"email": "@b"}, "email"), ({"email": "a@"}, "email"),
    ({"email": "-f@b.example"}, "email"), ({"email": "x" * 65 + "@b.example"}, "email"), ({"source": "x"}, "source"), ({"url": "x"}, "url"),
])
def test_a_wrong_member_is_named(api, members, field):
    problem(add(api, **members), 400, field)
    assert walk(api, "downloads", 10) == []


def test_a_body_that_is_none(api):
    for body in (b"", b"[]", b"{", b'{"name":"a","name":"b"}', b"\xff"):
        problem(api.post("/v1/downloads", body=body, tenant="acme"), 400)
    problem(api.post("/v1/downloads", {}, tenant="nobody"), 404)


def test_the_e_mails_have_one_endpoint(api, bare_stack):
    assert mail_endpoints(bare_stack) == []
    for n in range(3):
        assert add(api, email=f"u{n}@example.com").status == 201
    found = mail_endpoints(bare_stack)
    assert len(found) == 1 and found[0]["events"] == ["grapnel.email"]
    bare_stack.cli("endpoint", "remove", found[0]["id"], tenant="acme")
    add(api, email="a@example.com")
    assert [e["id"] for e in mail_endpoints(bare_stack)] == [found[0]["id"]]
    assert mail_endpoints(bare_stack, "other") == []


def test_it_is_kept_for_its_time(bare_stack, redis):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(inbound_retention="1h")
    add(api, id=ID)
    for key in (bare_stack.key("acme", f"download:acme/{ID}"), bare_stack.key("acme", "downloads:acme")):
        assert 3500000 < redis("PTTL", key) <= 3600000
    claim = bare_stack.key(ID, f"owner:download/{ID}")
    assert redis("GET", claim) == b"acme" and redis("PTTL", claim) > redis("PTTL", bare_stack.key("acme", f"download:acme/{ID}"))
    redis("DEL", bare_stack.key("acme", f"download:acme/{ID}"))  # as its time would
    problem(api.get(f"/v1/downloads/{ID}", tenant="acme"), 404)
    assert walk(api, "downloads", 5) == []


def test_a_registration_that_was_cut_off_may_be_made_again(bare_stack, redis):
    """The claim is there, the record is not: the process died in between."""
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api()
    redis("SET", bare_stack.key(ID, f"owner:download/{ID}"), "acme", "PX", 1000000)
    problem(api.get(f"/v1/downloads/{ID}", tenant="acme"), 404)
    assert add(api, id=ID).status == 201
    assert redis("PTTL", bare_stack.key(ID, f"owner:download/{ID}")) > 2592000000


def test_redis_away(api, redis):
    redis.kill9()
    assert problem(add(api), 503)
    assert json.loads(api.get("/v1/downloads", tenant="acme").body)["status"] == 503
    redis.start()
