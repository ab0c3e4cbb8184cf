#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that includes point one way, and that a function's name is used once.

    layers.py [ROOT]     prints each offence with both files; exit status 1 if there is one

The rooms of common/ stand in the order ROOMS: a file includes files of its own room and of those to the
left of it. Programs include common/ and never each other; EXCEPTIONS lists the one pair that may. The
installed header <grapnel.h> is libgrapnel's interface and may be included by every program.

Within worker/: each folder is a kind of destination behind worker/destination.h (worker/curl: what several of them share).
No file outside a folder includes it, no two kinds include each other, and the modules of worker/ itself do not include each
other in a circle.
"""
import collections
import os
import re
import sys

ROOMS = [
    "common/base", "common/json", "common/crypto", "common/runtime", "common/redis",
    "common/model/filter", "common/model/format", "common/model", "common/model/inbound",
    "common/moves", "common/program",
]
PROGRAMS = ["producer", "scheduler", "worker", "admin", "api", "cli", "bench", "docs"]
EXCEPTIONS = {
    ("api", "admin"): "the API is HTTP over admin/",
    ("cli", "admin"): "management commands are to call the API",
    ("bench", "worker"): "one benchmark times the worker's HTTP client alone",
    ("docs", "api"): "the page writers print what the programs embed",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# A definition at the left margin: its name stands before the first parenthesis.
FUNCTION = re.compile(r"^(?!typedef|struct\s+\w+\s*\{|enum\b|union\b)[a-z][\w \t*]*?[ *](\w+)\((?:[^;{}]|\n)*?\)\n\{", re.M)


def room(path):
    folder = os.path.dirname(path)
    return folder if folder in ROOMS else path.split("/")[0]


def offence(source, target):
    """Why `source` may not include `target`, or None."""
    here, there = room(source), room(target)
    if here == there or (here, there) in EXCEPTIONS:
        return None
    if here in ROOMS:
        if there not in ROOMS:
            return f"{here} is below {there}"
        if ROOMS.index(there) > ROOMS.index(here):
            return f"{here} stands left of {there}"
        return None
    if there in ROOMS:
        return None
    return f"{here} and {there} are programs of their own"


def worker_offence(source, target):
    """The same of two files of worker/."""
    here, there = os.path.dirname(source), os.path.dirname(target)
    if not source.startswith("worker/") or there in (here, "worker") or not there.startswith("worker/"):
        return None
    if here == "worker":
        return "destinations are known by worker/destination.h alone"
    if there != "worker/curl":
        return "kinds of destination know nothing of each other"
    return None


def sources(root):
    for top in ["common"] + PROGRAMS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def circles(edges):
    """A path of folders, or modules, that leads back to its first, or None."""
    state = {}

    def visit(folder, path):
        state[folder] = "open"
        for target in sorted(edges[folder]):
            if state.get(target) == "open":
                return path[path.index(target):] + [target]
            if target not in state:
                found = visit(target, path + [target])
                if found:
                    return found
        state[folder] = "done"
        return None

    for folder in sorted(edges):
        if folder not in state:
            found = visit(folder, [folder])
            if found:
                return found
    return None


def check(root):
    complaints, defined, edges = [], collections.defaultdict(list), collections.defaultdict(set)
    worker_modules = collections.defaultdict(set)
    for path in sources(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        for target in INCLUDE.findall(text):
            if not os.path.exists(os.path.join(root, target)):
                complaints.append(f"{path}: includes \"{target}\", which does not exist; write includes from the root")
                continue
            why = offence(path, target) or worker_offence(path, target)
            if why:
                complaints.append(f"{path} includes {target}: {why}")
            if os.path.dirname(path) != os.path.dirname(target):
                edges[os.path.dirname(path)].add(os.path.dirname(target))
            here, there = os.path.splitext(path)[0], os.path.splitext(target)[0]
            if here != there and os.path.dirname(path) == os.path.dirname(target) == "worker":
                worker_modules[here].add(there)
        if path.endswith(".c") and not path.startswith(("bench/", "docs/")):
            for name in set(FUNCTION.findall(text)) - {"__attribute__", "main"}:
                defined[name].append(path)
    found = circles(edges)
    if found:
        complaints.append("folders include each other in a circle: " + " -> ".join(found))
    found = circles(worker_modules)
    if found:
        complaints.append("modules include each other in a circle: " + " -> ".join(found))
    for name, paths in sorted(defined.items()):
        if len(paths) > 1:
            complaints.append(f"{name}() is defined in {' and '.join(paths)}; begin a static function's name with its file's noun")
    return complaints


def main():
    complaints = check(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "../.."))
    for line in complaints:
        print(line, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
