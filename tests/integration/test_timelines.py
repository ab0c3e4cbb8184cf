# SPDX-License-Identifier: Apache-2.0
"""All attempts of a delivery that always fails, to the end, in each dialect: against docs/reference/dialects.md."""

import json

from receiver import Answer
from stack import SECRET
from iso_time import iso_ms
from timeline import follow, write_report

LITERAL = "a-literal-secret-of-a-guide"
S, M, H = 1, 60, 3600
# tenant: (dialect, options, answer's status, planned delays, jitter, final status)
CASES = {
    "royalti": ("royalti", {}, 503, [2, 4, 8], 0, "failed"),
    "royalti-once": ("royalti", {"retries": 1}, 500, [2], 0, "failed"),
    "royalti-ten": ("royalti", {"retries": 10}, 500, [2 << n for n in range(10)], 0, "failed"),
    "royalti-timeout": ("royalti", {}, 504, [2, 4, 8], 0, "timeout"),
    "standard": ("standard", {}, 500, [5, 5 * M, 30 * M, 2 * H, 5 * H, 10 * H, 14 * H, 20 * H, 24 * H], 0.1, "failed"),
    "simple": ("simple", {}, 404, [30, 5 * M, 30 * M, 2 * H], 0, "failed"),
    "verification": ("verification", {}, 500, [1, 2, 4], 0, "failed"),
    "template": ("template", {}, 408, [1, 5 * M, 30 * M, 2 * H, 6 * H, 12 * H], 0, "timeout"),
}


def add_all(stack):
    return {tenant: stack.add(tenant, then=Answer(status), dialect=dialect,
                              secret=SECRET if dialect == "standard" else LITERAL, **options)
            for tenant, (dialect, options, status, *_) in CASES.items()}


def check_delays(tenant, steps):
    planned, jitter = CASES[tenant][3:5]
    assert len(steps) == len(planned) + 1
    assert [step.attempt["attempt"] for step in steps] == list(range(1, len(steps) + 1))
    for step, delay in zip(steps, planned):
        assert step.is_delayed_by(delay, jitter), (tenant, delay, step)
    assert steps[-1].due_ms is None


def check_end(stack, tenant, endpoint):
    delivery = stack.delivery(tenant)
    n = len(CASES[tenant][3]) + 1
    assert (delivery.status, delivery.reason) == (CASES[tenant][5], f"attempt {n} was the last")
    assert len(endpoint.hook.requests) == len(delivery.attempts) == n
    assert {attempt["status"] for attempt in delivery.attempts} == {CASES[tenant][2]}


def check_royalti_bodies(endpoint, steps, planned):
    """What the receiver is told of it."""
    bodies = [json.loads(request.body)["delivery"] for request in endpoint.hook.requests]
    assert [body["attempt"] for body in bodies] == list(range(1, len(steps) + 1))
    assert [r.headers["x-royalti-attempt"] for r in endpoint.hook.requests] == [str(body["attempt"]) for body in bodies]
    assert {body["maxAttempts"] for body in bodies} == {len(planned)}
    assert len({request.headers["x-royalti-delivery"] for request in endpoint.hook.requests}) == 1
    for body, step, delay in zip(bodies, steps, planned):
        assert step.before_ms <= iso_ms(body["nextRetryAt"]) - delay * 1000 <= step.after_ms
    assert bodies[-1]["nextRetryAt"] is None


def table(timelines):
    yield "Attempts of one delivery to a receiver that always fails, as recorded. Planned: docs/reference/dialects.md."
    yield f"{'tenant':16} {'dialect':13} {'attempt':>7} {'answer':>6} {'code':13} {'planned s':>9} {'recorded s':>11}  then"
    for tenant, steps in timelines.items():
        dialect, _, _, planned, jitter, final = CASES[tenant]
        for n, step in enumerate(steps):
            row = f"{tenant:16} {dialect:13} {n + 1:7} {step.attempt['status']:6} {step.attempt['code']:13} "
            if n == len(planned):
                yield row + f"{'-':>9} {'-':>11}  {final}"
            else:
                yield row + f"{planned[n]:9} {step.delay_s:11.3f}  retried" + (" (± 10 %)" if jitter else "")


def test_each_dialect_s_attempts_come_when_its_document_says_until_the_last(bare_stack):
    stack = bare_stack.start(partitions=16)
    endpoints = add_all(stack)
    timelines = follow(stack, CASES)
    for tenant, steps in timelines.items():
        check_delays(tenant, steps)
        check_end(stack, tenant, endpoints[tenant])
        if CASES[tenant][0] == "royalti":
            check_royalti_bodies(endpoints[tenant], steps, CASES[tenant][3])
    write_report(stack, "timelines.txt", table(timelines))
