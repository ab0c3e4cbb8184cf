"""Are these webhooks signed as the guides tell their receivers to check? With Python's hmac, nothing of ours."""

import base64
import hashlib
import hmac
import os

import pytest


def _hex(secret, text):
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def write(form, key, text):
    """As common/sign.h writes it in @form, over @text."""
    digest = hmac.new(key, text, hashlib.sha256)
    return {"hex": digest.hexdigest(), "sha256-hex": "sha256=" + digest.hexdigest(),
            "v1": "v1," + base64.b64encode(digest.digest()).decode()}[form]


def _standard(request, secret):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = ".".join((request.headers["webhook-id"], request.headers["webhook-timestamp"])).encode() + b"." + request.body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in request.headers["webhook-signature"].split(" ")


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
