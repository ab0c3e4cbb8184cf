# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share: each test gets a Redis, a receiver and a Grapnel of its own in a temporary folder."""

import contextlib
import os
import shutil
import subprocess
import tempfile

import invariants
import pytest
import tls_receiver
from children import wait_until
from receiver import Receiver
from redis_server import RedisServer
from stack import Stack

pytest_plugins = ["skips"]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        item.has_failed = report.failed


@pytest.fixture(scope="session")
def certificate():
    """(certificate, key) for 127.0.0.1, signed by itself."""
    folder = tempfile.mkdtemp(prefix="grapnel-test.")
    names = [os.path.join(folder, name) for name in ("certificate.pem", "key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", names[0],
                    "-keyout", names[1]], check=True, capture_output=True, timeout=60)
    yield names
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A private CA, a server for 127.0.0.1 and a client, by their names."""
    return tls_receiver.make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def folder(request):
    """Removed when the test has passed; kept, and named, when it has not."""
    path = tempfile.mkdtemp(prefix="grapnel-test.")
    yield path
    if getattr(request.node, "has_failed", True):
        print(f"kept: {path}")
    else:
        shutil.rmtree(path)


@pytest.fixture
def redis(request, folder):
    """@pytest.mark.fsync("always") for tests that kill it."""
    marker = request.node.get_closest_marker("fsync")
    server = RedisServer(folder, *(marker.args if marker else ()))
    yield server
    server.end()


@pytest.fixture
def receiver(certificate):
    receiver = Receiver(certificate)
    yield receiver
    receiver.end()


@pytest.fixture
def bare_stack(request, redis, receiver, folder):
    """Nothing started yet. At the end: the invariants hold, all leave with status 0 and without sanitizer reports.
    @pytest.mark.moving_limits for tests that lower limits."""
    stack = Stack(redis, receiver, folder)
    with contextlib.ExitStack() as clean_up:
        clean_up.callback(show_logs, request, stack)
        clean_up.callback(stack.kill_rest)
        yield stack
        wrong = []
        for child in stack.children():
            child.cont()
        if not request.node.has_failed:
            wrong = check_invariants(stack, bool(request.node.get_closest_marker("moving_limits")))
        wrong += stack.end()
        request.node.has_failed = getattr(request.node, "has_failed", True) or bool(wrong)
        assert not wrong, "\n".join(wrong)


@pytest.fixture
def stack(bare_stack):
    """A scheduler and a worker."""
    return bare_stack.start()


def check_invariants(stack, has_moving_limits):
    wrong = invariants.violations(stack.redis, stack.heads(), stack.settings["tenant_limit"],
                                  has_moving_limits=has_moving_limits)
    if stack.schedulers:
        wait_until(lambda: not invariants.unknown_holders(stack.redis, stack.heads()), 5,
                   lambda: str(invariants.unknown_holders(stack.redis, stack.heads())))
    return wrong


def show_logs(request, stack):
    if getattr(request.node, "has_failed", True):
        for name, text in stack.logs():
            print(f"--- {name}\n{text[-20000:]}")


def pytest_configure(config):
    config.addinivalue_line("markers", "fsync(policy): appendfsync of the test's Redis")
    config.addinivalue_line("markers", "moving_limits: the test lowers limits")
