# SPDX-License-Identifier: Apache-2.0
"""Inbound sources: who sends, how it proves itself, and that what it sends flows to the customers' endpoints."""

import base64
import concurrent.futures
import json
import time
import uuid

import pytest
from children import wait_until
from published import events
from api_problem import problem
from inbound_source import HEADERS, Source, mac, stripe_headers

KEY = b"thirty-two bytes of test secret!"
WHSEC = "whsec_" + base64.b64encode(KEY).decode()
STRIPE = {"id": "evt_1NG8Du2eZvKYlo2CUI79vXWy", "object": "event", "type": "invoice.payment_succeeded",
          "data": {"object": {"amount_paid": 1500, "currency": "usd"}}}
CLOUDFLARE = {"name": "ssl", "text": "a certificate was renewed", "ts": 1737556200, "alert_type": "dedicated_ssl_certificate_event_type",
              "data": {"hostname": "music.example.com"}}


FIXED = {"event_type": {"fixed": "thing.happened"}}
KINDS = {
    "stripe": ({"kind": "stripe"}, WHSEC),
    "standard": ({"kind": "standard"}, WHSEC),
    "github": ({"kind": "github", "event_type": {"header": "X-GitHub-Event", "prefix": "github."}}, "a secret for github"),
    "cloudflare": ({"kind": "cloudflare"}, "a-token-for-cloudflare"),
    "hmac-hex": ({"kind": "hmac-hex", "header": "X-Sig", **FIXED}, "a secret of ours"),
    "hmac-base64": ({"kind": "hmac-base64", "header": "X-Sig", **FIXED}, "a secret of ours"),
    "token": ({"kind": "token", "header": "X-Token", "prefix": "Bearer ", **FIXED}, "a-secret-token"),
    "basic": ({"kind": "basic", **FIXED}, "ann:her password"),
}
TYPES = {"stripe": "invoice.payment_succeeded", "standard": "invoice.payment_succeeded", "github": "github.push",
         "cloudflare": "dedicated_ssl_certificate_event_type"}


@pytest.fixture
def api(bare_stack):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    return bare_stack.start_api()


def of_kind(api, kind, **more):
    members, secret = KINDS[kind]
    return Source(api, secret, **{**members, **more})


def body_of(kind):
    return json.dumps(CLOUDFLARE if kind == "cloudflare" else STRIPE).encode()


# ---- genuine or not ----

@pytest.mark.parametrize("kind", KINDS)
def test_a_genuine_call_is_an_event_once(api, bare_stack, kind):
    source, body = of_kind(api, kind), body_of(kind)
    first = source.send(body=body)
    assert first.status == 202 and first.json["duplicate"] is False, first
    again = source.send(body=body)
    assert again.status == 200 and again.json == {"id": first.json["id"], "duplicate": True}
    ((event_type, data),) = events(bare_stack, "acme")
    assert event_type == TYPES.get(kind, "thing.happened") and data == json.loads(body)


def changed_headers(headers):
    """As somebody would who does not know the secret."""
    for name, value in headers.items():
        yield {**headers, name: ""}
        yield {**headers, name: value[:-1]}
        yield {**headers, name: value + "0"}
        yield {**headers, name: "0" + value}
        yield {**headers, name: "\u00e9\u00ff".encode("latin-1")}
        yield {**headers, name: "x" * 5000}
        yield {n: v for n, v in headers.items() if n != name}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_genuine_is_refused(api, bare_stack, kind):
    source, body = of_kind(api, kind), body_of(kind)
    right = source.headers(body)
    signed = {n: v for n, v in right.items() if not n.startswith("X-GitHub-")}
    wrong = [(body, {**headers, "X-GitHub-Event": "push"}) for headers in changed_headers(signed)]
    wrong += [(body, {}), (body, HEADERS[kind](WHSEC[:-9] + "abcdefgh=" if kind == "standard" else "another:secret", body))]
    if kind not in ("cloudflare", "token", "basic"):
        wrong += [(body + b" ", right), (b"", right), (body.replace(b"1", b"2"), right), (body[:-1], right)]
    answers = {source.send(body=b, headers=h).body for b, h in wrong}
    assert len(answers) == 1, answers  # which part was wrong is not told
    assert problem(source.send(body=body, headers={}), 401) == "this call cannot be verified"
    assert events(bare_stack, "acme") == []
    assert source.shown()["refused"]["this_hour"] == len(wrong) + 1
    assert source.send(body=body).status == 202


