# SPDX-License-Identifier: Apache-2.0
"""The verifiers of docs/how-to/receive.md and verify-*.md, cut out of the pages, built, and run: one process a language for many cases."""

import base64
import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES = [os.path.join(HERE, "../../docs/how-to", name) for name in
         ("receive.md", *(f"verify-{language}.md" for language in ("javascript", "python", "go", "php", "c")))]
DRIVERS = os.path.join(HERE, "receiving")
FILES = {"c": "webhook.c", "js": "webhook.js", "python": "webhook.py", "go": "webhook/webhook.go", "php": "webhook.php"}
TOOLS = {"c": "gcc", "js": "node", "python": "python3", "go": "go", "php": "php"}
ELSEWHERE = ["/usr/local/go/bin"]  # where go.dev's own packages go, often not in PATH
C_FLAGS = ["-std=c11", "-g", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-D_GNU_SOURCE",
           "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def pages():
    texts = []
    for path in PAGES:
        with open(path, encoding="utf-8") as f:
            texts.append(f.read())
    return "\n".join(texts)


def code(language):
    """The pages' only block of that language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", pages(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"docs/how-to has {len(blocks)} blocks of {language} for receivers, expected one"
    return blocks[0]


def commands(title):
    """The shell commands that follow **title**."""
    found = re.search(rf"^\*\*{title}\*\*[^\n]*\n\n```sh\n(.*?)^```$", pages(), re.MULTILINE | re.DOTALL)
    assert found, f"docs/how-to/receive.md has no commands under **{title}**"
    return found[1]


def find_tool(language):
    if language == "python":
        return sys.executable  # it has `cryptography`, as the tests sign with it too
    return shutil.which(TOOLS[language], path=os.pathsep.join([os.environ["PATH"], *ELSEWHERE]))


def need_tool(language):
    if not find_tool(language):
        skip(f"{TOOLS[language]} is not installed, so the code for it in docs/how-to/receive.md cannot be run")


def need_cryptography():
    if importlib.util.find_spec("cryptography") is None:
        skip("Python's cryptography is not installed, so nothing can be signed with ed25519 (v1a)")


def skip(words):
    """CI and ./dev on Debian have all of them; elsewhere the test is skipped with a word."""
    if os.environ.get("CI") == "true" or os.environ.get("DEV_HAS_INSTALLED") == "test":
        pytest.fail(words)
    pytest.skip(words)


def _run(argv, folder, **env):
    done = subprocess.run(argv, cwd=folder, env={**os.environ, **env}, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"{argv}: status {done.returncode}\n{done.stderr.decode(errors='replace')[-4000:]}"
    return done.stdout.decode()


def _build_c(folder):
    libraries = _run(["pkg-config", "--cflags", "--libs", "jansson", "libcrypto"], folder).split()
    _run([find_tool("c"), *C_FLAGS, "-I.", "-o", "driver", os.path.join(DRIVERS, "driver.c"), *libraries], folder)


def _build_go(folder):
    shutil.copy(os.path.join(DRIVERS, "driver.go"), folder)
    with open(os.path.join(folder, "go.mod"), "w", encoding="utf-8") as f:
        f.write("module driver\n\ngo 1.19\n")
    cache = os.path.join(folder, "cache")
    _run([find_tool("go"), "build", "-o", "driver", "."], folder, GOCACHE=cache, GOPATH=os.path.join(folder, "path"),
         GOTOOLCHAIN="local", GOPROXY="off", GOFLAGS="-mod=mod", GO111MODULE="on", GOWORK="off", CGO_ENABLED="0")
    shutil.rmtree(cache)


BUILDS = {"c": _build_c, "go": _build_go}


class Verifiers:
    """@folder is shared by all processes of a test run; what must be compiled is compiled once."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "verifiers")
        os.makedirs(self.folder, exist_ok=True)

    def available(self):
        return [language for language in FILES if find_tool(language)]

    def _prepare(self, language):
        folder = os.path.join(self.folder, language)
        with open(folder + ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(os.path.join(folder, "ready")):
                path = os.path.join(folder, FILES[language])
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w", encoding="utf-8") as f:
                    f.write(code(language))
                if language in BUILDS:
                    BUILDS[language](folder)
                with open(os.path.join(folder, "ready"), "w", encoding="utf-8"):
                    pass
        return folder

    def answers(self, language, cases):
        """What it says about each case: "accepted", "refused", or something unexpected."""
        folder = self._prepare(language)
        path = os.path.join(folder, f"cases.{os.getpid()}.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump([_packed(case) for case in cases], f)
        if language in BUILDS:
            argv = [os.path.join(folder, "driver"), path]
        else:
            driver = os.path.join(DRIVERS, "driver." + FILES[language].rsplit(".", 1)[1])
            argv = [find_tool(language), driver, os.path.join(folder, FILES[language]), path]
        lines = _run(argv, folder).splitlines()
        assert len(lines) == len(cases), f"{language}: {len(lines)} answers for {len(cases)} cases"
        return lines


def _packed(case):
    def pack(raw):
        return base64.b64encode(raw).decode()
    return {"dialect": case.dialect, "secrets": case.secrets, "body": pack(case.body), "now": case.now,
            "headers": {name: pack(value) for name, value in case.headers.items()}}
