# SPDX-License-Identifier: Apache-2.0
"""What an endpoint has of its own over its dialect, part by part, as a receiver and the records show it."""

import base64
import email.utils
import json
import time

import pytest
import signatures
from children import wait_until
from receiver import Answer, HANG
from stack import SECRET
from timeline import follow

LITERAL = "a-literal-secret-of-a-guide"
H = 3600


def options_of(parts):
    return {name.replace("-", "_"): value for name, value in parts.items()}


def add(stack, tenant, dialect, parts, then=Answer(), secret=None, **more):
    secret = secret or (SECRET if dialect == "standard" else LITERAL)
    return stack.add(tenant, then=then, dialect=dialect, secret=secret, **options_of(parts), **more)


# --- what is sent -------------------------------------------------------------------------------------------------------

# name: (dialect, parts, headers of the signature, the id and the timestamp; form, what is signed)
SIGNED = {
    "royalti": ("royalti", {}, ("x-royalti-signature", "x-royalti-delivery", "x-royalti-timestamp"), "sha256-hex", "body"),
    "royalti-prefix": ("royalti", {"header-prefix": "X-Acme-"},
                       ("x-acme-signature", "x-acme-delivery", "x-acme-timestamp"), "sha256-hex", "body"),
    "royalti-signed": ("royalti", {"signed-text": "id.timestamp.body"},
                       ("x-royalti-signature", "x-royalti-delivery", "x-royalti-timestamp"), "sha256-hex",
                       "id.timestamp.body"),
    "royalti-hex": ("royalti", {"signature": "hex"},
                    ("x-royalti-signature", "x-royalti-delivery", "x-royalti-timestamp"), "hex", "body"),
    "simple": ("simple", {}, ("x-webhook-signature", None, None), "hex", "body"),
    "simple-sha256": ("simple", {"signature": "sha256-hex"}, ("x-webhook-signature", None, None), "sha256-hex", "body"),
    "simple-v1": ("simple", {"signature": "v1"}, ("x-webhook-signature", None, None), "v1", "body"),
    "simple-time": ("simple", {"signed-text": "timestamp.body"},
                    ("x-webhook-signature", None, "x-webhook-timestamp"), "hex", "timestamp.body"),
    "simple-all": ("simple", {"signed-text": "id.timestamp.body", "header-prefix": "Acme-", "signature": "v1"},
                   ("acme-signature", "acme-id", "acme-timestamp"), "v1", "id.timestamp.body"),
    "verification-body": ("verification", {"signed-text": "body"},
                          ("x-webhook-signature", None, "x-webhook-timestamp"), "hex", "body"),
    "verification-all": ("verification", {"signed-text": "id.timestamp.body"},
                         ("x-webhook-signature", "x-webhook-id", "x-webhook-timestamp"), "hex", "id.timestamp.body"),
    "template-prefix": ("template", {"header-prefix": "X-Hub-", "signed-text": "timestamp.body"},
                        ("x-hub-signature", None, "x-hub-timestamp"), "sha256-hex", "timestamp.body"),
    "standard-prefix": ("standard", {"header-prefix": "svix-"},
                        ("svix-signature", "svix-id", "svix-timestamp"), "v1", "id.timestamp.body"),
    "standard-hex": ("standard", {"signature": "hex"},
                     ("webhook-signature", "webhook-id", "webhook-timestamp"), "hex", "id.timestamp.body"),
}


def expected_signature(request, names, form, signed, secret):
    _, id_header, time_header = names
    head = {"body": [], "timestamp.body": [time_header], "id.timestamp.body": [id_header, time_header]}[signed]
    text = b"".join(request.headers[name].encode() + b"." for name in head) + request.body
    key = base64.b64decode(secret.removeprefix("whsec_")) if form == "v1" else secret.encode()
    return signatures.write(form, key, text)


