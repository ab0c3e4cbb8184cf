# SPDX-License-Identifier: Apache-2.0
"""Wrong, hostile and huge inputs against a real grapnel-api: it stays up, serves others, and lets go of what it was made to
hold. Leaves hostile.txt in reports/ of the build directory: what was sent, what was answered, and what memory it took."""

import json
import os
import re
import resource
import socket
import time

import pytest
from children import wait_until
from stack import is_sanitized
from timeline import write_report

TENANT = "acme"
CONNECTIONS = 1024  # api_connections' default
IDLE = 10000
THREADS = 4  # each connects to Redis with its first call
RECEIVE = {"api_threads": THREADS, "api_receive": "1s", "api_key_limit": 0, "api_test_wait": 0}
# Stated bounds of resident memory, over what it was before: 1024 heads of 16 KiB and their sockets' state, a call's
# body of 10 MiB for each of a few connections. Not for sanitizers' builds, which keep what is freed.
GROWTH_MAX_KIB = 96 << 10

BODIES = {
    "nothing": b"", "half": b'{"a":', "a list": b"[]", "a number": b"1", "null": b"null", "a text": b'"x"', "two": b"{}{}",
    "twice": b'{"url":1,"url":2}', "no UTF-8": b'{"url":"\xff\xfe"}', "a lone surrogate": b'{"url":"\\ud800"}',
    "NUL": b'{"url":"\\u0000"}', "a bare NUL": b'{"a":\0}', "deep lists": b"[" * 30000, "deep objects": b'{"a":' * 10000,
    "a huge number": b'{"a":1e999999}', "many digits": b'{"a":' + b"9" * 20000 + b"}", "NaN": b'{"a":NaN}', "a comma": b'{"a":1,}',
    "single quotes": b"{'a':1}", "a comment": b"{/**/}", "BOM": b"\xef\xbb\xbf{}", "unknown members": b'{"no_such_member":1}',
    "kinds": b'{"url":[],"id":{},"name":[[]],"type":7,"events":{"a":0},"filter":"x","data":1,"value":{},"status":9}',
}

HEAD = "GET /openapi.json HTTP/1.1\r\nHost: a\r\n"
REQUESTS = {  # name: bytes. None of it may be answered with 2xx, but for those of GOOD
    "HTTP/0.9": b"GET /openapi.json\r\n\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": b"GET /openapi.json HTTP/9.9\r\nHost: a\r\n\r\n",
    "TLS' hello": bytes.fromhex("16030100c8010000c40303") + bytes(189),
    "noise": bytes(range(256)) * 8 + b"\r\n\r\n",
    "newlines": b"\r\n" * 5000 + b"\r\n",
    "no host": b"GET /openapi.json HTTP/1.1\r\n\r\n",
    "2 lengths": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
    "length and chunks": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown coding": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a length past 64 bits": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "a length of 2^63": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n",
    "a bad chunk": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a chunk past 64 bits": b"POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "2000 headers": (HEAD + "".join(f"X-{n}: y\r\n" for n in range(2000)) + "\r\n").encode(),
    "a header of 1 MiB": (HEAD + "X: ").encode() + b"a" * (1 << 20) + b"\r\n\r\n",
    "a header's name of 64 KiB": HEAD.encode() + b"a" * 65536 + b": x\r\n\r\n",
    "NUL in a header": HEAD.encode() + b"X: a\0b\r\n\r\n",
    "NUL in a key": HEAD.replace("/openapi.json", "/v1/audit").encode() + b"Authorization: Bearer a\0b\r\n\r\n",
    "a folded key": b"GET /v1/audit HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer\r\n x\r\n\r\n",
    "no UTF-8 in a key": b"GET /v1/audit HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\n\r\n",
    "a query of 1 MiB": b"GET /v1/audit?a=" + b"b" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "5000 arguments": b"GET /v1/audit?" + b"&".join(b"%d" % n for n in range(5000)) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "no UTF-8 in a path": b"GET /v1/events/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in a path": b"GET /v1/events/a%00b HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in a query": b"GET /v1/audit?limit=1%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "dots": b"GET /v1/../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
    "encoded dots": b"GET /v1/events/..%2f..%2f HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute form": b"GET http://other/v1/audit HTTP/1.1\r\nHost: a\r\n\r\n",
    "authority form": b"CONNECT other:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    "asterisk form": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "HEAD": b"HEAD /v1/audit HTTP/1.1\r\nHost: a\r\n\r\n",
    "OPTIONS": b"OPTIONS /v1/audit HTTP/1.1\r\nHost: a\r\n\r\n",
    "TRACE": b"TRACE /v1/audit HTTP/1.1\r\nHost: a\r\nX: handed-back\r\n\r\n",
    "a made-up method": b"BREW /v1/audit HTTP/1.1\r\nHost: a\r\n\r\n",
}
GOOD = {"HTTP/9.9", "NUL in a header"}  # of no consequence


