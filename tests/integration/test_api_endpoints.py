# SPDX-License-Identifier: Apache-2.0
"""/v1/endpoints: a tenant's endpoints, over the API."""

import base64
import concurrent.futures
import re

import pytest
import signatures
import tls_receiver
from children import wait_until
from receiver import HANG, Answer
from stack import SECRET
from api_tenant import Tenant, URL, problem

NONE = "ep_" + "00000000-0000-4000-8000-000000000000"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
PARTS = {"header_prefix": "X-Acme-", "signature": "hex", "signed_text": "timestamp.body", "signing": "required",
         "schedule": "30s,5m", "retries": 5, "jitter": 15, "timeout": "10s", "statuses": "410=disable",
         "retry_after_max": "1h", "headers": {"X-Env": "live"}, "user_agent": "Acme/1"}


@pytest.fixture
def acme(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    bare_stack.cli("tenant", "add", "other")
    return Tenant(bare_stack.start_api(endpoint_slots=48), "acme")


@pytest.fixture
def live(stack):
    """With a scheduler and a worker; http:// is allowed."""
    stack.add_tenant("acme")
    return Tenant(stack.start_api(), "acme")


# ---- one ----

def test_an_endpoint_s_life(acme, bare_stack):
    made = acme.add(dialect="standard", events=["order.*", "user.created"], description="Orders")
    path = f"/{made.json['id']}"
    assert made.headers["location"] == "/v1/endpoints" + path and made.headers["cache-control"] == "no-store"
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", made.json["secret"])
    answer = acme.get(path)
    got, added = answer.json, made.json
    del added["secret"]
    assert got.pop("load") == {"in_flight": 0, "waiting": 0, "failures_in_row": 0, "slowed": None}
    assert got == added and answer.headers["etag"] == made.headers["etag"]
    created, secrets = got["created_at"], got["secrets"]
    assert TIME.fullmatch(created) and secrets == [{"id": secrets[0]["id"], "created_at": created, "signs_until": None,
                                                    "public_key": None}]
    assert {name: got[name] for name in ("tenant", "url", "description", "dialect", "events", "filter", "slots", "state",
                                              "disabled_reason", "disabled_at", "ca", "client_cert", "has_client_key")} == {
        "tenant": "acme", "url": URL, "description": "Orders", "dialect": "standard", "events": ["order.*", "user.created"],
        "filter": None, "slots": None, "state": "enabled", "disabled_reason": None, "disabled_at": None, "ca": None,
        "client_cert": None, "has_client_key": False}
    assert all(got[part] is None for part in PARTS)
    assert got["effective"]["slots"] == 48 and got["effective"]["schedule"] == "5s,5m,30m,2h,5h,10h,14h,20h,1d"
    assert bare_stack.cli("endpoint", "show", got["id"])["url"] == URL  # what the command line sees
    assert acme.delete(path).status == 204
    for answer in (acme.get(path), acme.patch(path, {"slots": 1}), acme.delete(path)):
        problem(answer, 404)


def test_every_part_can_be_set_and_is_told_as_it_was_set(acme):
    wanted = {"url": URL, "dialect": "simple", "events": ["a", "b.*"], "filter": {"amount": {"$gte": 0.1}}, "slots": 8,
              "description": "d", **PARTS}
    made = acme.add(**wanted).json
    assert {name: made[name] for name in wanted} == wanted
    effective = made["effective"]
    assert (effective["schedule"], effective["retries"], effective["statuses"].split(",")[0]) == ("30s,5m", 5, "410=disable")
    again = acme.patch(f"/{made['id']}", {name: made[name] for name in wanted}).json  # what was read can be written
    assert again == {name: value for name, value in made.items() if name != "secret"}
    nothing = dict.fromkeys(set(wanted) - {"url", "dialect", "events"})
    cleared = acme.patch(f"/{made['id']}", nothing).json
    assert all(cleared[name] is None for name in nothing) and cleared["effective"]["retries"] == 4
    assert (cleared["dialect"], cleared["events"]) == ("simple", ["a", "b.*"])
    defaults = acme.patch(f"/{made['id']}", {"events": None, "dialect": None}).json
    assert (defaults["dialect"], defaults["events"]) == ("royalti", ["*"])


def test_a_filter_keeps_its_numbers(acme):
    """0.1 is no binary number, and neither is 9007199254740993 in a double."""
    text = b'{"a": {"$in": [0.1, 9007199254740993, 1.10, 0.30000000000000000001]}}'
    endpoint = acme.ask("POST", body=b'{"url": "%s", "filter": %s}' % (URL.encode(), text)).json["id"]
    assert text in acme.get(f"/{endpoint}").body and text in acme.get().body
    assert acme.post(f"/{endpoint}/match", {"type": "x", "data": {"a": 0.1}}).json["filter_matches"] is True
    assert text in acme.patch(f"/{endpoint}", {"slots": 2}).body


def test_null_in_a_post_is_as_if_it_were_not_there(acme):
    nothing = dict.fromkeys(["dialect", "events", "filter", "slots", "description", "ca", "client_cert", "client_key",
                             "secret", "state", *PARTS])
    made = acme.add(**nothing).json
    assert made["secret"] and (made["dialect"], made["events"], made["state"]) == ("royalti", ["*"], "enabled")


def test_one_that_is_not_used_yet(acme):
    made = acme.add(state="disabled").json
    assert made["state"] == "disabled" and made["disabled_reason"] == "disabled by hand" and TIME.fullmatch(made["disabled_at"])
    assert acme.get(f"/{made['id']}").json["state"] == "disabled"


WRONG = [
    ({"url": "ftp://a/"}, "url", "begin with https://"),
    ({"url": "http://acme.example/"}, "url", "plain HTTP"),
    ({"url": "https://10.0.0.1/"}, "url", "may not be called"),
    ({"url": ""}, "url", "a text that is not empty"),
    ({"url": 7}, "url", "a text that is not empty"),
    ({"url": "https://a/" + "b" * 2048}, "url", "2048"),
    ({"dialect": "no-such"}, "dialect", "expected one of royalti"),
    ({"dialect": 1}, "dialect", "text"),
    ({"events": []}, "events", "at least one"),
    ({"events": ["a,b"]}, "events", "one type in each text"),
    ({"events": [1]}, "events", "text"),
    ({"events": {}}, "events", "text"),
    ({"events": ["a b"], "dialect": "simple"}, "events", "expected event types"),
    ({"events": ["NO_SUCH"], "dialect": "royalti"}, "events", "not in the catalogue"),
    ({"events": ["a"] * 101, "dialect": "simple"}, "events", "at most 100"),
    ({"filter": []}, "filter", "JSON object"),
    ({"filter": {"a": {"$no": 1}}}, "filter", "$no"),
    ({"filter": {}}, "filter", ""),
    ({"slots": 0}, "slots", "from 1 to 10000"),
    ({"slots": 1.5}, "slots", "whole number"),
    ({"slots": "many"}, "slots", "whole number"),
    ({"description": "a" * 257}, "description", "at most 256"),
    ({"description": 7}, "description", "expected a text"),
    ({"secret": "short"}, "secret", "to 512"),
    ({"secret": 16 * 7}, "secret", "text"),
    ({"dialect": "standard", "secret": "not-of-the-form-of-standard"}, "secret", "whsec_"),
    ({"header_prefix": "_"}, "header_prefix", "expected 1 to 40"),
    ({"signature": "md5"}, "signature", "expected hex"),
    ({"signed_text": "url"}, "signed_text", "expected body"),
    ({"signing": "never"}, "signing", "expected always"),
    ({"schedule": "1ms"}, "schedule", "expected delays"),
    ({"retries": 101}, "retries", "expected 0 to 100"),
    ({"retries": True}, "retries", "a text or a whole number"),
    ({"jitter": -1}, "jitter", "expected 0 to 100"),
    ({"timeout": "1h"}, "timeout", "100ms to 120s"),
    ({"timeout": {}}, "timeout", "a text or a whole number"),
    ({"statuses": "600=final"}, "statuses", "expected rules"),
    ({"retry_after_max": "8d"}, "retry_after_max", "up to 7d"),
    ({"headers": {"Host": "a"}}, "headers", "Host is reserved"),
    ({"headers": ["a"]}, "headers", "JSON object"),
    ({"headers": {"X-A": "a\r\nX-B: b"}}, "headers", "printable ASCII"),
    ({"user_agent": "a\nb"}, "user_agent", "printable ASCII"),
    ({"ca": "no PEM"}, "ca", "PEM"),
    ({"client_cert": "x"}, "client_cert", "client_key"),
    ({"client_key": "x"}, "client_cert", "client_key"),
    ({"colour": "red"}, "colour", "cannot be set; expected url"),
    ({"id": "x"}, "id", "cannot be set"),
    ({"tenant": "other"}, "tenant", "cannot be set"),
    ({"secrets": []}, "secrets", "cannot be set"),
    ({"a b: c\n": 1}, "body", "cannot be set"),
]


@pytest.mark.parametrize("wanted, field, words", WRONG)
def test_what_is_wrong_is_named(acme, wanted, field, words):
    assert words in problem(acme.post(value={"url": URL, **wanted}), 400, field)
    assert acme.get().json["endpoints"] == []
    endpoint = acme.id()
    before = acme.get(f"/{endpoint}").json
    assert words in problem(acme.patch(f"/{endpoint}", wanted), 400, field)
    assert acme.get(f"/{endpoint}").json == before


@pytest.mark.parametrize("wanted, field, words", [
    ({}, "url", "missing"),
    ({"state": "off"}, "state", "enabled or disabled"),
    ({"rotate": True}, "rotate", "cannot be set"),
])
def test_what_is_wrong_with_a_new_one(acme, wanted, field, words):
    assert words in problem(acme.post(value=wanted), 400, field)


@pytest.mark.parametrize("wanted, field, words", [
    ({"url": None}, "url", "not empty"),
    ({"secret": None}, "secret", "not empty"),
    ({"state": "disabled"}, "state", "/disable"),
    ({"rotate": 1}, "rotate", "true or false"),
    ({"rotate": True, "secret": SECRET}, "rotate", "without secret"),
    ({"overlap": "1h"}, "overlap", "with secret or rotate"),
    ({"rotate": True, "overlap": "8d"}, "overlap", "expected a duration"),
    ({"rotate": True, "overlap": []}, "overlap", "expected a duration"),
    ({"rotate": True, "overlap": "1h", "dialect": "royalti"}, "overlap", "expected 0"),
    ({"signature": "v1", "dialect": "royalti"}, "secret", "have one made (rotate)"),
])
def test_what_is_wrong_with_a_change(acme, wanted, field, words):
    endpoint = acme.id(dialect="royalti", secret="a-literal-secret-of-a-guide")
    before = acme.get(f"/{endpoint}").json
    assert words in problem(acme.patch(f"/{endpoint}", wanted), 400, field)
    assert acme.get(f"/{endpoint}").json == before


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b'{"url":"a","url":"b"}', b'{"url":"\xff"}', b'{"url":"\\u0000"}',
                                  b'{"filter":' * 100 + b"1" + b"}" * 100, b"[" * 100000])