@pytest.mark.parametrize("kind", ["stripe", "standard"])
def test_a_timestamp_may_be_off_by_the_tolerance(api, kind):
    source, body, now = of_kind(api, kind, tolerance="10m"), body_of(kind), int(time.time())
    for off in (-700, 700, -now, 10 ** 10):
        assert source.send(body=body, at=now + off).status == 401
    assert source.shown()["refused"]["last_reason"] == "the timestamp is too far off"
    for off in (-500, 500):
        assert source.send(body=body, at=now + off).status in (200, 202)


@pytest.mark.parametrize("kind", ["stripe", "standard"])
def test_of_several_signatures_one_is_enough(api, kind):
    source, body = of_kind(api, kind), body_of(kind)
    others = ["whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in range(5)]
    assert source.send(body=body, also=others).status == 202
    assert source.send(body=body, headers=HEADERS[kind](others[0], body, also=others[1:])).status == 401


@pytest.mark.parametrize("header", ["t=1,v1=" + "0" * 64, "v1=" + "0" * 64, "t=", "t=,v1=", "t=1", ",,,", "=", "t=1,t=2,v1=a", "t=x,v1=a",
                                    "t=1," + ",".join(["v1=a"] * 17), "t=99999999999999999999,v1=a", "t=-1,v1=a"])
def test_garbage_of_stripe_s_form(api, header):
    source = of_kind(api, "stripe")
    assert source.send(STRIPE, headers={"Stripe-Signature": header}).status == 401


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_algorithms_and_prefixes(api, algorithm):
    body = b'{"a":1}'
    source = of_kind(api, "hmac-hex", algorithm=algorithm, prefix=f"{algorithm}=")
    made = mac(source.secret, body, algorithm).hexdigest()
    assert source.send(body=body, headers={"X-Sig": made}).status == 401
    assert source.send(body=body, headers={"X-Sig": f"{algorithm}={mac(source.secret, body, 'md5').hexdigest()}"}).status == 401
    assert source.send(body=body, headers={"X-Sig": f"{algorithm}={made.upper()}"}).status == 202


def test_a_secret_is_changed_without_a_gap(api):
    source, body = of_kind(api, "stripe"), body_of("stripe")
    old, new = source.secret, "whsec_of-the-other-kind"
    api.ask("PATCH", f"/v1/sources/{source.id}", {"secret": new}, tenant="acme")
    assert source.send(body=body).status == 202
    assert source.send(body=body, headers=stripe_headers(new, body)).status == 200
    assert source.shown()["secrets"] == 2
    api.ask("PATCH", f"/v1/sources/{source.id}", {"secret": "whsec_a-third-one", "overlap": 0}, tenant="acme")
    for secret, status in ((old, 401), (new, 401), ("whsec_a-third-one", 200)):
        assert source.send(body=body, headers=stripe_headers(secret, body)).status == status


# ---- what it becomes ----

def test_bodies_are_passed_on_byte_for_byte(stack):
    hook = stack.receiver.hook("/acme")
    stack.add_tenant("acme")
    stack.add_endpoint("acme", hook, events="thing.happened")
    source = of_kind(stack.start_api(), "token")
    body = b' { "amount": 1500.00 , "n": 1e5, "\\u00e9": "\xc3\xa9", "a": [ ] } '
    assert source.send(body=body).status == 202
    assert b'"data":' + body.strip() in hook.wait(1)[0].body.replace(b'"data": ', b'"data":')


@pytest.mark.parametrize("body, data", [
    (b"", {"body": ""}), (b"a=1&b=2", {"body": "a=1&b=2"}), ("caf\u00e9 \u2603\n".encode(), {"body": "caf\u00e9 \u2603\n"}),
    (b"\xff\xfe\x00", {"body_base64": "//4A"}), (b"\x00", {"body": "\x00"}), (b"{", {"body": "{"}), (b"[" * 100, {"body": "[" * 100}),
    (b"5", 5), (b"null", None), (b'"x"', "x"), (b"\xef\xbb\xbf{}", {"body": "\ufeff{}"}),
])
def test_what_is_no_json_is_wrapped(api, bare_stack, body, data):
    source = of_kind(api, "token")
    assert source.send(body=body).status == 202
    assert events(bare_stack, "acme") == [("thing.happened", data)]


def test_headers_may_be_kept(api, bare_stack):
    source = of_kind(api, "token", headers=["X-Request-Id", "X-None"])
    for body in (b'{"n":1.0}', b"text"):
        assert source.send(body=body, headers={**source.headers(body), "X-Request-ID": 'a"b'}).status == 202
    (_, first), (_, second) = events(bare_stack, "acme")
    assert first == {"headers": {"x-request-id": 'a"b'}, "body": {"n": 1.0}} and second["body"] == "text"
    entry = bare_stack.redis("XRANGE", bare_stack.key("acme", "events"), "-", "+")[0][1]
    assert b'"body":{"n":1.0}}' in entry[entry.index(b"data") + 1]


@pytest.mark.parametrize("event_type, value, headers, found", [
    ({"path": "a.0.b"}, {"a": [{"b": "x.y"}]}, {}, "x.y"), ({"path": "n"}, {"n": 42}, {}, "42"),
    ({"path": "t"}, {"t": "caf\u00e9 au lait"}, {}, "caf___au_lait"), ({"path": "t", "prefix": "p."}, {"t": "x"}, {}, "p.x"),
    ({"header": "X-Type"}, {}, {"x-type": "made by header"}, "made_by_header"), ({"path": "a\\.b"}, {"a.b": "z"}, {}, "z"),
    ({"fixed": "f", "prefix": "p-"}, {}, {}, "p-f"),
])
def test_where_the_type_is_from(api, bare_stack, event_type, value, headers, found):
    source = of_kind(api, "token", event_type=event_type)
    body = json.dumps(value).encode()
    assert source.send(body=body, headers={**source.headers(body), **headers}).status == 202
    assert [kind for kind, _ in events(bare_stack, "acme")] == [found]


@pytest.mark.parametrize("value", [{}, {"t": None}, {"t": True}, {"t": {}}, {"t": []}, {"t": ""}, [], "t", {"t": "x" * 200},
                                   {"t": "grapnel.email"}, {"t": "grapnel."}])
def test_a_call_without_a_type_is_refused(api, bare_stack, value):
    """Also one that would be an event of Grapnel's own, an e-mail say."""
    source = of_kind(api, "token", event_type={"path": "t"})
    problem(source.send(value), 400, "event_type")
    assert events(bare_stack, "acme") == []


@pytest.mark.parametrize("unique_by, first, same, other", [
    ({"header": "X-Id"}, ({"X-Id": "1"}, b"a"), ({"X-Id": "1"}, b"b"), ({"X-Id": "2"}, b"a")),
    ({"path": "id"}, ({}, b'{"id":"1"}'), ({}, b'{"id":"1","n":1}'), ({}, b'{"id":"2"}')),
    ({"path": "id"}, ({}, b'{"id":7}'), ({}, b'{"n":1,"id":7}'), ({}, b'{"id":77}')),
    ({"path": "id"}, ({}, b'{"id":"%s"}' % (b"x y" * 70)), ({}, b'{"id":"%s","n":1}' % (b"x y" * 70)), ({}, b'{"id":"%sz"}' % (b"x y" * 70))),
    ({"body": True}, ({"X-Id": "1"}, b"a"), ({"X-Id": "2"}, b"a"), ({"X-Id": "1"}, b"b")),
    ({"header": "X-Id"}, ({}, b"a"), ({}, b"a"), ({}, b"b")),  # none is there: by the body
])
def test_what_it_is_told_apart_by(api, bare_stack, unique_by, first, same, other):
    source = of_kind(api, "token", unique_by=unique_by)
    for (headers, body), status in ((first, 202), (same, 200), (other, 202)):
        assert source.send(body=body, headers={**source.headers(body), **headers}).status == status
    assert len(events(bare_stack, "acme")) == 2


def test_two_sources_do_not_share_ids(api):
    one, two = of_kind(api, "stripe"), of_kind(api, "stripe")
    assert one.send(STRIPE).status == two.send(STRIPE).status == 202


def test_many_of_the_same_at_once(api, bare_stack):
    source, body = of_kind(api, "stripe"), body_of("stripe")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: source.send(body=body), range(50)))
    assert sorted(a.status for a in answers) == [200] * 49 + [202]
    assert len(events(bare_stack, "acme")) == 1


