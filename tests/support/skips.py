# SPDX-License-Identifier: Apache-2.0
"""A test that is skipped says nothing. In CI it is an error, but for the reasons below; a plugin of each conftest.py."""

import os

ALLOWED = {
    "a sanitizer's build is not what is installed": "the release build's run tests it",
    "no IPv6": "the machine's kernel has none: no package would help",
    "no IPv6 loopback": "the same, for the loopback device",
    "in the build without sanitizers": "it looks at answers, not at memory; the release build's run has it",
}
if "ON_DEBIAN" not in os.environ:  # tests/on_debian, which sets it, could make namespaces itself
    ALLOWED["unshare -mn: not permitted here, so no name server of our own"] = "the kernel's or the container's doing"
_unwanted = []


def _reason(report):
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail") and _reason(report) not in ALLOWED:
        _unwanted.append(f"{report.nodeid}: {_reason(report)}")


def pytest_sessionfinish(session):
    if os.environ.get("CI") != "true" or not _unwanted or hasattr(session.config, "workerinput"):
        return
    print("\nskipped, which CI does not allow (tests/support/skips.py):\n  " + "\n  ".join(_unwanted))
    session.exitstatus = 1
