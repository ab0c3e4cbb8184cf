# SPDX-License-Identifier: Apache-2.0
"""Inbound sources, and calls as third parties sign them."""

import base64
import hmac
import json
import time


def mac(key, text, algorithm="sha256"):
    return hmac.new(key.encode() if isinstance(key, str) else key, text, algorithm)


class Source:
    """One that was made, and the calls of whoever sends."""

    def __init__(self, api, secret, tenant="acme", **members):
        self.api, self.tenant, self.secret, self.kind = api, tenant, secret, members["kind"]
        answer = api.post("/v1/sources", {**({"secret": secret} if secret else {}), **members}, tenant=tenant)
        assert answer.status == 201, answer
        self.made = answer.json
        self.id, self.path = self.made["id"], self.made["path"]
        self.secret = secret or self.made["secret"]

    def headers(self, body, **more):
        return HEADERS[self.kind](self.secret, body, **more)

    def send(self, value=None, *, body=None, headers=None, **more):
        body = json.dumps(value).encode() if body is None else body
        headers = self.headers(body, **more) if headers is None else headers
        return self.api.post(self.path, body=body, headers=headers, key=None)

    def shown(self):
        return self.api.get(f"/v1/sources/{self.id}", tenant=self.tenant).json


def stripe_headers(secret, body, at=None, also=()):
    at = int(time.time()) if at is None else at
    made = [mac(s, b"%d." % at + body).hexdigest() for s in (*also, secret)]
    return {"Stripe-Signature": f"t={at},v0={'0' * 64}," + ",".join(f"v1={m}" for m in made)}


def standard_headers(secret, body, at=None, identity="msg_2Lh9KRb0pzN4", also=()):
    at = int(time.time()) if at is None else at
    made = [base64.b64encode(mac(base64.b64decode(s[6:]), f"{identity}.{at}.".encode() + body).digest()).decode() for s in (*also, secret)]
    return {"webhook-id": identity, "webhook-timestamp": str(at), "webhook-signature": " ".join("v1," + m for m in made)}


def github_headers(secret, body, event="push", identity="72d3162e-cc78-11e3-81ab-4c9367dc0958"):
    return {"X-Hub-Signature-256": "sha256=" + mac(secret, body).hexdigest(), "X-GitHub-Event": event, "X-GitHub-Delivery": identity}


HEADERS = {
    "stripe": stripe_headers,
    "standard": standard_headers,
    "github": github_headers,
    "cloudflare": lambda secret, body: {"cf-webhook-auth": secret},
    "hmac-hex": lambda secret, body: {"X-Sig": mac(secret, body).hexdigest()},
    "hmac-base64": lambda secret, body: {"X-Sig": base64.b64encode(mac(secret, body).digest()).decode()},
    "token": lambda secret, body: {"X-Token": "Bearer " + secret},
    "basic": lambda secret, body: {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()},
}