# ---- to the customers ----

def test_stripe_s_and_cloudflare_s_callbacks_flow_to_customers(stack):
    """Signed anew, each in the customer's own dialect."""
    stack.add_tenant("acme")
    royalti, simple, standard = (stack.receiver.hook(f"/{name}") for name in ("royalti", "simple", "standard"))
    stack.add_endpoint("acme", royalti, "royalti", "*", secret="the-secret-of-royalti", signing="always")
    stack.add_endpoint("acme", simple, "simple", "stripe.*", secret="the-secret-of-simple")
    stack.add_endpoint("acme", standard, "standard", "cf.*")
    api = stack.start_api()
    stripe = of_kind(api, "stripe", event_type={"path": "type", "prefix": "stripe."})
    cloudflare = of_kind(api, "cloudflare", event_type={"path": "alert_type", "prefix": "cf."})
    for _ in range(3):
        assert stripe.send(STRIPE).status in (200, 202) and cloudflare.send(CLOUDFLARE).status in (200, 202)
    request = simple.wait(1)[0]
    assert request.headers["x-webhook-signature"] == mac("the-secret-of-simple", request.body).hexdigest()
    assert json.loads(request.body)["type"] == "stripe.invoice.payment_succeeded" and json.loads(request.body)["data"] == STRIPE
    request = standard.wait(1)[0]
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(mac(KEY, signed).digest()).decode()
    assert json.loads(request.body)["data"] == CLOUDFLARE
    for request in royalti.wait(2):
        assert request.headers["x-royalti-signature"] == "sha256=" + mac("the-secret-of-royalti", request.body).hexdigest()
    stack.wait_done(4)
    assert [len(h.requests) for h in (royalti, simple, standard)] == [2, 1, 1]


