#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that common/moves/keys.def, the Lua scripts, docs/job-life.md and C agree on the names of Redis keys.

    keys.py [ROOT]     prints each offence; exit status 1 if there is one

- What a script appends to its partition's head is a row of keys.def, and every row is used by a script or by C.
- The table under "Keys" in docs/job-life.md has each row, with its type and with what follows the name.
- C outside common/moves makes keys of the KEY_ names only: no name of a key in a string, no head.
"""
import glob
import os
import re
import sys

ROW = re.compile(r'^KEY\((\w+), "([^"]+)", "(\w+)", "([^"]*)", "', re.M)
TYPES = {"stream", "hash", "ZSET", "set", "string", "list", "counter"}
IN_LUA = re.compile(r"(?:\bP|KEYS\[1\]) \.\. '([a-z_]+[:/]?)")
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
HEAD = re.compile(r":\{(?:%u|\d+)\}:")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
PROGRAMS = ["common", "producer", "scheduler", "worker", "admin", "api", "cli"]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def rows_of(text):
    return {key: (name, kind, suffix) for name, key, kind, suffix in ROW.findall(text)}


def lua_offences(rows, path, text):
    return [f"{path}: key '{key}' is no row of keys.def" for key in IN_LUA.findall(text) if key not in rows]


def documented(text):
    """{key with what follows: type}; a type of a row with several keys is theirs in order, or one for all."""
    found = {}
    table = text.split("## Keys", 1)[1].split("\n## ", 1)[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        keys = re.findall(r"`([^`]+)`", cells[0])
        kinds = [part.split()[0] for part in cells[1].split(",") if part.split() and part.split()[0] in TYPES]
        if len(kinds) == 1:
            kinds *= len(keys)
        found.update(zip(keys, kinds if len(kinds) == len(keys) else ["?"] * len(keys)))
    return found


def doc_offences(rows, text):
    found = documented(text)
    wanted = {key + suffix: kind for key, (_, kind, suffix) in rows.items()}
    for key, kind in wanted.items():
        if key not in found:
            yield f"docs/job-life.md: the table has no `{key}`"
        elif found[key] != kind:
            yield f"docs/job-life.md: `{key}` is a {kind} in keys.def, a {found[key]} in the table"
    for key in found.keys() - wanted.keys():
        yield f"docs/job-life.md: `{key}` is no row of keys.def"


def c_offences(rows, path, text):
    """A name that something follows in any string; one that stands alone where it is given to a key's maker."""
    code = COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
    for number, line in enumerate(code.splitlines(), 1):
        for literal in STRING.findall(line):
            name = re.sub(r"^%s", "", literal)
            is_made = any(name == key or name.startswith(key + "%") for key in rows if key[-1] in ":/")
            if is_made or (name in rows and name != literal) or HEAD.search(literal):
                yield f'{path}:{number}: "{literal}" is made of a key\'s name; use common/moves/key_names.h'
    for name in re.findall(r'redis_arg_key\([^;"]*?,\s*"([^"]*)"', code):
        yield f'{path}: redis_arg_key() is given "{name}"; use common/moves/key_names.h'


def c_sources(root):
    for program in PROGRAMS:
        for path in glob.glob(os.path.join(root, program, "**", "*.[ch]"), recursive=True):
            path = os.path.relpath(path, root)
            if not path.startswith("common/moves/"):
                yield path


def offences(root):
    rows = rows_of(read(root, "common/moves/keys.def"))
    scripts = {path: read(root, path) for path in sorted(glob.glob("common/moves/*.lua", root_dir=root))}
    sources = {path: read(root, path) for path in sorted(c_sources(root))}
    for path, text in scripts.items():
        yield from lua_offences(rows, path, text)
    yield from doc_offences(rows, read(root, "docs/job-life.md"))
    used = {key for text in scripts.values() for key in IN_LUA.findall(text)}
    for path, text in sources.items():
        yield from c_offences(rows, path, text)
    for key, (name, _, _) in rows.items():
        if key not in used and not any(f"KEY_{name}" in text for text in sources.values()):
            yield f"common/moves/keys.def: nothing uses {key}"


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    found = list(offences(root))
    print("\n".join(found) or "keys: Lua, C, keys.def and docs/job-life.md agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