def test_bodies_that_are_none(acme, body):
    endpoint = acme.id()
    before = acme.get(f"/{endpoint}").json
    for method, path in (("POST", ""), ("PATCH", f"/{endpoint}")):
        problem(acme.ask(method, path, body=body), 400)
    assert acme.get(f"/{endpoint}").json == before


def test_a_body_that_is_too_large(acme):
    assert acme.ask("POST", body=b'{"description": "' + b"a" * (300 << 10) + b'"}').status == 413


@pytest.mark.parametrize("path", [f"/{NONE}", "/x", "/ep_", "/" + "e" * 190, "/whd_00000000-0000-4000-8000-000000000000"])
def test_ids_that_are_none(acme, path):
    calls = [("GET", "", None), ("PATCH", "", {"slots": 1}), ("DELETE", "", None), ("POST", "/enable", None),
             ("POST", "/disable", None), ("POST", "/rotate", None), ("POST", "/revoke", {"old": True}),
             ("POST", "/match", {"type": "a"})]
    for method, verb, value in calls:
        problem(acme.ask(method, path + verb, value), 404)


def test_another_tenant_s_is_not_there(acme, bare_stack):
    endpoint = acme.id()
    before = acme.get(f"/{endpoint}")
    other = Tenant(acme.api, "other")
    for method, verb, value in [("GET", "", None), ("PATCH", "", {"slots": 1}), ("DELETE", "", None), ("POST", "/enable", None),
                                ("POST", "/disable", None), ("POST", "/rotate", None), ("POST", "/revoke", {"old": True}),
                                ("POST", "/match", {"type": "a"})]:
        problem(other.ask(method, f"/{endpoint}{verb}", value), 404)
    assert acme.get(f"/{endpoint}").body == before.body
    assert other.get().json["endpoints"] == []


