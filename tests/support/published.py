# SPDX-License-Identifier: Apache-2.0
"""What lies in the events streams."""

import json


def events(stack, tenant="123"):
    """(type, data) of what was published, in order."""
    entries = stack.redis("XRANGE", stack.key(tenant, "events"), "-", "+")
    fields = [dict(zip(map(bytes.decode, f[::2]), f[1::2])) for _, f in entries]
    assert all(f["tenant"] == tenant.encode() for f in fields)
    return [(f["type"].decode(), json.loads(f["data"])) for f in fields]
