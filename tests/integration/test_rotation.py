# SPDX-License-Identifier: Apache-2.0
"""Secrets that overlap, run out or are revoked: what signs each attempt, checked with Python's hmac and openssl."""

import base64
import hashlib
import re

import pytest
import signatures
from children import wait_until
from receiver import Answer
from stack import SECRET, Failed
from iso_time import iso_ms

OTHER = "whsec_" + base64.b64encode(b"another secret of a good length!").decode()
LITERALS = ["a-literal-secret-of-a-guide", "another-literal-secret-of-a-guide"]
SEED = "whsk_" + base64.b64encode(bytes(range(32))).decode()
HEX_DIALECTS = ["royalti", "simple", "verification", "template"]


def publish(endpoint):
    """One event: the request that came of it."""
    n = len(endpoint.hook.requests)
    endpoint.stack.publish(endpoint.tenant)
    return endpoint.hook.wait(n + 1)[n]


def rotate(endpoint, *args):
    """(the secret, how the endpoint is shown)"""
    changed = endpoint.cli("set", "--rotate", *args)
    return changed["secret"], changed


def v1(request, secret):
    return signatures.write("v1", base64.b64decode(secret.removeprefix("whsec_")), signatures.standard_text(request))


def signed_by(request):
    """The entries of the header, in their order."""
    return request.headers["webhook-signature"].split(" ")


def is_v1a(entry, request, public_key, folder):
    return entry.startswith("v1a,") and signatures.is_ed25519(
        public_key.removeprefix("whpk_"), base64.b64decode(entry[4:]), signatures.standard_text(request), folder)


def test_all_secrets_that_overlap_sign_the_newest_first_until_they_are_revoked(bare_stack):
    stack = bare_stack.start(workers=2)
    endpoint = stack.add("acme")
    secrets = [SECRET]
    for _ in range(3):
        secrets.insert(0, rotate(endpoint)[0])
        request = publish(endpoint)
        assert signed_by(request) == [v1(request, secret) for secret in secrets]
    shown = endpoint.cli("show")["secrets"]
    with pytest.raises(Failed, match="4 are in use still"):
        rotate(endpoint)
    endpoint.cli("revoke", shown[1]["id"])
    del secrets[1]
    request = publish(endpoint)
    assert signed_by(request) == [v1(request, secret) for secret in secrets]
    endpoint.cli("revoke", "--old")
    request = publish(endpoint)
    assert signed_by(request) == [v1(request, secrets[0])]
    with pytest.raises(Failed, match="is the one in use"):
        endpoint.cli("revoke", shown[0]["id"])


def test_every_signature_of_an_overlap_convinces_the_standard_s_own_library(stack):
    Webhook = signatures.standard_webhooks()
    endpoint = stack.add("acme")
    new, _ = rotate(endpoint)
    request = publish(endpoint)
    for secret in (SECRET, new):
        Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(OTHER).verify(request.body, request.headers)


def test_after_the_overlap_only_the_new_secret_signs(bare_stack):
    """Nothing is configured at that moment: each worker has the endpoint cached, and looks at the time."""
    stack = bare_stack.start(workers=2)
    endpoint = stack.add("acme")
    new, changed = rotate(endpoint, "--overlap", "1s")
    until_ms = iso_ms(changed["secrets"][1]["until"])
    request = publish(endpoint)
    if stack.now_ms() < until_ms:
        assert signed_by(request) == [v1(request, new), v1(request, SECRET)]
    wait_until(lambda: stack.now_ms() > until_ms + 500, 10, "the overlap to end, also by what workers know of the clock")
    stack.publish("acme", count=20)
    for request in endpoint.hook.wait(21)[1:]:
        assert signed_by(request) == [v1(request, new)]
    _, changed = rotate(endpoint)
    assert len(changed["secrets"]) == 2, "the one that ran out takes no place"


def test_without_an_overlap_the_old_secret_goes_at_once_also_for_what_backs_off(stack):
    endpoint = stack.add("acme", None, Answer(500))
    request = publish(endpoint)
    assert signed_by(request) == [v1(request, SECRET)]
    stack.wait_attempts(1)
    endpoint.cli("set", "--secret", OTHER, "--overlap", "0")
    assert len(endpoint.cli("show")["secrets"]) == 1
    stack.make_due()
    request = endpoint.hook.wait(2)[1]
    assert signed_by(request) == [v1(request, OTHER)]