def test_of_a_tenant_that_is_not_there(acme):
    nobody = Tenant(acme.api, "nobody")
    problem(nobody.get(), 404)
    problem(nobody.post(value={"url": URL}), 404)


def test_without_a_master_key_no_secret_is_taken(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    bare_stack.settings["master_key"] = None
    acme = Tenant(bare_stack.start_api(), "acme")
    assert "master_key" in problem(acme.post(value={"url": URL}), 503)


def test_a_record_that_cannot_be_read_is_our_fault(acme, bare_stack):
    endpoint = acme.id()
    bare_stack.redis("SET", bare_stack.key("acme", "endpoint:" + endpoint), b"\xc1")
    for answer in (acme.get(), acme.get(f"/{endpoint}"), acme.patch(f"/{endpoint}", {"slots": 1}), acme.delete(f"/{endpoint}")):
        assert endpoint in problem(answer, 500)
    bare_stack.redis("SET", bare_stack.key("acme", "tenant:acme"), b"\xc1")
    for answer in (acme.api.get("/v1/tenants"), acme.api.get("/v1/tenants/acme"), acme.api.patch("/v1/tenants/acme", {"limit": 1})):
        assert "tenant acme" in problem(answer, 500)


# ---- many ----

def test_pages_and_filters(acme):
    made = [acme.add(url=f"https://acme.example/{n % 3}", events=["USER_CREATED" if n % 2 else "ASSET_CREATED"]).json for n in range(12)]
    ids = [one["id"] for one in made]
    acme.post(f"/{ids[4]}/disable")
    seen, cursor = [], ""
    while cursor is not None:
        page = acme.get(f"?limit=5{cursor and '&cursor='}{cursor}").json
        assert 0 < len(page["endpoints"]) <= 5
        seen += [one["id"] for one in page["endpoints"]]
        cursor = page["next_cursor"]
    assert seen == [one["id"] for one in sorted(made, key=lambda one: (one["created_at"], one["id"]))]

    def found(query):
        return sorted(ids.index(one["id"]) for one in acme.get("?" + query).json["endpoints"])
    assert found("state=disabled") == [4] and len(found("state=enabled")) == 11
    assert found("url=/2") == [2, 5, 8, 11] and found("url=nowhere") == []
    assert found("type=USER_CREATED") == [1, 3, 5, 7, 9, 11]
    assert found("type=ASSET_CREATED&url=/1&state=enabled") == [10]
    acme.delete(f"/{ids[11]}")
    first = acme.get("?limit=11").json
    assert len(first["endpoints"]) == 11 and first["next_cursor"] is None


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("state=off", "state"), ("state=", "state"),
    ("cursor=", "cursor"), ("cursor=1", "cursor"), ("cursor=1.x", "cursor"), (f"cursor=x.{NONE}", "cursor"),
])
def test_wrong_queries(acme, query, field):
    problem(acme.get("?" + query), 400, field)


