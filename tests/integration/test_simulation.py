# SPDX-License-Identifier: Apache-2.0
"""Many schedules of workers and schedulers on fake I/O and a virtual clock (tests/sim). Leaves simulation.txt in reports/ of the
build directory. A seed that fails is run again with `tests/sim/run <build>/tests/sim/sim_grapnel --seed S --trace`."""

import os
import subprocess

import pytest
from stack import is_sanitized

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sim", "run")
BUILD = os.path.abspath(os.environ.get("GRAPNEL_BUILD", "build/release"))
SECONDS_MAX = 900
KINDS = {
    "drawn": ["--seeds", "150"],
    "operations-fail": ["--seed", "0", "--sweep", "--every", "24" if is_sanitized() else "6"],
    "known-restart-under-the-same-name": ["--seed", "18"],
    "replay": ["--seed", "7", "--twice"],
}


def report(kind, text):
    folder = os.path.join(BUILD, "reports")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"simulation.{kind}.txt"), "w", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize("kind", KINDS)
def test_schedules(kind):
    ended = subprocess.run([RUN, os.path.join(BUILD, "tests/sim/sim_grapnel"), *KINDS[kind]], timeout=SECONDS_MAX,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                           env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})  # who is killed frees nothing
    report(kind, ended.stdout)
    assert ended.returncode == 0, ended.stdout[-5000:]
