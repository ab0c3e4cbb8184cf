# SPDX-License-Identifier: Apache-2.0
"""`grapnel up`: the whole of Grapnel on one machine, as a newcomer meets it."""

import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

import pytest
from children import wait_until
from stack import find_programs

GRAPNEL = find_programs()["grapnel"]


def environment(folder):
    """Without what another test or a person may have set."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("GRAPNEL_")},
            "GRAPNEL_CONTEXTS": os.path.join(folder, "contexts.json")}


def up_once(folder, *arguments):
    return subprocess.run([GRAPNEL, "up", "--once", "--state", os.path.join(folder, "state"), *arguments],
                          env=environment(folder), capture_output=True, text=True, timeout=90)


def demo_of(folder):
    with open(os.path.join(folder, "state", "demo.json"), encoding="utf-8") as file:
        return json.load(file)


def grapnel(folder, *arguments):
    """A command in a shell that has sourced the folder's `env`, as `up` tells a person to do."""
    env = os.path.join(folder, "state", "env")
    return subprocess.run(["sh", "-c", f'. "{env}" && exec "$@"', "sh", GRAPNEL, *arguments], env=environment(folder),
                          capture_output=True, text=True, timeout=30, check=True).stdout


@pytest.fixture
def running(folder):
    """`grapnel up`, once it has shown the sample delivery."""
    process = subprocess.Popen([GRAPNEL, "up", "--state", os.path.join(folder, "state")], env=environment(folder),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seen = []
    for line in process.stdout:
        seen.append(line)
        if "Grapnel is up" in line:
            break
    else:
        pytest.fail("".join(seen))
    yield process
    process.terminate()  # in order, so that its children do not write into the folder while it is removed
    try:
        process.communicate(timeout=60)
    finally:
        process.kill()


def test_once_delivers_a_verified_sample_and_leaves(folder):
    run = up_once(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"PAYMENT_COMPLETED +attempt 1 +signature verified → answered 200", run.stdout)
    assert "success" in run.stdout


def test_the_file_with_the_operators_key_is_for_its_owner_only(folder):
    state = os.path.join(folder, "state")
    os.mkdir(state, 0o755)
    with open(os.path.join(state, "env"), "w", encoding="utf-8"):
        os.chmod(os.path.join(state, "env"), 0o644)  # as an older version left it
    done = up_once(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert os.stat(os.path.join(state, "env")).st_mode & 0o777 == 0o600


def test_a_second_run_goes_on_with_the_same_folder(folder):
    assert up_once(folder).returncode == 0
    before = demo_of(folder)
    run = up_once(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    assert demo_of(folder)["endpoint"] == before["endpoint"]


def test_a_port_that_is_taken_by_now_is_replaced(folder):
    assert up_once(folder).returncode == 0
    before = demo_of(folder)
    with socket.create_server(("127.0.0.1", before["port"])):
        run = up_once(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    after = demo_of(folder)
    assert after["endpoint"] == before["endpoint"] and after["port"] != before["port"]


def test_two_on_one_folder_are_refused(folder, running):
    run = up_once(folder)
    assert run.returncode == 1
    assert "another `grapnel up` is using this folder" in run.stderr


def test_a_person_can_publish_while_it_runs(folder, running):
    grapnel(folder, "publish", "--tenant", "demo", "--type", "order.paid", "--data", '{"total":1500.00}')
    for line in running.stdout:
        if "order.paid" in line:
            assert "signature verified" in line
            return
    pytest.fail("the request was not shown")


def test_a_context_names_its_api_while_it_runs(folder, running):
    def from_context(*arguments):
        return subprocess.run([GRAPNEL, *arguments], env=environment(folder), capture_output=True, text=True, timeout=30)
    assert os.stat(os.path.join(folder, "contexts.json")).st_mode & 0o777 == 0o600
    shown = from_context("tenant", "show", "demo", "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["name"] == "Demo", shown.stderr
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 0, running.stdout.read()
    assert from_context("context", "list", "--json").stdout == ""


def test_ctrl_c_ends_everything_in_order(folder, running):
    deliveries = json.loads(grapnel(folder, "delivery", "list", "--tenant", "demo", "--json"))
    assert deliveries
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 0, running.stdout.read()
    assert not os.path.exists(os.path.join(folder, "state", "redis.sock"))


def test_a_killed_worker_is_started_again(folder, running):
    children = f"/proc/{running.pid}/task/{running.pid}/children"

    def worker():
        with open(children, encoding="ascii") as file:
            for pid in file.read().split():
                with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
                    if comm.read().startswith("grapnel-worker"):
                        return int(pid)
        return None

    first = worker()
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: worker() not in (None, first), 10)


def test_the_programs_tell_of_their_health(folder, running):
    for program in ("scheduler", "worker"):
        with open(os.path.join(folder, "state", "log", f"{program}.log"), encoding="utf-8") as log:
            port = re.search(r'health and metrics are served".* port=(\d+)', log.read())[1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            assert json.load(answer)["ready"] is True


def test_a_state_folder_that_cannot_be_made_is_named(folder):
    run = subprocess.run([GRAPNEL, "up", "--once", "--state", os.path.join(folder, "no", "such")], env=environment(folder),
                         capture_output=True, text=True, timeout=30)
    assert run.returncode == 1 and "no/such" in run.stderr


def test_the_api_is_there_with_a_key_of_its_own(running, folder):
    with open(os.path.join(folder, "state", "env"), encoding="utf-8") as file:
        env = dict(re.findall(r"export (\w+)='(.*)'", file.read()))
    request = urllib.request.Request(f"http://{env['GRAPNEL_API_LISTEN']}/v1/deliveries?tenant=demo",
                                     headers={"Authorization": f"Bearer {env['GRAPNEL_API_ROOT_KEY']}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer)["deliveries"][0]["status"] == "success"
    assert os.stat(os.path.join(folder, "state", "api.key")).st_mode & 0o777 == 0o600
