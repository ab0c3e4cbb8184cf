# SPDX-License-Identifier: Apache-2.0
"""Endpoints that are changed, disabled by hand or by their failures, enabled again, or removed."""

import pytest
import signatures
from children import wait_until
from receiver import Answer, HANG
from stack import Failed

LITERAL = "a-literal-secret-of-a-guide"


def is_disabled(endpoint):
    key = endpoint.stack.key(endpoint.tenant, "disabled")
    return endpoint.stack.redis("HEXISTS", key, endpoint.id) == 1


def unmatched(stack, tenant="acme"):
    return int(stack.redis("HGET", stack.key(tenant, "unmatched"), tenant) or 0)


def fail_some(stack, count, tenant="acme"):
    """Deliveries to an endpoint without retries that fail one after the other."""
    for _ in range(count):
        before = stack.done(tenant)
        stack.publish(tenant)
        stack.wait_done(before + 1, tenant)


def test_410_disables_a_standard_endpoint_at_once(stack):
    endpoint = stack.add("acme", then=Answer(410))
    stack.publish("acme")
    stack.wait_done(1)
    delivery = stack.delivery()
    assert delivery.status == "failed" and delivery.reason == "the endpoint answered 410 Gone"
    assert is_disabled(endpoint)
    shown = endpoint.cli("show")
    assert "410" in str(shown), shown
    stack.publish("acme", count=3)
    wait_until(lambda: unmatched(stack) == 3)
    assert len(endpoint.hook.requests) == 1


def test_an_endpoint_is_disabled_after_so_many_failed_deliveries_in_a_row(bare_stack):
    stack = bare_stack.start(disable_after=3)
    endpoint = stack.add("acme", then=Answer(500), retries=0)
    fail_some(stack, 2)
    assert not is_disabled(endpoint)
    fail_some(stack, 1)
    wait_until(lambda: is_disabled(endpoint))
    assert "3 consecutive deliveries failed" in str(endpoint.cli("show"))
    stack.publish("acme")
    wait_until(lambda: unmatched(stack) == 1)
    assert len(endpoint.hook.requests) == 3


def test_by_default_50_failed_deliveries_disable(stack):
    endpoint = stack.add("acme", then=Answer(500), retries=0)
    stack.publish("acme", count=49)
    stack.wait_done(49)
    assert not is_disabled(endpoint)
    stack.publish("acme")
    stack.wait_done(50)
    wait_until(lambda: is_disabled(endpoint))


def test_a_success_resets_the_count_of_failures(bare_stack):
    stack = bare_stack.start(disable_after=3)
    endpoint = stack.add("acme", None, Answer(500), Answer(500), Answer(200), Answer(500), Answer(500), retries=0)
    fail_some(stack, 5)
    assert len(endpoint.hook.requests) == 5 and not is_disabled(endpoint)


def test_failed_attempts_that_are_retried_do_not_count(bare_stack):
    stack = bare_stack.start(disable_after=2)
    endpoint = stack.add("acme", None, *[Answer(500)] * 4)
    stack.publish("acme")
    for n in range(1, 5):
        stack.wait_attempts(n)
        stack.make_due()
    stack.wait_done(1)
    assert stack.delivery().status == "success" and not is_disabled(endpoint)


def test_enabling_makes_it_work_again_and_forgets_the_failures(bare_stack):
    stack = bare_stack.start(disable_after=2)
    endpoint = stack.add("acme", None, *[Answer(500)] * 3, retries=0)
    fail_some(stack, 2)
    wait_until(lambda: is_disabled(endpoint))
    endpoint.cli("enable")
    assert not is_disabled(endpoint)
    fail_some(stack, 1)
    assert not is_disabled(endpoint), "one failure since then"
    fail_some(stack, 1)
    assert stack.deliveries()[-1].status == "success"


def test_disabling_by_hand_cancels_what_waits_and_says_why(stack):
    endpoint = stack.add("acme", limit=2)
    stack.publish("acme", count=200)
    endpoint.hook.wait(2)
    stack.wait_done(2)
    endpoint.cli("disable", "--reason", "maintenance")
    stack.wait_done(200)
    cancelled = [d for d in stack.deliveries() if d.status == "cancelled"]
    assert len(cancelled) == 198 and {d.reason for d in cancelled} == {"maintenance"}
    assert len(endpoint.hook.requests) == 2


def test_what_backs_off_at_a_disabled_endpoint_is_cancelled_at_once_and_says_why(stack):
    stack.add_tenant("acme")
    hooks = [stack.receiver.hook("/gone", then=Answer(500)), stack.receiver.hook("/live", then=Answer(500))]
    gone, live = (stack.add_endpoint("acme", hook, dialect="template") for hook in hooks)
    stack.publish("acme", count=400)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 800, 30)
    for hook in hooks:
        hook.wait(800, seconds=30)  # the next attempt is five minutes away
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 800, 30)
    gone.cli("disable", "--reason", "maintenance")
    stack.wait_done(400)
    deliveries = stack.deliveries()
    assert {(d.status, d.reason) for d in deliveries if d.created["endpoint"] == gone.id} == {("cancelled", "maintenance")}
    assert {d.status for d in deliveries if d.created["endpoint"] == live.id} == {"pending"}
    wait_until(lambda: not stack.redis("EXISTS", stack.key("acme", "sweep"), stack.key("acme", "cancelling")))


