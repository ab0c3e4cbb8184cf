# SPDX-License-Identifier: Apache-2.0
"""The platform guide's inbound webhooks. Leaves guide_inbound.txt in reports/ of the build directory."""

import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import shlex
import subprocess
import time

import pytest
from children import free_port, wait_until
from mail_server import MailServer, settings_of
from stack import build_folder
from published import events

SECRET = "the-secret-of-ROYALTY_SECRET_HASH"
DOWNLOAD = "/webhook/download/status-update/webhook"
FILE = "/webhook/royalty/file-update/webhook"
ID = "d3f2c1b0-1234-5678-90ab-cdef12345678"
FILE_ID = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
URL = "https://storage.googleapis.com/downloads/export-2024-01-15.csv?signature=..."

INVALID = {"status": "error", "message": "Invalid request data"}
UNSIGNED = {"status": "error", "message": "Invalid webhook signature"}
NO_DOWNLOAD = {"status": "error", "message": "Download Record not found"}


def sign(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def tell(api, path, value=None, *, body=None, secret=SECRET, **headers):
    body = json.dumps(value).encode() if body is None else body
    return api.post(path, body=body, key=None, headers={"royalti-x-hash": sign(body, secret), **headers})


def marked(status, what="Download record"):
    return {"message": f"{what} status is marked as {status}"}


@pytest.fixture
def api(bare_stack):
    bare_stack.cli("tenant", "add", "123")
    return bare_stack.start_api(inbound_secret=SECRET)


@pytest.fixture
def download(api):
    """Registered, with nobody to be told: a function that tells of it."""
    assert api.post("/v1/downloads", {"id": ID, "name": "export"}, tenant="123").status == 201

    def news(status, url=None):
        return tell(api, DOWNLOAD, {"id": ID, "status": status, **({"url": url} if url else {})})
    return news


def shown(api, kind="downloads", identity=ID):
    return api.get(f"/v1/{kind}/{identity}", tenant="123").json


# ---- a download ----

def test_a_download_is_done(api, bare_stack, download):
    answer = download("done", URL)
    assert answer.status == 200 and answer.json == marked("done")
    assert shown(api)["status"] == "done" and shown(api)["url"] == URL
    ((kind, data),) = events(bare_stack)
    assert kind == "download.updated" and data.pop("updated_at") == shown(api)["updated_at"]
    assert data == {"id": ID, "name": "export", "status": "done", "previous_status": "preparing", "url": URL}


def test_the_e_mail_is_written_once(api, bare_stack):
    api.post("/v1/downloads", {"id": ID, "name": "Q1 \u2603", "email": "ann@example.com"}, tenant="123")
    for status in ("preparing", "done", "done", "done"):
        assert tell(api, DOWNLOAD, {"id": ID, "status": status, "url": URL if status == "done" else None}).json == marked(status)
    (first, mail) = events(bare_stack)
    assert first[0] == "download.updated" and mail[0] == "grapnel.email"
    assert mail[1]["email"] == {"to": "ann@example.com", "subject": "Your download is ready: Q1 \u2603",
                                "text": f"Your download Q1 \u2603 is ready.\n\n{URL}\n"}
    assert mail[1]["download"] == ID


def test_telling_it_again_changes_nothing(api, bare_stack, download):
    assert download("preparing").json == marked("preparing")
    assert events(bare_stack) == []
    first = download("done", URL)
    before = shown(api)
    for answer in (download("done", URL), download("done")):
        assert answer.status == first.status and answer.json == first.json
    assert shown(api) == before and len(events(bare_stack)) == 1


def test_another_link_is_news_but_no_e_mail(api, bare_stack):
    api.post("/v1/downloads", {"id": ID, "email": "ann@example.com"}, tenant="123")
    for url in (URL, URL + "2"):
        assert tell(api, DOWNLOAD, {"id": ID, "status": "done", "url": url}).status == 200
    assert [kind for kind, _ in events(bare_stack)] == ["download.updated", "grapnel.email", "download.updated"]
    assert shown(api)["url"] == URL + "2"


MOVES = {"preparing": {"done", "failed", "expired"}, "done": {"expired"}, "failed": {"preparing", "done"},
         "expired": {"preparing", "done"}}
WAY = {"preparing": (), "done": ("done",), "failed": ("failed",), "expired": ("done", "expired")}


@pytest.mark.parametrize("before", MOVES)
@pytest.mark.parametrize("after", MOVES)
def test_which_status_may_follow_which(api, bare_stack, download, before, after):
    for status in WAY[before]:
        assert download(status, URL if status == "done" else None).status == 200
    n_events = len(events(bare_stack))
    answer = download(after, URL + "2" if after == "done" and before != "done" else None)
    if after == before or after in MOVES[before]:
        assert answer.status == 200 and answer.json == marked(after)
        assert len(events(bare_stack)) == n_events + (after != before)
        assert shown(api)["status"] == after
    else:
        assert answer.status == 400 and answer.json["field"] == "status", answer
        assert answer.json | INVALID == answer.json
        assert shown(api)["status"] == before and len(events(bare_stack)) == n_events


def test_an_old_done_that_comes_late_is_none(api, bare_stack, download):
    for status in ("done", "expired"):
        download(status, URL)
    for url in (URL, None):
        assert download("done", url).status == 400
    assert shown(api)["status"] == "expired"


def test_many_at_once_make_one_change(api, bare_stack):
    api.post("/v1/downloads", {"id": ID, "email": "ann@example.com"}, tenant="123")
    other = bare_stack.start_api(inbound_secret=SECRET)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: tell((api, other)[n % 2], DOWNLOAD, {"id": ID, "status": "done", "url": URL}), range(64)))
    assert {a.status for a in answers} == {200}
    assert [kind for kind, _ in events(bare_stack)] == ["download.updated", "grapnel.email"]


