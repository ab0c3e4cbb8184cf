# SPDX-License-Identifier: Apache-2.0
"""E-mails: endpoints whose URL is mailto:, through a real SMTP server."""

import hashlib
import hmac
import json
import os
import socket
import threading

import pytest
from children import free_port, wait_until
from mail_server import FROM, MailServer, PASSWORD, USER, settings_of

DOWNLOAD = {"id": "d3f2c1b0-1234-5678-90ab-cdef12345678", "name": "Royalties of January"}
DOWNLOAD_URL = "https://storage.googleapis.com/downloads/export-2024-01-15.csv?signature=abc"
HASH_SECRET = "the-secret-of-ROYALTY_SECRET_HASH"


@pytest.fixture
def mail(request):
    """Makes servers: mail(**options); each is ended."""
    servers = []

    def make(**options):
        servers.append(MailServer(options.pop("port", free_port()), **options))
        return servers[-1]

    yield make
    for server in servers:
        server.end()


def start(stack, port, **more):
    """A worker that knows the mail server, and a tenant."""
    stack.start(workers=0)
    stack.start_worker(**settings_of(port, **more))
    stack.add_tenant("acme")


def endpoint(stack, url, events="*", **options):
    return stack.cli("endpoint", "add", "--tenant", "acme", "--url", url, "--dialect", "standard", "--events", events,
                     *[word for name, value in options.items() for word in (f"--{name}", str(value))])["id"]


def body(message):
    return message.get_content()


def test_any_event_by_mail(bare_stack, mail):
    server = mail()
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org")
    bare_stack.publish("acme", kind="USER_CREATED", data='{"name":"Zoë","n":1500.00}')
    bare_stack.wait_done(1)
    delivery = bare_stack.delivery()
    sender, recipients, message, _ = server.mails[0]
    assert (sender, recipients) == (FROM, ["ann@example.org"])
    assert message["To"] == "ann@example.org" and message["From"] == FROM and message["Subject"] == "USER_CREATED"
    assert message["Message-ID"] == f"<{delivery.id}@grapnel.test>" and message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime is not None
    assert "Event:  USER_CREATED" in body(message) and '{"name":"Zoë","n":1500.00}' in body(message)
    attempt = delivery.of_kind("attempt")[0]
    assert delivery.status == "success" and attempt["status"] == 250


def test_what_an_event_says_itself(bare_stack, mail):
    server = mail()
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:", events="grapnel.email")
    text = "Grüße,\n.\n..\n" + "long " * 400 + "\nend"
    data = {"email": {"to": "bob@example.org", "subject": "Ihr Export ist fertig: «Größe» " + "x" * 120, "text": text}}
    bare_stack.publish("acme", kind="grapnel.email", data=json.dumps(data))
    bare_stack.wait_done(1)
    _, recipients, message, _ = server.mails[0]
    assert recipients == ["bob@example.org"]
    assert message["Subject"] == data["email"]["subject"]
    assert body(message).replace("\r\n", "\n").rstrip("\n") == text


@pytest.mark.parametrize("subject", ["a\r\nBcc: eve@example.org", "a\nX: y", "\x00", "=?UTF-8?B?eA==?=", "\ud800", "x" * 5000])
def test_nothing_in_a_subject_becomes_a_header(bare_stack, mail, subject):
    server = mail()
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org")
    bare_stack.publish("acme", data=json.dumps({"email": {"subject": subject, "text": "t", "to": "eve@example.org"}}))
    bare_stack.wait_done(1)
    _, recipients, message, _ = server.mails[0]
    assert recipients == ["ann@example.org"] and message["Bcc"] is None and message["X"] is None
    assert set(message.keys()) == {"Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version",
                                   "Content-Type", "Content-Transfer-Encoding"}


@pytest.mark.parametrize("to", ["", "two@example.org, three@example.org", "a@b\r\nRCPT TO:<c@d>", "<a@b>", "no at", 7, None])
def test_an_address_that_is_none_is_final(bare_stack, mail, to):
    server = mail()
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:", events="grapnel.email")
    bare_stack.publish("acme", kind="grapnel.email", data=json.dumps({"email": {"to": to, "subject": "s", "text": "t"}}))
    bare_stack.wait_done(1)
    delivery = bare_stack.delivery()
    assert delivery.status == "failed" and not server.mails
    assert "email.to: expected one plain address" in delivery.of_kind("attempt")[0]["message"]


