# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown or JSON."""

import json
import os
import platform
import subprocess
import sys

PROCESSES = ("redis", "worker", "scheduler", "receiver", "driver")
NOISY_PERCENT = 10
COMMAND_US_LEAST = 0.05


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release(), "commit": commit()}


def commit():
    here = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run(["git", "-C", here, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(" --- " if i == 0 else " ---: " for i in range(len(header))) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def number(value):
    """12345.6 → 12 346, 12.34 → 12.3"""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.1f}"


def ms(us):
    return f"{us / 1000:.2f} ms"


def mib(count):
    return f"{count / 1048576:.1f} MiB"


def emit(results, markdown, as_json):
    if as_json:
        json.dump(results, sys.stdout, indent=2)
        print()
    else:
        print(markdown)


def standard(results):
    """The table of a whole run."""
    options, m = results["options"], results["machine"]
    parts = [f"{m['processor']}, {m['cores']} cores, Linux {m['kernel']}, Redis {results['redis']} "
             f"(AOF {options['fsync']}), Grapnel {m['commit']}; {options['workers']} workers, {options['schedulers']} "
             f"scheduler{'s' if options['schedulers'] > 1 else ''}, {options['bytes']}-byte events, dialect "
             f"{options['dialect']}. All processes share these cores.", ""]
    rows = []
    if results["wrk"]:
        cpu = results["wrk"]["cpu_us"]
        rows.append(["wrk, straight to the receiver", number(results["wrk"]["per_second"]), number(sum(cpu.values())),
                     "–", "–", "–", number(cpu["receiver"]), number(cpu["client"])])
    for name, title in (("endpoints_many", f"{options['endpoints']} endpoints"), ("endpoints_one", "1 endpoint")):
        r = results[name]
        rows.append([title, number(r["per_second"]), number(sum(r["cpu_us"].values())),
                     *(number(r["cpu_us"][p]) for p in PROCESSES)])
    parts += [table(["", "per second", "CPU µs each, all", *PROCESSES[:-1], "client"], rows), ""]
    r, floor = results["latency"], results["floor"]
    rows = [[title, number(x["per_second"]), *(ms(x["latency_us"][q]) for q in ("p50", "p90", "p99", "p999", "max"))]
            for title, x in ((f"publish → received, {options['endpoints']} endpoints", r),
                             ("driver → receiver, without Grapnel", floor))]
    parts += [table(["latency", "per second", "p50", "p90", "p99", "p99.9", "max"], rows), ""]
    r = results["memory"]
    if r:
        parts += [f"Memory of one worker with {r['in_flight']} requests in flight: {mib(r['full_bytes'])} "
                  f"({r['bytes_each'] / 1024:.1f} KiB each; {mib(r['idle_bytes'])} without any).", ""]
    if options["commands"]:
        parts += [commands_table(results["endpoints_many"]["redis_commands"]), ""]
    parts.append(faults(results))
    others = max(results[name]["others_percent"] for name in ("endpoints_many", "endpoints_one", "latency"))
    if others > NOISY_PERCENT:
        parts += ["", f"Other programs took up to {others:.0f} % of the processors meanwhile: rates and latencies are worse "
                      "than this machine's, CPU times hardly."]
    return "\n".join(parts)


def commands_table(commands):
    rows = [[name, f"{row['calls']:.3f}", f"{row['us']:.2f}"] for name, row in
            sorted(commands.items(), key=lambda item: -item[1]["us"]) if row["us"] >= COMMAND_US_LEAST]
    return table(["Redis command (evalsha holds what scripts call)", "calls per delivery", "µs per delivery"], rows)


def faults(results):
    wrong = [f"{name}: {r['lost']} lost, {r['repeated']} received twice, of {r['published']}" for name, r in results.items()
             if isinstance(r, dict) and (r.get("lost") or r.get("repeated"))]
    return "**Wrong:** " + "; ".join(wrong) if wrong else "Every event was received exactly once."
