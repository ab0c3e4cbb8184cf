# SPDX-License-Identifier: Apache-2.0
"""Which deliveries arrived how often."""

import collections


def duplicates(hook):
    return {i for i, n in collections.Counter(hook.ids()).items() if n > 1}


def lost(stack, tenant="acme"):
    return {d.id for d in stack.deliveries(tenant) if d.of_kind("lost")}