@pytest.mark.parametrize("url", ["mailto:two words@x", "mailto:a@b,c@d", "mailto:a@b?subject=x", "mailto:@", "mailto:a@", "mailto:a@b\n"])
def test_what_a_mailto_may_be(bare_stack, url):
    bare_stack.add_tenant("acme")
    told = bare_stack.run("endpoint", "add", "--tenant", "acme", "--url", url, "--events", "*", "--dialect", "standard")
    assert told.returncode and b"url: expected one plain address behind mailto:" in told.stderr


def test_a_certificate_of_its_own_has_no_use_for_mail(bare_stack, certificate):
    bare_stack.add_tenant("acme")
    command = ["endpoint", "add", "--tenant", "acme", "--events", "*", "--dialect", "standard", "--ca-file", certificate[0], "--url"]
    told = bare_stack.run(*command, "mailto:ann@example.org")
    assert told.returncode and b"ca: has no use where the URL begins with mailto:" in told.stderr
    assert not bare_stack.run(*command, "https://example.com/").returncode


def test_types_of_our_own_go_to_those_who_name_them(bare_stack, mail):
    server = mail()
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:all@example.org", events="*")
    endpoint(bare_stack, "mailto:some@example.org", events="grapnel.*")
    endpoint(bare_stack, "mailto:named@example.org", events="grapnel.email,USER_CREATED")
    bare_stack.publish("acme", kind="grapnel.email", data='{"email":{"to":"x@example.org"}}')
    bare_stack.wait_done(1)
    assert [recipients for _, recipients, _, _ in server.mails] == [["named@example.org"]]


def test_starttls_and_a_password(bare_stack, mail, certificate):
    server = mail(certificate=certificate, needs_auth=True)
    start(bare_stack, server.port, smtp_starttls="required", smtp_ca_file=certificate[0], smtp_user=USER,
          smtp_password=PASSWORD)
    endpoint(bare_stack, "mailto:ann@example.org")
    bare_stack.publish("acme", count=3)
    bare_stack.wait_done(3)
    assert len(server.mails) == 3 and all(is_encrypted for _, _, _, is_encrypted in server.mails)
    assert PASSWORD not in "".join(text for _, text in bare_stack.logs())


@pytest.mark.parametrize("settings, words", [
    ({"smtp_starttls": "required"}, "STARTTLS"),  # the server has none
    ({"smtp_user": USER, "smtp_password": "wrong"}, ""),
], ids=["no-starttls", "no-auth"])
def test_what_is_the_operators_to_mend_is_tried_again(bare_stack, mail, settings, words):
    server = mail()
    start(bare_stack, server.port, **settings)
    endpoint(bare_stack, "mailto:ann@example.org", retries=1, schedule="1s")
    bare_stack.publish("acme")
    bare_stack.wait_done(1)
    attempts = bare_stack.delivery().of_kind("attempt")
    assert len(attempts) == 2 and words in attempts[0]["message"] and not server.mails


def test_a_server_that_is_not_trusted_gets_nothing(bare_stack, mail, certificate):
    server = mail(certificate=certificate)
    start(bare_stack, server.port, smtp_starttls="required")
    endpoint(bare_stack, "mailto:ann@example.org", retries=0)
    bare_stack.publish("acme")
    bare_stack.wait_done(1)
    assert bare_stack.delivery().of_kind("attempt")[0]["code"] == "SSL_ERROR" and not server.mails


def tell_done(api):
    body = json.dumps({"id": DOWNLOAD["id"], "status": "done", "url": DOWNLOAD_URL}).encode()
    signature = hmac.new(HASH_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return api.post("/webhook/download/status-update/webhook", body=body, key=None, headers={"royalti-x-hash": signature})


def report(stack, server, deliveries):
    folder = os.path.join(stack.build, "reports")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "email_done.txt"), "w", encoding="utf-8") as file:
        for sender, recipients, message, _ in server.mails:
            file.write(f"MAIL FROM {sender}, RCPT TO {recipients}\n{message}\n{body(message)}\n")
        for delivery in deliveries:
            for attempt in delivery.of_kind("attempt"):
                file.write(f"{delivery.id}: {attempt}\n")


