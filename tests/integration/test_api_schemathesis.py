"""Schemathesis calls everything that the description has, with what it allows and with what it does not, and holds the
answers against it. Leaves schemathesis.txt in reports/ of the build directory."""

import os
import subprocess
import sys

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="from PyPI: see tests/requirements.txt")

TENANT = "acme"
SECONDS_MAX = 600
# Not everything that fits the description is accepted: URLs, filters and schedules have rules that a schema cannot say.
NOT_CHECKED = "positive_data_acceptance"


def command(stack, api):
    return [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "run", f"http://127.0.0.1:{api.port}/openapi.json",
            "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--seed", "1", "--exclude-checks", NOT_CHECKED,
            "--header", f"Authorization: Bearer {api.key}", "--header", f"Grapnel-Tenant: {TENANT}",
            "--request-timeout", "20", "--no-color", "--continue-on-failure"]


def report(stack, text):
    folder = os.path.join(stack.build, "reports")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "schemathesis.txt"), "w", encoding="utf-8") as file:
        file.write(text)


def test_answers_are_as_described(bare_stack):
    bare_stack.cli("tenant", "add", TENANT)
    api = bare_stack.start_api()
    ended = subprocess.run(command(bare_stack, api), cwd=bare_stack.folder, timeout=SECONDS_MAX, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    report(bare_stack, ended.stdout)
    assert ended.returncode == 0, ended.stdout[-20000:]