def test_everybody_gets_one_e_mail(bare_stack):
    """However often it is told, and to however many; nobody else sees events of that type."""
    with contextlib.ExitStack() as clean_up:
        server = MailServer(free_port())
        clean_up.callback(server.end)
        bare_stack.start(**settings_of(server.port, inbound_secret=SECRET))
        bare_stack.add_tenant("123")
        hook = bare_stack.receiver.hook("/all")
        bare_stack.add_endpoint("123", hook, events="*")
        apis = [bare_stack.start_api(), bare_stack.start_api()]

        def register(n):
            return apis[n % 2].post("/v1/downloads", {"name": f"export {n}", "email": f"user{n}@example.com"}, tenant="123").json["id"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:  # at the same time: still one endpoint for them
            ids = list(pool.map(register, range(20)))
            told = list(pool.map(lambda n: tell(apis[n % 2], DOWNLOAD, {"id": ids[n % 20], "status": "done", "url": f"{URL}{n % 20}"}), range(60)))
        assert {answer.status for answer in told} == {200}
        bare_stack.wait_done(40, "123")
        assert sorted(recipients for _, recipients, _, _ in server.mails) == sorted([f"user{n}@example.com"] for n in range(20))
        for _, (recipient,), message, _ in server.mails:
            n = recipient.split("@")[0].removeprefix("user")
            assert message["Subject"] == f"Your download is ready: export {n}" and f"{URL}{n}\n" in message.get_content().replace("\r", "")
        assert {json.loads(request.body)["type"] for request in hook.wait(20)} == {"download.updated"} and len(hook.requests) == 20


def test_the_event_goes_to_the_customer(stack):
    hook = stack.receiver.hook("/acme")
    stack.add_tenant("acme")
    stack.add_endpoint("acme", hook, events="download.updated")
    api = stack.start_api(inbound_secret=SECRET)
    api.post("/v1/downloads", {"id": ID}, tenant="acme")
    tell(api, DOWNLOAD, {"id": ID, "status": "failed"})
    body = json.loads(hook.wait(1)[0].body)
    assert body["type"] == "download.updated" and body["data"]["status"] == "failed"


def test_an_api_that_dies_loses_no_event_and_makes_none_twice(bare_stack):
    """Killed at any moment, again and again, while senders send until they are answered."""
    bare_stack.cli("tenant", "add", "123")
    api = bare_stack.start_api(inbound_secret=SECRET)
    ids = [api.post("/v1/downloads", {"email": "ann@example.com"}, tenant="123").json["id"] for _ in range(150)]
    current = [api]

    def until_answered(identity):
        for _ in range(200):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if tell(current[0], DOWNLOAD, {"id": identity, "status": "done", "url": URL}).status == 200:
                    return True
            time.sleep(0.02)  # as a sender would
        return False

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(until_answered, identity) for identity in ids]
        while not all(one.done() for one in sending):
            n_events = len(events(bare_stack))
            wait_until(lambda: len(events(bare_stack)) > n_events or all(one.done() for one in sending), interval=0)
            bare_stack.apis[-1].kill9()
            current[0] = bare_stack.start_api(inbound_secret=SECRET)
        assert all(one.result() for one in sending)
    found = events(bare_stack)
    assert len(bare_stack.apis) > 3
    for kind, identify in (("download.updated", lambda data: data["id"]), ("grapnel.email", lambda data: data["download"])):
        assert sorted(identify(data) for k, data in found if k == kind) == sorted(ids)


