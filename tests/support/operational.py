# SPDX-License-Identifier: Apache-2.0
"""The operational tenant, and what its endpoint is sent."""

import json

from children import wait_until
from receiver import Answer

OPERATOR = "grapnel"
BAD = Answer(400)  # final in the dialect royalti


class Told:
    """What the operator's endpoint got."""

    def __init__(self, stack, **options):
        self.stack = stack
        self.endpoint = stack.add(OPERATOR, events="*", **options)

    def events(self, kind=None):
        bodies = [json.loads(request.body) for request in list(self.endpoint.hook.requests)]
        return [body for body in bodies if kind in (None, body["type"])]

    def wait(self, count, kind=None):
        wait_until(lambda: len(self.events(kind)) >= count, 20, lambda: f"{count} of {kind}; there are {self.events(kind)}")
        events = self.events(kind)
        assert len(events) == count, events
        return events


def is_quiet(stack):
    """Nothing of it is under way any more."""
    waiting = ("notices", "failed", "jobs", "wake")
    return all(stack.total("XLEN", name) == 0 for name in waiting) and stack.total("ZCARD", "delayed") == 0


def wait_quiet(stack):
    wait_until(lambda: is_quiet(stack) and stack.total("XLEN", "events") == stack.total("HLEN", "event_refs"), 20)
