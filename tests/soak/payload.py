# SPDX-License-Identifier: Apache-2.0
"""The data of the soak's events. Its mark makes each one its own, so that what a receiver got can be traced to what a
producer was told."""

import hashlib
import re

BEGIN, END = b'{"soak":"', b'"end":1}'
MARK = re.compile(rb'\{"soak":"([A-Za-z0-9._-]+)"')

# Forms that somebody who parses and writes again would not keep: they must arrive byte for byte.
ODDITIES = ['1500.00', '1e3', '"\\u00e9"', '"é"', '[ ]', '{"b":1,"a":2}', '-0', '"\\/"', 'null', '12345678901234567890']


def data_of(mark, random):
    """JSON, as text."""
    pad = "x" * random.choice([0, 10, 100, 100, 300, 3000])
    return f'{{"soak":"{mark}","odd":{random.choice(ODDITIES)},"pad":"{pad}","end":1}}'


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def find(body):
    """(mark, digest of the data) as they stand in a request's body, bytes; (None, None) when there are none."""
    found = MARK.search(body)
    end = body.find(END, found.end()) if found else -1
    if end < 0:
        return None, None
    return found.group(1).decode(), digest(body[found.start():end + len(END)])
