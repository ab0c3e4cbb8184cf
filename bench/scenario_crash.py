# SPDX-License-Identifier: Apache-2.0
"""A worker is killed (SIGKILL) with 1000 requests in flight: is all delivered, how much twice, and how soon?"""

import time

import report
from measure import SPARE_SLOTS
from processes import wait_until
from stack import Stack

TENANT = "crashing"
PATH = f"/t/{TENANT}/hook"


def add_arguments(parser):
    parser.add_argument("--events", type=int, default=1000, help="in flight when the worker dies (default 1000)")
    parser.add_argument("--delay", type=int, default=5000, metavar="MS", help="of the receiver's answers (default 5000)")


def run(options, say):
    with Stack(options) as stack:
        stack.start_receiver("--delay", str(options.delay), with_log=True)
        stack.start_scheduler()
        stack.add_tenant(TENANT, path=PATH, slots=options.events)
        slots = ("--slots", str(options.events + SPARE_SLOTS), "--drain", "1s")
        victim = stack.start_worker(*slots)
        stack.publish("--tenant", TENANT, "--count", options.events)
        stack.wait_received(options.events, min(20, options.delay / 1000), counter="held",
                            what=f"{options.events} in flight at once (a longer --delay helps)")
        survivor = stack.start_worker(*slots)
        killed_us = time.monotonic_ns() // 1000
        victim.kill9()
        stack.workers.remove(victim)
        say(f"killed worker {victim.pid} with {options.events} in flight; worker {survivor.pid} takes over")
        stack.wait_received(options.events, 60 + options.delay / 1000, counter="answered",
                            what=f"all {options.events} to be delivered after the kill")
        wait_until(stack.is_settled, 30, "the last jobs to be settled")
        return tell(stack, killed_us, options)


def tell(stack, killed_us, options):
    rows = list(stack.receiver.requests())
    again = [(row["us"] - killed_us) / 1e6 for row in rows if row["us"] > killed_us]
    counts = {}
    for row in rows:
        counts[row["delivery_id"]] = counts.get(row["delivery_id"], 0) + 1
    results = {
        "in_flight": options.events, "delivered": len(counts), "received": len(rows),
        "twice": sum(1 for n in counts.values() if n == 2), "more_often": sum(1 for n in counts.values() if n > 2),
        "first_again_s": min(again), "last_again_s": max(again),
    }
    markdown = report.table(
        ["in flight at the kill", "delivered", "received twice", "more often", "first sent again after", "last sent again after"],
        [[options.events, results["delivered"], results["twice"], results["more_often"],
          f"{results['first_again_s']:.2f} s", f"{results['last_again_s']:.2f} s"]])
    report.emit(results, markdown, options.json)
    return 0 if results["delivered"] == options.events and not results["more_often"] else 1
