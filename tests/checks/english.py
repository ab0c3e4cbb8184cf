#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""english.py: the documentation and the help texts keep to plain technical English.

Each row is a phrase that this project's texts used to have and that no reader should meet again, with what to write
instead. Code blocks and inline code are not looked at."""

import glob
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "deploy/README.md", "docs/**/*.md",
         "tests/*/README.md"]
STRINGS = ["common/runtime/settings.def", "common/runtime/metrics.def"]  # only their string literals are shown to users

PHRASES = [
    (r"mend(s|ed|ing)?", "fix"),
    (r"anew", "again"),
    (r"by (itself|themselves)", "automatically, alone"),
    (r"for ever", "indefinitely"),
    (r"whoever|whomever", "the client, another process"),
    (r"who comes after", "another process"),
    (r"(no|some|any|every)body('s)?", "name the person or program: no endpoint, another client, any process"),
    (r"tells|(is|are|was|were|be|been|being|gets?) told", "reports, returns, logs"),
    (r"what (it|he|she|they) says?", "name the thing: the message, the value"),
    (r"(the|its|in|own|with) words", "message, text"),
    (r"that (it|they) miss(es)?", "missing …"),
    (r"(made|written) from the code", "generated"),
    (r"configured otherwise", "does not match"),
    (r"there (is|are) no such", "not found"),
    (r"(is|are) there already", "already exists"),
    (r"(is|are) no (HTTP|JSON|SMTP|UTF-8|secret)", "is not …, invalid …"),
    (r"at most so many", "maximum number of …"),
    (r"affair", "terminate TLS in front of it"),
    (r"others (send|tell)", "inbound webhooks"),
    (r"a lease's time", "one lease"),
    (r"as ever", "as usual, or leave it out"),
    (r"dealt with|(is|are) looked at", "processed, checked, read"),
    (r"as (it|they) came", "unchanged, raw"),
    (r"give or take", "with a tolerance of …"),
    (r"(is|are) taken away|takes? away", "remove"),
    (r"(is|are) tried again|tries (it )?again", "retried, repeated"),
    (r"knob|drawer", "setting, folder"),
]
PHRASE = re.compile("|".join(rf"\b(?P<p{i}>{pattern})\b" for i, (pattern, _) in enumerate(PHRASES)), re.IGNORECASE)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def prose_of(text):
    """A page without its code, line for line."""
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block[0].count("\n"), text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]+`|\]\([^)\s]*\)", "``", text)


def strings_of(text):
    """A C file's string literals, line for line."""
    text = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.S)
    return "\n".join(" ".join(re.findall(r'"((?:[^"\\]|\\.)*)"', line)) for line in text.split("\n"))


def faults_of(path, text):
    # A phrase may go over the end of a line, so the whole text is searched.
    text = re.sub(r"(?<=\S)[ ]*\n[ ]*(?=\S)", "\n", text)
    for found in PHRASE.finditer(re.sub(r"\n", " ", text)):
        instead = PHRASES[int(found.lastgroup[1:])][1]
        number = text.count("\n", 0, found.start()) + 1
        yield f'{os.path.relpath(path, ROOT)}:{number}: "{found[0]}"; write: {instead}'


def main():
    faults = []
    for patterns, reduce in ((PAGES, prose_of), (STRINGS, strings_of)):
        for pattern in patterns:
            paths = sorted(glob.glob(os.path.join(ROOT, pattern), recursive=True))
            if not paths:
                faults.append(f"{pattern}: no such file; correct the list in tests/checks/english.py")
            for path in paths:
                faults += faults_of(path, reduce(read(path)))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
