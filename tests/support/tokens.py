# SPDX-License-Identifier: Apache-2.0
"""JSON Web Tokens and their keys, good ones and bad ones, by python3-cryptography."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Key:
    """@kind: HS256, RS256, ES256 or EdDSA; @private: made unless given."""

    def __init__(self, kind, kid=None, private=None):
        self.kind, self.kid = kind, kid
        make = {"HS256": lambda: bytes(range(32)), "RS256": lambda: rsa.generate_private_key(65537, 2048),
                "ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "EdDSA": ed25519.Ed25519PrivateKey.generate}
        self.private = private or make[kind]()

    def jwk(self, **more):
        names = {"kid": self.kid} if self.kid else {}
        return {**self._members(), **names, **more}

    def _members(self):
        if self.kind == "HS256":
            return {"kty": "oct", "k": b64(self.private)}
        public = self.private.public_key()
        if self.kind == "RS256":
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
        if self.kind == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))}
        numbers, size = public.public_numbers(), (public.curve.key_size + 7) // 8
        return {"kty": "EC", "crv": f"P-{public.curve.key_size}", "x": number(numbers.x, size), "y": number(numbers.y, size)}

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, text):
        if self.kind == "HS256":
            return hmac.new(self.private, text, hashlib.sha256).digest()
        if self.kind == "RS256":
            return self.private.sign(text, padding.PKCS1v15(), hashes.SHA256())
        if self.kind == "EdDSA":
            return self.private.sign(text)
        r, s = decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
        size = (self.private.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def token(self, claims, header=None):
        """@header: members that are others than usual; None: left out."""
        members = {"alg": self.kind, "typ": "JWT", **({"kid": self.kid} if self.kid else {}), **(header or {})}
        return self.raw_token(json.dumps({n: v for n, v in members.items() if v is not None}).encode(), json.dumps(claims).encode())

    def raw_token(self, header, payload):
        text = f"{b64(header)}.{b64(payload)}"
        return f"{text}.{b64(self.sign(text.encode()))}"


def claims(**more):
    """Of an admin of acme, good for five minutes; None: left out."""
    usual = {"sub": "ann", "tenant": "acme", "role": "admin", "exp": int(time.time()) + 300, **more}
    return {name: value for name, value in usual.items() if value is not None}
