# SPDX-License-Identifier: Apache-2.0
"""`grapnel sign`, `verify` and `listen`, judged by Python's own hmac and http.client."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import threading
import time

import ed25519
import pytest
from children import wait_until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
GRAPNEL = os.path.join(os.environ.get("GRAPNEL_BUILD", os.path.join(ROOT, "build", "release")), "cli", "grapnel")
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = b'{"type":"USER_CREATED","data":{"total":1500.00,"name":"Z\xc3\xbcrich"}}'
NOW = 1737556200
DIALECTS = ["royalti", "simple", "verification", "template", "standard"]


def digest(key, *parts):
    return hmac.new(key, b".".join(parts), hashlib.sha256)


def headers_of(dialect, body=BODY, secret=SECRET, at=NOW, id="whd_1"):
    """What a sender of @dialect adds, worked out without any of our code."""
    literal, decoded, second = secret.encode(), base64.b64decode(secret[6:]), str(at).encode()
    if dialect == "royalti":
        return {"X-Royalti-Delivery": id, "X-Royalti-Timestamp": str(at),
                "X-Royalti-Signature": "sha256=" + digest(literal, body).hexdigest()}
    if dialect == "simple":
        return {"X-Webhook-Signature": digest(literal, body).hexdigest()}
    if dialect == "verification":
        return {"X-Webhook-Timestamp": str(at), "X-Webhook-Signature": digest(literal, second, body).hexdigest()}
    if dialect == "template":
        return {"X-Webhook-Signature": "sha256=" + digest(literal, body).hexdigest()}
    signature = base64.b64encode(digest(decoded, id.encode(), second, body).digest()).decode()
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}


def environment(**more):
    return {"PATH": os.environ["PATH"], **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}, **more}


def grapnel(*args, data=b"", **env):
    return subprocess.run([GRAPNEL, *args], input=data, capture_output=True, env=environment(**env), timeout=60,
                          check=False)


# --- sign -------------------------------------------------------------------------------------------------------------

def sign(dialect, *args, data=BODY, **env):
    return grapnel("sign", "--dialect", dialect, "--timestamp", str(NOW), "--id", "whd_1", *args, data=data, **env)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sign(dialect):
    done = sign(dialect, "--secret", SECRET)
    assert done.returncode == 0, done.stderr.decode()
    assert dict(line.split(": ", 1) for line in done.stdout.decode().splitlines()) == headers_of(dialect)
    assert json.loads(sign(dialect, "--json", GRAPNEL_SECRET=SECRET).stdout) == {"headers": headers_of(dialect)}


def test_sign_takes_every_byte(tmp_path):
    body = bytes(range(256)) + b"\r\n\n"
    (tmp_path / "body").write_bytes(body)
    done = sign("simple", "--secret", SECRET, str(tmp_path / "body"))
    assert headers_of("simple", body)["X-Webhook-Signature"] in done.stdout.decode()
    assert headers_of("simple", b"")["X-Webhook-Signature"] in sign("simple", "--secret", SECRET, data=b"").stdout.decode()


def test_sign_with_two_secrets():
    done = sign("standard", "--secret", SECRET, "--secret", OTHER)
    both = " ".join(headers_of("standard", secret=s)["webhook-signature"] for s in (SECRET, OTHER))
    assert f"webhook-signature: {both}\n" in done.stdout.decode()
    assert sign("standard", GRAPNEL_SECRET=f"{SECRET} {OTHER}").stdout == done.stdout
    refused = sign("simple", "--secret", SECRET, "--secret", OTHER)
    assert refused.returncode == 1 and b"one signature only" in refused.stderr
    assert sign("simple", "--signature", "v1", "--secret", SECRET, "--secret", OTHER).returncode == 0


SEED = bytes(range(64, 96))
PUBLIC = ed25519.public_key(SEED)
PRIVATE_TEXT, WHOLE_TEXT = ("whsk_" + base64.b64encode(key).decode() for key in (SEED, SEED + PUBLIC))
PUBLIC_TEXT = "whpk_" + base64.b64encode(PUBLIC).decode()


def v1a(*parts):
    return "v1a," + base64.b64encode(ed25519.sign(SEED, b".".join(parts))).decode()


def v1(*parts):
    return "v1," + base64.b64encode(digest(KEY, *parts).digest()).decode()


def options(parts):
    return [word for name, value in parts.items() for word in (f"--{name}", value)]


def own_cases(at):
    """name: (dialect, parts, secret that signs, headers)"""
    second = str(at).encode()
    return {
        "prefix": ("royalti", {"header-prefix": "X-Acme-"}, SECRET, {
            "X-Acme-Delivery": "whd_1", "X-Acme-Timestamp": str(at),
            "X-Acme-Signature": "sha256=" + digest(SECRET.encode(), BODY).hexdigest()}),
        "text": ("simple", {"signed-text": "id.timestamp.body"}, SECRET, {
            "X-Webhook-Id": "whd_1", "X-Webhook-Timestamp": str(at),
            "X-Webhook-Signature": digest(SECRET.encode(), b"whd_1", second, BODY).hexdigest()}),
        "form": ("royalti", {"signature": "hex"}, SECRET, {
            "X-Royalti-Delivery": "whd_1", "X-Royalti-Timestamp": str(at),
            "X-Royalti-Signature": digest(SECRET.encode(), BODY).hexdigest()}),
        "all": ("template", {"signed-text": "timestamp.body", "signature": "v1", "header-prefix": "Acme-"}, SECRET, {
            "Acme-Timestamp": str(at), "Acme-Signature": v1(second, BODY)}),
        "ed25519": ("standard", {"signature": "v1a"}, PRIVATE_TEXT, {
            "webhook-id": "whd_1", "webhook-timestamp": str(at), "webhook-signature": v1a(b"whd_1", second, BODY)}),
        "ed25519-body": ("simple", {"signature": "v1a"}, WHOLE_TEXT, {"X-Webhook-Signature": v1a(BODY)}),
    }


OWN = list(own_cases(0))


@pytest.mark.parametrize("name", OWN)
def test_sign_with_parts_of_the_endpoint_s_own(name):
    dialect, parts, secret, headers = own_cases(NOW)[name]
    done = sign(dialect, *options(parts), "--secret", secret)
    assert done.returncode == 0, done.stderr.decode()
    assert dict(line.split(": ", 1) for line in done.stdout.decode().splitlines()) == headers


def test_sign_mixes_both_kinds_in_one_list():
    done = sign("standard", GRAPNEL_SECRET=f"{PRIVATE_TEXT} {SECRET}")
    both = " ".join(sign_(b"whd_1", str(NOW).encode(), BODY) for sign_ in (v1a, v1))
    assert f"webhook-signature: {both}\n" in done.stdout.decode()


def test_sign_tells_which_secret_is_at_fault_and_never_the_secret():
    for secret, words in ((PUBLIC_TEXT, "a public key (whpk_) cannot sign"), ("whsk_" + "A" * 40, "expected 32 or 64"),
                          ("whsk_" + base64.b64encode(SEED + SEED).decode(), "the public half")):
        done = sign("standard", GRAPNEL_SECRET=f"{SECRET} {secret}")
        assert done.returncode == 1 and not done.stdout
        assert "secret 2 of 2: " in done.stderr.decode() and words in done.stderr.decode()
        assert secret not in done.stderr.decode()
        done = sign("standard", GRAPNEL_SECRET=secret)
        assert done.returncode == 1 and " secret: " in done.stderr.decode()


def test_sign_now():
    before = int(time.time())
    done = grapnel("sign", "--dialect", "verification", "--secret", SECRET, data=BODY)
    at = int(re.search(r"^X-Webhook-Timestamp: (\d+)$", done.stdout.decode(), re.M).group(1))
    assert before <= at <= time.time()


@pytest.mark.parametrize("args, words", [
    ([], "--dialect is missing"),
    (["--dialect", "simpel"], "expected one of royalti, simple"),
    (["--dialect", "simple"], "--secret or GRAPNEL_SECRET is missing"),
    (["--dialect", "standard", "--secret", SECRET], "--id is missing"),
    (["--dialect", "simple", "--secret", SECRET, "--timestamp", "soon"], "--timestamp: expected seconds"),
    (["--dialect", "simple", "--secret", SECRET, "a", "b"], "one file only"),
    (["--dialect", "simple", "--secret", SECRET, "--signature", "md5"], "--signature: expected hex, sha256-hex, v1 or v1a"),
    (["--dialect", "simple", "--secret", SECRET, "--signed-text", "all"], "--signed-text: expected body, timestamp.body"),
    (["--dialect", "simple", "--secret", SECRET, "--header-prefix", "X Y"], "--header-prefix: expected 1 to 40 letters"),
    (["--dialect", "simple", "--secret", SECRET, "--signed-text", "id.timestamp.body"], "--id is missing"),
])
def test_sign_misused(args, words):
    done = grapnel("sign", *args)
    assert done.returncode == 2 and words in done.stderr.decode()


def test_secret_that_cannot_be_used():
    done = sign("standard", "--secret", "not-base64-!")
    assert done.returncode == 1 and done.stderr and b"not-base64-!" not in done.stderr


# --- verify -----------------------------------------------------------------------------------------------------------

def verify(headers, *args, data=BODY, secret=SECRET):
    lines = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    return grapnel("verify", *lines, *args, data=data, GRAPNEL_SECRET=secret)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_verify(dialect):
    headers = headers_of(dialect, at=int(time.time()))
    done = verify(headers)
    assert (done.returncode, done.stdout.decode()) == (0, f"genuine by dialect {dialect}\n")
    lower = {name.lower(): value for name, value in headers.items()}
    assert verify(lower, "--dialect", dialect).returncode == 0
    assert json.loads(verify(headers, "--json").stdout) == {"verified": True, "dialect": dialect, "secret": 1}


def test_verify_tells_the_number_of_the_right_secret():
    headers = headers_of("simple")
    done = verify(headers, secret=f"{OTHER} {SECRET}")
    assert (done.returncode, done.stdout.decode()) == (0, "genuine by dialect simple, with secret 2 of 2\n")
    assert json.loads(verify(headers, "--json", secret=f"{OTHER} {SECRET} {OTHER}").stdout)["secret"] == 2
    done = verify(headers, "--json", secret=f"{OTHER} x")
    assert json.loads(done.stdout)["verified"] is False and "secret" not in json.loads(done.stdout)


@pytest.mark.parametrize("name", OWN)
def test_verify_with_parts_of_the_endpoint_s_own(name):
    dialect, parts, secret, headers = own_cases(int(time.time()))[name]
    public = PUBLIC_TEXT if secret.startswith("whsk_") else secret
    for given in (["--dialect", dialect], []):
        for key in (secret, public):
            done = verify(headers, *given, *options(parts), secret=key)
            assert done.returncode == 0, done.stderr.decode()
        done = verify(headers, *given, *options(parts), data=BODY + b" ", secret=secret)
        assert done.returncode == 1 and b"does not match" in done.stderr
    if name not in ("ed25519",):  # which the dialect's own list may hold
        done = verify(headers, "--dialect", dialect, secret=secret)
        assert done.returncode == 1 and re.search(rb"does not match|expected|not signed", done.stderr)


def test_verify_finds_its_signature_in_a_mixed_list():
    at = int(time.time())
    signed = b"whd_1", str(at).encode(), BODY
    headers = {"webhook-id": "whd_1", "webhook-timestamp": str(at),
               "webhook-signature": f"v1a,AAAA v1,x {v1a(*signed)} {v1(*signed)}"}
    for secret in (SECRET, PUBLIC_TEXT, PRIVATE_TEXT, WHOLE_TEXT):
        assert verify(headers, secret=secret).stdout == b"genuine by dialect standard\n"
    assert verify(headers, secret=f"{OTHER} {PUBLIC_TEXT} {SECRET}").stdout.endswith(b"with secret 2 of 3\n")
    done = verify({**headers, "webhook-signature": v1a(*signed)}, secret=SECRET)
    assert done.returncode == 1 and b"v1a with an ed25519 key (whpk_)" in done.stderr
    done = verify({**headers, "webhook-signature": v1(*signed)}, secret=PUBLIC_TEXT)
    assert done.returncode == 1 and b"v1 is made with a secret whsec_" in done.stderr
    other = "whpk_" + base64.b64encode(ed25519.public_key(KEY)).decode()
    done = verify(headers, secret=other)
    assert done.returncode == 1 and b"another secret" in done.stderr
    done = verify(headers, secret=f"{OTHER} whpk_AAAA")
    assert done.returncode == 1 and b"secret 2 of 2: the key behind whpk_ has 3 bytes" in done.stderr


def test_verify_hints_at_the_form_that_it_sees():
    done = verify({"X-Webhook-Signature": v1a(BODY)}, "--dialect", "simple")
    assert done.returncode == 1 and b"this looks like --signature v1" in done.stderr
    done = verify({"X-Webhook-Signature": "0" * 64}, "--dialect", "template")
    assert done.returncode == 1 and b"this looks like --signature hex" in done.stderr


def test_verify_says_when_nothing_is_signed():
    names = [f"X-Royalti-{name}" for name in ("Delivery", "Event", "Timestamp", "Tenant", "Attempt", "Version")]
    unsigned = dict.fromkeys(names, "1")
    for args in ([], ["--dialect", "royalti"]):
        done = verify(unsigned, *args)
        assert done.returncode == 1 and not done.stdout
        assert done.stderr.decode() == \
            "grapnel verify: not signed: there is no header X-Royalti-Signature (dialect royalti)\n"
        assert json.loads(verify(unsigned, "--json", *args).stdout) == {
            "verified": False, "dialect": "royalti", "reason": "not signed: there is no header X-Royalti-Signature"}
    acme = {name.replace("Royalti", "Acme"): value for name, value in unsigned.items()}
    assert b"not signed: there is no header X-Acme-Signature" in verify(acme, "--header-prefix", "X-Acme-").stderr
    del unsigned["X-Royalti-Event"]
    assert b"no header carries a signature" in verify(unsigned).stderr


@pytest.mark.parametrize("dialect", DIALECTS)
def test_verify_tells_what_is_wrong(dialect):
    headers = headers_of(dialect, at=int(time.time()))
    for done in (verify(headers, secret=OTHER), verify(headers, data=BODY.replace(b"1500", b"1501"))):
        assert done.returncode == 1 and b"does not match" in done.stderr and not done.stdout
    done = verify(headers, data=BODY + b"\n")
    assert done.returncode == 1 and b"line end behind it" in done.stderr
    name = list(headers)[-1]
    done = verify({**headers, name: "nonsense"}, "--dialect", dialect)
    assert done.returncode == 1 and f"header {name}: expected ".encode() in done.stderr
    done = verify({"Content-Type": "a"}, "--dialect", dialect)
    assert done.returncode == 1 and f"not signed: there is no header {name}".encode() in done.stderr
    assert json.loads(verify(headers, "--json", secret=OTHER).stdout)["verified"] is False


@pytest.mark.parametrize("dialect, name", [("verification", "X-Webhook-Timestamp"),
                                           ("standard", "webhook-timestamp"), ("standard", "webhook-id")])
def test_verify_needs_what_is_signed(dialect, name):
    headers = headers_of(dialect, at=int(time.time()))
    del headers[name]
    done = verify(headers, "--dialect", dialect)
    assert done.returncode == 1 and f"header {name}: missing".encode() in done.stderr
    done = verify({**headers_of(dialect), name: "another"}, "--dialect", dialect)
    assert done.returncode == 1


@pytest.mark.parametrize("dialect", ["verification", "standard"])
@pytest.mark.parametrize("off", [-600, 600])
def test_verify_judges_the_age(dialect, off):
    headers = headers_of(dialect, at=int(time.time()) + off)
    done = verify(headers)
    assert done.returncode == 1 and (b"ago" if off < 0 else b"in the future") in done.stderr
    assert verify(headers, "--tolerance", "15m").returncode == 0
    assert verify(headers, "--tolerance", "0").returncode == 0


def test_verify_reads_header_files(tmp_path):
    path = tmp_path / "headers"
    path.write_bytes(sign("standard", "--secret", SECRET).stdout)
    assert grapnel("verify", "--headers", str(path), "--tolerance", "0", data=BODY, GRAPNEL_SECRET=SECRET).returncode == 0
    lines = ["POST /a:b HTTP/1.1", "Host: a", *(f"{n}: {v}" for n, v in headers_of("simple").items()), "", ""]
    path.write_text("\r\n".join(lines))
    assert grapnel("verify", "--headers", str(path), data=BODY, GRAPNEL_SECRET=SECRET).returncode == 0
    path.write_text("no header at all\n")
    done = grapnel("verify", "--headers", str(path), data=BODY, GRAPNEL_SECRET=SECRET)
    assert done.returncode == 1 and b"expected NAME: VALUE" in done.stderr


def test_verify_without_any_signature():
    done = verify({"Content-Type": "application/json"})
    assert done.returncode == 1 and b"no header carries a signature" in done.stderr


# --- listen -----------------------------------------------------------------------------------------------------------

class Listener:
    def __init__(self, *args, **env):
        self.child = subprocess.Popen([GRAPNEL, "listen", "--json", *args], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=environment(**env))
        self.first = json.loads(self.child.stdout.readline())
        self.port = self.first["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate(timeout=30)

    def post(self, body=BODY, headers=None, path="/hook?a=b", method="POST", chunked=False):
        """(status, what was printed)"""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        data = iter([body[:7], body[7:]]) if chunked else body
        c.request(method, path, data, headers or {}, encode_chunked=chunked)
        status = c.getresponse().status
        c.close()
        return status, json.loads(self.child.stdout.readline())

    def end(self, number=signal.SIGINT):
        self.child.send_signal(number)
        self.child.communicate(timeout=30)
        return self.child.returncode


def test_listen_tells_its_port():
    with Listener() as listener:
        assert listener.first == {"listening": f"http://127.0.0.1:{listener.port}/", "port": listener.port}
        assert listener.end() == 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_listen_verifies_every_dialect(dialect):
    with Listener("--secret", OTHER, "--secret", SECRET) as listener:
        status, told = listener.post(headers=headers_of(dialect, at=int(time.time())))
        assert (status, told["verified"], told["dialect"], told["status"]) == (200, True, dialect, 200)
        assert told["secret"] == 2
        assert "reason" not in told
        status, told = listener.post(BODY[:-1] + b" ", headers=headers_of(dialect, at=int(time.time())))
        assert (status, told["verified"], told["dialect"]) == (200, False, dialect)
        assert "does not match" in told["reason"]
        assert listener.end() == 0


def test_listen_with_a_given_dialect():
    with Listener("--dialect", "template", GRAPNEL_SECRET=SECRET) as listener:
        assert listener.post(headers=headers_of("template"))[1]["verified"] is True
        told = listener.post(headers=headers_of("simple"))[1]
        assert told["verified"] is False and "expected sha256=<64 hex digits>" in told["reason"]


@pytest.mark.parametrize("name", OWN)
def test_listen_with_parts_of_the_endpoint_s_own(name):
    dialect, parts, secret, headers = own_cases(int(time.time()))[name]
    with Listener(*options(parts), GRAPNEL_SECRET=PUBLIC_TEXT if secret.startswith("whsk_") else secret) as listener:
        told = listener.post(headers=headers)[1]
        assert (told["verified"], told.get("reason")) == (True, None)
        told = listener.post(BODY + b" ", headers=headers)[1]
        assert told["verified"] is False and "does not match" in told["reason"]
        assert listener.end() == 0


def test_listen_says_when_nothing_is_signed():
    with Listener("--dialect", "royalti", "--secret", SECRET) as listener:
        told = listener.post()[1]
        assert (told["verified"], told["dialect"]) == (False, "royalti")
        assert told["reason"] == "not signed: there is no header X-Royalti-Signature"


def test_listen_shows_the_request():
    with Listener() as listener:
        before = time.time()
        status, told = listener.post(headers={"X-One": "1", "x-ONE": "2", "Content-Type": "application/json"})
        assert status == 200
        assert (told["number"], told["method"], told["path"]) == (1, "POST", "/hook?a=b")
        assert told["body"].encode() == BODY and told["headers"]["Content-Type"] == "application/json"
        assert told["headers"]["X-One"] == "1, 2" and told["verified"] is None and told["dialect"] is None
        assert told["time"].endswith("Z") and int(told["time"][:4]) >= time.gmtime(before).tm_year
        assert listener.post(b"\xff\xfe\x00")[1]["bodyBase64"] == "//4A"
        assert listener.post(b"", method="GET", path="/")[1]["body"] == ""
        assert listener.post(chunked=True)[1]["body"].encode() == BODY
        assert listener.post(method="PUT")[1]["number"] == 5


def test_listen_answers_in_turn():
    with Listener("--respond", "500,503,200,204") as listener:
        assert [listener.post()[0] for _ in range(6)] == [500, 503, 200, 204, 500, 503]


def test_listen_delays_answers_but_not_each_other():
    with Listener("--delay", "400ms", "--count", "20") as listener:
        began = time.monotonic()
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(status_of(listener.port))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        took = time.monotonic() - began
        assert statuses == [200] * 20
        assert 0.4 <= took < 4  # one after the other would be 8 seconds
        listener.child.communicate(timeout=30)
        assert listener.child.returncode == 0


def status_of(port, body=BODY):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    c.request("POST", "/", body)
    response = c.getresponse()
    response.read()
    c.close()
    return response.status


def test_listen_ends_after_its_count():
    with Listener("--count", "2") as listener:
        listener.post()
        assert listener.child.poll() is None
        listener.post()
        assert listener.child.wait(30) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_listen_ends_while_answers_are_delayed(number):
    with Listener("--delay", "1h") as listener:
        with socket.create_connection(("127.0.0.1", listener.port)) as s:
            s.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            assert json.loads(listener.child.stdout.readline())["body"] == "{}"
            assert listener.end(number) == 0


def test_listen_bounds_the_body():
    with Listener("--body-max", "1KiB") as listener:
        assert listener.post(b"x" * 1024)[0] == 200
        status, told = listener.post(b"x" * 1025)
        assert status == 413 and told["status"] == 413 and "larger than 1024 bytes" in told["reason"]
        c = http.client.HTTPConnection("127.0.0.1", listener.port, timeout=30)
        with pytest.raises((http.client.HTTPException, OSError)):  # no length announced: cut off
            c.request("POST", "/", iter([b"x" * 1000] * 10), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
            c.getresponse()
        c.close()
        assert listener.post()[0] == 200


def test_listen_survives_nonsense():
    with Listener() as listener:
        for text in [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"POST / HTTP/1.1\r\n" + b"A: b\r\n" * 20000, b"GET / HTTP"]:
            with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as s:
                with contextlib.suppress(OSError):
                    s.sendall(text)
            assert status_of(listener.port) == 200
            assert json.loads(listener.child.stdout.readline())["body"].encode() == BODY
        assert listener.end() == 0


def test_listen_ends_when_nobody_reads():
    listener = Listener()
    with listener:
        listener.child.stdout.close()
        with contextlib.suppress(http.client.HTTPException, OSError):  # it may end before it answers
            status_of(listener.port)
        wait_until(lambda: listener.child.poll() is not None, 30, "the listener to end")
        assert listener.child.returncode == 1
        assert b"cannot write" in listener.child.stderr.read()
        listener.child.stdout = None


@pytest.mark.parametrize("args, words", [
    (["--port", "70000"], "--port: expected a number up to 65535"),
    (["--respond", "200,99"], "--respond: expected statuses"),
    (["--respond", ""], "--respond: expected statuses"),
    (["--delay", "soon"], "--delay: expected a duration"),
    (["--delay", "2h"], "--delay: expected at most 1h"),
    (["--body-max", "0"], "--body-max: expected a size"),
    (["--dialect", "x"], "--dialect: expected one of"),
    (["--signature", "x"], "--signature: expected hex"),
    (["extra"], "unexpected argument"),
    (["--count", "-1"], "--count: expected a number"),
])
def test_listen_misused(args, words):
    done = grapnel("listen", *args)
    assert done.returncode == 2 and words in done.stderr.decode()


def test_listen_on_a_taken_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        done = grapnel("listen", "--port", str(s.getsockname()[1]))
    assert done.returncode == 1 and b"cannot listen on 127.0.0.1 port" in done.stderr


def test_listen_on_ipv6():
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback")
    with Listener("--bind", "::1") as listener:
        assert listener.first["listening"] == f"http://[::1]:{listener.port}/"
        c = http.client.HTTPConnection("::1", listener.port, timeout=30)
        c.request("POST", "/", BODY)
        assert c.getresponse().status == 200
        c.close()


# --- what a person sees -----------------------------------------------------------------------------------------------

def listen_for_a_person(request, terminal=False, **env):
    """Sends one raw request; everything that was printed on standard output."""
    parent, child_end = pty.openpty() if terminal else os.pipe()
    child = subprocess.Popen([GRAPNEL, "listen", "--count", "1"], stdout=child_end, stderr=subprocess.PIPE,
                             env=environment(**{"GRAPNEL_SECRET": SECRET, **env}))
    os.close(child_end)
    try:
        line = child.stderr.readline().decode()
        port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line).group(1))
        with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
            s.sendall(request)
            assert b" 200 " in s.recv(4096)
        assert child.wait(30) == 0
        return drain(parent)
    finally:
        child.kill()
        child.communicate(timeout=30)
        os.close(parent)


def drain(fd):
    text = b""
    while select.select([fd], [], [], 0)[0]:
        try:
            more = os.read(fd, 65536)
        except OSError:  # a terminal whose other end is closed
            break
        if not more:
            break
        text += more
    return text.decode()


def request(body, **headers):
    lines = [b"POST /hook HTTP/1.1", b"Host: a", b"Content-Length: %d" % len(body),
             *(f"{n.replace('_', '-')}: {v}".encode("latin-1") for n, v in headers.items())]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_listen_prints_json_indented_with_its_own_spelling():
    body = b'{"a":[1500.00,{},[],"\\u00e9"],"b":{"c":null}}'
    signed = {"X_Webhook_Signature": headers_of("simple", body)["X-Webhook-Signature"]}
    text = listen_for_a_person(request(body, **signed))
    assert "\033" not in text
    assert "#1 POST /hook" in text and "answered 200" in text and "signature verified (simple)" in text
    assert "Host: a\n" in text
    assert text.endswith('{\n  "a": [\n    1500.00,\n    {},\n    [],\n    "\\u00e9"\n  ],\n  "b": {\n    "c": null\n  }\n}\n\n')


def test_listen_tells_a_person_which_secret_and_what_is_not_signed():
    signed = {"X_Webhook_Signature": headers_of("simple")["X-Webhook-Signature"]}
    text = listen_for_a_person(request(BODY, **signed), GRAPNEL_SECRET=f"{OTHER} {SECRET}")
    assert "signature verified (simple, secret 2 of 2)" in text
    names = [f"X_Royalti_{name}" for name in ("Delivery", "Event", "Timestamp", "Tenant", "Attempt", "Version")]
    text = listen_for_a_person(request(BODY, **dict.fromkeys(names, "1")))
    assert "NOT verified (royalti): not signed: there is no header X-Royalti-Signature" in text


def test_listen_colours_on_a_terminal_only_when_wanted():
    assert "\033[31m" in listen_for_a_person(request(b"1"), terminal=True)  # not verified: red
    assert "\033" not in listen_for_a_person(request(b"1"), terminal=True, NO_COLOR="1")


def test_listen_lets_no_request_steer_the_terminal():
    evil = b"\x1b]0;owned\x07 \xc2\x9b31m \x7f \xff"
    text = listen_for_a_person(request(evil, X_Evil="a\x1b[2Jb"))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    assert "\\x1b]0;owned\\x07" in text and "\\x1b[2J" in text
    text = listen_for_a_person(request(b'"\xc2\x9b31m"'))
    assert '"\\xc2\\x9b31m"' in text
