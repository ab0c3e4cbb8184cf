# SPDX-License-Identifier: Apache-2.0
"""What follows a failed attempt: when the next one comes, when there is none, and what is recorded."""

import email.utils
import json
import time

import pytest
from children import wait_until
from receiver import Answer, HANG
from stack import SECRET
from iso_time import iso_ms

LITERAL = "a-literal-secret-of-a-guide"
LATE_S = 0.5  # what a busy machine may add; being early is never allowed


def test_royalti_retries_after_2_4_and_8_seconds_and_then_fails(stack):
    endpoint = stack.add("acme", then=Answer(500), dialect="royalti", secret=LITERAL, retries=3)
    stack.publish("acme")
    requests = endpoint.hook.wait(4, seconds=30)
    gaps = [after.at - before.at for before, after in zip(requests, requests[1:])]
    for gap, planned in zip(gaps, (2, 4, 8), strict=True):
        assert planned <= gap < planned + LATE_S, gaps
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "failed" and delivery.reason == "attempt 4 was the last"
    for request, retry in zip(requests[1:], delivery.of_kind("retry"), strict=True):
        assert 0 <= request.wall * 1000 - retry["due_ms"] < LATE_S * 1000
    assert [r.headers["x-royalti-attempt"] for r in requests] == ["1", "2", "3", "4"]
    assert len({r.headers["x-royalti-delivery"] for r in requests}) == 1
    bodies = [json.loads(r.body)["delivery"] for r in requests]
    assert [b["attempt"] for b in bodies] == [1, 2, 3, 4] and {b["maxAttempts"] for b in bodies} == {3}
    assert bodies[3]["nextRetryAt"] is None
    for body, request, planned in zip(bodies, requests, (2, 4, 8)):
        assert abs(iso_ms(body["nextRetryAt"]) / 1000 - request.wall - planned) < LATE_S


def test_standard_first_retries_after_5_seconds_give_or_take_its_jitter(stack):
    endpoint = stack.add("acme", None, Answer(500))
    stack.publish("acme")
    first, second = endpoint.hook.wait(2, seconds=15)
    assert 4.5 <= second.at - first.at < 5.5 + LATE_S
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    stack.wait_done(1)
    assert stack.delivery().status == "success"


def test_jitter_spreads_the_retries_of_many_deliveries(stack):
    stack.add("acme", then=Answer(500), slots=100)
    stack.publish("acme", count=100)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 100)
    delays = [d.entries[-1]["due_ms"] - d.attempts[-1]["ms"] - d.attempts[-1]["duration_ms"]
              for d in stack.deliveries()]
    assert min(delays) < 4800 and max(delays) > 5200, "both sides of 5 s"
    assert min(delays) > 4400 and max(delays) < 5500 + LATE_S * 1000


# dialect, status → error code, is it retried?
STATUSES = [
    *(("royalti", status, "CLIENT_ERROR", False) for status in (400, 401, 403, 404, 409, 410, 422, 429, 499)),
    *(("royalti", status, "TIMEOUT", True) for status in (408, 504)),
    *(("royalti", status, "SERVER_ERROR", True) for status in (500, 502, 503, 599, 302)),
    *(("standard", status, "CLIENT_ERROR", True) for status in (400, 401, 404, 429)),
    *(("standard", status, "SERVER_ERROR", True) for status in (500, 502, 503, 301, 308)),
    *(("standard", status, "TIMEOUT", True) for status in (408, 504)), ("standard", 410, "CLIENT_ERROR", False),
    *((dialect, status, code, True) for dialect in ("simple", "verification", "template") for status, code in (
        (400, "CLIENT_ERROR"), (404, "CLIENT_ERROR"), (410, "CLIENT_ERROR"), (429, "CLIENT_ERROR"), (408, "TIMEOUT"),
        (504, "TIMEOUT"), (500, "SERVER_ERROR"), (503, "SERVER_ERROR"), (307, "SERVER_ERROR"))),
    *((dialect, 666, "UNKNOWN_ERROR", True) for dialect in ("royalti", "simple", "standard")),
]


def test_each_status_means_what_its_dialect_says(stack):
    location = (("Location", "/elsewhere"),)
    elsewhere = stack.receiver.hook("/elsewhere")
    stack.add_many([(f"t{n}", {"then": Answer(status, b"no", location), "dialect": dialect, "schedule": "1h",
                               "secret": SECRET if dialect == "standard" else LITERAL})
                    for n, (dialect, status, _, _) in enumerate(STATUSES)])
    for n in range(len(STATUSES)):
        stack.publish(f"t{n}")
    for n, (dialect, status, code, is_retried) in enumerate(STATUSES):
        delivery = stack.wait_attempts(1, f"t{n}")
        attempt = delivery.attempts[0]
        case = f"{dialect} {status}: {delivery}"
        assert (attempt["status"], attempt["code"], attempt["response"]) == (status, code, "no"), case
        assert delivery.status == ("pending" if is_retried else "failed"), case
        if (dialect, status) == ("standard", 410):
            assert delivery.reason == "the endpoint answered 410 Gone", case
        elif not is_retried:
            assert delivery.reason == f"{code} is not retried", case
    assert not elsewhere.requests, "a redirect is not followed"