# ---- what is in the way ----

def test_unknown_sources(api, bare_stack):
    source = of_kind(api, "token")
    body = b"{}"
    for name in ("x", "src_", str(uuid.uuid4()), "src_" + str(uuid.uuid4()), source.id[:-1], source.id + "0", source.id.upper(), "src_" + "9" * 150):
        answer = api.post(f"/in/{name}", body=body, headers=source.headers(body), key=None)
        assert problem(answer, 404) == "there is no such source"
    api.ask("DELETE", f"/v1/sources/{source.id}", tenant="acme")
    assert source.send(body=body).status == 404


def test_a_tenant_s_sources_go_with_it(api, bare_stack, redis):
    source = of_kind(api, "token")
    bare_stack.cli("tenant", "remove", "acme")
    assert source.send({}).status == 404
    assert redis("EXISTS", bare_stack.key("acme", f"source:{source.id}"), bare_stack.key("acme", "sources:acme")) == 0


@pytest.mark.parametrize("size, status", [((1 << 20) + 1, 413), (300000, 400)])
def test_huge_bodies(api, bare_stack, size, status):
    source = of_kind(api, "token")
    assert source.send(body=b"x" * size).status == status
    assert events(bare_stack, "acme") == [] and source.send(body=b"{}").status == 202


def test_redis_away(api, redis, bare_stack):
    source = of_kind(api, "stripe")
    redis.kill9()
    answer = source.send(STRIPE)
    assert problem(answer, 503) and answer.headers["retry-after"] == "1"
    redis.start()
    wait_until(lambda: source.send(STRIPE).status in (200, 202))
    assert len(events(bare_stack, "acme")) == 1


