# SPDX-License-Identifier: Apache-2.0
"""Schemathesis calls everything that the description has, with what it allows and with what it does not, and holds the
answers against it. What its calls look at is there: see api_objects.one_of_each(). Leaves schemathesis.txt in reports/ of
the build directory. In builds without sanitizers only: it says nothing of memory that other tests do not."""

import os
import subprocess
import sys

import pytest
from api_objects import one_of_each, routes
from stack import is_sanitized

SCHEMATHESIS = os.path.join(os.path.dirname(sys.executable), "schemathesis")

TENANT = "acme"
SECONDS_MAX = 300
# Not everything that fits the description is accepted: URLs, filters and schedules have rules that a schema cannot say.
NOT_CHECKED = "positive_data_acceptance"
# The API's own waits and limits, which would be all that this test measures.
SETTINGS = {"api_test_wait": 0, "api_key_limit": 0}


# One thread (--workers 1, the default): with more, Python 3.11's own parser fails now and then, which Hypothesis calls.
EVERYWHERE = f'[parameters]\n"header.Grapnel-Tenant" = "{TENANT}"\n'


def operation(route, value):
    return f'[[operations]]\ninclude-name = "{route.name}"\nparameters = {{ "path.id" = "{value}" }}\n'


def may_have(route):
    """Not what takes the thing away, or the tenant of all others."""
    return route.is_of_object and route.method != "DELETE" and (route.method == "GET" or route.kind != "tenant")


def write_settings(stack, found):
    """Calls are about things that are there, but for those after which there would be nothing to look at."""
    looks = [route for route in routes(stack.programs["grapnel-api"]) if may_have(route)]
    assert len(looks) > 10
    path = os.path.join(stack.folder, "schemathesis.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([EVERYWHERE, *(operation(route, found[route.kind]) for route in looks)]))
    return path


def command(api, settings):
    return [SCHEMATHESIS, "--config-file", settings, "run",
            f"http://127.0.0.1:{api.port}/openapi.json", "--phases", "examples,coverage,fuzzing", "--max-examples", "8",
            "--seed", "1", "--exclude-checks", NOT_CHECKED, "--header", f"Authorization: Bearer {api.key}",
            "--header", f"Grapnel-Tenant: {TENANT}", "--request-timeout", "20", "--no-color", "--continue-on-failure"]


def report(stack, text):
    folder = os.path.join(stack.build, "reports")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "schemathesis.txt"), "w", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.skipif(not os.path.exists(SCHEMATHESIS), reason="schemathesis is not installed: ./dev test installs it")
@pytest.mark.skipif(is_sanitized(), reason="in the build without sanitizers")
def test_answers_are_as_described(stack):
    api = stack.start_api(**SETTINGS)
    settings = write_settings(stack, one_of_each(stack, api, TENANT))
    for child in (*stack.schedulers, *stack.workers):  # nothing is sent to the URLs that it makes up
        child.terminate()
        child.wait()
    ended = subprocess.run(command(api, settings), cwd=stack.folder, timeout=SECONDS_MAX, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    report(stack, ended.stdout)
    assert ended.returncode == 0, ended.stdout[-20000:]
