# SPDX-License-Identifier: Apache-2.0
"""Are these webhooks signed as the guides tell their receivers to check? With Python's hmac, nothing of ours."""

import base64
import hashlib
import hmac
import os
import subprocess

import pytest


def _hex(secret, text):
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def write(form, key, text):
    """As common/crypto/sign.h writes it in @form, over @text."""
    digest = hmac.new(key, text, hashlib.sha256)
    return {"hex": digest.hexdigest(), "sha256-hex": "sha256=" + digest.hexdigest(),
            "v1": "v1," + base64.b64encode(digest.digest()).decode()}[form]


def standard_text(request):
    """What Standard Webhooks signs."""
    return ".".join((request.headers["webhook-id"], request.headers["webhook-timestamp"])).encode() + b"." + request.body


def _standard(request, secret):
    expected = write("v1", base64.b64decode(secret.removeprefix("whsec_")), standard_text(request))
    return expected in request.headers["webhook-signature"].split(" ")


ED25519_DER = bytes.fromhex("302a300506032b6570032100")  # what stands before the 32 bytes of a public key (RFC 8410)


def is_ed25519(public_key, signature, text, folder):
    """By openssl. @public_key: base64."""
    paths = [os.path.join(folder, "ed25519." + name) for name in ("key", "signature", "text")]
    for path, content in zip(paths, (ED25519_DER + base64.b64decode(public_key), signature, text)):
        with open(path, "wb") as file:
            file.write(content)
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-sigfile",
                           paths[1], "-rawin", "-in", paths[2]], capture_output=True, timeout=60, check=False)
    words = (done.stdout + done.stderr).decode()
    assert "Signature Verified Successfully" in words or "Signature Verification Failure" in words, words
    return done.returncode == 0


CHECKS = {
    "royalti": lambda r, s: hmac.compare_digest(r.headers["x-royalti-signature"], "sha256=" + _hex(s, r.body)),
    "simple": lambda r, s: hmac.compare_digest(r.headers["x-webhook-signature"], _hex(s, r.body)),
    "verification": lambda r, s: hmac.compare_digest(
        r.headers["x-webhook-signature"], _hex(s, r.headers["x-webhook-timestamp"].encode() + b"." + r.body)),
    "template": lambda r, s: hmac.compare_digest(r.headers["x-webhook-signature"], "sha256=" + _hex(s, r.body)),
    "standard": _standard,
}


def is_signed(dialect, request, secret):
    return CHECKS[dialect](request, secret)


def standard_webhooks():
    """The independent verifier from PyPI. CI must have it; elsewhere the test is skipped with a word."""
    try:
        from standardwebhooks.webhooks import Webhook
    except ImportError:
        if os.environ.get("CI") == "true":
            pytest.fail("standardwebhooks is not installed (tests/requirements.txt), and this is CI")
        pytest.skip("standardwebhooks is not installed: ./dev test installs it")
    return Webhook
