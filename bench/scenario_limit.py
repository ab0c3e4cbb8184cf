# SPDX-License-Identifier: Apache-2.0
"""One tenant at 100 a minute, 350 events at once: does any 60 s window hold more than its limit?

Real clock, so it takes 3 minutes (5 with --stop, which stops all workers for 90 s in the middle)."""

import signal
import time

import report
from processes import wait_until
from stack import Stack

TENANT = "limited"


def add_arguments(parser):
    parser.add_argument("--limit", type=int, default=100, help="requests in any 60 s (default 100)")
    parser.add_argument("--events", type=int, default=350, help="published at once (default 350)")
    parser.add_argument("--workers", type=int, default=2, help="how many run (default 2)")
    parser.add_argument("--schedulers", type=int, default=2, help="how many run (default 2)")
    parser.add_argument("--stop", action="store_true", help="SIGSTOP all workers for 90 s, from the 30th second on")
    parser.add_argument("--stop-after", type=float, default=30, metavar="S", help="seconds before it (default 30)")
    parser.add_argument("--stop-for", type=float, default=90, metavar="S", help="seconds it lasts (default 90)")


def run(options, say):
    with Stack(options) as stack:
        stack.start_receiver("--window", "60", with_log=True)
        for _ in range(options.schedulers):
            stack.start_scheduler()
        stack.add_tenant(TENANT, limit=options.limit)
        for _ in range(options.workers):
            stack.start_worker("--drain", "1s")
        windows = -(-options.events // options.limit)
        bound = windows * 61 + 60 + (options.stop_for + 60 if options.stop else 0)
        stack.publish("--tenant", TENANT, "--count", options.events, "--batch", min(options.events, 1024))
        start = time.monotonic()
        say(f"published {options.events} events; the last is due after about {(windows - 1) * 61} s")
        if options.stop:
            stop_workers(stack, options, say)
        stack.wait_received(options.events, bound - (time.monotonic() - start))
        wait_until(stack.is_settled, 30, "the last jobs to be settled")
        return tell(stack, options, start)


def stop_workers(stack, options, say):
    time.sleep(options.stop_after)
    for worker in stack.workers:
        worker.signal(signal.SIGSTOP)
    say(f"workers stopped for {options.stop_for:g} s")
    time.sleep(options.stop_for)
    for worker in stack.workers:
        worker.signal(signal.SIGCONT)
    say("workers go on")


def tell(stack, options, start):
    rows = list(stack.receiver.requests())
    path = stack.receiver.stats("/paths")["paths"][f"/t/{TENANT}"]
    began = rows[0]["us"]
    minutes = {}
    for row in rows:
        minute = int((row["us"] - began) / 60e6)
        minutes[minute] = minutes.get(minute, 0) + 1
    results = {
        "limit": options.limit, "events": options.events, "received": len(rows), "distinct": path["distinct"],
        "most_in_60_s": path["window_most"], "seconds": (rows[-1]["us"] - began) / 1e6,
        "by_minute": [minutes.get(i, 0) for i in range(max(minutes) + 1)],
        "first_after_s": began / 1e6 - start,
    }
    is_right = results["most_in_60_s"] <= options.limit and results["distinct"] == options.events
    markdown = report.table(["limit", "most in any 60 s", "received", "distinct", "duration", "by minute"], [[
        options.limit, results["most_in_60_s"], results["received"], results["distinct"],
        f"{results['seconds']:.1f} s", " ".join(map(str, results["by_minute"]))]])
    report.emit(results, markdown + ("" if is_right else "\n\n**Wrong:** more than the limit, or an event is missing."),
                options.json)
    return 0 if is_right else 1
