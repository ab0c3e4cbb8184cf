#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""links.py: every relative link and anchor of the documentation resolves, every file that names a page of docs/ names one
that exists, and no page is too long to read.

Anchors are GitHub's: the heading in lower case, without punctuation, `-` for each space."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
LINES_MAX = 299
README_LINES_MAX = 119
GENERATED = "by `./dev doc`. -->"  # a table with a row for each setting or metric has no other place to go
SKIPPED = {"build", "grapnel-state", "__pycache__", "corpus"}
TEXTS = (".md", ".c", ".h", ".def", ".lua", ".py", ".json", ".txt", ".cmake", ".service", ".js", ".go", ".php")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
PAGE_NAME = re.compile(r"(?<![\w./-])docs/[\w./-]+\.(?:md|json)\b")


def files():
    """The tree's text files; a tree without .git (an archive, a container) is checked in the same way."""
    for folder, inner, names in os.walk(ROOT):
        inner[:] = sorted(name for name in inner if name not in SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(TEXTS) or "." not in name:
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def without_code(text):
    """The text with fenced blocks and inline code blanked out, line for line."""
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]+`", "``", text)


def anchors(text):
    """The anchors of a page; a heading that repeats gets -1, -2 …"""
    seen, found = {}, set()
    fenced = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for heading in re.findall(r"^#+ +(.*?) *$", fenced, re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if slug in seen else slug)
        seen[slug] = seen.get(slug, 0) + 1
    return found


def link_faults(page, text):
    for number, line in enumerate(without_code(text).split("\n"), 1):
        for target in LINK.findall(line):
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            path, _, anchor = target.partition("#")
            full = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            if not os.path.exists(os.path.join(ROOT, full)):
                yield f"{page}:{number}: {target}: no such file: {full}"
            elif anchor and anchor not in anchors(read(full)):
                yield f"{page}:{number}: {target}: {full} has no heading with this anchor"


def length_faults(page, text):
    most = README_LINES_MAX if page == "README.md" else LINES_MAX
    lines = text.count("\n")
    if lines > most and GENERATED not in text:
        yield f"{page}: {lines} lines; expected at most {most}: split the page"


def name_faults(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        for name in PAGE_NAME.findall(line):
            if not os.path.exists(os.path.join(ROOT, name)):
                yield f"{path}:{number}: names {name}, which does not exist"


def main():
    faults = []
    for path in files():
        text = read(path)
        faults += name_faults(path, text)
        if path.endswith(".md"):
            faults += link_faults(path, text)
            faults += length_faults(path, text)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
