# SPDX-License-Identifier: Apache-2.0
"""An egress that cannot be tricked: spellings of private addresses, name servers that lie, redirects.

What needs a name server of its own runs in a network namespace, where 93.184.216.34 is a public address with a receiver,
and 10.0.0.1, 127.0.0.1 and ::1 are private ones with receivers that must never see a connection."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from children import Child, wait_until
from receiver import Answer
from redis_server import RedisServer
from stack import Stack

HERE = os.path.dirname(os.path.abspath(__file__))
SUPPORT = os.path.join(HERE, "..", "support")
PUBLIC, PUBLIC6, PRIVATE = "93.184.216.34", "2606:2800:220:1::34", "10.0.0.1"
PORT = 8080

# ---- spellings ----

V4 = ["0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.1.2.3",
      "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1",
      "192.88.99.1", "192.168.0.1", "192.168.255.255", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
      "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"]
SPELLED = ["2130706433", "017700000001", "0x7f000001", "0X7F.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.01",
           "0x7f.0x0.0x0.0x1", "00000177.0.0.1", "127.0.0.1.", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662",
           "10.1", "012.0.0.1", "0x0a000001", "167772161", "192.11010049", "0xc0a80001", "3232235521", "4294967295", "0",
           "00.0.0.0", "0x0", "１２７.0.0.1", "127。0。0。1", "127%2e0%2e0%2e1", "%31%32%37.0.0.1", "①②⑦.0.0.1"]
V6 = ["::", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1", "0:0:0:0:0:ffff:a00:1", "::127.0.0.1",
      "::7f00:1", "64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "64:ff9b::169.254.169.254", "2002:7f00:1::",
      "2002:a00:1::1", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001::1", "fc00::1", "fd00::1",
      "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "fe80::1%25lo", "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1", "2001:db8::1",
      "3fff::1", "100::1", "5f00::1", "::ffff:0:127.0.0.1", "::1%25lo"]
WHOLE = ["https://example.com@127.0.0.1/", "https://127.0.0.1:443@example.com/", "https://user:password@example.com/",
         "https://@example.com/", "https://127.0.0.1#@example.com/", "https://127.0.0.1?@example.com/", "https://example.com\\@127.0.0.1/",
         "https://127.0.0.1\\.example.com/", "https:\\\\127.0.0.1\\", "https:///127.0.0.1/", "https:127.0.0.1", "//127.0.0.1/", "127.0.0.1",
         "https://127.0.0.1\t/", "https://exam\tple.com/", "https://example.com/\r\nX-A: b", "https://example.com/a b", "https://example.com /",
         "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://[::1]/", "https://[127.0.0.1]/",
         "https://[::1/", "https://::1/", "https://[]/", "https://[::ffff:10.0.0.1]/", "https:///", "https://", "https://:443/", "https://./",
         "https://example.com:22/", "https://example.com:0/", "https://example.com:65536/", "https://example.com:99999999999/",
         "https://example.com:-1/", "https://example.com:+443/", "https://example.com:4 43/", "https://example.com:0x1bb/",
         "https://example.com:6379/", "https://example.com:25/", "http://example.com/", "HTTP://example.com/", "ftp://example.com/",
         "file:///etc/passwd", "gopher://example.com/", "dict://example.com:11211/", "javascript:alert(1)", "data:,x", "unix:///tmp/x",
         "https://example.com/" + "a" * 2030, "https://" + "a" * 300 + ".com/"]


def all_spellings():
    return [f"https://{host}/" for host in V4 + SPELLED] + [f"https://[{host}]/" for host in V6] + WHOLE


def report(stack, name, lines):
    folder = os.path.join(stack.build, "reports")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def test_every_spelling_is_refused_with_words(bare_stack):
    """At configuration; each line of the file is refused on its own, with its number."""
    stack, urls = bare_stack, all_spellings()
    stack.settings["egress_allow"] = ""
    stack.cli("tenant", "add", "acme")
    lines = "\n".join(json.dumps({"tenant": "acme", "url": url}) for url in urls)
    done = stack.run("endpoint", "add", "--from", "-", "--json", stdin=lines.encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    accepted = [urls[a["line"] - 1] for a in answers if "error" not in a]
    assert not accepted, accepted
    assert len(answers) == len(urls) >= 120
    report(stack, "egress.txt", [f"{urls[a['line'] - 1]!r:70.70} {a['error']}" for a in answers])


def test_public_ones_are_not_refused(bare_stack):
    stack = bare_stack
    stack.settings["egress_allow"] = ""
    stack.cli("tenant", "add", "acme")
    for host in ("example.com", "93.184.216.34", "8.8.8.8", "[2606:4700:4700::1111]", "xn--bcher-kva.example", "1.1.1.1:8443", "a.b-c.example:443",
                 "172.15.255.255", "172.32.0.1", "100.128.0.1", "169.253.1.1", "11.0.0.1", "192.167.1.1", "[64:ff9b::808:808]"):
        stack.cli("endpoint", "add", "--tenant", "acme", "--url", f"https://{host}/hook?a=b")


# ---- what a receiver answers ----

@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(stack, status):
    target = stack.receiver.hook("/inside")
    stack.add("acme", None, Answer(status, headers=(("Location", target.url),)), retries=0)
    stack.publish("acme")
    stack.wait_done(1)
    attempt = stack.delivery().attempts[0]
    assert (stack.delivery().status, attempt["code"], attempt["status"]) == ("failed", "SERVER_ERROR", status)
    assert not target.requests


def test_the_host_header_is_the_url_s(stack):
    endpoint = stack.add("acme")
    stack.publish("acme")
    request = endpoint.hook.wait(1)[0]
    assert request.headers["host"] == f"127.0.0.1:{stack.receiver.port}"
    for headers in ('{"Host":"inside"}', '{"host":"inside"}', '{"X-A":"b\\r\\nHost: inside"}', '{"X-A\\r\\nHost":"inside"}',
                    '{"Host ":"inside"}', '{"X:Host":"inside"}'):
        done = stack.run("endpoint", "set", endpoint.id, "--headers", headers)
        assert done.returncode == 1 and b"headers" in done.stderr, headers


# ---- a name server that lies ----

UNSHARE = ["unshare", "-mn"] if os.geteuid() == 0 else ["unshare", "-rmn"]
HAS_NAMESPACES = bool(shutil.which("unshare")) and subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0

SET_UP = r"""
set -e
mount --make-rprivate /
mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"
[ ! -e /etc/nsswitch.conf ] || mount --bind "$1/nsswitch.conf" "$(readlink -f /etc/nsswitch.conf)"
ip link set lo up
for address in %s; do ip addr add "$address" dev lo; done
touch "$1/up"
exec sleep 1000
""" % " ".join([f"{PUBLIC}/32", f"{PRIVATE}/32", "169.254.169.254/32", f"{PUBLIC6}/128"])


class Net:
    """A namespace with a name server and receivers; a stack whose worker lives in it."""

    def __init__(self, folder, redis):
        self.folder = folder
        for name, text in (("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"), ("nsswitch.conf", "hosts: files dns\n"),
                           ("zone", "{}")):
            self.write(name, text)
        self.holder = Child("namespace", [*UNSHARE, "sh", "-c", SET_UP, "sh", folder], folder)
        wait_until(lambda: os.path.exists(self.path("up")), 10, self.holder.log)
        self.children = [self.spawn("dns", "dns_server.py", self.path("zone"), self.path("asked")),
                         self.spawn("listeners", "listeners.py", self.path("seen"), *(f"{a}:{PORT}" for a in (
                             PUBLIC, PRIVATE, "127.0.0.1", "169.254.169.254", "[::1]", f"[{PUBLIC6}]")))]
        for name in ("asked", "seen"):
            wait_until(lambda name=name: "ready" in self.read(name), 10, lambda: "\n".join(c.log() for c in self.children))
        self.stack = Stack(redis, None, folder)
        self.stack.settings.update(redis_url=redis.unix_url, egress_allow="")
        self.stack.programs["grapnel-worker"] = self.wrapped(self.stack.programs["grapnel-worker"])

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read() if os.path.exists(self.path(name)) else ""

    def write(self, name, text):
        with open(self.path(name) + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        # In place where it is mounted elsewhere, else by renaming, so that nobody reads half of it.
        os.replace(self.path(name) + ".new", self.path(name))

    def enter(self):
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.holder.pid), *user, "-m", "-n"]

    def wrapped(self, program):
        path = self.path("worker-inside")
        self.write("worker-inside", f"#!/bin/sh\nexec {' '.join(self.enter())} -- {program} \"$@\"\n")
        os.chmod(path, 0o755)
        return path

    def spawn(self, name, script, *args):
        for log in args[1:2] if name == "dns" else args[:1]:
            with open(log, "w", encoding="utf-8"):
                pass
        return Child(name, [*self.enter(), "--", sys.executable, os.path.join(SUPPORT, script), *args], self.folder)

    def zone(self, **names):
        self.write("zone", json.dumps({name.replace("_", "."): entry for name, entry in names.items()}))

    def seen(self):
        """Addresses that were connected to, in order."""
        return [line.split()[1] for line in self.read("seen").splitlines() if line.startswith("connect")]

    def attempt(self, host, tenant="acme", **options):
        """One event to an endpoint at @host, without retries: its delivery."""
        words = [w for name, value in options.items() for w in (f"--{name}", str(value))]
        self.stack.cli("tenant", "add", tenant, "--allow-http", "--limit", "none")
        self.stack.cli("endpoint", "add", "--tenant", tenant, "--url", f"http://{host}:{PORT}/hook", "--dialect", "simple",
                       "--retries", 0, *words)
        return self.publish(tenant)

    def publish(self, tenant="acme"):
        before = self.stack.done(tenant)
        self.stack.publish(tenant)
        self.stack.wait_done(before + 1, tenant, 30)
        return self.stack.deliveries(tenant)[-1]

    def end(self):
        self.stack.kill_rest()
        for child in [*self.children, self.holder]:
            child.kill9()


@pytest.fixture
def net(folder):
    if not HAS_NAMESPACES:
        pytest.skip(f"{' '.join(UNSHARE)}: not permitted here, so no name server of our own")
    redis = RedisServer(folder, unix=True)
    net = Net(folder, redis)
    net.stack.start()
    yield net
    net.end()
    redis.end()


def assert_refused(net, delivery, what):
    attempt = delivery.attempts[0]
    assert (delivery.status, attempt["code"], attempt["status"]) == ("failed", "INVALID_URL", 0), delivery
    assert what in attempt["message"], attempt
    assert not [a for a in net.seen() if a not in (PUBLIC, PUBLIC6)]


@pytest.mark.parametrize("addresses, words", [
    ({"A": [["10.0.0.1"]]}, "10.0.0.1"),
    ({"A": [["127.0.0.1"]]}, "127.0.0.1"),
    ({"A": [["169.254.169.254"]]}, "169.254.169.254"),
    ({"A": [["0.0.0.0"]]}, "0.0.0.0"),
    ({"AAAA": [["::1"]]}, "::1"),
    ({"AAAA": [["::ffff:10.0.0.1"]]}, "10.0.0.1"),
    ({"AAAA": [["64:ff9b::a00:1"]]}, "64:ff9b"),
    ({"A": [["10.0.0.1"]], "AAAA": [["::1"]]}, ""),
], ids=["private", "loopback", "metadata", "any", "loopback6", "mapped", "nat64", "both"])
def test_a_name_of_a_private_address_is_refused_at_the_connection(net, addresses, words):
    net.zone(inside_test=addresses)
    assert_refused(net, net.attempt("inside.test"), words)


def test_a_name_that_turns_private_after_a_success(net):
    net.zone(flip_test={"A": [[PUBLIC]]})
    assert net.attempt("flip.test").status == "success"
    net.zone(flip_test={"A": [[PRIVATE]]})
    worker = net.stack.workers.pop()
    worker.terminate()
    assert worker.end() is None
    net.stack.start_worker()  # which has neither the connection nor the answer of then
    assert_refused(net, net.publish(), PRIVATE)
    assert net.seen() == [PUBLIC]


def test_a_name_that_turns_private_from_one_question_to_the_next(net):
    """Whoever asked at configuration, or twice, got the public address."""
    net.zone(flip_test={"A": [[PRIVATE], [PUBLIC], [PRIVATE], [PUBLIC]]})
    delivery = net.attempt("flip.test")
    assert delivery.attempts[0]["code"] in ("INVALID_URL", "") and PRIVATE not in net.seen()


@pytest.mark.parametrize("addresses", [[PUBLIC, PRIVATE], [PRIVATE, PUBLIC], ["127.0.0.1", PRIVATE, PUBLIC]])
def test_of_several_addresses_never_a_private_one(net, addresses):
    net.zone(mixed_test={"A": [addresses]})
    delivery = net.attempt("mixed.test")
    assert not [a for a in net.seen() if a != PUBLIC]
    assert delivery.status == "success" or delivery.attempts[0]["code"] == "INVALID_URL", delivery


def test_neither_over_ipv4_nor_ipv6(net):
    net.zone(four_test={"A": [[PUBLIC]], "AAAA": [["::1"]]}, six_test={"A": [["127.0.0.1"]], "AAAA": [[PUBLIC6]]})
    net.attempt("four.test", "four"), net.attempt("six.test", "six")
    assert not [a for a in net.seen() if a not in (PUBLIC, PUBLIC6)]


def test_an_alias_of_a_private_name(net):
    net.zone(alias_test={"CNAME": "inside.test"}, inside_test={"A": [[PRIVATE]]})
    assert_refused(net, net.attempt("alias.test"), PRIVATE)


def test_names_without_an_answer_fail_and_hold_nobody_up(net):
    net.zone(silent_test={"silent": True}, good_test={"A": [[PUBLIC]]})
    net.stack.cli("tenant", "add", "silent", "--allow-http")
    net.stack.cli("endpoint", "add", "--tenant", "silent", "--url", f"http://silent.test:{PORT}/", "--dialect", "simple", "--retries", 0,
                  "--timeout", "5s")
    net.stack.publish("silent")
    wait_until(lambda: "silent.test" in net.read("asked"))
    assert net.attempt("good.test").status == "success"
    assert net.stack.done("silent") == 0  # it still waits
    net.stack.wait_done(1, "silent", 30)
    assert net.stack.deliveries("silent")[0].attempts[0]["code"] in ("TIMEOUT", "NETWORK_ERROR")
    assert net.attempt("missing.test", "missing").attempts[0]["code"] == "NETWORK_ERROR"
