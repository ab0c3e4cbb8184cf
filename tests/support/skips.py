"""A test that is skipped says nothing. In CI it is an error, but for the reasons below; import the two hooks in conftest.py."""

import os

ALLOWED = {
    "a sanitizer's build is not what is installed": "the release build's run tests it",
    "in the build without sanitizers": "it looks at answers, not at memory; the release build's run has it",
}
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
