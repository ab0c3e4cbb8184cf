#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each source file begins with the project's SPDX line, after its #! line if it has one.

    licence.py [--fix]     --fix adds what is missing
"""
import os
import subprocess
import sys

LINE = "SPDX-License-Identifier: Apache-2.0"
FORMS = {
    ".c": f"/* {LINE} */", ".h": f"/* {LINE} */", ".def": f"/* {LINE} */", ".lua": f"-- {LINE}", ".py": f"# {LINE}",
    ".cmake": f"# {LINE}", ".js": f"// {LINE}", ".go": f"// {LINE}",
}
SCRIPTS = {"dev", ".ci/run", "bench/run", "tests/sim/run", "tests/soak/run", "tests/on_debian"}
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def form_of(path):
    if path in SCRIPTS or os.path.basename(path) == "CMakeLists.txt":
        return f"# {LINE}"
    return FORMS.get(os.path.splitext(path)[1])


def add(path, lines, form):
    lines.insert(1 if lines[0].startswith("#!") else 0, form + "\n")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(lines)


def main():
    os.chdir(ROOT)
    paths = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True).stdout.splitlines()
    missing = 0
    for path in paths:
        form = form_of(path)
        if not form or "/corpus/" in path or not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        if form in "".join(lines[:2]) or not lines:
            continue
        if "--fix" in sys.argv:
            add(path, lines, form)
            continue
        missing += 1
        print(f"{path}: does not begin with {form}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
