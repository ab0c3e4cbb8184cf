# SPDX-License-Identifier: Apache-2.0
"""W3C Trace Context, from the producer to the endpoint."""

import json

import pytest
from receiver import Answer

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
STATE = "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE"
EVENT = ("publish", "--tenant", "acme", "--type", "USER_CREATED", "--data", "{}")


def spans(hook):
    """The span ids of the attempts; all are of one trace, with its flags."""
    parts = [request.headers["traceparent"].split("-") for request in hook.requests]
    assert {(p[0], p[1], p[3]) for p in parts} == {("00", TRACE, "01")}
    assert all(len(p[2]) == 16 and int(p[2], 16) for p in parts)
    return [p[2] for p in parts]


def test_each_attempt_is_a_span_of_its_own(stack):
    endpoint = stack.add("acme", "/hook", Answer(503))
    published = stack.cli(*EVENT, "--traceparent", PARENT, "--tracestate", STATE)
    stack.wait_attempts(1)
    stack.make_due()
    stack.wait_done(seconds=30)
    found = spans(endpoint.hook)
    assert len(found) == len(set(found)) == 2 and SPAN not in found
    assert {request.headers["tracestate"] for request in endpoint.hook.requests} == {STATE}
    stack.start_api()
    shown = stack.cli("event", "show", published["eventId"], tenant="acme")
    assert (shown["traceparent"], shown["tracestate"]) == (PARENT, STATE)


def test_from_a_file(stack):
    endpoint = stack.add()
    lines = [{"tenant": "acme", "type": "A", "data": 1, "traceparent": PARENT, "tracestate": STATE},
             {"tenant": "acme", "type": "A", "data": 2, "traceparent": PARENT},
             {"tenant": "acme", "type": "A", "data": 3, "traceparent": None}]
    stack.cli("publish", stdin="\n".join(map(json.dumps, lines)).encode())
    stack.wait_done(3)
    headers = {json.loads(request.body)["data"]: request.headers for request in endpoint.hook.requests}
    assert headers[1]["tracestate"] == STATE and headers[1]["traceparent"].startswith(f"00-{TRACE}-")
    assert "tracestate" not in headers[2] and headers[2]["traceparent"].startswith(f"00-{TRACE}-")
    assert "traceparent" not in headers[3]


@pytest.mark.parametrize("parent, state", [
    (PARENT.upper(), STATE), ("01" + PARENT[2:], None), ("", ""), ("x" * 8192, None), (None, STATE),
    ("00-" + PARENT[3:] + "\r\nX-Own: 1", None)])
def test_what_is_wrong_is_not_sent_on_and_loses_no_event(stack, parent, state):
    """As any Redis client may put it into the stream."""
    endpoint = stack.add()
    stack.publish(**{name: value for name, value in (("traceparent", parent), ("tracestate", state)) if value is not None})
    stack.wait_done()
    assert not {"traceparent", "tracestate", "x-own"} & set(endpoint.hook.requests[0].headers)


def test_a_wrong_state_does_not_cost_the_parent(stack):
    endpoint = stack.add()
    stack.publish(traceparent=PARENT, tracestate="no members\r\nX-Own: 1")
    stack.wait_done()
    assert len(spans(endpoint.hook)) == 1
    assert not {"tracestate", "x-own"} & set(endpoint.hook.requests[0].headers)


@pytest.mark.parametrize("arguments, words", [
    (("--traceparent", PARENT[:-1]), "traceparent: 54 bytes; expected 55"),
    (("--traceparent", "01" + PARENT[2:]), "traceparent: expected version 00"),
    (("--traceparent", PARENT, "--tracestate", "nothing"), "tracestate: member 1: expected"),
    (("--tracestate", STATE), "tracestate: means nothing without traceparent")])
def test_the_command_refuses(bare_stack, arguments, words):
    bare_stack.start(workers=0)
    done = bare_stack.run(*EVENT, *arguments)
    assert done.returncode and words in done.stderr.decode()
    assert bare_stack.total("XLEN", "events") == 0