def test_where_one_signature_is_sent_the_new_secret_signs_alone(stack):
    old, new = LITERALS
    endpoints = {dialect: stack.add(dialect, dialect=dialect, secret=old) for dialect in HEX_DIALECTS}
    for dialect, endpoint in endpoints.items():
        request = publish(endpoint)
        assert signatures.is_signed(dialect, request, old) and not signatures.is_signed(dialect, request, new)
    for dialect, endpoint in endpoints.items():
        assert len(endpoint.cli("set", "--secret", new)["secrets"]) == 1
        request = publish(endpoint)
        assert signatures.is_signed(dialect, request, new) and not signatures.is_signed(dialect, request, old)


@pytest.mark.parametrize("secret", [SEED, None], ids=["given", "made"])
def test_ed25519_signatures_convince_openssl(stack, folder, secret):
    stack.add_tenant("acme")
    hook = stack.receiver.hook("/acme")
    args = ["--secret", secret] if secret else []
    added = stack.cli("endpoint", "add", "--tenant", "acme", "--url", hook.url, "--dialect", "standard", "--signature",
                      "v1a", *args)
    assert secret or added["secret"].startswith("whsk_")
    public_key = added["secrets"][0]["publicKey"]
    stack.publish("acme", data='{"text":"é"}')
    (request,) = hook.wait(1)
    (entry,) = signed_by(request)
    assert is_v1a(entry, request, public_key, folder)
    other = base64.b64encode(bytes(31) + b"\1").decode()
    assert not is_v1a(entry, request, other, folder)
    request.body += b" "
    assert not is_v1a(entry, request, public_key, folder)


def test_a_change_from_hmac_to_ed25519_and_back_mixes_both_kinds(stack, folder):
    endpoint = stack.add("acme")
    with pytest.raises(Failed, match="secrets of another form"):
        endpoint.cli("set", "--signature", "v1a")
    first, changed = rotate(endpoint, "--signature", "v1a")
    assert first.startswith("whsk_")
    public_key = changed["secrets"][0]["publicKey"]
    request = publish(endpoint)
    ed25519, hmac = signed_by(request)
    assert is_v1a(ed25519, request, public_key, folder) and hmac == v1(request, SECRET)
    rotate(endpoint)
    assert [entry.split(",")[0] for entry in signed_by(publish(endpoint))] == ["v1a", "v1a", "v1"]
    new, changed = rotate(endpoint, "--signature", "default")
    request = publish(endpoint)
    entries = signed_by(request)
    assert entries[0] == v1(request, new) and entries[3] == v1(request, SECRET)
    assert is_v1a(entries[2], request, public_key, folder)
    endpoint.cli("revoke", "--old")
    request = publish(endpoint)
    assert signed_by(request) == [v1(request, new)]


def test_ed25519_over_another_text_and_beside_another_envelope(stack, folder):
    endpoint = stack.add("acme", dialect="simple", signature="v1a", secret=SEED)
    public_key = endpoint.cli("show")["secrets"][0]["publicKey"].removeprefix("whpk_")
    request = publish(endpoint)
    kind, value = request.headers["x-webhook-signature"].split(",")
    assert kind == "v1a"
    assert signatures.is_ed25519(public_key, base64.b64decode(value), request.body, folder)


def damage(stack, endpoint, nth):
    """The last byte of the id in the @nth sealed secret's head, so that no key is found for it."""
    key = stack.key(endpoint.tenant, "endpoint:" + endpoint.id)
    record = bytearray(stack.redis("GET", key))
    mark = b"\x01" + hashlib.sha256(base64.b64decode(stack.settings["master_key"])).digest()[:4]
    at = [found.start() for found in re.finditer(re.escape(mark), record)][nth]
    record[at + 4] ^= 1
    stack.redis("SET", key, bytes(record))


def test_an_older_secret_that_cannot_be_read_stops_nothing(bare_stack):
    stack = bare_stack
    endpoint = stack.add("acme")
    new, _ = rotate(endpoint)
    damage(stack, endpoint, 1)
    stack.start()
    request = publish(endpoint)
    assert signed_by(request) == [v1(request, new)]
    assert "an older secret does not sign" in stack.workers[0].log()


def test_nothing_is_sent_without_the_signature_of_the_newest_secret(bare_stack):
    stack = bare_stack
    endpoint = stack.add("acme", retries=0)
    rotate(endpoint)
    damage(stack, endpoint, 0)
    stack.start()
    stack.publish("acme")
    stack.wait_done(1)
    attempt = stack.delivery().attempts[0]
    assert attempt["code"] == "UNKNOWN_ERROR" and "secret cannot be used" in attempt["message"]
    assert not endpoint.hook.requests