def test_a_download_that_is_done_is_told_by_mail_when_the_server_is_back(bare_stack, mail):
    port = free_port()
    start(bare_stack, port)
    api = bare_stack.start_api(inbound_secret=HASH_SECRET)
    assert api.post("/v1/downloads", {**DOWNLOAD, "email": "ann@example.org"}, tenant="acme").status == 201
    assert [tell_done(api).status for _ in range(2)] == [200, 200]
    bare_stack.wait_attempts(1)  # nobody listens there yet; the next attempt comes in about 5 s
    server = mail(port=port)
    bare_stack.wait_done(1)
    assert len(server.mails) == 1
    _, recipients, message, _ = server.mails[0]
    assert recipients == ["ann@example.org"] and DOWNLOAD["name"] in message["Subject"] + body(message)
    assert DOWNLOAD_URL in body(message)
    report(bare_stack, server, bare_stack.deliveries())


def test_a_server_that_is_down_is_tried_again(bare_stack, mail):
    port = free_port()
    start(bare_stack, port)
    endpoint(bare_stack, "mailto:ann@example.org", schedule="1s")
    bare_stack.publish("acme")
    bare_stack.wait_attempts(1)
    assert bare_stack.delivery().of_kind("attempt")[0]["code"] == "NETWORK_ERROR"
    server = mail(port=port)
    bare_stack.wait_done(1)
    assert bare_stack.delivery().status == "success" and len(server.mails) == 1


def test_4yz_is_tried_again_with_the_same_message_id(bare_stack, mail):
    server = mail(answers=["451 4.3.0 try later", "250 OK"])
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org", schedule="1s")
    bare_stack.publish("acme")
    bare_stack.wait_done(1)
    delivery = bare_stack.delivery()
    first, second = delivery.of_kind("attempt")
    assert (first["status"], first["code"], second["status"]) == (451, "SERVER_ERROR", 250)
    assert "451 4.3.0 try later" in first["response"]
    assert server.mails[0][2]["Message-ID"] == f"<{delivery.id}@grapnel.test>"


def test_5yz_is_final(bare_stack, mail):
    server = mail()
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:nobody@example.org")
    bare_stack.publish("acme")
    bare_stack.wait_done(1)
    delivery = bare_stack.delivery()
    assert delivery.status == "failed" and len(delivery.of_kind("attempt")) == 1
    attempt, = delivery.of_kind("attempt")
    assert (attempt["status"], attempt["destination"]) == (550, "mail") and server.refused == ["nobody@example.org"]
    shown = bare_stack.run("delivery", "show", delivery.id).stdout
    assert b"SMTP 550" in shown and b"HTTP" not in shown, shown


def test_a_server_that_hangs_holds_only_its_slot(bare_stack, mail):
    server = mail(then="hang")
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org", events="SLOW", slots=1)
    hook = bare_stack.receiver.hook("/fast")
    bare_stack.add_endpoint("acme", hook, events="FAST")
    bare_stack.publish("acme", kind="SLOW")
    wait_until(server.hangs.is_set, 10, "the mail server to hang")
    bare_stack.publish("acme", kind="FAST", count=20)
    hook.wait(20)
    server.release()


class Talker(threading.Thread):
    """Says these bytes when a client comes, then each of @answers to what it sends, then nothing more."""

    def __init__(self, *answers):
        super().__init__(daemon=True)
        self.answers, self.heard = answers, b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.is_silent = threading.Event()
        self.start()

    def run(self):
        self.client, _ = self.socket.accept()
        for i, answer in enumerate(self.answers):
            self.heard += self.client.recv(65536) if i else b""
            for part in answer if isinstance(answer, list) else [answer]:
                self.client.sendall(part)
        self.is_silent.set()


GREETING, EHLO, OK = b"220 mail.test\r\n", b"250-mail.test\r\n250 8BITMIME\r\n", b"250 OK\r\n"


@pytest.mark.parametrize("answers", [[], [GREETING], [GREETING, EHLO], [GREETING, EHLO, OK], [GREETING, EHLO, OK, OK],
                                     [GREETING, EHLO, OK, OK, b"354 go on\r\n"]],
                         ids=["connect", "EHLO", "MAIL", "RCPT", "DATA", "message"])
def test_wherever_a_server_hangs(bare_stack, answers):
    server = Talker(*answers)
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org", events="SLOW", timeout="1s", retries=0)
    hook = bare_stack.receiver.hook("/fast")
    bare_stack.add_endpoint("acme", hook, events="FAST")
    bare_stack.publish("acme", kind="SLOW")
    wait_until(server.is_silent.is_set, 10, "the mail server to hang")
    bare_stack.publish("acme", kind="FAST", count=20)
    hook.wait(20)
    bare_stack.wait_done(21)
    attempt, = [a for delivery in bare_stack.deliveries() for a in delivery.attempts if a["status"] != 200]
    assert (attempt["code"], attempt["status"]) == ("TIMEOUT", 0), attempt