# ---- versions ----

def test_a_change_of_another_version_is_refused(acme):
    endpoint = acme.id(description="first")
    old = acme.etag(endpoint)
    assert acme.patch(f"/{endpoint}", {"description": "second"}, headers={"If-Match": old}).status == 200
    problem(acme.patch(f"/{endpoint}", {"description": "third"}, headers={"If-Match": old}), 412, "If-Match")
    problem(acme.delete(f"/{endpoint}", headers={"If-Match": old}), 412, "If-Match")
    assert acme.get(f"/{endpoint}").json["description"] == "second"
    assert acme.delete(f"/{endpoint}", headers={"If-Match": acme.etag(endpoint)}).status == 204


def test_what_changes_the_version(acme, bare_stack):
    endpoint = acme.id()
    first = acme.etag(endpoint)
    acme.post(f"/{endpoint}/disable")
    acme.post(f"/{endpoint}/enable")
    assert acme.etag(endpoint) == first  # its state is no part of its configuration
    bare_stack.cli("endpoint", "set", endpoint, "--slots", "3")
    second = acme.etag(endpoint)
    rotated = acme.post(f"/{endpoint}/rotate").headers["etag"]
    assert len({first, second, rotated}) == 3 and acme.etag(endpoint) == rotated


def test_of_two_changes_of_one_version_one_holds(acme):
    endpoint = acme.id()
    for n in range(10):
        version = {"If-Match": acme.etag(endpoint)}
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda i: acme.patch(f"/{endpoint}", {"slots": 1 + 10 * n + i}, headers=version), range(4)))
        assert sorted(answer.status for answer in answers) == [200, 412, 412, 412]
        kept = next(answer for answer in answers if answer.status == 200)
        got = acme.get(f"/{endpoint}")
        assert got.json["slots"] == kept.json["slots"] and got.headers["etag"] == kept.headers["etag"]