def test_2xx_is_success_whatever_comes_with_it(stack):
    for status in (200, 201, 202, 204, 299):
        stack.add(f"t{status}", then=Answer(status, b"" if status == 204 else b"ok", (("Location", "/nowhere"),)))
        stack.publish(f"t{status}")
        stack.wait_done(1, f"t{status}")
        assert stack.delivery(f"t{status}").status == "success"


def fail_once(stack, tenant, hook, **options):
    """One attempt without retries: the record."""
    stack.add_tenant(tenant)
    stack.add_endpoint(tenant, hook, retries=0, **options)
    stack.publish(tenant)
    stack.wait_done(1, tenant)
    delivery = stack.delivery(tenant)
    assert len(delivery.attempts) == 1
    assert delivery.attempts[0]["message"] or delivery.attempts[0]["status"], "either an answer or why there is none"
    return delivery


def test_a_connection_that_ends_without_an_answer_is_a_network_error(stack):
    answers = {"reset": Answer(kind="reset"), "close": Answer(kind="close"),
               "garbage": Answer(kind="raw", body=b"this is not HTTP\r\n\r\n"),
               "half": Answer(kind="raw", body=b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")}
    for name, answer in answers.items():
        delivery = fail_once(stack, name, stack.receiver.hook("/" + name, then=answer))
        assert delivery.codes == ["NETWORK_ERROR"] and delivery.status == "failed", delivery


def test_a_refused_connection_is_a_network_error(stack):
    import socket
    with socket.socket() as s:  # bound, but nobody listens
        s.bind(("127.0.0.1", 0))
        delivery = fail_once(stack, "acme", f"http://127.0.0.1:{s.getsockname()[1]}/x")
    assert delivery.codes == ["NETWORK_ERROR"]
    assert "refused" in delivery.attempts[0]["message"]


def test_a_certificate_that_nobody_signed_is_an_ssl_error(stack):
    hook = stack.receiver.hook("/tls")
    delivery = fail_once(stack, "acme", hook.tls_url)
    assert delivery.codes == ["SSL_ERROR"] and delivery.status == "failed"
    assert not hook.requests


def test_a_certificate_that_the_setting_trusts_is_accepted(bare_stack, certificate):
    stack = bare_stack.start(tls_ca_file=certificate[0])
    hook = stack.receiver.hook("/tls")
    stack.add_tenant("acme")
    stack.add_endpoint("acme", hook.tls_url)
    stack.publish("acme")
    stack.wait_done(1)
    assert stack.delivery().status == "success" and len(hook.requests) == 1


def test_a_private_address_is_not_called(bare_stack):
    """It was allowed when it was configured; the worker has another view, as after a change of the setting."""
    stack = bare_stack.start(workers=0)
    stack.start_worker(egress_allow="")
    hook = stack.receiver.hook("/private")
    delivery = fail_once(stack, "acme", hook)
    assert delivery.codes == ["INVALID_URL"] and delivery.status == "failed"
    assert delivery.reason == "INVALID_URL is not retried"
    assert not hook.requests


@pytest.mark.parametrize("answer", [HANG, Answer(kind="drip", body=b"x" * 1000)], ids=["silence", "dripping"])
def test_a_slow_answer_times_out_for_good_with_that_status(stack, answer):
    hook = stack.receiver.hook("/slow", then=answer)
    began = time.monotonic()
    delivery = fail_once(stack, "acme", hook, timeout="1s")
    assert 1 <= time.monotonic() - began < 5
    assert delivery.codes == ["TIMEOUT"] and delivery.status == "timeout"
    assert 900 <= delivery.attempts[0]["duration_ms"] < 2000  # it counts from when the connection stood


def test_a_huge_response_counts_by_its_status_and_is_kept_in_part(stack):
    hook = stack.receiver.hook("/huge", then=Answer(200, b"x" * (3 << 20)))
    stack.add_tenant("acme")
    stack.add_endpoint("acme", hook)
    stack.publish("acme")
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "success" and delivery.attempts[0]["response"] == "x" * 16384


def retry_after_of(stack, tenant, status, value, **options):
    stack.add(tenant, None, Answer(status, headers=(("Retry-After", value),)), **options)
    stack.publish(tenant)
    delivery = stack.wait_attempts(1, tenant)
    attempt = delivery.attempts[0]
    return (delivery.entries[-1]["due_ms"] - attempt["ms"] - attempt["duration_ms"]) / 1000


def test_retry_after_is_a_minimum_for_the_delay(stack):
    royalti = {"dialect": "royalti", "secret": LITERAL}
    assert 30 <= retry_after_of(stack, "seconds", 429, "30") < 30 + LATE_S
    assert 60 <= retry_after_of(stack, "also503", 503, "60", **royalti) < 60 + LATE_S
    date = email.utils.formatdate(time.time() + 100, usegmt=True)
    assert 98 <= retry_after_of(stack, "date", 503, date) < 101 + LATE_S
    assert 4.4 <= retry_after_of(stack, "less", 503, "1") < 5.5 + LATE_S, "the schedule asks for more"
    assert 2 <= retry_after_of(stack, "nonsense", 503, "soon", **royalti) < 2 + LATE_S
    day = 24 * 3600
    assert day <= retry_after_of(stack, "years", 503, "999999999999") < day + LATE_S, "at most a day"
    date = email.utils.formatdate(time.time() + 400 * day, usegmt=True)
    assert day <= retry_after_of(stack, "date-years", 500, date, **royalti) < day + LATE_S
    date = email.utils.formatdate(time.time() - 100, usegmt=True)
    for tenant, less in (("past", date), ("zero", "0"), ("negative", "-30"), ("fraction", "30.5"), ("empty", "")):
        assert 2 <= retry_after_of(stack, tenant, 503, less, **royalti) < 2 + LATE_S, less


def test_retry_after_changes_nothing_where_the_status_is_not_tried_again(stack):
    asked = (("Retry-After", "1"),)
    for tenant, status, options in (("final", 429, {}), ("last", 503, {"retries": 0})):
        stack.add(tenant, then=Answer(status, headers=asked), dialect="royalti", secret=LITERAL, **options)
        stack.publish(tenant)
        stack.wait_done(1, tenant)
        assert stack.delivery(tenant).status == "failed"
    assert stack.total("ZCARD", "delayed") == 0


def test_an_answer_of_a_later_attempt_ends_the_delivery(stack):
    endpoint = stack.add("acme", None, Answer(500), Answer(503), Answer(200))
    stack.publish("acme")
    for n in (1, 2):
        stack.wait_attempts(n)
        stack.make_due()
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "success" and [a["status"] for a in delivery.attempts] == [500, 503, 200]
    assert len(endpoint.hook.requests) == 3


def test_retries_0_means_one_attempt(stack):
    delivery = fail_once(stack, "acme", stack.receiver.hook("/x", then=Answer(500)))
    assert delivery.status == "failed" and delivery.reason == "attempt 1 was the last"


# --- by hand ------------------------------------------------------------------------------------------------------------


def test_a_manual_retry_comes_after_5_seconds_and_has_one_retry(stack):
    endpoint = stack.add("acme", then=Answer(500), dialect="royalti", secret=LITERAL, retries=0)
    stack.publish("acme")
    stack.wait_done(1)
    began = time.monotonic()
    stack.cli("delivery", "retry", stack.delivery().id)
    assert stack.delivery().status == "pending" and stack.done() == 0
    requests = endpoint.hook.wait(3, seconds=20)
    assert 5 <= requests[1].at - began < 5 + LATE_S
    assert 2 <= requests[2].at - requests[1].at < 2 + LATE_S, "the dialect's first delay"
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "failed" and [a["attempt"] for a in delivery.attempts] == [1, 2, 3]
    assert len({r.headers["x-royalti-delivery"] for r in requests}) == 1


def is_final(stack, identity):
    shown = stack.cli("delivery", "show", identity)
    return shown["deliveryStatus"], shown["attemptNumber"], shown["finalAttempt"]


@pytest.mark.parametrize("status, end", [(500, "failed"), (504, "timeout")])
def test_a_manual_retry_takes_the_end_back_and_makes_it_again(stack, status, end):
    """The attempts go on counting, the schedule begins anew."""
    stack.add("acme", then=Answer(status), dialect="royalti", secret=LITERAL, schedule="1h")
    stack.publish("acme")
    identity = stack.wait_attempts(1).id
    assert is_final(stack, identity) == ("pending", 1, False)
    stack.make_due()
    stack.wait_done(1)
    assert is_final(stack, identity) == (end, 2, True)
    for attempt in (2, 4):
        before_ms = int(stack.now_ms())
        stack.cli("delivery", "retry", identity)
        assert before_ms <= stack.due_ms() - 5000 <= stack.now_ms() + 1
        assert is_final(stack, identity) == ("pending", attempt, False)
        stack.make_due()
        before_ms = int(stack.now_ms())
        stack.wait_attempts(attempt + 1)
        assert before_ms - 1 <= stack.due_ms() - 3600_000 <= stack.now_ms() + 1, "the schedule's first delay"
        stack.make_due()
        stack.wait_done(1)
        assert is_final(stack, identity) == (end, attempt + 2, True)
    assert stack.delivery().reason == "attempt 6 was the last"


def test_a_manual_retry_can_succeed(stack):
    stack.add("acme", None, Answer(400), dialect="royalti", secret=LITERAL)
    stack.publish("acme")
    stack.wait_done(1)
    stack.cli("delivery", "retry", stack.delivery().id)
    stack.make_due()
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "success" and [a["status"] for a in delivery.attempts] == [400, 200]