def test_signatures_and_their_headers(stack):
    endpoints = {name: add(stack, name, dialect, parts, secret=SECRET) for name, (dialect, parts, *_) in SIGNED.items()}
    for name in SIGNED:
        stack.publish(name)
    for name, (_, _, names, form, signed) in SIGNED.items():
        (request,) = endpoints[name].hook.wait(1)
        assert request.headers[names[0]] == expected_signature(request, names, form, signed, SECRET), name
        prefix = names[0].removesuffix("signature")
        ours = {n for n in request.headers if n.startswith(("x-royalti-", "x-webhook-", "webhook-", prefix))}
        more = {prefix + n for n in ("event", "tenant", "attempt", "version")} if name.startswith("royalti") else set()
        assert ours == {n for n in names if n} | more, name
        if names[1]:
            assert request.headers[names[1]] == stack.delivery(name).id


def test_required_signing_leaves_out_what_no_category_demands(stack):
    endpoint = add(stack, "acme", "royalti", {"signing": "required"})
    kinds = {"PAYMENT_COMPLETED": True, "USER_ADDED_TO_SPLIT": True, "ASSET_CREATED": False, "USER_CREATED": False,
             "OF_OUR_OWN": False}
    for kind in kinds:
        stack.publish("acme", kind=kind)
    requests = endpoint.hook.wait(len(kinds))
    assert {r.headers["x-royalti-event"]: "x-royalti-signature" in r.headers for r in requests} == kinds
    for request in requests:
        assert "x-royalti-signature" not in request.headers or signatures.is_signed("royalti", request, LITERAL)


PARTS = {"header-prefix": "X-Acme-", "signature": "hex", "signed-text": "timestamp.body", "signing": "required",
         "schedule": "1h,2h", "retries": "7", "jitter": "5", "timeout": "3s", "statuses": "200=retry",
         "retry-after-max": "1m", "headers": '{"X-Env": "live", "X-Team": "a b"}', "user-agent": "Acme/2 (live)"}


def seen(request):
    """What does not differ from one request to the next."""
    return {name for name in request.headers}, request.headers["user-agent"], request.headers.get("x-env")


def test_headers_and_user_agent_are_sent_and_default_gives_each_part_back(stack):
    endpoint = add(stack, "acme", "royalti", {})
    stack.publish("acme")
    (before,) = endpoint.hook.wait(1)
    shown = endpoint.cli("show")
    endpoint.cli("set", *(word for name, value in PARTS.items() for word in ("--" + name, value)))
    assert endpoint.cli("show")["own"] == PARTS
    stack.publish("acme", kind="PAYMENT_COMPLETED")
    request = endpoint.hook.wait(2)[1]
    assert (request.headers["x-env"], request.headers["x-team"]) == ("live", "a b")
    assert request.headers["user-agent"] == "Acme/2 (live)"
    assert len(request.headers["x-acme-signature"]) == 64 and "x-royalti-event" not in request.headers
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 1)  # 200=retry
    for name in PARTS:
        endpoint.cli("set", "--" + name, "default")
    again = endpoint.cli("show")
    assert again["own"] == {} and (again["retries"], again["timeoutMs"]) == (shown["retries"], shown["timeoutMs"])
    stack.make_due()  # also of a delivery whose first attempt had the parts
    after = endpoint.hook.wait(3)[2]
    assert seen(after) == seen(before)
    assert signatures.is_signed("royalti", after, LITERAL)
    stack.wait_done(2)


# --- when, how often, and what an answer means --------------------------------------------------------------------------