def test_changes_of_different_parts_at_once_all_hold(acme):
    endpoint = acme.id()
    for n in range(10):
        parts = [{"description": f"d{n}"}, {"slots": n + 1}, {"retries": n}, {"headers": {f"X-{n}": "a"}}]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert [answer.status for answer in pool.map(lambda part: acme.patch(f"/{endpoint}", part), parts)] == [200] * 4
        now = acme.get(f"/{endpoint}").json
        assert (now["description"], now["slots"], now["retries"]) == (f"d{n}", n + 1, n)
        assert now["headers"] == {f"X-{i}": "a" for i in range(n + 1)}


def test_a_removal_and_a_change_of_one_version(acme):
    for _ in range(10):
        endpoint = acme.id()
        version = {"If-Match": acme.etag(endpoint)}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            change = pool.submit(acme.patch, f"/{endpoint}", {"slots": 5}, headers=version)
            removal = pool.submit(acme.delete, f"/{endpoint}", headers=version)
        found = (change.result().status, removal.result().status, acme.get(f"/{endpoint}").status)
        assert found in [(200, 412, 200), (404, 204, 404)]


# ---- headers are merged ----

def test_headers_are_merged(acme):
    endpoint = acme.id(headers={"X-A": "1", "Authorization": "Bearer x"})

    def patched(headers):
        return acme.patch(f"/{endpoint}", {"headers": headers}).json["headers"]
    assert patched({"X-B": "2"}) == {"X-A": "1", "Authorization": "Bearer x", "X-B": "2"}
    assert patched({"x-a": "3", "authorization": None}) == {"X-B": "2", "x-a": "3"}  # case does not count
    assert patched({}) == {"X-B": "2", "x-a": "3"}
    assert patched({"x-a": None, "X-B": None, "X-C": None}) is None
    assert patched('{"X-D": "4"}') == {"X-D": "4"}  # as text: replaced whole
    assert patched(None) is None
    twenty = {f"X-{n}": "a" for n in range(20)}
    assert patched(twenty) == twenty
    assert patched({**dict.fromkeys(twenty), **{f"Y-{n}": "a" for n in range(20)}}) == {f"Y-{n}": "a" for n in range(20)}
    for many, words in (({"Z": "a"}, "at most 20"), ({f"Z-{n}": None for n in range(41)}, "at most 40 at once")):
        assert words in problem(acme.patch(f"/{endpoint}", {"headers": many}), 400, "headers")


