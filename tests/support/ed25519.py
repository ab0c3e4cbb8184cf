# SPDX-License-Identifier: Apache-2.0
"""Ed25519 (RFC 8032, 5.1) in plain numbers: slow, and with nothing in common with the library that Grapnel signs by.

    public_key(seed)      32 bytes
    sign(seed, message)   64 bytes
"""
import hashlib

P = 2**255 - 19  # of the field
L = 2**252 + 27742317777372353535851937790883648493  # the base point's order
D = -121665 * pow(121666, -1, P) % P
NEUTRAL = (0, 1)


def add(a, b):
    """Of two points of -x² + y² = 1 + d·x²·y²."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def times(n, point):
    sum_ = NEUTRAL
    while n:
        if n & 1:
            sum_ = add(sum_, point)
        point = add(point, point)
        n >>= 1
    return sum_


def base_point():
    y = 4 * pow(5, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x if x % 2 == 0 else P - x), y


BASE = base_point()


def encode(point):
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def expand(seed):
    """The secret number, and what the nonces are made of."""
    digest = hashlib.sha512(seed).digest()
    clamped = bytes([digest[0] & 0xf8]) + digest[1:31] + bytes([digest[31] & 0x7f | 0x40])
    return int.from_bytes(clamped, "little"), digest[32:]


def public_key(seed):
    return encode(times(expand(seed)[0], BASE))


def sign(seed, message):
    secret, prefix = expand(seed)
    nonce = number(prefix, message) % L
    begin = encode(times(nonce, BASE))
    challenge = number(begin, public_key(seed), message)
    return begin + ((nonce + challenge * secret) % L).to_bytes(32, "little")
