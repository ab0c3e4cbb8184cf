# SPDX-License-Identifier: Apache-2.0
"""As much of msgpack as jobs and records need: texts, whole numbers, arrays."""

import struct


def pack(value):
    if isinstance(value, list):
        assert len(value) < 16
        return bytes([0x90 | len(value)]) + b"".join(map(pack, value))
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else struct.pack(">Bq", 0xD3, value)
    data = value.encode()
    head = bytes([0xA0 | len(data)]) if len(data) < 32 else struct.pack(">BH", 0xDA, len(data))
    return head + data


NUMBERS = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
LENGTHS = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}


def _read(data, at):
    kind = data[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind & 0xF0 == 0x90:
        items = []
        for _ in range(kind & 15):
            item, at = _read(data, at)
            items.append(item)
        return items, at
    if kind in NUMBERS:
        size = struct.calcsize(NUMBERS[kind])
        return struct.unpack_from(NUMBERS[kind], data, at)[0], at + size
    if kind & 0xE0 == 0xA0:
        size = kind & 31
    else:
        size = struct.unpack_from(LENGTHS[kind], data, at)[0]
        at += struct.calcsize(LENGTHS[kind])
    return data[at:at + size].decode(), at + size


def unpack(data):
    """The first value in @data."""
    return _read(data, 0)[0]