# name: (dialect, parts, answer, planned delays, jitter, final status)
SCHEDULES = {
    "list": ("royalti", {"schedule": "30s, 5m,2h"}, Answer(500), [30, 300, 2 * H], 0, "failed"),
    "list-repeated": ("simple", {"schedule": "10s,1m", "retries": 4}, Answer(500), [10, 60, 60, 60], 0, "failed"),
    "list-cut": ("template", {"retries": 2}, Answer(500), [1, 300], 0, "failed"),
    "one": ("standard", {"schedule": "90s"}, Answer(500), [90], 0.1, "failed"),  # the dialect's jitter stays
    "doubling": ("simple", {"schedule": "base=2s factor=2 cap=10s"}, Answer(500), [2, 4, 8, 10], 0, "failed"),
    "by-half": ("royalti", {"schedule": "base=10s factor=1.5", "retries": 4}, Answer(500), [10, 15, 22.5, 33.75], 0,
                "failed"),
    "equal": ("royalti", {"schedule": "base=1m factor=1"}, Answer(500), [60, 60, 60], 0, "failed"),
    "no-retries": ("verification", {"retries": 0}, Answer(500), [], 0, "failed"),
    "no-jitter": ("standard", {"jitter": "0%", "retries": 2}, Answer(500), [5, 300], 0, "failed"),
    "jitter": ("royalti", {"jitter": 50, "schedule": "100s,100s,100s,100s"}, Answer(500), [100] * 4, 0.5, "failed"),
    "timeout": ("standard", {"timeout": "200ms", "schedule": "1h", "jitter": 0}, HANG, [H], 0, "timeout"),
    "after": ("royalti", {"retry-after-max": "10s", "retries": 1}, Answer(503, headers=(("Retry-After", "3600"),)), [10],
              0, "failed"),
    "after-none": ("simple", {"retry-after-max": "0", "retries": 1}, Answer(429, headers=(("Retry-After", "3600"),)),
                   [30], 0, "failed"),
    "after-week": ("simple", {"retry-after-max": "7d", "retries": 1},
                   Answer(500, headers=(("Retry-After", str(6 * 24 * H)),)), [6 * 24 * H], 0, "failed"),
}


def test_schedules_retries_jitter_timeout_and_retry_after(bare_stack):
    stack = bare_stack.start(partitions=16)
    endpoints = {name: add(stack, name, dialect, parts, then=answer)
                 for name, (dialect, parts, answer, *_) in SCHEDULES.items()}
    timelines = follow(stack, SCHEDULES)
    for name, (_, _, _, planned, jitter, final) in SCHEDULES.items():
        steps = timelines[name]
        assert len(steps) == len(planned) + 1 == len(endpoints[name].hook.requests), name
        for step, delay in zip(steps, planned):
            assert step.is_delayed_by(delay, jitter), (name, delay, step)
        delivery = stack.delivery(name)
        assert (delivery.status, delivery.reason) == (final, f"attempt {len(steps)} was the last"), name
    assert [step.attempt["code"] for step in timelines["timeout"]] == ["TIMEOUT"] * 2
    assert all(step.attempt["duration_ms"] >= 150 for step in timelines["timeout"])  # from when the connection stood


def test_jitter_goes_both_ways_and_no_further(stack):
    add(stack, "acme", "royalti", {"jitter": 50, "schedule": "100s"}, then=Answer(500), slots=100)
    before_ms = int(stack.now_ms())
    stack.publish("acme", count=60)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 60)
    after_ms = int(stack.now_ms()) + 1
    dues = [delivery.entries[-1]["due_ms"] for delivery in stack.deliveries()]
    assert before_ms + 50_000 - 1 <= min(dues) and max(dues) <= after_ms + 150_000
    # None of 60 in the lower third, or none in the upper: once in 10^10 runs.
    assert min(dues) < before_ms + 83_000 and max(dues) > after_ms + 117_000


# name: (dialect, rules, answer's status, status of the delivery, reason, error code)
MEANINGS = {
    "final": ("simple", "500=final", 500, "failed", "SERVER_ERROR is not retried", "SERVER_ERROR"),
    "final-range": ("template", "400-499=final,429=retry", 429, "failed", "CLIENT_ERROR is not retried", "CLIENT_ERROR"),
    "retry-first": ("template", "429=retry,400-499=final", 429, "pending", None, "CLIENT_ERROR"),
    "retry-2xx": ("royalti", "202=retry", 202, "pending", None, "UNKNOWN_ERROR"),
    "retry-4xx": ("royalti", "404=retry", 404, "pending", None, "CLIENT_ERROR"),
    "dialect-s-own": ("royalti", "404=retry", 410, "failed", "CLIENT_ERROR is not retried", "CLIENT_ERROR"),
    "success": ("royalti", "300-399 = success , 409=success", 409, "success", "", ""),
    "redirect": ("royalti", "300-399=success", 302, "success", "", ""),
    "timeout": ("simple", "503=timeout", 503, "pending", None, "TIMEOUT"),
    "everything": ("standard", "*=final", 200, "failed", "UNKNOWN_ERROR is not retried", "UNKNOWN_ERROR"),
    "slow": ("simple", "503=slow", 503, "pending", None, "SERVER_ERROR"),
    "disable": ("simple", "404=disable", 404, "failed", "the endpoint answered 404", "CLIENT_ERROR"),
    "disable-2xx": ("royalti", "205=disable", 205, "failed", "the endpoint answered 205", "UNKNOWN_ERROR"),
    "stay": ("standard", "410=retry", 410, "pending", None, "CLIENT_ERROR"),
}