# ---- what a change does ----

def test_a_change_holds_for_the_next_delivery(live, stack):
    before, after = stack.receiver.hook("/before"), stack.receiver.hook("/after")
    endpoint = live.id(url=before.url, dialect="standard", events=["a.*"], secret=SECRET, user_agent="Before/1")
    stack.publish("acme", kind="a.b")
    assert before.wait(1)[0].headers["user-agent"] == "Before/1"
    assert live.patch(f"/{endpoint}", {"url": after.url, "user_agent": "After/1", "headers": {"X-Env": "live"},
                                       "filter": {"n": {"$gte": 1}}}).status == 200
    stack.publish("acme", 3, kind="a.b")  # n: 0, 1, 2
    first = after.wait(2)[0]
    assert (first.headers["user-agent"], first.headers["x-env"]) == ("After/1", "live")
    stack.wait_done(3)
    assert live.delete(f"/{endpoint}").status == 204
    stack.publish("acme", kind="a.b")
    wait_until(lambda: stack.redis("HGET", stack.key("acme", "unmatched"), "acme") == b"2")
    assert (len(before.requests), len(after.requests)) == (1, 2)


def test_disabling_and_enabling(live, stack):
    hook = stack.receiver.hook("/acme", HANG)
    endpoint = live.id(url=hook.url, slots=1)
    stack.publish("acme", 3)
    hook.wait_in_flight(1)

    def load():
        return live.get(f"/{endpoint}").json["load"]
    wait_until(lambda: load()["waiting"] == 2)
    assert load()["in_flight"] == 1
    answer = live.post(f"/{endpoint}/disable", {"reason": "moving house"})
    assert (answer.status, answer.json["state"], answer.json["disabled_reason"]) == (200, "disabled", "moving house")
    assert TIME.fullmatch(answer.json["disabled_at"])
    again = live.post(f"/{endpoint}/disable", {"reason": "again"}).json
    assert again["disabled_reason"] == "moving house"  # it has been since then
    stack.wait_done(2)
    hook.release()
    stack.wait_done(3)
    assert sorted(d.status for d in stack.deliveries()) == ["cancelled", "cancelled", "success"]
    answer = live.post(f"/{endpoint}/enable")
    assert (answer.json["state"], answer.json["disabled_reason"], answer.json["disabled_at"]) == ("enabled", None, None)
    stack.publish("acme")
    hook.wait(2)


@pytest.mark.parametrize("reason", ["", 7, "a" * 201, "a\nb"])
def test_wrong_reasons(acme, reason):
    endpoint = acme.id()
    problem(acme.post(f"/{endpoint}/disable", {"reason": reason}), 400, "reason")
    assert acme.get(f"/{endpoint}").json["state"] == "enabled"


def test_one_without_a_url_cannot_be_enabled(acme):
    answer = acme.api.put("/tenant/settings/webhook-timeoutMs", {"value": "5000"}, tenant="acme")
    assert answer.status == 200
    endpoint = acme.get().json["endpoints"][0]
    assert (endpoint["url"], endpoint["state"]) == (None, "disabled")
    problem(acme.post(f"/{endpoint['id']}/enable"), 409, "url")
    acme.patch(f"/{endpoint['id']}", {"url": URL})
    assert acme.post(f"/{endpoint['id']}/enable").json["state"] == "enabled"
    assert acme.api.get("/v1/tenants/acme").json["settings_endpoint"] == endpoint["id"]


