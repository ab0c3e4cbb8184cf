# SPDX-License-Identifier: Apache-2.0
"""Workers stop for some seconds while many tenants get an event each: how soon does everything arrive?"""

import signal
import time

import report
from processes import BenchError, wait_until
from stack import Stack

TENANT = "stalled"
BOUND_SECONDS = 120


def add_arguments(parser):
    parser.add_argument("--tenants", type=int, default=20000, help="that get one event each (default 20000)")
    parser.add_argument("--stop", type=float, default=5, metavar="S", help="how long the workers stand still (default 5)")
    parser.add_argument("--workers", type=int, default=2, help="(default 2)")


def run(options, say):
    with Stack(options) as stack:
        stack.start_receiver()
        stack.start_scheduler()
        say(f"adding {options.tenants} tenants")
        stack.add_tenants(TENANT, options.tenants)
        for _ in range(options.workers):
            stack.start_worker("--drain", "1s")
        stack.publish("--tenant", TENANT + "0", "--count", 1)  # they are there
        stack.wait_received(1, 20)
        for worker in stack.workers:
            worker.signal(signal.SIGSTOP)
        began = time.monotonic()
        stack.publish("--tenant", TENANT, "--tenants", options.tenants, "--count", options.tenants, "--batch", 512)
        wait_until(lambda: time.monotonic() - began >= options.stop, options.stop + 60, "the workers' stop to be over")
        for worker in stack.workers:
            worker.signal(signal.SIGCONT)
        arrivals = watch(stack, options.tenants)
        return tell(arrivals, options)


def watch(stack, count):
    """[(seconds since the workers went on, arrived)], twice a second until all have."""
    began, arrivals = time.monotonic(), []
    before = 1  # the one that showed that all runs

    def arrived():
        stack.require_all()
        return stack.receiver.counters()["distinct"] - before
    while not arrivals or arrivals[-1][1] < count:
        if time.monotonic() - began > BOUND_SECONDS:
            break
        time.sleep(0.5)
        arrivals.append((time.monotonic() - began, arrived()))
    if not arrivals[-1][1]:
        raise BenchError(f"nothing arrived in {BOUND_SECONDS} s")
    return arrivals


def tell(arrivals, options):
    first = next(at for at, n in arrivals if n)
    seconds, count = arrivals[-1]
    results = {"tenants": options.tenants, "arrived": count, "first_s": first, "all_s": seconds, "arrivals": arrivals}
    shown = ", ".join(f"{at:.1f} s: {n}" for at, n in arrivals[:12])
    markdown = report.table(["tenants", "arrived", "the first after", "the last after", "arrived by then"],
                            [[options.tenants, count, f"{first:.1f} s", f"{seconds:.1f} s", shown]])
    report.emit(results, markdown, options.json)
    return 0 if count == options.tenants and first <= 2 else 1