def test_what_backs_off_is_cancelled_though_the_scheduler_dies(bare_stack):
    stack = bare_stack.start(lease="1s", turn_batch=1)
    endpoint = stack.add("acme", then=Answer(500), slots=100)
    stack.publish("acme", count=300)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 300, 30)
    stack.schedulers[0].stop()
    endpoint.cli("disable")
    stack.schedulers[0].kill9()
    stack.redis("DEL", stack.key("acme", "wake"))
    stack.start_scheduler()
    stack.wait_done(300)
    assert {d.status for d in stack.deliveries()} == {"cancelled"}


def test_a_request_in_flight_when_its_endpoint_is_disabled_still_counts(stack):
    endpoint = stack.add("acme", then=HANG)
    stack.publish("acme")
    endpoint.hook.wait_in_flight(1)
    endpoint.cli("disable")
    endpoint.hook.release()
    stack.wait_done(1)
    assert stack.delivery().status == "success"


def test_a_failure_in_flight_when_its_endpoint_is_disabled_is_cancelled(stack):
    endpoint = stack.add("acme", then=HANG)
    stack.publish("acme")
    endpoint.hook.wait_in_flight(1)
    endpoint.cli("disable")
    endpoint.hook.release(Answer(500))
    stack.wait_done(1)
    assert stack.delivery().status == "cancelled" and len(stack.delivery().attempts) == 1


def test_a_cancelled_delivery_can_be_retried_by_hand_once_the_endpoint_is_enabled(stack):
    endpoint = stack.add("acme", None, Answer(500))
    stack.publish("acme")
    stack.wait_attempts(1)
    endpoint.cli("disable")
    stack.wait_done(1)
    identity = stack.delivery().id
    with pytest.raises(Failed) as e:
        stack.cli("delivery", "retry", identity)
    assert "disabled" in e.value.words
    endpoint.cli("enable")
    stack.cli("delivery", "retry", identity)
    stack.make_due()
    stack.wait_done(1)
    assert stack.delivery().status == "success"


def test_removing_an_endpoint_cancels_what_waits_and_what_backs_off(stack):
    endpoint = stack.add("acme", None, Answer(500), Answer(500), limit=2)
    stack.publish("acme", count=30)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 2)
    endpoint.cli("remove")
    stack.wait_done(30)
    deliveries = stack.deliveries()
    assert {(d.status, d.reason) for d in deliveries} == {("cancelled", "the endpoint was removed")}
    with pytest.raises(Failed):
        endpoint.cli("show")
    stack.publish("acme")
    wait_until(lambda: unmatched(stack) == 1)


def test_a_new_url_is_used_from_the_next_attempt_on_by_every_worker(bare_stack):
    stack = bare_stack.start(workers=2)
    endpoint = stack.add("acme")
    stack.publish("acme", count=100)
    stack.wait_done(100)  # both have it cached
    new = stack.receiver.hook("/new")
    endpoint.cli("set", "--url", new.url)
    stack.publish("acme", count=100)
    stack.wait_done(200)
    assert len(endpoint.hook.requests) == 100 and len(new.requests) == 100


def test_a_new_url_is_used_by_a_delivery_that_backs_off(stack):
    endpoint = stack.add("acme", then=Answer(500))
    stack.publish("acme")
    stack.wait_attempts(1)
    new = stack.receiver.hook("/new")
    endpoint.cli("set", "--url", new.url)
    stack.make_due()
    stack.wait_done(1)
    assert len(endpoint.hook.requests) == 1 and len(new.requests) == 1


def test_a_rotated_secret_signs_the_next_attempt_beside_the_old_one(bare_stack):
    stack = bare_stack.start(workers=2)
    endpoint = stack.add("acme")
    stack.publish("acme", count=50)
    stack.wait_done(50)
    new = endpoint.cli("set", "--rotate")["secret"]
    stack.publish("acme", count=50)
    stack.wait_done(100)
    for request in endpoint.hook.requests[:50]:
        assert signatures.is_signed("standard", request, endpoint.secret)
        assert not signatures.is_signed("standard", request, new)
    for request in endpoint.hook.requests[50:]:
        assert signatures.is_signed("standard", request, endpoint.secret)
        assert signatures.is_signed("standard", request, new)


def test_an_endpoint_added_under_load_gets_every_later_event(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    stack.add("acme")
    stack.publish("acme", count=300)
    second = stack.receiver.hook("/second")
    stack.add_endpoint("acme", second)
    stack.publish("acme", count=100)
    second.wait(100)
    wait_until(lambda: stack.total("XLEN", "jobs") == 0 and stack.total("ZCARD", "throttled") == 0)
    assert 100 <= len(second.requests) <= 400