def test_failures_and_slowing_down_are_told(live, stack):
    hook = stack.receiver.hook("/acme", Answer(404), Answer(429, b"later", (("Retry-After", "3000"),)))
    endpoint = live.id(url=hook.url, dialect="standard", statuses="404=final", slots=8)

    def load():
        return live.get(f"/{endpoint}").json["load"]
    stack.publish("acme")
    wait_until(lambda: load()["failures_in_row"] == 1)
    assert load()["slowed"] is None
    stack.publish("acme")
    wait_until(lambda: load()["slowed"])
    slowed = load()["slowed"]
    assert slowed == {"resting": True, "slots": 4, "until": slowed["until"]} and TIME.fullmatch(slowed["until"])
    assert stack.cli("endpoint", "show", endpoint)["slowed"] == slowed
    assert b"gets nothing for now, then 4 at a time" in stack.run("endpoint", "show", endpoint).stdout
    live.post(f"/{endpoint}/disable")
    live.post(f"/{endpoint}/enable")
    assert load() == {"in_flight": 0, "waiting": 0, "failures_in_row": 0, "slowed": None}


# ---- secrets ----

def test_a_secret_is_shown_once_and_signs(live, stack):
    hook = stack.receiver.hook("/acme")
    made = live.add(url=hook.url, dialect="standard").json
    stack.publish("acme")
    first = hook.wait(1)[0]
    assert first.headers["webhook-signature"] == v1(first, made["secret"])
    rotated = live.post(f"/{made['id']}/rotate", {"overlap": "1h"})
    assert rotated.headers["cache-control"] == "no-store"
    secret = rotated.json["secret"]
    stack.publish("acme")
    second = hook.wait(2)[1]
    assert second.headers["webhook-signature"].split(" ") == [v1(second, secret), v1(second, made["secret"])]
    old = rotated.json["secrets"][1]
    assert TIME.fullmatch(old["signs_until"]) and old["id"] == made["secrets"][0]["id"]
    revoked = live.post(f"/{made['id']}/revoke", {"secret_id": old["id"]})
    assert [one["id"] for one in revoked.json["secrets"]] == [rotated.json["secrets"][0]["id"]]
    stack.publish("acme")
    third = hook.wait(3)[2]
    assert third.headers["webhook-signature"] == v1(third, secret)
    third_secret = live.patch(f"/{made['id']}", {"signature": "v1a", "rotate": True, "overlap": 0}).json["secret"]
    assert third_secret.startswith("whsk_")
    given = "whsk_" + base64.b64encode(bytes(range(32))).decode()
    assert "secret" not in live.post(f"/{made['id']}/rotate", {"secret": given}).json
    seen = b"".join(live.get(path).body for path in ("", f"/{made['id']}")) + stack.apis[0].log().encode()
    for one in (made["secret"], secret, third_secret, given):
        assert one.encode() not in seen and one.split("_")[1].encode() not in seen


def v1(request, secret):
    return signatures.write("v1", base64.b64decode(secret.removeprefix("whsec_")), signatures.standard_text(request))


@pytest.mark.parametrize("value, field", [
    ({"secret": "short"}, "secret"), ({"secret": 7}, "secret"), ({"overlap": "8d"}, "overlap"), ({"overlap": -1}, "overlap"),
    ({"overlap": "1h", "x": 1}, "x"), ({"secret": "a-literal-secret-of-a-guide"}, "secret"),
])
def test_wrong_rotations(acme, value, field):
    endpoint = acme.id(dialect="standard")
    before = acme.get(f"/{endpoint}").body
    problem(acme.post(f"/{endpoint}/rotate", value), 400, field)
    assert acme.get(f"/{endpoint}").body == before