def test_statuses_mean_what_the_endpoint_says_first(stack):
    endpoints = {name: add(stack, name, dialect, {"statuses": rules, "schedule": "1h"}, then=Answer(status))
                 for name, (dialect, rules, status, *_) in MEANINGS.items()}
    for name in MEANINGS:
        stack.publish(name)
    for name, (_, rules, status, wanted, reason, code) in MEANINGS.items():
        delivery = stack.wait_attempts(1, name)
        assert (delivery.status, delivery.codes) == (wanted, [code]), (name, delivery)
        assert wanted == "pending" or delivery.reason == reason, (name, delivery)
        shown = endpoints[name].cli("show")
        assert shown["enabled"] == ("disable" not in rules), name
        assert shown["disabledReason"] == (f"the endpoint answered {status}" if "disable" in rules else None), name


# --- changes ------------------------------------------------------------------------------------------------------------


def test_a_change_holds_for_the_next_attempt_of_what_backs_off_on_all_workers(bare_stack):
    """Three workers of two requests each hold six that hang: each of them sends some of those."""
    stack = bare_stack.start(workers=3, slots=2)
    endpoint = add(stack, "acme", "simple", {}, then=HANG)
    stack.publish("acme", count=6)
    endpoint.hook.wait_in_flight(6)
    endpoint.hook.release(then=Answer(500))
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 6)
    endpoint.hook.released.clear()
    endpoint.hook.then = HANG
    endpoint.cli("set", "--header-prefix", "X-Acme-", "--user-agent", "Changed/1", "--headers", '{"X-Env":"live"}',
                 "--schedule", "2h", "--statuses", "500=timeout", "--signature", "sha256-hex")
    stack.make_due()
    endpoint.hook.wait_in_flight(6)
    for request in endpoint.hook.requests[6:]:
        assert (request.headers["user-agent"], request.headers["x-env"]) == ("Changed/1", "live")
        signature = signatures.write("sha256-hex", LITERAL.encode(), request.body)
        assert request.headers["x-acme-signature"] == signature and "x-webhook-signature" not in request.headers
    before_ms = int(stack.now_ms())
    endpoint.hook.release(then=Answer(500))
    stack.wait_done(6)  # its schedule has one retry now
    assert {(d.status, d.reason, *d.codes) for d in stack.deliveries()} == {
        ("timeout", "attempt 2 was the last", "SERVER_ERROR", "TIMEOUT")}
    stack.publish("acme")
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 1)
    assert stack.due_ms() >= before_ms + 2 * H * 1000


@pytest.mark.parametrize("value", ["7200", "date"])
def test_a_smaller_ceiling_cuts_what_was_asked_for(stack, value):
    if value == "date":
        value = email.utils.formatdate(time.time() + 7200, usegmt=True)
    add(stack, "acme", "royalti", {"retry-after-max": "1h"}, then=Answer(503, headers=(("Retry-After", value),)))
    before_ms = int(stack.now_ms())
    stack.publish("acme")
    stack.wait_attempts(1)
    assert before_ms + H * 1000 - 1 <= stack.due_ms() <= int(stack.now_ms()) + 1 + H * 1000


def test_the_body_tells_of_the_endpoint_s_own_retries(stack):
    endpoint = add(stack, "acme", "royalti", {"schedule": "1h,2h,3h,4h,5h"})
    stack.publish("acme")
    (request,) = endpoint.hook.wait(1)
    assert json.loads(request.body)["delivery"]["maxAttempts"] == 5