def test_redis_is_full(api, redis, bare_stack):
    source = of_kind(api, "token")
    redis("CONFIG", "SET", "maxmemory", 1)
    assert source.send({}).status == 503
    redis("CONFIG", "SET", "maxmemory", 0)
    assert source.send({}).status == 202


# ---- sources themselves ----

def change(api, source, tenant="acme", **members):
    return api.ask("PATCH", f"/v1/sources/{source.id}", members, tenant=tenant)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_read_changed_and_removed(api, bare_stack, kind):
    source = of_kind(api, kind, name="First")
    assert source.made["kind"] == kind and source.made["path"] == f"/in/{source.id}" and source.id.startswith("src_")
    shown = source.shown()
    assert shown.pop("refused") == {"this_hour": 0, "last_reason": None} and shown == source.made
    assert api.get("/v1/sources", tenant="acme").json == {"sources": [source.made]}
    answer = change(api, source, name="Second", unique_by={"header": "X-Other"}, event_type={"path": "a.b"})
    assert answer.status == 200 and answer.json["name"] == "Second" and answer.json["unique_by"] == {"header": "x-other"}
    assert answer.json["created_at"] == source.made["created_at"]
    stored = bare_stack.redis("GET", bare_stack.key("acme", f"source:{source.id}"))
    assert source.secret.encode() not in stored
    assert source.secret not in json.dumps([shown, answer.json, source.made])
    assert api.ask("DELETE", f"/v1/sources/{source.id}", tenant="acme").status == 204
    assert api.get("/v1/sources", tenant="acme").json == {"sources": []}
    problem(api.get(f"/v1/sources/{source.id}", tenant="acme"), 404)
    problem(api.ask("DELETE", f"/v1/sources/{source.id}", tenant="acme"), 404)


def test_another_tenant_s_is_not_there(api):
    source = of_kind(api, "token")
    for method, members in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        problem(api.ask(method, f"/v1/sources/{source.id}", members, tenant="other"), 404)
    assert api.get("/v1/sources", tenant="other").json == {"sources": []} and source.send({}).status == 202


def test_a_secret_is_made(api):
    for kind in ("github", "standard", "cloudflare", "hmac-hex", "hmac-base64", "token"):
        source = Source(api, None, **KINDS[kind][0])
        assert source.secret.startswith("whsec_") and "secret" not in source.shown()
        assert source.send(body=body_of(kind)).status == 202
        again = change(api, source, secret=None, overlap="1h")
        assert again.status == 200 and again.json["secret"] != source.secret and again.json["secrets"] == 2