def test_wrong_revocations(acme):
    endpoint = acme.add(dialect="standard").json
    path = f"/{endpoint['id']}/revoke"
    for value, field in (({}, "secret_id"), ({"old": False}, "old"), ({"secret_id": 7}, "secret_id"), ({"secret_id": "a", "old": True}, "secret_id"),
                         ({"old": True, "x": 1}, "old"), ({"id": "a"}, "secret_id")):
        problem(acme.post(path, value), 400, field)
    problem(acme.post(path, {"secret_id": "sec_none"}), 404, "secret_id")
    assert "in use" in problem(acme.post(path, {"secret_id": endpoint["secrets"][0]["id"]}), 409, "secret_id")
    assert acme.post(path, {"old": True}).status == 200  # there are none, and then there are none
    for _ in range(3):
        acme.post(f"/{endpoint['id']}/rotate")
    problem(acme.post(f"/{endpoint['id']}/rotate"), 400, "secret")  # four are in use
    assert len(acme.post(path, {"old": True}).json["secrets"]) == 1


def test_if_match_goes_with_a_rotation_too(acme):
    endpoint = acme.id(dialect="standard")
    old = acme.etag(endpoint)
    assert acme.post(f"/{endpoint}/rotate", headers={"If-Match": old}).status == 200
    problem(acme.post(f"/{endpoint}/rotate", headers={"If-Match": old}), 412, "If-Match")
    assert len(acme.get(f"/{endpoint}").json["secrets"]) == 2


# ---- the audit ----

def test_the_audit_names_the_endpoint(acme):
    endpoint = acme.id()
    acme.patch(f"/{endpoint}", {"slots": 5})
    acme.patch(f"/{endpoint}", {"slots": 0})  # refused: no change
    acme.post(f"/{endpoint}/match", {"type": "a"})  # a dry run is none either
    secret = acme.post(f"/{endpoint}/rotate").json["secret"]
    acme.delete(f"/{endpoint}")
    answer = acme.api.get("/v1/audit", tenant="acme")
    assert [(one["method"], one["route"], one["objects"]) for one in answer.json["entries"]] == [
        ("DELETE", "/v1/endpoints/{id}", [endpoint]), ("POST", "/v1/endpoints/{id}/rotate", [endpoint]),
        ("PATCH", "/v1/endpoints/{id}", [endpoint]), ("POST", "/v1/endpoints", [endpoint])]
    assert secret.encode() not in answer.body


# ---- TLS ----

def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def test_certificates(live, stack, pki):
    server = tls_receiver.Server(pki, wants_client=True)
    try:
        endpoint = live.id(url=server.url, retries=0)
        wanted = {"ca": read(pki("ca.pem")), "client_cert": read(pki("client.pem")), "client_key": read(pki("client.key"))}
        answer = live.patch(f"/{endpoint}", wanted)
        assert answer.status == 200 and answer.json["has_client_key"] is True
        assert (answer.json["ca"], answer.json["client_cert"]) == (wanted["ca"], wanted["client_cert"])
        assert wanted["client_key"].splitlines()[1].encode() not in answer.body + live.get().body
        stack.publish("acme")
        stack.wait_done(1)
        assert server.clients == ["the client"]
        problem(live.patch(f"/{endpoint}", {"client_cert": wanted["ca"]}), 400, "client_cert")
        problem(live.patch(f"/{endpoint}", {"client_cert": wanted["ca"], "client_key": wanted["client_key"]}), 400, "client_key")
        cleared = live.patch(f"/{endpoint}", {"ca": None, "client_key": None}).json
        assert (cleared["ca"], cleared["client_cert"], cleared["has_client_key"]) == (None, None, False)
    finally:
        server.shutdown()
        server.server_close()


# ---- limits ----

def test_as_many_as_there_may_be(acme, bare_stack):
    lines = "\n".join(f'{{"tenant": "acme", "url": "https://acme.example/{n}"}}' for n in range(1000)).encode()
    bare_stack.cli("endpoint", "add", "--from", "-", stdin=lines)
    problem(acme.post(value={"url": URL}), 409)
    assert len(acme.get("?limit=100").json["endpoints"]) == 100
