#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each external program that tests and bench start comes from a package that ./dev installs.

    programs.py [ROOT]     prints each offence; exit status 1 if there is one

It reads the Python files of tests/ and bench/: the first word of a literal command in a call of subprocess (or a
list assigned to a name that such a call begins with), and what is looked for with shutil.which. A program that is
not in PACKAGES, a package that is in none of ./dev's lists, and a row that is not used any more are offences.
"""
import ast
import os
import re
import sys

PACKAGES = {
    "bash": None,  # None: on every Debian, bare ones too
    "c++": "g++",
    "curl": "curl",
    "gcc": "gcc",
    "git": "git",
    "go": "golang-go",
    "groff": "groff-base",
    "node": "nodejs",
    "openssl": "openssl",
    "php": "php-cli",
    "promtool": "promtool",  # prometheus on Debian 12
    "python3": "python3",
    "redis-cli": "redis-server",  # it depends on redis-tools
    "redis-server": "redis-server",
    "sh": None,
    "unshare": None,
    "wrk": "wrk",
}
LISTS = {"tests": ("packages_build", "packages_test", "download_promtool"), "bench": ("packages_build", "packages_bench")}
CALLS = {"run", "Popen", "check_output", "check_call", "call"}


def python_files(root):
    for top in LISTS:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                if name.endswith(".py") or ("." not in name and is_python(path)):
                    yield top, path


def is_python(path):
    with open(path, "rb") as file:
        line = file.readline(80)
    return line.startswith(b"#!") and b"python" in line


def first_words(node, names):
    """What the command `node` can begin with: literal words only; `names` are the file's assignments."""
    if isinstance(node, ast.Constant):
        return {node.value.split()[0]} if isinstance(node.value, str) and node.value.strip() else set()
    if isinstance(node, (ast.List, ast.Tuple)) and node.elts:
        return first_words(node.elts[0], names)
    if isinstance(node, ast.Starred):
        return first_words(node.value, names)
    if isinstance(node, ast.IfExp):
        return first_words(node.body, names) | first_words(node.orelse, names)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return first_words(node.left, names)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):  # a table of programs
        tables = [value for value in names.get(node.value.id, []) if isinstance(value, ast.Dict)]
        return set().union(*(first_words(value, {}) for table in tables for value in table.values))
    if isinstance(node, ast.Name):  # a name's own value is not followed further: one step is what the tests do
        return set().union(*(first_words(value, {}) for value in names.get(node.id, [])))
    return set()


def called(node):
    """"subprocess.run" and the like, or ""."""
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return f"{node.func.value.id}.{node.func.attr}"
    return ""


def programs_of(tree):
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    names.setdefault(target.id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = called(node)
            if name == "shutil.which" or (name.startswith("subprocess.") and name.split(".")[1] in CALLS):
                for word in first_words(node.args[0], names):
                    yield word, node.lineno


def packages_of(dev, top):
    """Every word in the bodies of those functions of ./dev that install for `top`."""
    with open(dev, encoding="utf-8") as file:
        text = file.read()
    words = set()
    for name in LISTS[top]:
        body = re.search(rf"^{name}\(\) [{{(](.*? [}})]$|.*?^[}})])", text, re.M | re.S)
        words |= set(re.findall(r"[a-z0-9][a-z0-9.+-]*", re.sub(r"\s#.*", "", body[0])))
    return words


def offences(root):
    used = set()
    have = {top: packages_of(os.path.join(root, "dev"), top) for top in LISTS}
    for top, path in python_files(root):
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read(), path)
        for word, line in sorted(programs_of(tree)):
            place = f"{os.path.relpath(path, root)}:{line}"
            used.add(word)
            if "/" not in word and word not in PACKAGES:
                yield f"{place}: {word} has no row in tests/checks/programs.py; add its Debian package there and in ./dev"
            elif PACKAGES.get(word) and PACKAGES[word] not in have[top]:
                yield f"{place}: {word} needs {PACKAGES[word]}, which {' and '.join(LISTS[top])} in ./dev do not have"
    for word in PACKAGES.keys() - used:
        yield f"tests/checks/programs.py: {word} is not used any more; remove its row"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
    found = list(offences(root))
    print("\n".join(found), file=sys.stderr)
    sys.exit(1 if found else 0)


main()
