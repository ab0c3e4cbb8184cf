# SPDX-License-Identifier: Apache-2.0
"""The standard measurements: limit of the machine, throughput, CPU, latency, memory."""

import os
import re
import resource
import shutil
import subprocess
import time

from processes import BenchError, CpuMeter, wait_until

TENANT_PREFIX = "bench"
DRAIN_SECONDS = 60
SPARE_SLOTS = 64  # a worker with few free slots asks few partitions at a time

WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.rep("x", %d)
"""


def physical_limit(stack, seconds):
    """The same body by wrk to the same receiver: nothing that delivers can be cheaper. None without wrk."""
    program = shutil.which("wrk")
    if not program:
        return None
    script = os.path.join(stack.folder, "post.lua")
    with open(script, "w", encoding="ascii") as f:
        f.write(WRK_SCRIPT % stack.options.bytes)
    stack.receiver.reset()
    meter = CpuMeter({"receiver": [stack.receiver]})
    meter.start()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, "-t1", "-c64", f"-d{seconds}", "-s", script, stack.receiver.url("/wrk/post")],
                          capture_output=True, text=True, timeout=seconds + 30, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = meter.stop()
    rate = re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout)
    requests = stack.receiver.counters()["requests"]
    if done.returncode != 0 or not rate or not requests:
        raise BenchError(f"wrk: {done.stdout}{done.stderr}")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"per_second": float(rate[1]), "cpu_us": {"client": used * 1e6 / requests, "receiver": cpu["receiver"] / requests}}


def groups_of(stack, driver):
    return {"redis": [stack.redis], "scheduler": stack.schedulers, "worker": stack.workers,
            "receiver": [stack.receiver], "driver": [driver]}


def throughput(stack, driver_args, seconds, warm_seconds):
    """Closed loop, kept full; counted at the receiver between two points within the run."""
    stack.receiver.reset()
    driver = stack.start_driver("--window", stack.options.window, "--seconds", int(warm_seconds + seconds + 60), *driver_args)
    stack.wait_received(1, 20, what="the first delivery")
    time.sleep(warm_seconds)
    meter = CpuMeter(groups_of(stack, driver))
    stack.client("CONFIG", "RESETSTAT")
    before, _ = stack.receiver.counters(), meter.start()
    time.sleep(seconds)
    after, cpu = stack.receiver.counters(), meter.stop()
    commands = redis_commands(stack)
    stack.require_all()
    driver.require()
    driver.popen.terminate()
    published = stack.finish_driver(driver, 30)["published"]
    stack.wait_received(published, DRAIN_SECONDS, what=f"the last of {published} deliveries")
    delivered = after["distinct"] - before["distinct"]
    if not delivered:
        raise BenchError(f"nothing was received in {seconds} s")
    return {
        "per_second": delivered / meter.seconds,
        "cpu_us": {name: used / delivered for name, used in cpu.items()},
        "cpu_percent": sum(cpu.values()) / meter.seconds / 1e4,
        "others_percent": meter.others_percent,
        "delivered": delivered,
        "redis_commands": {name: {k: v / delivered for k, v in row.items()} for name, row in commands.items()},
        **leftovers(stack, published),
    }


def redis_commands(stack):
    """Calls and µs of each command since CONFIG RESETSTAT. What scripts call counts in `evalsha` too."""
    found = {}
    for line in stack.client("INFO", "commandstats").decode().splitlines():
        if line.startswith("cmdstat_"):
            name, _, values = line.removeprefix("cmdstat_").partition(":")
            row = dict(value.split("=") for value in values.split(","))
            found[name] = {"calls": int(row["calls"]), "us": int(row["usec"])}
    return found


def leftovers(stack, published):
    """What must be nothing: deliveries too many, failed ones, work left in Redis."""
    wait_until(lambda: stack.is_fanned_out() and stack.is_settled(), DRAIN_SECONDS, "all work in Redis to be done")
    counters = stack.receiver.counters()
    return {"published": published, "lost": published - counters["distinct"],
            "repeated": counters["requests"] - counters["distinct"]}


def latency(stack, driver_args, rate, seconds, warm_seconds):
    """Open loop; publish → received by the receiver's own histogram."""
    if warm_seconds:
        stack.receiver.reset()
        warm = stack.publish("--rate", rate, "--seconds", int(warm_seconds), *driver_args)
        stack.wait_received(warm["published"], DRAIN_SECONDS)
    stack.receiver.reset()
    driver = stack.start_driver("--rate", rate, "--seconds", int(seconds), *driver_args)
    meter = CpuMeter(groups_of(stack, driver))
    meter.start()
    time.sleep(max(seconds - 0.5, 0.5))
    received, cpu = stack.receiver.counters()["distinct"], meter.stop()
    report = stack.finish_driver(driver, seconds + DRAIN_SECONDS)
    stack.wait_received(report["published"], DRAIN_SECONDS)
    return {
        "per_second": report["per_second"],
        "latency_us": stack.receiver.stats()["latency_us"],
        "lateness_us": report["lateness_us"],
        "cpu_us": {name: used / max(received, 1) for name, used in cpu.items()},
        "others_percent": meter.others_percent,
        **leftovers(stack, report["published"]),
    }


def meter_floor(stack, rate, seconds):
    """The same open loop without Grapnel: the driver posts straight to the receiver."""
    stack.receiver.reset()
    report = stack.publish("--post", f"127.0.0.1:{stack.receiver.port}", "--rate", rate, "--seconds", int(seconds))
    return {"latency_us": stack.receiver.stats()["latency_us"], "per_second": report["per_second"]}


def memory(stack, in_flight, tenant):
    """A worker of its own with so many requests that are never answered; killed afterwards, as it would wait for
    their timeout."""
    for worker in stack.workers:
        worker.end()
    stack.workers.clear()
    stack.receiver.reset()
    worker = stack.start_worker("--slots", str(in_flight + SPARE_SLOTS), "--drain", "0s")
    time.sleep(0.5)  # it has connected and read its configuration
    idle = worker.memory_bytes()
    stack.publish("--tenant", tenant, "--count", in_flight)
    stack.wait_received(in_flight, 25, counter="held", what=f"{in_flight} requests in flight at once")
    full = worker.memory_bytes()
    worker.kill9()
    return {"in_flight": in_flight, "idle_bytes": idle, "full_bytes": full, "bytes_each": (full - idle) / in_flight}
