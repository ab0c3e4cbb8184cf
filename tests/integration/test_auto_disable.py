# SPDX-License-Identifier: Apache-2.0
"""The failures in a row that disable an endpoint, with the default of 50, and what becomes of everybody else."""

from children import wait_until
from receiver import Answer
from iso_time import iso_ms
from timeline import write_report

LITERAL = "a-literal-secret-of-a-guide"
REASON = "50 consecutive deliveries failed"


class Course:
    """One endpoint and its state after each step, for the report. royalti: 400 ends a delivery, 500 is tried again."""

    def __init__(self, stack):
        self.stack = stack
        self.endpoint = stack.add("acme", dialect="royalti", secret=LITERAL, schedule="1h")
        self.lines = []

    def publish(self, status, count=1):
        """So many deliveries that get this answer; those that end with it have ended when this returns."""
        self.endpoint.hook.then = Answer(status)
        sent, done = len(self.endpoint.hook.requests), self.stack.done()
        self.stack.publish("acme", count=count)
        self.endpoint.hook.wait(sent + count)
        if status != 500:
            self.stack.wait_done(done + count)

    def show(self, step):
        shown = self.endpoint.cli("show")
        self.lines.append(f"{step:48} {shown['consecutiveFailures']:8} {'yes' if shown['enabled'] else 'no':7} "
                          f"{unmatched(self.stack):9} {shown['disabledReason'] or ''}")
        return shown

    def report(self):
        return ["State of one royalti endpoint, disable_after 50, as `endpoint show` tells it.",
                f"{'after':48} {'failures':>8} {'enabled':7} {'unmatched':9} reason", *self.lines]


def unmatched(stack, tenant="acme"):
    return int(stack.redis("HGET", stack.key(tenant, "unmatched"), tenant) or 0)


def up_to_49_twice(course):
    course.publish(400, 49)
    shown = course.show("49 failed deliveries")
    assert (shown["enabled"], shown["consecutiveFailures"]) == (True, 49)
    course.publish(200)
    assert course.show("a success")["consecutiveFailures"] == 0
    course.publish(400, 49)
    shown = course.show("49 failed deliveries")
    assert (shown["enabled"], shown["consecutiveFailures"]) == (True, 49)


def fail_the_fiftieth(course):
    """With five that back off at that time."""
    stack = course.stack
    course.publish(500, 5)
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 5)
    assert course.show("5 deliveries that back off")["consecutiveFailures"] == 49
    before_ms = int(stack.now_ms())
    course.endpoint.hook.then = Answer(400)
    stack.publish("acme")
    stack.wait_done(105)  # 99 that failed or succeeded before, this one, and the five
    shown = course.show("the 50th failed delivery")
    assert (shown["enabled"], shown["disabledReason"], shown["consecutiveFailures"]) == (False, REASON, 50)
    assert before_ms <= iso_ms(shown["disabledAt"]) <= stack.now_ms() + 1
    found = stack.deliveries()
    assert [(d.status, d.reason) for d in found if d.status == "cancelled"] == [("cancelled", REASON)] * 5
    assert (found[-1].status, found[-1].reason) == ("failed", "CLIENT_ERROR is not retried")
    return [d.id for d in found if d.status == "cancelled"]


def miss_some(course):
    course.stack.publish("acme", count=3)
    wait_until(lambda: unmatched(course.stack) == 3)
    course.show("3 events while it is disabled")
    assert len(course.stack.deliveries()) == 105, "they make no deliveries"


def come_back(course, cancelled):
    stack = course.stack
    on = course.endpoint.cli("enable")
    assert (on["enabled"], on["disabledReason"], on["disabledAt"]) == (True, None, None)
    assert course.show("`endpoint enable`")["consecutiveFailures"] == 0
    course.endpoint.hook.then = Answer(200)
    for identity in cancelled:
        assert stack.cli("delivery", "show", identity)["finalAttempt"] is True
        assert stack.cli("delivery", "retry", identity)["finalAttempt"] is False
    stack.make_due()
    stack.wait_done(105)
    course.show("`delivery retry` of the 5 that were cancelled")
    shown = [stack.cli("delivery", "show", identity) for identity in cancelled]
    assert {(s["deliveryStatus"], s["attemptNumber"], s["finalAttempt"]) for s in shown} == {("success", 2, True)}
    course.publish(400)
    shown = course.show("a failed delivery")
    assert (shown["enabled"], shown["consecutiveFailures"]) == (True, 1)


def test_50_failed_deliveries_in_a_row_disable_until_a_person_enables(stack):
    course = Course(stack)
    up_to_49_twice(course)
    cancelled = fail_the_fiftieth(course)
    miss_some(course)
    come_back(course, cancelled)
    write_report(stack, "auto_disable.txt", course.report())


def test_events_that_nobody_wanted_are_counted_and_those_that_somebody_wanted_are_not(stack):
    first = stack.add("acme", events="user.*")
    second = stack.add_endpoint("acme", stack.receiver.hook("/second"), events="order.paid")
    stack.add("other", events="nothing.of.this")
    for kind in ("user.created", "order.paid", "order.lost", "user"):
        stack.publish("acme", kind=kind)
    wait_until(lambda: unmatched(stack) == 2)
    first.cli("disable")
    for kind in ("user.created", "order.paid"):
        stack.publish("acme", kind=kind)
    wait_until(lambda: unmatched(stack) == 3)
    second.cli("disable")
    stack.publish("acme", count=2, kind="order.paid")
    wait_until(lambda: unmatched(stack) == 5)
    second.cli("enable")
    stack.publish("acme", kind="order.paid")
    stack.wait_done(4)
    assert (len(first.hook.requests), len(second.hook.requests)) == (1, 3)
    assert unmatched(stack) == 5 and unmatched(stack, "other") == 0


def test_410_disables_and_cancels_only_where_the_dialect_says_so(stack):
    answers = {"standard": (False, "failed", "the endpoint answered 410 Gone"), "simple": (True, "pending", None),
               "royalti": (True, "failed", "CLIENT_ERROR is not retried")}
    for dialect, (is_enabled, status, reason) in answers.items():
        secret = {} if dialect == "standard" else {"secret": LITERAL}
        endpoint = stack.add(dialect, None, Answer(500), then=Answer(410), dialect=dialect, schedule="1h", **secret)
        stack.publish(dialect)
        stack.wait_attempts(1, dialect)
        stack.publish(dialect)
        endpoint.hook.wait(2)
        gone = wait_until(lambda: is_judged(stack, dialect))
        assert endpoint.cli("show")["enabled"] == is_enabled, dialect
        assert gone.status == status and (reason is None or gone.reason == reason), (dialect, gone)
    backed_off = stack.deliveries("standard")[0]
    assert (backed_off.status, backed_off.reason) == ("cancelled", "the endpoint answered 410 Gone")
    assert stack.deliveries("royalti")[0].status == "pending"


def is_judged(stack, tenant):
    """The second delivery, when there was a verdict on it and what it cancels is cancelled."""
    first, second = stack.deliveries(tenant)
    is_done = second.entries[-1]["kind"] in ("retry", "final") and (tenant != "standard" or first.status == "cancelled")
    return is_done and second
