#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/vectors/signatures.json and envelopes.json.

Made with Python's hmac and json, and ed25519.py, from the guides alone, so that C code which agrees with it agrees with
what a receiver computes. Run it again after a change; the unit tests read its output.

    tests/support/make_vectors.py        # writes
    tests/support/make_vectors.py check  # fails if what is there differs
"""
import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import sys

import ed25519

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "vectors"

# --- signatures ---------------------------------------------------------------------------------

SIGNED = {
    "royalti": lambda id, at, body: body,
    "simple": lambda id, at, body: body,
    "verification": lambda id, at, body: f"{at}.{body}",
    "template": lambda id, at, body: body,
    "standard": lambda id, at, body: f"{id}.{at}.{body}",
}


def key_of(dialect, secret):
    if dialect == "standard":
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return secret.encode()


def header_of(dialect, secret, id, at, body):
    if secret.startswith("whsk_") and dialect == "standard":
        signature = ed25519.sign(seed_of(secret), SIGNED[dialect](id, at, body).encode())
        return "v1a," + base64.b64encode(signature).decode()
    mac = hmac.new(key_of(dialect, secret), SIGNED[dialect](id, at, body).encode(), hashlib.sha256)
    if dialect == "standard":
        return "v1," + base64.b64encode(mac.digest()).decode()
    return ("sha256=" if dialect in ("royalti", "template") else "") + mac.hexdigest()


def whsec(length):
    return "whsec_" + base64.b64encode(bytes((7 * i + length) % 256 for i in range(length))).decode()


def seed_of(secret):
    return base64.b64decode(secret.removeprefix("whsk_"), validate=True)[:32]


def public_text(secret):
    return "whpk_" + base64.b64encode(ed25519.public_key(seed_of(secret))).decode()


def whsk(n, is_whole):
    """The seed alone, or with the public key behind it."""
    seed = hashlib.sha256(b"seed %d" % n).digest()
    return "whsk_" + base64.b64encode(seed + (ed25519.public_key(seed) if is_whole else b"")).decode()


def signature_cases():
    id = "whd_f47ac10b-58cc-4372-a567-0e02b2c3d479"
    bodies = ["", "{}", '{"test": 2432232314}', '{"amount":1500.00,"name":"Zoë 日本 😀"}', "line\r\nline\t\\"]
    bodies += ["x" * n for n in (1, 54, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 4096)]
    texts = ["s", "your-secure-random-secret-token-min-32-chars", "whsec_abc123...", "clé-秘密", "k" * 64,
             "k" * 65, "k" * 512]
    for dialect in SIGNED:
        secrets = [whsec(n) for n in (24, 32, 63, 64)] if dialect == "standard" else texts
        for n, body in enumerate(bodies):
            yield dialect, secrets[n % len(secrets)], id, 1706019000 + n, body
        for secret in secrets:
            yield dialect, secret, id, 1706019000, '{"a":1}'
        yield dialect, secrets[0], "msg_1", 0, "{}"
        yield dialect, secrets[0], "msg_1", 253402300799, "{}"
    for n, body in enumerate(bodies):
        yield "standard", whsk(n % 3, n % 2), id, 1706019000 + n, body
    # The example that the libraries of Standard Webhooks test themselves with.
    yield ("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
           '{"test": 2432232314}')


def signatures():
    cases = []
    for dialect, secret, id, at, body in signature_cases():
        case = {"dialect": dialect, "secret": secret, "id": id, "timestamp": at, "body": body,
                "header": header_of(dialect, secret, id, at, body)}
        cases.append(case | ({"public": public_text(secret)} if "v1a," in case["header"] else {}))
    assert cases[-1]["header"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    return cases


# --- envelopes ----------------------------------------------------------------------------------

CATALOGUE = {
    ("FINANCIAL", "critical"): """PAYMENT_COMPLETED PAYMENT_PROCESSING PAYMENT_MADE_FAILED PAYMENT_REQUEST_SENT
        PAYMENT_REQUEST_APPROVED PAYMENT_REQUEST_REJECTED PAYMENT_DELETED REVENUE_CREATED REVENUE_UPDATED
        REVENUE_DELETED EXPENSE_CREATED EXPENSE_UPDATED EXPENSE_DELETED""",
    ("CATALOG", "medium"): """ASSET_CREATED ASSET_UPDATED ASSET_DELETED PRODUCT_CREATED PRODUCT_UPDATED
        PRODUCT_DELETED""",
    ("ROSTER", "medium"): """USER_CREATED USER_UPDATED USER_DELETED USER_INVITATION_SENT ARTIST_CREATED
        ARTIST_UPDATED ARTIST_DELETED""",
    ("ROYALTY", "high"): "ROYALTY_FILE_UPLOADED ROYALTY_FILE_PROCESSED ROYALTY_FILE_PROCESSING_FAILED",
    ("SPLIT", "high"): "USER_ADDED_TO_SPLIT USER_REMOVED_FROM_SPLIT",
}
TYPES = {type: meaning for meaning, types in CATALOGUE.items() for type in types.split()}


def iso(ms):
    time = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms)
    return time.isoformat(timespec="milliseconds") + "Z"


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Raw:
    """JSON text that goes in as it is: numbers keep their digits."""

    def __init__(self, text):
        self.text = text


def encode(value):
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(dumps(name) + ":" + encode(item) for name, item in value.items()) + "}"
    return dumps(value)


def members(text):
    """The members of an object with their text. Splits at commas outside of strings and brackets."""
    found, depth, i = {}, 0, 1
    body = text.strip()
    if not body.startswith("{"):
        return {}
    pieces, begin = [], 1
    while i < len(body):
        c = body[i]
        if c == '"':
            i += 1
            while body[i] != '"':
                i += 2 if body[i] == "\\" else 1
        elif c in "{[":
            depth += 1
        elif c in "}]":
            depth -= 1
        if (c == "," and depth == 0) or depth < 0:
            pieces.append(body[begin:i])
            begin = i + 1
        i += 1
    for piece in pieces:
        if piece.strip():
            name, at = json.JSONDecoder().raw_decode(piece.strip())
            found[name] = piece.strip()[at:].strip()[1:].strip()
    return found


def royalti_data(i):
    places = ["actor", "resource", "attributes", "previous"]
    given = members(i["data"])
    event_given = given.get("event", "null")
    if not any(place in given for place in places):
        given, event_given = {"attributes": i["data"] or "null"}, "null"
    category, importance = TYPES.get(i["event_type"], ("CUSTOM", "medium"))
    event = {"id": i["event_id"], "type": i["event_type"], "category": category, "timestamp": iso(i["event_ms"]),
             "importance": importance}
    data = {"event": event if event_given == "null" else Raw(event_given)}
    data.update({place: Raw(given.get(place, "null")) for place in places})
    data.update({name: Raw(text) for name, text in given.items() if name not in data})
    return data


def royalti(i):
    id = i["tenant_id"]
    return {
        "id": i["delivery_id"], "event": i["event_type"], "timestamp": iso(i["event_ms"]), "version": "1.0",
        "tenant": {"id": int(id) if id.isascii() and id.isdigit() and str(int(id)) == id and len(id) < 16 else id,
                   "name": i["tenant_name"] or id, "domain": i["tenant_domain"] or None},
        "source": {"service": i["source_service"], "environment": i["source_environment"],
                   "traceId": i["trace_id"] or None},
        "data": royalti_data(i),
        "delivery": {"attempt": i["attempt"], "maxAttempts": i["attempts_max"],
                     "nextRetryAt": iso(i["next_retry_ms"]) if i["next_retry_ms"] else None},
    }


ENVELOPES = {
    "royalti": royalti,
    "simple": lambda i: {"id": i["event_id"], "type": i["event_type"], "created_at": iso(i["event_ms"]),
                         "data": Raw(i["data"] or "null")},
    "verification": lambda i: {"type": i["event_type"], "payload": Raw(i["data"] or "null"),
                               "metadata": {"eventId": i["event_id"], "occurredAt": iso(i["event_ms"]),
                                            "organizationId": i["tenant_id"]}},
    "template": lambda i: {"event": i["event_type"], "timestamp": iso(i["event_ms"]), "data": Raw(i["data"] or "null")},
    "standard": lambda i: {"type": i["event_type"], "timestamp": iso(i["event_ms"]), "data": Raw(i["data"] or "null")},
}

TYPICAL = {
    "delivery_id": "whd_f47ac10b-58cc-4372-a567-0e02b2c3d479", "event_id": "evt_456def",
    "event_type": "PAYMENT_COMPLETED", "event_ms": 1737556200000, "trace_id": "req_abc123xyz", "data": '{"a":1}',
    "tenant_id": "123", "tenant_name": "Artist Label Inc.", "tenant_domain": "artist-label.royalti.io",
    "source_service": "royalti-api", "source_environment": "production", "attempt": 1, "attempts_max": 3,
    "next_retry_ms": 0,
}

GUIDE_DATA = """{"actor":{"id":"usr_789ghi","type":"user","name":"John Admin","email":"john@artist-label.com"},
"resource":{"type":"payment","id":"pay_123abc","url":"/api/v1/payment/pay_123abc","displayName":"Payment to Artist Name"},
"attributes":{"amount":1500.00,"currency":"USD","recipientId":"usr_456def","recipientName":"Artist Name",
"method":"stripe","transactionId":"txn_stripe_789xyz","status":"completed"},
"previous":{"status":"processing","updatedAt":"2025-01-22T14:25:00.000Z"}}"""

CHANGES = [
    {},
    {"data": GUIDE_DATA},
    {"data": GUIDE_DATA, "event_type": "ASSET_CREATED"},
    {"data": '{"attributes":{"amount":1500.00}}', "attempt": 2, "next_retry_ms": 1737556204123},
    {"data": '{"previous":{"x":[1,{"y":"}"}]},"resource":null}', "attempt": 4, "attempts_max": 10},
    {"data": '{"event":{"id":"own","type":"T","category":"C","importance":"low"},"actor":{"id":1}}'},
    {"data": '{"event":null,"actor":null}'},
    {"data": '{"event":"Concert","amount":5.10}'},
    {"data": '{"actor":{"id":1},"extra":[1.0,"a\\"b"],"z":null}'},
    {"data": ' \n{ "actor" : { "id" : 1.50 } , "attributes" : "text" }\t'},
    {"data": '[1,2.50,{"actor":1}]'},
    {"data": '"actor"'},
    {"data": "1e400"},
    {"data": "null"},
    {"data": "{}"},
    {"data": ""},
    {"data": '{"big":123456789012345678901234567890,"e":1E-7,"neg":-0.0,"u":"\\u00e9\\ud800 é 😀","\\u0061":1}'},
    {"data": '{"a":1,"attributes":{"n":1},"attributes":{"n":2.0}}'},
    {"tenant_id": "0"},
    {"tenant_id": "0123"},
    {"tenant_id": "-5"},
    {"tenant_id": "1.5"},
    {"tenant_id": "999999999999999"},
    {"tenant_id": "9999999999999999"},
    {"tenant_id": "org_xyz789", "tenant_name": "", "tenant_domain": ""},
    {"tenant_id": "42", "tenant_name": ""},
    {"trace_id": ""},
    {"tenant_name": 'Quotes " and \\ and / and é 😀 \u2028', "tenant_domain": "tab\there", "trace_id": "\x01\x1f\x7f\n\r\b\f"},
    {"event_type": "user.created", "source_service": "", "source_environment": "staging"},
    {"event_ms": 0, "event_id": "evt_2_1737556200000_0"},
    {"event_ms": 951782400999},
    {"event_ms": 253402300799999, "next_retry_ms": 1, "attempt": 4294967295, "attempts_max": 4294967295},
]


def envelopes():
    cases = []
    for dialect, build in ENVELOPES.items():
        for change in CHANGES + [{"event_type": type} for type in TYPES]:
            if "event_type" in change and len(change) == 1 and dialect != "royalti":
                continue
            given = TYPICAL | change
            body = encode(build(given))
            if given["data"]:
                json.loads(body)
            cases.append({"dialect": dialect, "input": given, "body": body})
    return cases


def main():
    for name, cases in (("signatures.json", signatures()), ("envelopes.json", envelopes())):
        text = json.dumps({"about": "Made by tests/support/make_vectors.py", "cases": cases}, indent=1) + "\n"
        if sys.argv[1:] == ["check"]:
            if (FOLDER / name).read_text() != text:
                sys.exit(f"tests/vectors/{name} is not what tests/support/make_vectors.py makes; run it")
        else:
            (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