@pytest.mark.parametrize("members, field", [
    ({}, "kind"), ({"kind": "x"}, "kind"), ({"kind": 1}, "kind"), ({"kind": "stripe"}, "secret"), ({"kind": "basic", **FIXED}, "secret"),
    ({"kind": "stripe", "secret": ""}, "secret"), ({"kind": "stripe", "secret": "short"}, "secret"), ({"kind": "stripe", "secret": "x" * 600}, "secret"),
    ({"kind": "standard", "secret": "no-whsec-at-all"}, "secret"), ({"kind": "basic", "secret": "nocolonhere", **FIXED}, "secret"),
    ({"kind": "token", **FIXED}, "header"), ({"kind": "token", "header": "a b", **FIXED}, "header"), ({"kind": "token", "header": "", **FIXED}, "header"),
    ({"kind": "standard", "header": "x"}, "header"), ({"kind": "token", "header": "x"}, "event_type"),
    ({"kind": "token", "header": "x", "event_type": {}}, "event_type"), ({"kind": "token", "header": "x", "event_type": "x"}, "event_type"),
    ({"kind": "token", "header": "x", "event_type": {"fixed": "a", "path": "b"}}, "event_type"),
    ({"kind": "token", "header": "x", "event_type": {"fixed": "a b"}}, "event_type.fixed"),
    ({"kind": "token", "header": "x", "event_type": {"fixed": "grapnel.email"}}, "event_type.fixed"),
    ({"kind": "token", "header": "x", "event_type": {"path": "t", "prefix": "grapnel."}}, "event_type.prefix"),
    ({"kind": "token", "header": "x", "event_type": {"path": "a..b"}}, "event_type.path"),
    ({"kind": "token", "header": "x", "event_type": {"path": ".".join("a" * 17)}}, "event_type.path"),
    ({"kind": "token", "header": "x", "event_type": {"body": True}}, "event_type.body"),
    ({"kind": "token", "header": "x", "event_type": {"fixed": "x" * 128, "prefix": "y"}}, "event_type"),
    ({"kind": "token", "header": "x", **FIXED, "unique_by": {"fixed": "x"}}, "unique_by.fixed"),
    ({"kind": "token", "header": "x", **FIXED, "unique_by": {"body": False}}, "unique_by.body"),
    ({"kind": "token", "header": "x", **FIXED, "headers": ["x"]}, "headers"), ({"kind": "token", "header": "x", **FIXED, "headers": "a"}, "headers"),
    ({"kind": "token", "header": "x", **FIXED, "headers": ["h%d" % n for n in range(17)]}, "headers"),
    ({"kind": "token", "header": "x", **FIXED, "headers": ["Authorization"]}, "headers"),
    ({"kind": "token", "header": "x", **FIXED, "algorithm": "sha256"}, "algorithm"), ({"kind": "hmac-hex", "header": "x", **FIXED, "algorithm": "md5"}, "algorithm"),
    ({"kind": "github", "tolerance": "5m"}, "tolerance"), ({"kind": "stripe", "secret": "longenough", "tolerance": 0}, "tolerance"),
    ({"kind": "stripe", "secret": "longenough", "tolerance": "2d"}, "tolerance"), ({"kind": "token", "header": "x", **FIXED, "name": "a\nb"}, "name"),
    ({"kind": "token", "header": "x", **FIXED, "typo": 1}, "typo"), ({"kind": "token", "header": "x", **FIXED, "prefix": "\u00e9"}, "prefix"),
    ({"kind": "token", "header": "x", **FIXED, "overlap": "99d"}, "overlap"),
])
def test_a_wrong_member_is_named(api, members, field):
    problem(api.post("/v1/sources", members, tenant="acme"), 400, field)
    assert api.get("/v1/sources", tenant="acme").json == {"sources": []}


def test_a_wrong_change_changes_nothing(api):
    source = of_kind(api, "stripe")
    for members, field in (({"kind": "github"}, "kind"), ({"name": "a", "tolerance": "x"}, "tolerance"), ({"secret": ""}, "secret")):
        problem(change(api, source, **members), 400, field)
    shown = source.shown()
    shown.pop("refused")
    assert shown == source.made and source.send(STRIPE).status == 202


def test_there_are_so_many_at_most(api):
    for n in range(100):
        Source(api, "a-token-that-is-long", name=str(n), **KINDS["token"][0])
    problem(api.post("/v1/sources", {**KINDS["token"][0], "secret": "a-token-that-is-long"}, tenant="acme"), 409)
    problem(api.post("/v1/sources", {**KINDS["token"][0], "secret": "a-token-that-is-long"}, tenant="nobody"), 404)


def test_without_a_master_key(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(master_key=None)
    answer = api.post("/v1/sources", {**KINDS["token"][0], "secret": "a-token-that-is-long"}, tenant="acme")
    assert "master_key" in answer.json["detail"] or answer.status == 503, answer


def test_cloudflare_s_test_of_a_destination_is_taken(api, bare_stack):
    source = of_kind(api, "cloudflare")
    assert source.send({"text": "Hello World! This is a test message"}).status in (200, 202)
    entry = bare_stack.redis("XRANGE", bare_stack.key("acme", "events"), "-", "+")[-1][1]
    assert b"cloudflare" in entry
