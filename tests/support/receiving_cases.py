# SPDX-License-Identifier: Apache-2.0
"""Requests that a receiver must accept or refuse, made from one that is genuine. What is right is known from how a
case was made; signed here with Python's hmac and `cryptography`, with nothing of ours."""

import base64
import dataclasses
import hashlib
import hmac
import random

NOW = 1737556200
TEXT_SECRET = "a-literal-secret-of-a-guide"
OTHER_TEXT = "another-literal-secret-of-a-guide"
TOLERANCE_S = 300
LIST_MAX = 8  # entries of a list that are looked at
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


def b64(raw):
    return base64.b64encode(raw).decode()


def whsec(raw):
    return "whsec_" + b64(raw)


SEED = bytes(range(32))
HMAC_SECRET = whsec(b"thirty-two bytes of test secret!")
OTHER_HMAC = whsec(b"thirty-two bytes of other secret")


def private_key(seed):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_bytes(seed):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return private_key(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def whpk(seed=SEED):
    return "whpk_" + b64(public_bytes(seed))


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


@dataclasses.dataclass(frozen=True)
class Form:
    """How the requests of a dialect are signed, and with what."""

    dialect: str
    header: str
    before: tuple  # headers whose values are signed before the body; the last is the time
    secret: str  # the receiver's
    other: str  # a right one of another endpoint
    write: object  # (text) → the signature
    write_other: object

    @property
    def is_list(self):
        return self.dialect == "standard"

    def text(self, headers, body):
        return b"".join(headers[name] + b"." for name in self.before) + body

    def sign(self, headers, body):
        return {**headers, self.header: self.write(self.text(headers, body)).encode()}


def _hex(prefix, secret):
    return lambda text: prefix + mac(secret.encode(), text).hex()


def _v1(secret):
    return lambda text: "v1," + b64(mac(base64.b64decode(secret[6:]), text))


def _v1a(seed):
    return lambda text: "v1a," + b64(private_key(seed).sign(text))


def _text_form(dialect, header, before, prefix):
    return Form(dialect, header, before, TEXT_SECRET, OTHER_TEXT, _hex(prefix, TEXT_SECRET), _hex(prefix, OTHER_TEXT))


STANDARD = ("webhook-id", "webhook-timestamp")


def forms():
    return {
        "royalti": _text_form("royalti", "x-royalti-signature", (), "sha256="),
        "simple": _text_form("simple", "x-webhook-signature", (), ""),
        "verification": _text_form("verification", "x-webhook-signature", ("x-webhook-timestamp",), ""),
        "template": _text_form("template", "x-webhook-signature", (), "sha256="),
        "standard": Form("standard", "webhook-signature", STANDARD, HMAC_SECRET, OTHER_HMAC, _v1(HMAC_SECRET),
                         _v1(OTHER_HMAC)),
        "standard v1a": Form("standard", "webhook-signature", STANDARD, whpk(), whpk(bytes(32)), _v1a(SEED),
                             _v1a(bytes(32))),
    }


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    is_genuine: bool
    dialect: str
    secrets: list
    headers: dict  # names in lower case → bytes
    body: bytes
    now: int = NOW

    @property
    def expected(self):
        return "accepted" if self.is_genuine else "refused"

    def but(self, name, is_genuine, **changes):
        return dataclasses.replace(self, name=f"{self.name}: {name}", is_genuine=is_genuine, **changes)

    def but_header(self, name, is_genuine, header, value):
        """@value: None takes it away."""
        headers = {**self.headers, header: value}
        if value is None:
            del headers[header]
        return self.but(name, is_genuine, headers=headers)


def genuine(name, form, body=b'{"type":"order.paid","data":{"total":1500.00}}', **values):
    headers = {header: b"whd_0b2c5a52-5bf8-4d2a-9f3b-b3c1b5e0a001" if header == "webhook-id" else b"%d" % NOW
               for header in form.before}
    headers.update({header: value for header, value in values.items() if header in form.before})
    return Case(name, True, form.dialect, [form.secret], form.sign(headers, body), body)


# --- from any genuine request, without its sender's key -----------------------------------------------------------------

def forged(case, form):
    """What somebody between sender and receiver could make of it."""
    body, given = case.body, case.headers[form.header]
    yield case
    yield case.but("a byte of the body changed", False, body=bytes([body[0] ^ 1]) + body[1:])
    yield case.but("a byte behind the body", False, body=body + b"\n")
    yield case.but("a byte of the body missing", False, body=body[:-1])
    yield case.but("no body", False, body=b"")
    yield case.but("read and written again", False, body=body.replace(b":", b": "))
    yield case.but("another's secret", False, secrets=[form.other])
    yield case.but("no secrets", False, secrets=[])
    yield case.but("an empty secret", False, secrets=[""])
    yield case.but("the right secret second", True, secrets=[form.other, *case.secrets])
    yield case.but("the right secret behind a broken one", True, secrets=["", "whsec_!", "whpk_A", *case.secrets])
    yield case.but("no headers", False, headers={})
    yield case.but_header("no signature", False, form.header, None)
    for name, value in _bad_signatures(given):
        yield case.but_header(f"signature {name}", False, form.header, value)
    for header in form.before:
        yield case.but_header(f"no {header}", False, header, None)
        yield case.but_header(f"{header} empty", False, header, b"")
        yield case.but_header(f"{header} changed", False, header, case.headers[header][:-1] + b"x")
    if form.before:
        yield case.but("301 s later", False, now=case.now + TOLERANCE_S + 2)  # it may have been on its way for one
        yield case.but("301 s before", False, now=case.now - TOLERANCE_S - 2)
        time = case.headers[form.before[-1]]
        yield case.but_header("time changed", False, form.before[-1], b"%d" % (int(time) + 1))
    if form.is_list:
        yield from _lists(case, form, given)


def _bad_signatures(given):
    value = given.split(b" ")[0]
    prefix = value[:len(value) - len(value.split(b"=", 1)[1])] if value.startswith(b"sha256=") else b""
    yield "empty", b""
    yield "cut by one", value[:-1]
    yield "cut in half", value[:len(value) // 2]
    yield "of one character", value[:1]
    yield "one longer", value + b"0"
    yield "with a line end", value + b"\n"
    yield "behind a tab", b"\t" + value
    yield "twice without a blank", value + value
    yield "twice with a comma", value + b", " + value[:-1]
    yield "in upper case", value.upper() if value.upper() != value else value.swapcase()
    yield "in lower case but one", value[:-3] + value[-3:].swapcase() + b"A"
    yield "that is prefix only", prefix or b"v1,"
    yield "under another prefix", b"sha1=" + value
    yield "under both prefixes", b"sha256=sha256=" + value
    yield "of zeros", prefix + b"0" * 64
    yield "of blanks", b" " * 64
    yield "of commas", b"," * 64
    yield "not ASCII", b"\xff\xfe\xc3\xa9" * 16
    yield "in wide digits", prefix + "\uff41".encode() * 64
    yield "very long", b"a" * 60000
    yield "of many words", b"v1, v1a, " * 3000
    yield "that is JSON", b'{"$ne":null}'
    yield "null", b"null"


def _lists(case, form, given):
    """Of signatures that blanks separate. @given may be such a list itself; only its first counts here."""
    entries = given.split(b" ")
    right = [entry for entry in entries if entry.startswith(b"v1a," if "whpk_" in case.secrets[0] else b"v1,")]
    wrong = [b"v1," + b64(bytes(32)).encode(), b"v1a," + b64(bytes(64)).encode(), b"v1", b"v1a", b"v2," + right[0],
             b"v1,,", b"", b"\xff"]

    def listed(name, is_genuine, *words):
        return case.but_header(f"list: {name}", is_genuine, form.header, b" ".join(words))
    yield listed("the right one second", True, wrong[0], *right)
    yield listed("the right one first", True, *right, *wrong[:4])
    yield listed("two blanks between", True, wrong[0], b"", *right)
    yield listed("a blank behind", True, *right, b"")
    if len(right) == 1:
        yield listed("the right one eighth", True, *wrong[:LIST_MAX - 1], *right)
        yield listed("the right one ninth", False, *wrong[:LIST_MAX], *right)
        yield listed("commas instead of blanks", False, b",".join([wrong[0], right[0]]))
        yield listed("a tab instead of a blank", False, wrong[0] + b"\t" + right[0])
        yield listed("digits without version", False, right[0].split(b",")[1])
        yield listed("version 2", False, b"v2," + right[0].split(b",")[1])
        other = b"v1," if right[0].startswith(b"v1a,") else b"v1a,"
        yield listed("the other version", False, other + right[0].split(b",")[1])
    yield listed("wrong ones only", False, *wrong)


# --- signed anew, by who has the key --------------------------------------------------------------------------------------

BODIES = {"empty": b"", "every byte": bytes(range(256)), "not UTF-8": b'{"a":"\xff\xfe\xed\xa0\x80"}', "NUL first": b"\0{}",
          "line ends": b"{\r\n}\n", "large": b"x" * 300000}
BAD_TIMES = {"empty": b"", "words": b"yesterday", "negative": b"-%d" % NOW, "with a plus": b"+%d" % NOW,
             "behind a blank": b" %d" % NOW, "before a blank": b"%d " % NOW, "with a line end": b"%d\n" % NOW,
             "fraction": b"%d.0" % NOW, "exponent": b"1737556e3", "hexadecimal": b"0x%x" % NOW,
             "with underscores": b"1_737_556_200", "milliseconds": b"%d000" % NOW, "13 digits": b"%013d" % NOW,
             "ISO": b"2025-01-22T14:30:00Z", "Arabic digits": "١٧٣٧٥٥٦٢٠٠".encode(), "huge": b"9" * 40,
             "2^64 more": b"%d" % (NOW + 2**64), "2^32 more": b"%d" % (NOW + 2**32), "NaN": b"NaN", "Infinity": b"Infinity",
             "not ASCII": b"\xff\xfe", "null": b"null", "zero": b"0", "with a word": b"%ds" % NOW}
BAD_IDS = {"empty": b"", "with a full stop": b"whd.1", "with a blank": b"whd 1", "with a line end": b"whd_1\n",
           "not ASCII": "whd_\u00e9".encode(), "not UTF-8": b"whd_\xff", "65 characters": b"a" * 65, "wide": "\uff11".encode()}


def signed(name, form):
    """Right signatures over unusual texts."""
    for kind, body in BODIES.items():
        yield genuine(f"{name}, body {kind}", form, body)
    if not form.before:
        return
    time = form.before[-1]
    for offset in (-TOLERANCE_S, TOLERANCE_S):
        yield genuine(f"{name}, {offset} s", form, **{time: b"%d" % (NOW + offset)})
        too_far = offset + (1 if offset > 0 else -1)
        yield dataclasses.replace(genuine(f"{name}, {too_far} s", form, **{time: b"%d" % (NOW + too_far)}), is_genuine=False)
    for kind, value in BAD_TIMES.items():
        yield dataclasses.replace(genuine(f"{name}, time {kind}", form, **{time: value}), is_genuine=False)
    if "webhook-id" in form.before:
        yield genuine(f"{name}, id of 64", form, **{"webhook-id": b"aZ9_-" + b"b" * 59})
        for kind, value in BAD_IDS.items():
            yield dataclasses.replace(genuine(f"{name}, id {kind}", form, **{"webhook-id": value}), is_genuine=False)


def _resigned(name, is_genuine, form, secrets, write):
    """A request with the signature that write(text) makes, checked with these secrets."""
    base = genuine(name, form)
    value = write(form.text(base.headers, base.body)).encode()
    return dataclasses.replace(base, is_genuine=is_genuine, secrets=secrets, headers={**base.headers, form.header: value})


def secrets():
    """Keys of every kind, among them those that are easy to take for another."""
    known = forms()
    for name in ("royalti", "simple", "verification", "template"):
        form, prefix = known[name], "sha256=" if name in ("royalti", "template") else ""
        for secret in ("s", "\u00fcber geheim \u2603", "x" * 512, HMAC_SECRET, whpk()):
            yield _resigned(f"{name}, secret {secret[:8]}", True, form, [secret], _hex(prefix, secret))
        decoded = base64.b64decode(HMAC_SECRET[6:])
        yield _resigned(f"{name}, secret decoded", False, form, [HMAC_SECRET], lambda t: prefix + mac(decoded, t).hex())
        yield _resigned(f"{name}, empty secret and key", False, form, [""], lambda t: prefix + mac(b"", t).hex())
    form = known["standard"]
    for size, is_genuine in ((0, False), (1, False), (23, False), (24, True), (25, True), (26, True), (64, True), (65, False),
                             (66, False), (3000, False)):
        key = bytes(i % 251 for i in range(size))
        yield _resigned(f"standard, key of {size}", is_genuine, form, [whsec(key)], lambda t: "v1," + b64(mac(key, t)))
    key = b"\xfb" * 32
    digits = b64(key)
    assert "+" in digits
    for kind, secret in {"without prefix": digits, "with a blank": "whsec_ " + digits, "without =": "whsec_" + digits.strip("="),
                         "with a line end": "whsec_" + digits + "\n", "as in URLs": "whsec_" + digits.replace("+", "-"),
                         "in capitals": "WHSEC_" + digits, "private prefix": "whsk_" + digits, "not ASCII": "whsec_\u00e9",
                         "spare bits": "whsec_" + digits[:-2] + chr(ord(digits[-2]) + 1) + "=", "empty": ""}.items():
        yield _resigned(f"standard, secret {kind}", False, form, [secret], lambda t: "v1," + b64(mac(key, t)))
        yield _resigned(f"standard, text {kind} as key", False, form, [secret], lambda t: "v1," + b64(mac(secret.encode(), t)))
        yield _resigned(f"standard, empty key for {kind}", False, form, [secret], lambda t: "v1," + b64(mac(b"", t)))


def ed25519():
    """Signatures and keys that look like ed25519's."""
    form = forms()["standard v1a"]
    public = public_bytes(SEED)

    def signature(text):
        return private_key(SEED).sign(text)

    def malleable(text):  # the same equation holds for S + L, which RFC 8032 refuses
        raw = signature(text)
        return raw[:32] + (int.from_bytes(raw[32:], "little") + ED25519_ORDER).to_bytes(32, "little")

    def spare_bits(text):
        digits = b64(signature(text))
        return digits[:-3] + chr(ord(digits[-3]) + 1) + "=="
    for kind, write in {
            "S + L": lambda t: "v1a," + b64(malleable(t)), "spare bits": lambda t: "v1a," + spare_bits(t),
            "without =": lambda t: "v1a," + b64(signature(t)).strip("="),
            "with a third =": lambda t: "v1a," + b64(signature(t)) + "=",
            "with a line end inside": lambda t: "v1a," + b64(signature(t))[:40] + "\n" + b64(signature(t))[40:],
            "behind a line end": lambda t: "v1a,\n" + b64(signature(t)), "63 bytes": lambda t: "v1a," + b64(signature(t)[:63]),
            "65 bytes": lambda t: "v1a," + b64(signature(t) + b"\0"), "no bytes": lambda t: "v1a,",
            "in hex": lambda t: "v1a," + signature(t).hex(), "zeros": lambda t: "v1a," + b64(bytes(64)),
            "R of order 1": lambda t: "v1a," + b64(b"\1" + bytes(63)), "as v1": lambda t: "v1," + b64(signature(t)),
            "in capitals": lambda t: "V1A," + b64(signature(t)),
            "HMAC with the public key": lambda t: "v1," + b64(mac(public, t)),
            "HMAC with the key's text": lambda t: "v1," + b64(mac(whpk().encode(), t)),
            "HMAC with no key": lambda t: "v1," + b64(mac(b"", t)),
            "HMAC as v1a": lambda t: "v1a," + b64(mac(public, t)),
            "of the hash": lambda t: "v1a," + b64(signature(hashlib.sha512(t).digest()))}.items():
        yield _resigned(f"v1a, {kind}", False, form, [whpk()], write)
    private = "whsk_" + b64(SEED)
    for kind, secret in {"private": private, "private of 64": "whsk_" + b64(SEED + public), "as HMAC key": whsec(public),
                         "31 bytes": "whpk_" + b64(public[:31]), "33 bytes": "whpk_" + b64(public + b"\0"),
                         "64 bytes": "whpk_" + b64(public + public), "none": "whpk_", "not base64": "whpk_" + "!" * 44,
                         "no point": "whpk_" + b64(b"\2" + bytes(31)), "ones": "whpk_" + b64(b"\xff" * 32)}.items():
        yield _resigned(f"v1a, key {kind}", False, form, [secret], form.write)
        yield _resigned(f"v1a, right key behind {kind}", True, form, [secret, whpk()], form.write)
    neither = [OTHER_HMAC, whpk(bytes(32))]
    for kind, accepted in {"HMAC": [HMAC_SECRET], "ed25519": [whpk()], "both": [HMAC_SECRET, whpk()], "neither": neither}.items():
        yield _resigned(f"v1 and v1a, {kind} known", kind != "neither", form, accepted,
                        lambda t: forms()["standard"].write(t) + " " + form.write(t))


def noise(name, form, count=60, seed=1):
    """One byte of a genuine request changed, anywhere. (NUL, CR and LF cannot be in a header.)"""
    draw = random.Random(f"{name}/{seed}")
    base = genuine(name, form)
    places = [form.header, *form.before, "body"]
    for i in range(count):
        place = draw.choice(places)
        raw = bytearray(base.body if place == "body" else base.headers[place])
        at = draw.randrange(len(raw))
        raw[at] = draw.choice([b for b in range(1, 256) if b not in (raw[at], 10, 13)])
        words = f"seed {seed}, change {i}: byte {at} of {place} is {raw[at]}"
        if place == "body":
            yield base.but(words, False, body=bytes(raw))
        else:
            yield base.but_header(words, False, place, bytes(raw))


def crafted():
    for name, form in forms().items():
        yield from forged(genuine(name, form), form)
        yield from signed(name, form)
        yield from noise(name, form)
    yield from secrets()
    yield from ed25519()