# ---- a file ----

def test_a_file_is_processed(stack):
    hook = stack.receiver.hook("/royalti")
    stack.add_tenant("123")
    stack.add_endpoint("123", hook, "royalti", "ROYALTY_FILE_PROCESSED", secret="whatever-it-is-called")
    api = stack.start_api(inbound_secret=SECRET)
    api.post("/v1/files", {"id": FILE_ID, "name": "may.csv", "source": "spotify"}, tenant="123")
    for _ in range(2):
        answer = tell(api, FILE, {"id": FILE_ID, "tenant": 123})
        assert answer.status == 200 and answer.json == marked("processed", "Royalty file")
    body = json.loads(hook.wait(1)[0].body)
    assert body["event"] == "ROYALTY_FILE_PROCESSED" and body["data"]["event"]["category"] == "ROYALTY"
    told = body["data"]["attributes"]
    assert told["fileId"] == FILE_ID and told["fileName"] == "may.csv" and told["source"] == "spotify"
    assert told["duration"] >= 0 and shown(api, "files", FILE_ID)["status"] == "processed"
    assert len(events(stack)) == 1


def test_a_file_is_its_tenant_s(api, bare_stack):
    bare_stack.cli("tenant", "add", "124")
    api.post("/v1/files", {"id": FILE_ID}, tenant="123")
    for tenant in (124, "124", "nobody"):
        answer = tell(api, FILE, {"id": FILE_ID, "tenant": tenant})
        assert answer.status == 404 and answer.json == {"status": "error", "message": "Royalty File not found"}
    for tenant in (None, True, 1.5, "", "a b", [], "x" * 80):
        answer = tell(api, FILE, {"id": FILE_ID, "tenant": tenant})
        assert answer.status == 400 and answer.json["field"] == "tenant"
    assert tell(api, FILE, {"id": FILE_ID, "tenant": "123"}).status == 200


# ---- who calls, and what they send ----

@pytest.mark.parametrize("path", [DOWNLOAD, FILE])
def test_the_signature_comes_first(api, download, path):
    """Nothing is told to whoever cannot sign, whatever is sent."""
    good = json.dumps({"id": ID, "status": "done", "tenant": 123}).encode()
    for body in (good, b"", b"{", b"\x00" * 1000, json.dumps({"id": "f" * 36, "status": "?"}).encode()):
        right = sign(body)
        for wrong in ("", "0" * 64, right[:-1], right + "0", right[1:] + "0", right.upper() if right.upper() != right else "x",
                      "sha256=" + right, sign(body, "another"), sign(body + b" "), "\u00e9" * 3, "a" * 4000):
            answer = api.post(path, body=body, key=None, headers={"royalti-x-hash": wrong.encode()})
            assert answer.status == 401 and answer.json == UNSIGNED, wrong
        assert api.post(path, body=body, key=None).json == UNSIGNED
        assert api.post(path, body=body).json == UNSIGNED  # an operator's key is no signature
    assert shown(api)["status"] == "preparing"


