# SPDX-License-Identifier: Apache-2.0
"""1000 deliveries that fail once: how far from its due time is each retry?

Due times are read from Redis (`delayed`) while they wait, actual ones at the receiver."""

import re
import time

import report
from processes import BenchError
from stack import Stack

TENANT = "failing"
DELIVERY_ID = re.compile(rb"whd_[0-9a-f-]{36}")


def add_arguments(parser):
    parser.add_argument("--events", type=int, default=1000, help="each fails once (default 1000)")
    parser.add_argument("--rate", type=int, default=250, help="events a second (default 250)")
    parser.add_argument("--workers", type=int, default=2, help="how many run (default 2)")


def run(options, say):
    with Stack(options) as stack:
        stack.start_receiver("--fail", f"/t/{TENANT}/=503:first 1", with_log=True)
        stack.start_scheduler()
        stack.add_tenant(TENANT)
        for _ in range(options.workers):
            stack.start_worker("--drain", "1s")
        driver = stack.start_driver("--tenant", TENANT, "--count", options.events, "--rate", options.rate)
        say(f"{options.events} events at {options.rate}/s, each answered with 503 the first time")
        due = watch_delayed(stack, options.events, options.events / options.rate + 60)
        stack.finish_driver(driver, 30)
        return tell(stack, due, options)


def watch_delayed(stack, events, seconds):
    """Until all were answered with success: delivery id → due time, in ms since 1970."""
    due, deadline, keys = {}, time.monotonic() + seconds, []
    while stack.receiver.counters()["answered"] < events:
        if time.monotonic() > deadline:
            raise BenchError(f"only {stack.receiver.counters()['answered']} of {events} had succeeded after {seconds:.0f} s")
        stack.require_all()
        keys = keys or stack.keys("delayed")
        for answer in stack.client.pipeline([("ZRANGE", key, 0, -1, "WITHSCORES") for key in keys]) if keys else []:
            for member, score in zip(answer[::2], answer[1::2]):
                found = DELIVERY_ID.search(member)
                if found:
                    due[found[0].decode()] = float(score)
        time.sleep(0.25)
    return due


def tell(stack, due, options):
    wall_minus_mono_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000
    errors, attempts = [], 0
    for row in stack.receiver.requests():
        attempts += 1
        if row["attempt"] == 2 and row["delivery_id"] in due:
            errors.append((row["us"] + wall_minus_mono_us - due[row["delivery_id"]] * 1000) / 1000)
    if not errors:
        raise BenchError("no retry's due time was seen in Redis")
    errors.sort()
    results = {"retries": len(errors), "attempts": attempts, "error_ms": {
        "min": errors[0], "p50": errors[len(errors) // 2], "p99": errors[int(len(errors) * 0.99)], "max": errors[-1]}}
    markdown = report.table(["retries", "attempts", *(f"late: {name}" for name in results["error_ms"])],
                            [[len(errors), attempts, *(f"{value:.1f} ms" for value in results["error_ms"].values())]])
    report.emit(results, markdown, options.json)
    return 0 if attempts == 2 * options.events and len(errors) == options.events else 1