class Hostile:
    def __init__(self, stack, api):
        self.stack, self.api, self.lines = stack, api, []
        self.pid = api.child.pid
        self.note("at first")

    def memory(self, name="VmRSS"):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"{name}:\s+(\d+) kB", file.read())[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def note(self, words):
        self.lines.append(f"{words:<70} rss {self.memory():>7} KiB, peak {self.memory('VmHWM'):>7} KiB, descriptors {self.descriptors():>5}")

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.api.port), timeout=timeout)

    def send(self, data, end=False):
        """What comes back until it closes, or has answered; b"" when it was cut off."""
        with self.connect() as s:
            try:
                s.sendall(data)
                if end:
                    s.shutdown(socket.SHUT_WR)
                    return read_all(s)
                return read_answer(s)
            except TimeoutError:
                raise
            except OSError:  # reset, or no longer connected
                return b""

    def serves(self):
        """Somebody else, meanwhile."""
        answer = self.api.get("/tenant/settings/webhook-timeoutMs", tenant=TENANT)
        assert answer.status == 200, answer


def read_answer(s):
    """One answer as a whole."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = s.recv(65536)
        if not part:
            return text
        text += part
    head, _, body = text.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        part = s.recv(65536)
        if not part:
            break
        body += part
    return head + b"\r\n\r\n" + body


def read_all(s):
    text = b""
    while part := s.recv(65536):
        text += part
    return text


def status_of(answer):
    found = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    return int(found[1]) if found else None


@pytest.fixture
def hostile(bare_stack, request):
    bare_stack.add_tenant(TENANT)
    hostile = Hostile(bare_stack, bare_stack.start_api(**RECEIVE))
    hostile.serves()
    descriptors = hostile.descriptors()
    before = hostile.memory()
    yield hostile
    wait_until(lambda: hostile.descriptors() <= descriptors + THREADS, 20, lambda: f"descriptors: {descriptors}, now {hostile.descriptors()}")
    hostile.serves()
    hostile.note("afterwards")
    append(hostile, request.node.name)
    if not is_sanitized():
        assert hostile.memory("VmHWM") - before < GROWTH_MAX_KIB


ALL = []  # the report's lines


def append(hostile, name):
    ALL.extend([f"==== {name}", *hostile.lines, ""])
    write_report(hostile.stack, "hostile.txt", ALL)


def takes_body(item):
    return [method.upper() for method, one in item.items() if isinstance(one, dict) and "requestBody" in one]


def test_bad_json_everywhere(hostile):
    paths = hostile.api.get("/openapi.json", key=None).json["paths"]
    calls = [(method, re.sub(r"\{[^}]*\}", "webhook-url", path)) for path, item in paths.items() for method in takes_body(item)]
    assert len(calls) > 15
    for method, path in calls:
        for name, body in BODIES.items():
            answer = hostile.api.ask(method, path, tenant=TENANT, body=body)
            hostile.lines.append(f"{method} {path}: {name}: {answer.status} {answer.body[:150].decode(errors='replace')}")
            assert answer.status < 500, (method, path, name, answer)
            if answer.status >= 400:
                assert isinstance(json.loads(answer.body), dict), (method, path, name, answer)


@pytest.mark.parametrize("megabytes", [10, 100])
def test_huge_bodies(hostile, megabytes):
    for path in ("/v1/events", "/v1/endpoints", "/tenant/settings/webhook-url", "/no/such/path"):
        method = "PUT" if "settings" in path else "POST"
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {hostile.api.key}\r\nGrapnel-Tenant: {TENANT}\r\n"
        for how, body in ((f"Content-Length: {(megabytes << 20) + 1}\r\n\r\n", b" " * ((megabytes << 20) + 1)),
                          ("Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b" " * (1 << 20) + b"\r\n")):
            count = megabytes + 1 if "chunked" in how else 1
            answer = hostile.send((head + how).encode() + body * count + (b"0\r\n\r\n" if count > 1 else b""))
            hostile.note(f"{path}, {megabytes} MiB, {how.split(':')[0]}: {status_of(answer) or 'cut off'}")
            assert status_of(answer) in (413, None), answer[:300]
    hostile.serves()


def test_requests_that_are_none(hostile):
    for name, data in REQUESTS.items():
        answer = hostile.send(data, end=True)
        first = answer.split(b"\r\n")[0].decode(errors="replace")
        hostile.lines.append(f"{name}: {first or 'cut off'}")
        statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]  # of what is hidden in it, too
        assert name in GOOD or all(400 <= status < 600 and status != 500 for status in statuses), (name, answer[:600])
        assert b"handed-back" not in answer, (name, answer[:600])
    hostile.serves()


def fill(hostile, count, data):
    """So many connections that have sent that, and send no more."""
    connections = []
    for _ in range(count):
        s = hostile.connect()
        connections.append(s)
        try:
            s.sendall(data)
        except ConnectionError:
            pass  # it made room for others
    return connections


@pytest.mark.parametrize("name, data", [
    ("nothing", b""), ("half a head", b"GET /v1/audit HTTP/1.1\r\nX: "),
    ("a body that does not come", b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{"),
    ("chunks that do not come", b"POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
])
def test_those_who_keep_it_waiting(hostile, name, data):
    """As many as it takes: others are served meanwhile, and these are let go after api_receive."""
    connections = fill(hostile, CONNECTIONS + 100, data)
    hostile.note(f"{len(connections)} connections with {name}")
    hostile.serves()
    for s in connections:
        assert ends(s)
        s.close()


def ends(s):
    s.settimeout(20)
    try:
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
    return True


@pytest.mark.parametrize("head, drop", [("GET /v1/audit HTTP/1.1\r\nX: ", "a"),
                                        ("POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", " "),
                                        ("POST /v1/events HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n")])
def test_drop_by_drop(hostile, head, drop):
    """A byte now and then does not give them more time, nor does a body without end."""
    connections = fill(hostile, 200, head.encode())

    def is_over():
        for s in list(connections):
            try:
                s.sendall(drop.encode())
            except ConnectionError:
                connections.remove(s)
                s.close()
        hostile.serves()
        return not connections
    wait_until(is_over, 20, lambda: f"{len(connections)} to be let go")


def test_ten_thousand_idle(hostile):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(IDLE, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 500), hard))
    connections = []
    try:
        connections = fill(hostile, count, b"")
        hostile.note(f"{count} idle connections")
        assert hostile.descriptors() < CONNECTIONS + 100
        hostile.serves()
    finally:
        for s in connections:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_pipelining(hostile):
    count = 500
    request = (f"GET /tenant/settings/webhook-timeoutMs HTTP/1.1\r\nHost: a\r\nGrapnel-Tenant: {TENANT}\r\n"
               f"Authorization: Bearer {hostile.api.key}\r\n\r\n").encode()
    with hostile.connect() as s:
        s.sendall(request * count)
        text, deadline = b"", time.monotonic() + 30
        while text.count(b"HTTP/1.1 200 ") < count:
            part = s.recv(65536)
            assert part and time.monotonic() < deadline, text[-300:]
            text += part
    assert text.count(b"HTTP/1.1 ") == count
    hostile.note(f"{count} requests at once on one connection: all answered with 200")