@pytest.mark.parametrize("answers, status, code, words", [
    ([OK, OK, b"250 OK\r\n"], 0, "NETWORK_ERROR", "answered 250 to DATA"),
    ([b"354 go on\r\n"], 0, "NETWORK_ERROR", "answered 354 to MAIL FROM"),
    ([b"hello\r\n"], 0, "NETWORK_ERROR", "no SMTP, after MAIL FROM"),
    ([b"2\r\n"], 0, "NETWORK_ERROR", "no SMTP, after MAIL FROM"),
    ([b"x" * 5000], 0, "NETWORK_ERROR", "too long, after MAIL FROM"),
    ([b"250-a\r\n" * 1000], 0, "NETWORK_ERROR", "too long, after MAIL FROM"),
    ([OK, b"452 later\r\n"], 452, "SERVER_ERROR", ""),
    ([OK, OK, [b"55", b"4-no\r", b"\n554 ", b"never\r\n"]], 554, "CLIENT_ERROR", ""),
    ([[b"250-long", b"\r\n250 OK\r\n"], OK, b"354\r\n", b"250\r\n"], 250, "", ""),
])
def test_what_a_server_may_say(bare_stack, answers, status, code, words):
    server = Talker(GREETING, EHLO, *answers)
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org", retries=0)
    bare_stack.publish("acme")
    bare_stack.wait_done(1)
    attempt, = bare_stack.delivery().attempts
    assert (attempt["status"], attempt["code"]) == (status, code) and words in attempt["message"], attempt
    assert b"MAIL FROM:<webhooks@grapnel.test>\r\n" in server.heard
    if status == 554:
        assert attempt["response"] == "554-no\r\n554 never"


def test_a_server_that_goes_away_is_tried_again(bare_stack):
    """It may have taken the message: the next attempt has the same Message-ID."""
    server = Talker(GREETING, EHLO, OK, OK, b"354 go on\r\n")
    start(bare_stack, server.port)
    endpoint(bare_stack, "mailto:ann@example.org", schedule="1h")
    bare_stack.publish("acme")
    wait_until(server.is_silent.is_set, 10, "the message's turn")
    server.client.close()
    delivery = bare_stack.wait_attempts(1)
    assert (delivery.status, delivery.attempts[0]["code"]) == ("pending", "NETWORK_ERROR")


def test_the_limit_holds_for_mail_too(bare_stack, mail):
    server = mail()
    bare_stack.start(workers=0)
    bare_stack.start_worker(**settings_of(server.port))
    bare_stack.add_tenant("acme", 3)
    endpoint(bare_stack, "mailto:ann@example.org")
    bare_stack.publish("acme", count=5)
    wait_until(lambda: len(server.mails) == 3, 20, "three mails")
    assert bare_stack.redis("LLEN", bare_stack.key("acme", "window:acme")) == 3


@pytest.mark.parametrize("settings, words", [
    ({"smtp_url": "http://x", "smtp_from": FROM}, "smtp_url: expected smtp://"),
    ({"smtp_url": "smtp://user:password@x", "smtp_from": FROM}, "smtp_url: expected smtp://"),
    ({"smtp_url": "smtp://x"}, "smtp_from: expected an address"),
    ({"smtp_url": "smtp://x", "smtp_from": "Ann <a@b>"}, "smtp_from: expected an address"),
    ({"smtp_url": "smtp://x", "smtp_from": FROM, "smtp_ca_file": "/nowhere"}, "/nowhere"),
])
def test_settings_that_cannot_be_are_told_at_start(bare_stack, settings, words):
    child = bare_stack.spawn("worker", **settings)
    assert child.wait(20) != 0 and words in child.log()


def test_without_a_server_mails_fail_with_the_reason(bare_stack):
    bare_stack.start()
    bare_stack.add_tenant("acme")
    endpoint(bare_stack, "mailto:ann@example.org", retries=0)
    bare_stack.publish("acme")
    bare_stack.wait_done(1)
    assert bare_stack.delivery().of_kind("attempt")[0]["message"] == "no mail server: smtp_url is not set"
