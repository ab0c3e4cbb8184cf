# SPDX-License-Identifier: Apache-2.0
"""Follows deliveries through all their attempts. What backs off is brought forward in time, never on another schedule:
what the schedule was is read from the due times that were recorded, between what Redis's clock said before and after."""

import dataclasses
import os


@dataclasses.dataclass
class Step:
    attempt: dict  # as it was recorded; see records.py
    due_ms: int  # of the next one; None: it was the last
    before_ms: int  # Redis's clock: the attempt failed between these two
    after_ms: int

    @property
    def delay_s(self):
        """Since the attempt's end, as recorded."""
        return (self.due_ms - self.attempt["ms"] - self.attempt["duration_ms"]) / 1000

    def is_delayed_by(self, planned_s, jitter=0):
        """Exactly so, as far as can be known; @jitter: 0.1 for 10 % either way."""
        least, most = planned_s * 1000 * (1 - jitter), planned_s * 1000 * (1 + jitter)
        return self.due_ms - self.after_ms <= most and self.due_ms - self.before_ms >= least - 1


def step_of(delivery, n, before_ms, after_ms):
    """Of its n-th attempt; later ones may be on record, too, where the delays are short."""
    attempt = delivery.attempts[n - 1]
    verdict = delivery.entries[delivery.entries.index(attempt) + 1]
    return Step(attempt, verdict["due_ms"] if verdict["kind"] == "retry" else None, before_ms, after_ms)


def follow(stack, tenants, rounds=20):
    """Publishes one event to each and goes on until the only delivery of each has ended: {tenant: [Step]}."""
    steps = {tenant: [] for tenant in tenants}
    before_ms = dict.fromkeys(tenants, int(stack.now_ms()))
    for tenant in tenants:
        stack.publish(tenant)
    for n in range(1, rounds + 1):
        found = {tenant: stack.wait_attempts(n, tenant) for tenant in before_ms}
        after_ms = int(stack.now_ms()) + 1
        for tenant, delivery in found.items():
            steps[tenant].append(step_of(delivery, n, before_ms[tenant], after_ms))
        pending = [tenant for tenant in found if steps[tenant][-1].due_ms]
        if not pending:
            return steps
        now_ms = int(stack.now_ms())
        before_ms = {tenant: min(now_ms, steps[tenant][-1].due_ms) for tenant in pending}
        for tenant in {stack.partition(tenant): tenant for tenant in pending}.values():
            stack.make_due(tenant, may_be_none=True)
    raise AssertionError(f"after {rounds} attempts still pending: {list(before_ms)}")


def write_report(stack, name, lines):
    """Kept below the programs' build folder, for people."""
    folder = os.path.join(stack.build, "reports")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))
