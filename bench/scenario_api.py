# SPDX-License-Identifier: Apache-2.0
"""Publishing by HTTP: calls a second, one event and many a call, beside GET /healthz in the same run.

wrk asks grapnel-api, which may use one core only (--cores 0: all), over 64 connections. /healthz is answered by the
loop alone, so it is what HTTP costs; the others go through a thread to Redis and back. No scheduler runs: events only
pile up, and are thrown away."""

import json
import os
import re
import resource
import shutil
import subprocess
import time

import report
from processes import BenchError, CpuMeter
from stack import Stack

ROOT_KEY = "a-key-for-the-bench"
TENANT = "bench"
KEPT = 1000  # entries of `events` that are not thrown away


def add_arguments(parser):
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement (default 5)")
    parser.add_argument("--connections", type=int, default=64, help="that wrk holds (default 64)")
    parser.add_argument("--batch", type=int, default=100, help="events of a batch (default 100)")
    parser.add_argument("--cores", type=int, default=1, help="that grapnel-api may use; 0: all (default 1)")


def run(options, say):
    if not shutil.which("wrk"):
        raise BenchError("wrk is not installed (Debian: apt-get install wrk)")
    with Stack(options) as stack:
        stack.env |= {"GRAPNEL_API_ROOT_KEY": ROOT_KEY, "GRAPNEL_API_KEY_LIMIT": "0"}
        stack.start_scheduler().end()  # it prepares Redis
        stack.grapnel("tenant", "add", TENANT)
        api, port = stack.start_api()
        key = json.loads(stack.grapnel("api-key", "add", "--tenant", TENANT, "--role", "publish", "--name", "bench", "--json",
                                       "--api", f"http://127.0.0.1:{port}", "--key", ROOT_KEY))["key"]
        confine(api, options.cores)
        event = {"type": "PAYMENT_COMPLETED", "data": {"text": "x" * max(0, options.bytes - 11)}}
        lines = "".join(json.dumps(event) + "\n" for _ in range(options.batch))
        ways = [
            ("GET /healthz", "/healthz", "GET", ROOT_KEY, None, None, 0),
            ("one event", "/v1/events", "POST", ROOT_KEY, json.dumps(event), "application/json", 1),
            ("one event, tenant's key", "/v1/events", "POST", key, json.dumps(event), "application/json", 1),
            (f"array of {options.batch}", "/v1/events", "POST", ROOT_KEY, json.dumps([event] * options.batch), "application/json",
             options.batch),
            (f"NDJSON of {options.batch}", "/v1/events", "POST", ROOT_KEY, lines, "application/x-ndjson", options.batch),
            ("GET /healthz again", "/healthz", "GET", ROOT_KEY, None, None, 0),
        ]
        results = {"machine": report.machine(), "ways": []}
        for way in ways:
            say(f"{way[0]}, {options.seconds} s")
            results["ways"].append(measure(stack, options, api, port, *way))
        return tell(options, results)


def confine(process, cores):
    if not cores:
        return
    for task in os.listdir(f"/proc/{process.pid}/task"):
        os.sched_setaffinity(int(task), sorted(os.sched_getaffinity(0))[:cores])


def measure(stack, options, api, port, name, path, method, key, body, kind, events):
    script = os.path.join(stack.folder, "call.lua")
    with open(script, "w", encoding="utf-8") as f:
        f.write(f'wrk.method = "{method}"\nwrk.headers["Authorization"] = "Bearer {key}"\nwrk.headers["Grapnel-Tenant"] = "{TENANT}"\n')
        if body:
            f.write(f'wrk.headers["Content-Type"] = "{kind}"\nwrk.body = [==[{body}]==]\n')
    before = stack.total("XLEN", "events")
    meter, used_before = CpuMeter({"api": [api], "redis": [stack.redis]}), resource.getrusage(resource.RUSAGE_CHILDREN)
    meter.start()
    wrk = subprocess.Popen(["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}", "--latency", "-s", script,
                            f"http://127.0.0.1:{port}{path}"], stdout=subprocess.PIPE, text=True)
    dropped = 0
    while wrk.poll() is None:
        time.sleep(0.1)
        dropped += drop(stack)
    cpu = meter.stop()
    used_after = resource.getrusage(resource.RUSAGE_CHILDREN)
    api.require()
    out = wrk.stdout.read()
    if wrk.returncode or "Non-2xx" in out or "Socket errors" in out:
        raise BenchError(f"{name}: {out}\n{api.log_tail(5)}")
    calls = int(re.search(r"(\d+) requests in", out)[1])
    accepted = stack.total("XLEN", "events") - before + dropped
    if events and not calls * events <= accepted <= (calls + options.connections) * events:
        raise BenchError(f"{name}: {calls} calls answered, {accepted} events in Redis")
    client = used_after.ru_utime + used_after.ru_stime - used_before.ru_utime - used_before.ru_stime
    return {"name": name, "events": events, "per_second": float(re.search(r"Requests/sec:\s*([0-9.]+)", out)[1]),
            "api_us": cpu["api"] / calls, "redis_us": cpu["redis"] / calls, "client_us": client * 1e6 / calls,
            "p50": re.search(r"^\s+50%\s+(\S+)", out, re.M)[1], "p99": re.search(r"^\s+99%\s+(\S+)", out, re.M)[1],
            "others_percent": meter.others_percent}


def drop(stack):
    """Else a minute of this would fill the memory."""
    return sum(stack.client.pipeline([("XTRIM", key, "MAXLEN", KEPT) for key in stack.keys("events")]))


def tell(options, results):
    m = results["machine"]
    rows = []
    for w in results["ways"]:
        events = w["events"] * w["per_second"]
        rows.append([w["name"], report.number(w["per_second"]), report.number(events) if events else "",
                     report.number(w["api_us"]), f"{w['api_us'] / w['events']:.1f}" if events else "", report.number(w["redis_us"]),
                     report.number(w["client_us"]), w["p50"], w["p99"], f"{w['others_percent']:.0f} %"])
    cores = f"{options.cores} of them for grapnel-api" if options.cores else "all of them for everybody"
    parts = [f"{m['processor']}, {m['cores']} cores, {cores}, Linux {m['kernel']}, Grapnel {m['commit']}; wrk with "
             f"{options.connections} connections, events of {options.bytes} bytes, {options.seconds} s each.", "",
             report.table(["call", "calls/s", "events/s", "CPU µs per call: API", "API, per event", "Redis", "wrk", "p50", "p99",
                           "others took"], rows)]
    report.emit(results, "\n".join(parts), options.json)
    return 0
