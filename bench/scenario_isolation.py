# SPDX-License-Identifier: Apache-2.0
"""One tenant whose endpoint hangs, with 20 000 events queued, beside 50 healthy tenants: what do those notice?"""

import time

import report
from stack import Stack

GOOD, BAD = "good", "bad"


def add_arguments(parser):
    parser.add_argument("--tenants", type=int, default=50, help="healthy ones (default 50)")
    parser.add_argument("--rate", type=int, default=500, help="events a second for all of them (default 500)")
    parser.add_argument("--bad", type=int, default=1, help="tenants whose endpoint hangs (default 1)")
    parser.add_argument("--queued", type=int, default=20000, help="events for the hanging ones (default 20000)")
    parser.add_argument("--seconds", type=int, default=40,
                        help="length of each half; longer than the endpoint's timeout shows its retries too (default 40)")
    parser.add_argument("--workers", type=int, default=2, help="how many run (default 2)")


def run(options, say):
    with Stack(options) as stack:
        stack.start_receiver("--hang", f"/t/{BAD}", with_log=True)
        stack.start_scheduler()
        stack.add_tenants(GOOD, options.tenants)
        stack.add_tenants(BAD, options.bad)
        for _ in range(options.workers):
            stack.start_worker("--drain", "0s")
        healthy = ("--tenant", GOOD, "--tenants", options.tenants, "--rate", options.rate, "--seconds", options.seconds)
        stack.publish(*healthy[:-1], 3)  # connections, caches
        say(f"{options.tenants} healthy tenants at {options.rate}/s alone, {options.seconds} s")
        alone = phase(stack, healthy, options.seconds)
        stack.publish("--tenant", BAD, "--tenants", options.bad, "--count", options.queued)
        say(f"the same beside {options.queued} events for {options.bad} that hang, {options.seconds} s")
        beside = phase(stack, healthy, options.seconds)
        beside["hanging_most"] = stack.receiver.counters()["held_most"]
        return tell(options, alone, beside)


def phase(stack, healthy, seconds):
    began_us = time.monotonic_ns() // 1000
    published = stack.publish(*healthy, seconds=seconds + 60)["published"]

    def latencies():
        return sorted(row["latency_us"] for row in stack.receiver.requests()
                      if row["us"] >= began_us and not row["path"].startswith(f"/t/{BAD}"))

    found, deadline = latencies(), time.monotonic() + 30
    while len(found) < published and time.monotonic() < deadline:
        time.sleep(0.5)
        found = latencies()
    stack.require_all()
    return {"published": published, "received": len(found), "p50": quantile(found, 0.5), "p99": quantile(found, 0.99),
            "p999": quantile(found, 0.999), "max": found[-1] if found else 0}


def quantile(ordered, fraction):
    return ordered[min(int(fraction * len(ordered)), len(ordered) - 1)] if ordered else 0


def tell(options, alone, beside):
    rows = [[title, r["published"], r["received"], *(report.ms(r[q]) for q in ("p50", "p99", "p999", "max"))]
            for title, r in (("alone", alone), (f"beside {options.bad} hanging ({beside['hanging_most']} held)", beside))]
    report.emit({"alone": alone, "beside": beside},
                report.table(["healthy tenants", "published", "received", "p50", "p99", "p99.9", "max"], rows), options.json)
    return 0 if all(r["published"] == r["received"] for r in (alone, beside)) else 1
