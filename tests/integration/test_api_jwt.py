# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens: good ones get in, all others get the answer of a wrong key; how their keys are configured and replaced."""

import http.server
import json
import os
import threading
import time

import pytest
from children import wait_until
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from tokens import Key, b64, claims

KINDS = ("HS256", "RS256", "ES256", "EdDSA")


@pytest.fixture(scope="module")
def keys():
    return {kind: Key(kind, kid=f"{kind}-1") for kind in KINDS}


def write(folder, *jwks):
    """The key file, replaced as a whole."""
    path = os.path.join(folder, "keys.json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump({"keys": jwks}, file)
    os.replace(path + ".new", path)
    return path


@pytest.fixture
def api(bare_stack, folder, keys):
    for tenant in ("acme", "other"):
        bare_stack.cli("tenant", "add", tenant)
    return bare_stack.start_api(jwt_keys_file=write(folder, *(key.jwk() for key in keys.values())), log_level="debug")


def status(api, token, path="/tenant/settings", method="GET", **more):
    return api.ask(method, path, key=token, **more).status


def refused(api, token, **more):
    """With just the words of an unknown key."""
    answer, plain = api.get("/tenant/settings", key=token, **more), api.get("/tenant/settings", key="gk_x", **more)
    assert (answer.status, answer.body, answer.headers["www-authenticate"]) == (401, plain.body, "Bearer"), (token[:200], answer)


@pytest.mark.parametrize("kind", KINDS)
def test_each_algorithm(api, keys, kind):
    assert status(api, keys[kind].token(claims())) == 200
    assert status(api, keys[kind].token(claims(), {"kid": None})) == 200
    assert status(api, keys[kind].token(claims(), {"typ": None})) == 200
    refused(api, keys[kind].token(claims(), {"kid": "another"}))
    refused(api, Key(kind, keys[kind].kid, private=b"\1" * 32 if kind == "HS256" else None).token(claims()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_counts(api, keys, kind):
    token = keys[kind].token(claims())
    header, payload, signature = token.split(".")
    flip = {"A": "E"}
    for part, name in ((header, "header"), (payload, "payload"), (signature, "signature")):
        for at in {0, len(part) // 2, len(part) - 2}:
            wrong = part[:at] + flip.get(part[at], "A") + part[at + 1:]
            refused(api, ".".join(wrong if n == name else p for n, p in (("header", header), ("payload", payload), ("signature", signature))))
    for wrong in (f"{header}.{payload}.", f"{header}.{payload}", f"{header}..{signature}", f".{payload}.{signature}", f"{token}.",
                  f"{token}=", f"{token}AAAA", f"{header}.{payload}.{signature[:-4]}", f"{header}.{payload}.{signature}{signature}", ".."):
        refused(api, wrong)


def test_no_key_is_used_for_another_algorithm(api, keys, certificate):
    """The classic: a token with HS256, signed with the text of a public key, which everybody has."""
    for kind in ("RS256", "ES256", "EdDSA"):
        public = keys[kind]
        jwk = json.dumps(public.jwk()).encode()
        for secret in (public.pem(), public.pem().strip(), jwk, public.jwk().get("n", "").encode() or b"x", public.jwk().get("x", "").encode() or b"x"):
            refused(api, Key("HS256", kid=public.kid, private=secret).token(claims()))
            refused(api, Key("HS256", private=secret).token(claims()))
    for kind in KINDS:
        for alg in (*KINDS, "none", "None", "NONE", "", "HS384", "HS512", "RS384", "RS512", "PS256", "ES384", "ES512", "ES256K", "hs256", "dir", None, 5,
                    ["HS256"], {"a": 1}):
            if alg != kind:
                refused(api, keys[kind].token(claims(), {"alg": alg}))


def test_without_a_signature(api, keys):
    for alg in ("none", "None", "nOnE", *KINDS):
        text = f"{b64(json.dumps({'alg': alg}).encode())}.{b64(json.dumps(claims()).encode())}"
        for wrong in (text, text + ".", text + ".AAAA", text + "." + b64(b"")):
            refused(api, wrong)


class Trap(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = json.dumps({"keys": [self.server.key.jwk()]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_a_key_that_comes_with_the_token_is_none(api):
    """Nor is any address asked."""
    own = Key("RS256")
    server = http.server.HTTPServer(("127.0.0.1", 0), Trap)
    server.asked, server.key = [], own
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/keys"
        for header in ({"jwk": own.jwk()}, {"jku": url}, {"x5u": url}, {"x5c": [b64(b"x")]}, {"jwk": own.jwk(), "jku": url, "x5u": url},
                       {"jwk": "x"}, {"x5c": 5}):
            refused(api, own.token(claims(), header))
        assert not server.asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_such_a_header_does_no_harm_to_a_good_token(api, keys):
    for kind in KINDS:
        assert status(api, keys[kind].token(claims(), {"jku": "http://127.0.0.1:1/", "x5t": "x"})) == 200


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"zip": "DEF"}, {"b64": False}, {"enc": "A128GCM"}, {"kid": 5}, {"kid": ["HS256-1"]},
                                    {"kid": None, "crit": ["b64"], "b64": False}])
def test_headers_that_ask_for_more(api, keys, header):
    for key in keys.values():
        refused(api, key.token(claims(), header))


# ---- claims ----

@pytest.mark.parametrize("more", [
    {"exp": None}, {"exp": "soon"}, {"exp": 0}, {"exp": -1}, {"exp": 1e300}, {"exp": True}, {"exp": [9e9]}, {"exp": int(time.time()) - 3600},
    {"nbf": int(time.time()) + 3600}, {"nbf": "x"}, {"iat": int(time.time()) + 3600}, {"iat": {}},
    {"role": None}, {"role": "root"}, {"role": "none"}, {"role": ["admin"]}, {"role": "operator"}, {"role": 4}, {"role": ""},
    {"tenant": None}, {"tenant": ""}, {"tenant": "a b"}, {"tenant": "a" * 65}, {"tenant": ["acme"]}, {"tenant": 5}, {"tenant": "{1}\u00e9"},
])
def test_claims_that_are_wrong(api, keys, more):
    refused(api, keys["HS256"].token(claims(**more)))


def test_clocks_may_differ_a_little(api, keys):
    now = time.time()
    assert status(api, keys["HS256"].token(claims(exp=now - 20.5, nbf=now + 20, iat=now + 20))) == 200
    assert status(api, keys["HS256"].token(claims(exp=9.9e11))) == 200


@pytest.mark.parametrize("header, payload", [(b"{", b"{}"), (b"[]", b"{}"), (b'"HS256"', b"{}"), (b"", b""), (b"\xff\xfe", b"{}"),
                                             (b'{"alg":"HS256","alg":"HS256"}', b"{}"), (b'{"alg":"HS256"}', b"[]"), (b'{"alg":"HS256"}', b""),
                                             (b'{"alg":"HS256"}', b"\xff"), (b'{"alg":"HS256"}', b"[" * 3000), (b'{"alg":"HS256"}', b'{"exp":1e999}'),
                                             (b'{"alg":"HS256\\u0000"}', b"{}"), (b"{" * 2000, b"{}")])
def test_what_is_no_json(api, keys, header, payload):
    refused(api, keys["HS256"].raw_token(header, payload))


def test_a_claim_twice_is_not_taken(api, keys):
    good = json.dumps(claims())
    assert status(api, keys["HS256"].raw_token(b'{"alg":"HS256"}', good.encode())) == 200
    refused(api, keys["HS256"].raw_token(b'{"alg":"HS256"}', good[:-1].encode() + b', "tenant": "other"}'))


def test_huge_tokens(api, keys):
    assert status(api, keys["HS256"].token(claims(more="x" * 5000))) == 200
    refused(api, keys["HS256"].token(claims(more="x" * 7000)))
    refused(api, "a" * 5000 + "." + "b" * 5000 + "." + "c" * 4000)
    assert status(api, keys["HS256"].token(claims(more="x" * 40000))) in (401, 431)
    assert status(api, keys["HS256"].token(claims())) == 200


def test_roles_and_tenants(api, keys):
    key = keys["ES256"]
    assert status(api, key.token(claims(role="read"))) == 200
    assert status(api, key.token(claims(role="publish"))) == 403
    assert api.put("/tenant/settings/webhook-retryAttempts", {"value": 4}, key=key.token(claims(role="read"))).status == 403
    assert api.put("/tenant/settings/webhook-retryAttempts", {"value": 4}, key=key.token(claims())).status == 200
    assert status(api, key.token(claims()), tenant="other") == 404
    assert status(api, key.token(claims(tenant="nobody"))) == 404
    operator = key.token(claims(tenant=None, role="operator"))
    assert status(api, operator, "/v1/tenants") == 200 == status(api, operator, tenant="other")
    newest = api.get("/v1/audit", tenant="acme").json["entries"][0]
    assert newest["who"] == "jwt:ann" and newest["status"] == 200


def test_it_makes_no_key_that_may_do_more(api, keys):
    made = api.post("/v1/keys", {"name": "x", "role": "admin"}, key=keys["HS256"].token(claims()))
    assert made.status == 201 and made.json["tenant"] == "acme"
    assert api.post("/v1/keys", {"name": "x", "role": "operator"}, key=keys["HS256"].token(claims())).status == 400


def test_each_subject_has_the_limit_of_a_key(bare_stack, folder, keys, redis):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(jwt_keys_file=write(folder, keys["HS256"].jwk()), api_key_limit=5)
    tokens = [keys["HS256"].token(claims(more=n)) for n in range(8)]
    answers = [api.get("/tenant/settings", key=token) for token in tokens]
    assert [a.status for a in answers[:5]] == [200] * 5 and answers[-1].status == 429
    assert "5 requests per minute" in answers[-1].json["detail"] and 1 <= int(answers[-1].headers["retry-after"]) <= 12
    assert status(api, keys["HS256"].token(claims(sub="bob"))) == 200 == status(api, keys["HS256"].token(claims(sub="x" * 3000)))
    assert status(api, keys["HS256"].token(claims(tenant=None, role="operator")), tenant="acme") == 200
    refused(api, keys["HS256"].token(claims(exp=1)))
    rooms = redis("KEYS", "*room:*")
    assert len(rooms) == 4 and all(0 < redis("PTTL", room) <= 60000 for room in rooms)
    redis("DEL", *rooms)
    assert status(api, tokens[0]) == 200


def test_why_it_was_refused_is_in_the_log_only(api, keys):
    refused(api, keys["HS256"].token(claims(exp=5)))
    assert "it has expired" in api.child.log()


def test_issuer_audience_and_names_of_claims(bare_stack, folder, keys):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(jwt_keys_file=write(folder, keys["EdDSA"].jwk()), jwt_issuer="https://issuer.example", jwt_audience="grapnel",
                               jwt_tenant_claim="https://x/org", jwt_role_claim="scope")

    def token(**more):
        return keys["EdDSA"].token(claims(**{"tenant": None, "role": None, "iss": "https://issuer.example", "aud": "grapnel", "https://x/org": "acme",
                                             "scope": "read", **more}))
    assert status(api, token()) == 200
    assert status(api, token(aud=["else", "grapnel"])) == 200
    for wrong in ({"iss": None}, {"iss": "https://issuer.example/"}, {"iss": ["https://issuer.example"]}, {"aud": None}, {"aud": "grapnel2"},
                  {"aud": []}, {"aud": ["else"]}, {"aud": {"grapnel": 1}}, {"https://x/org": None, "tenant": "acme"}, {"scope": None, "role": "read"}):
        refused(api, token(**wrong))


# ---- keys ----

def test_without_keys_no_token_is_good(bare_stack, keys):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api()
    for key in keys.values():
        refused(api, key.token(claims()))
    refused(api, f"{b64(b'{}')}.{b64(b'{}')}.")


@pytest.mark.parametrize("kind", KINDS)
def test_one_configured_key(bare_stack, keys, kind):
    bare_stack.cli("tenant", "add", "acme")
    key = keys[kind]
    forms = [json.dumps(key.jwk()), "s" * 32 if kind == "HS256" else key.pem().decode()]
    for form in forms:
        api = bare_stack.start_api(jwt_key=form)
        key = Key("HS256", private=b"s" * 32) if form == "s" * 32 else key
        assert status(api, key.token(claims())) == 200
        refused(api, keys["RS256" if kind != "RS256" else "ES256"].token(claims()))


def test_a_certificate_is_a_key(bare_stack, certificate):
    from cryptography.hazmat.primitives import serialization
    bare_stack.cli("tenant", "add", "acme")
    with open(certificate[0], encoding="ascii") as cert, open(certificate[1], "rb") as key:
        api = bare_stack.start_api(jwt_key=cert.read())
        private = serialization.load_pem_private_key(key.read(), None)
    assert status(api, Key("ES256", private=private).token(claims())) == 200


def test_keys_are_replaced_without_a_restart(bare_stack, folder, keys):
    bare_stack.cli("tenant", "add", "acme")
    old, new = keys["RS256"], Key("RS256", kid="RS256-2")
    path = write(folder, old.jwk())
    api = bare_stack.start_api(jwt_keys_file=path)
    assert status(api, old.token(claims())) == 200
    refused(api, new.token(claims()))
    write(folder, old.jwk(), new.jwk())
    wait_until(lambda: status(api, new.token(claims())) == 200)
    assert status(api, old.token(claims())) == 200
    write(folder, new.jwk())
    wait_until(lambda: status(api, old.token(claims())) == 401)
    assert status(api, new.token(claims())) == 200
    with open(path, "w", encoding="ascii") as file:
        file.write("{")
    wait_until(lambda: status(api, new.token(claims())) == 200 and "those from before stay" in api.child.log())
    os.remove(path)
    assert status(api, new.token(claims())) == 200
    write(folder, old.jwk())
    wait_until(lambda: status(api, old.token(claims())) == 200)


def test_keys_of_other_kinds_are_passed_over(bare_stack, folder, keys):
    bare_stack.cli("tenant", "add", "acme")
    p384 = Key("ES256", kid="p384", private=ec.generate_private_key(ec.SECP384R1()))
    encrypts = Key("RS256", kid="enc")
    others = [p384.jwk(), encrypts.jwk(use="enc"), Key("RS256", kid="ps").jwk(alg="PS256"), Key("RS256", kid="ops").jwk(key_ops=["encrypt"]),
              {"kty": "new", "x": "y"}, {"kty": "OKP", "crv": "X25519", "x": b64(b"x" * 32)}]
    api = bare_stack.start_api(jwt_keys_file=write(folder, *others, keys["RS256"].jwk(use="sig", alg="RS256", key_ops=["verify"])))
    assert "keys=1 passed_over=6" in api.child.log()
    assert status(api, keys["RS256"].token(claims())) == 200
    for key in (p384, encrypts):
        refused(api, key.token(claims()))
        refused(api, key.token(claims(), {"kid": None}))


def small_rsa():
    return Key("RS256", private=rsa.generate_private_key(65537, 1024)).jwk()


@pytest.mark.parametrize("setting, value, words", [
    ("jwt_key", "too short", "jwt_key: a secret of 9 bytes; expected 32"), ("jwt_key", "{", "jwt_key: no JSON"),
    ("jwt_key", '{"kty":"oct","k":"AAAA"}', "jwt_key: key 1: a secret of 3 bytes"), ("jwt_key", '{"keys":{}}', "jwt_key: keys: expected an array"),
    ("jwt_key", "{}", "expected a JWK"), ("jwt_key", '{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}', "jwt_key: no key of"),
    ("jwt_key", '{"kty":"oct","k":"!"}', "k: expected base64url"),
    ("jwt_key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "jwt_key: expected a public key or a certificate in PEM"),
    ("jwt_key", lambda: json.dumps(small_rsa()), "less than 2048 bits"),
    ("jwt_key", lambda: json.dumps({**Key("ES256").jwk(), "y": b64(b"\1" * 32)}), "key 1: it is damaged"),
    ("jwt_key", lambda: json.dumps({**Key("EdDSA").jwk(), "d": b64(b"\1" * 32)}), "key 1: it is a private key"),
    ("jwt_key", lambda: json.dumps(Key("EdDSA", kid="k" * 128).jwk()), "kid: expected at most 127 bytes"),
    ("jwt_keys_file", "/nowhere/keys.json", "jwt_keys_file: cannot read /nowhere/keys.json: No such file"), ("jwt_keys_file", "/", "jwt_keys_file: cannot read /"),
    ("jwt_keys_file", "/dev/zero", "jwt_keys_file"),
])
def test_what_is_wrong_is_told_at_start(bare_stack, setting, value, words):
    child = bare_stack.spawn("api", api_listen="127.0.0.1:0", **{setting: value() if callable(value) else value})
    assert child.wait() == 2 and words in child.log(), child.log()


def test_claims_without_a_name(bare_stack, keys):
    for name in ("jwt_tenant_claim", "jwt_role_claim"):
        child = bare_stack.spawn("api", api_listen="127.0.0.1:0", jwt_key="s" * 32, **{name: ""})
        assert child.wait() == 2 and name in child.log()