@pytest.mark.parametrize("body, field", [
    (b"", None), (b"[]", None), (b"1", None), (b"{", None), (b"\xff\xfe", None), (b'{"id":1,"id":2}', None), (b"[" * 60000, None),
    (b"{}", "id"), (b'{"id":"1","status":"done"}', "id"), (b'{"id":null}', "id"), (b'{"id":"%s"}' % ID.encode(), "status"),
    (b'{"id":"%s","status":"ready"}' % ID.encode(), "status"), (b'{"id":"%s","status":["done"]}' % ID.encode(), "status"),
    (b'{"id":"%s","status":"done","url":"javascript:1"}' % ID.encode(), "url"),
    (b'{"id":"%s","status":"done","url":5}' % ID.encode(), "url"),
    (b'{"id":"%s","status":"done","url":"https://a/\\n"}' % ID.encode(), "url"),
    (b'{"id":"%s","status":"done","url":"https://a/%s"}' % (ID.encode(), b"x" * 2048), "url"),
])
def test_what_is_wrong_is_named(api, download, body, field):
    answer = tell(api, DOWNLOAD, body=body)
    assert answer.status == 400 and answer.json | INVALID == answer.json
    assert answer.json.get("field") == field and answer.json["detail"]
    assert shown(api)["status"] == "preparing"


def test_what_is_not_there(api):
    answer = tell(api, DOWNLOAD, {"id": ID, "status": "done"})
    assert answer.status == 404 and answer.json == NO_DOWNLOAD


def test_a_huge_body_is_not_read(api):
    assert tell(api, DOWNLOAD, body=b"x" * (1 << 20)).status == 413


def test_secrets_may_change(bare_stack):
    bare_stack.cli("tenant", "add", "123")
    api = bare_stack.start_api(inbound_secret=f"{SECRET}, the-next-one")
    for secret, status in ((SECRET, 404), ("the-next-one", 404), ("the-next", 401), ("", 401)):
        assert tell(api, DOWNLOAD, {"id": ID, "status": "done"}, secret=secret).status == status
    assert tell(bare_stack.start_api(inbound_secret=""), DOWNLOAD, {"id": ID, "status": "done"}, secret="").status == 401


def test_redis_away(api, redis, download, bare_stack):
    redis.kill9()
    answer = download("done", URL)
    assert answer.status == 503 and answer.headers["retry-after"] == "1"
    redis.start()
    wait_until(lambda: download("done", URL).status == 200)
    assert [kind for kind, _ in events(bare_stack)] == ["download.updated"]


# ---- the guide ----

CALLS = (
    ("guide-royalti.md: Royalty File Status Update; its answers are not documented", FILE, {"id": FILE_ID, "tenant": 123}, True, None),
    ("inbound-download-status.md: 200", DOWNLOAD, {"id": ID, "status": "done", "url": URL}, True,
     {"message": "Download record status is marked as done"}),
    ("the same again", DOWNLOAD, {"id": ID, "status": "done", "url": URL}, True, {"message": "Download record status is marked as done"}),
    ("inbound-download-status.md: 400", DOWNLOAD, {"id": ID, "status": "ready"}, True, INVALID),
    ("inbound-download-status.md: 401", DOWNLOAD, {"id": ID, "status": "done"}, False, UNSIGNED),
    ("inbound-download-status.md: 404", DOWNLOAD, {"id": FILE_ID, "status": "done"}, True, NO_DOWNLOAD),
)


def test_a_transcript_of_the_guide_s_calls(api, download):
    """With curl, beside what the documents show."""
    api.post("/v1/files", {"id": FILE_ID, "name": "may.csv"}, tenant="123")
    os.makedirs(os.path.join(build_folder(), "reports"), exist_ok=True)
    with open(os.path.join(build_folder(), "reports", "guide_inbound.txt"), "w", encoding="utf-8") as report:
        for title, path, value, is_signed, documented in CALLS:
            body = json.dumps(value)
            command = ["curl", "-sS", "-X", "POST", f"http://127.0.0.1:{api.port}{path}", "-H", "Content-Type: application/json",
                       "-d", body]
            if is_signed:
                command += ["-H", f"royalti-x-hash: {sign(body.encode())}"]
            answer, status = subprocess.run([*command, "-w", "\n%{http_code}"], check=True, capture_output=True, text=True, timeout=30).stdout.rsplit("\n", 1)
            report.write(f"# {title}\n$ {shlex.join(command)}\n{status} {answer}\n")
            if documented:
                report.write(f"documented:\n    {json.dumps(documented)}\n")
                assert json.loads(answer) | documented == json.loads(answer), title
            report.write("\n")
