# SPDX-License-Identifier: Apache-2.0
"""A tenant at its limit with 1 000 000 events waiting: what does the waiting cost?"""

import time

import report
from processes import BenchError, CpuMeter, wait_until
from stack import Stack

TENANT = "backlogged"
QUIET_SECONDS = 2


def add_arguments(parser):
    parser.add_argument("--events", type=int, default=1000000, help="waiting (default 1000000)")
    parser.add_argument("--limit", type=int, default=100, help="requests in any 60 s (default 100)")
    parser.add_argument("--seconds", type=int, default=20, help="length of the measurement (default 20)")
    parser.set_defaults(bytes=256)


def run(options, say):
    if options.seconds > 45:
        raise BenchError("--seconds: expected at most 45, to lie between two windows' permits")
    if options.events < 5 * options.limit:
        raise BenchError("--events: expected at least 5 times --limit, so that some still wait")
    with Stack(options) as stack:
        stack.start_receiver("--window", "60")
        stack.start_scheduler()
        stack.add_tenant(TENANT, limit=options.limit)
        stack.start_worker("--drain", "1s")
        bound = 60 + options.events / 2000
        say(f"publishing {options.events} events of {options.bytes} bytes")
        began = time.monotonic()
        stack.publish("--tenant", TENANT, "--count", options.events, "--batch", 512, seconds=bound)
        wait_until(stack.is_fanned_out, bound, "all events to be fanned out", 0.2)
        fanned_out = time.monotonic() - began
        say(f"fanned out after {fanned_out:.1f} s; waiting for a batch of permits to be over")
        wait_for_quiet(stack)
        meter = CpuMeter({"redis": [stack.redis], "scheduler": stack.schedulers, "worker": stack.workers})
        before, _ = stack.receiver.counters()["requests"], meter.start()
        time.sleep(options.seconds)
        cpu, after = meter.stop(), stack.receiver.counters()["requests"]
        memory = int(stack.client("INFO", "memory").split(b"used_memory:")[1].split()[0])
        results = {
            "events": options.events, "fanout_seconds": fanned_out, "deliveries_meanwhile": after - before,
            "cpu_percent": {name: used / meter.seconds / 1e4 for name, used in cpu.items()},
            "redis_bytes_each": memory / options.events, "most_in_60_s":
                stack.receiver.stats("/paths")["paths"][f"/t/{TENANT}"]["window_most"],
        }
    return tell(results, options)


def wait_for_quiet(stack):
    """Until permits were granted and used, and none came for a little while."""
    seen = stack.receiver.counters()["requests"]
    wait_until(lambda: stack.receiver.counters()["requests"] > seen, 90, "the next permits", 0.1)
    last = [0, time.monotonic()]

    def is_quiet():
        now = stack.receiver.counters()["requests"]
        if now != last[0]:
            last[:] = now, time.monotonic()
        return time.monotonic() - last[1] > QUIET_SECONDS
    wait_until(is_quiet, 60, "a batch of permits to be over", 0.1)


def tell(results, options):
    cpu = results["cpu_percent"]
    markdown = report.table(
        ["waiting", "CPU redis", "scheduler", "worker", "deliveries meanwhile", "most in 60 s", "Redis bytes each", "fan-out"],
        [[report.number(results["events"]), *(f"{cpu[p]:.2f} %" for p in ("redis", "scheduler", "worker")),
          results["deliveries_meanwhile"], results["most_in_60_s"], report.number(results["redis_bytes_each"]),
          f"{results['fanout_seconds']:.1f} s"]])
    report.emit(results, markdown, options.json)
    return 0 if results["most_in_60_s"] <= options.limit else 1
