# SPDX-License-Identifier: Apache-2.0
"""Settings that cannot be right are refused with words that name them, and an exit status of their own."""

import base64
import os

import pytest
from stack import MASTER_KEY

OTHER_KEY = base64.b64encode(b"another key, of thirty-two bytes").decode()


def ends_with(stack, kind, *args, **settings):
    """(exit status, what it said) of a process that must not go on."""
    child = stack.spawn(kind, *args, **settings)
    status = child.wait(10)
    assert not child.sanitizer_report(), child.log()
    return status, child.log()


@pytest.mark.parametrize("kind", ["scheduler", "worker"])
@pytest.mark.parametrize("name, value", [
    ("lease", "5"), ("partitions", "0"), ("heartbeat", "soon"), ("log_level", "loud"), ("redis_url", "http://x"),
    ("key_prefix", "a b"), ("tenant_limit", "-1"), ("name", "a/b"),
])
def test_a_bad_setting_is_refused_and_named(bare_stack, kind, name, value):
    status, words = ends_with(bare_stack, kind, **{name: value})
    assert status == 2 and name in words, words


@pytest.mark.parametrize("kind", ["scheduler", "worker"])
def test_an_unknown_option_is_refused(bare_stack, kind):
    status, words = ends_with(bare_stack, kind, "--leese", "5s")
    assert status not in (0, None) and "leese" in words


def test_an_option_wins_over_the_environment(bare_stack):
    status, words = ends_with(bare_stack, "scheduler", "--lease", "5", lease="10s")
    assert status == 2 and "lease" in words


def test_a_worker_without_a_master_key_is_refused(bare_stack):
    status, words = ends_with(bare_stack, "worker", master_key=None)
    assert status == 2 and "master_key" in words


def test_a_master_key_that_is_no_key_is_refused(bare_stack):
    status, words = ends_with(bare_stack, "worker", master_key="secret-but-short")
    assert status == 2 and "master_key" in words and "secret-but-short" not in words


def test_a_worker_with_another_master_key_is_refused(stack):
    stack.add("acme")
    status, words = ends_with(stack, "worker", master_key=OTHER_KEY)
    assert status == 1 and "master_key" in words
    assert OTHER_KEY not in words and MASTER_KEY not in words
    stack.publish("acme")
    stack.wait_done(1)


def test_a_command_with_another_master_key_is_refused(stack):
    stack.add("acme")
    done = stack.run("endpoint", "add", "--tenant", "acme", "--url", "http://127.0.0.1:1/x", "--dialect", "standard",
                     "--events", "*", master_key=OTHER_KEY)
    assert done.returncode == 1 and b"master_key" in done.stderr + done.stdout


@pytest.mark.parametrize("kind", ["scheduler", "worker"])
def test_another_number_of_partitions_is_refused(stack, kind):
    status, words = ends_with(stack, kind, partitions=8)
    assert status == 1 and "partitions" in words and "8" in words and "4" in words


def test_the_master_key_may_come_from_a_file(bare_stack):
    path = os.path.join(bare_stack.folder, "key")
    with open(path, "w", encoding="ascii") as f:
        f.write(MASTER_KEY + "\n")
    os.chmod(path, 0o600)
    stack = bare_stack.start(workers=0)
    stack.start_worker(master_key=None, master_key_file=path)
    stack.add("acme")
    stack.publish("acme")
    stack.wait_done(1)


def test_two_installations_share_a_redis_under_their_prefixes(stack):
    endpoint = stack.add("acme")
    other = stack.spawn("scheduler", key_prefix="other", partitions=2)
    other.wait_for_log("scheduler ready")
    stack.publish("acme")
    stack.wait_done(1)
    assert stack.redis("HGET", "other:meta", "partitions") == b"2"
    assert stack.redis("HGET", "grapnel:meta", "partitions") == b"4"
    assert other.end() is None and len(endpoint.hook.requests) == 1


@pytest.mark.parametrize("kind", ["scheduler", "worker"])
def test_help_and_version_exit_with_0(bare_stack, kind):
    for option in ("--help", "--version"):
        status, words = ends_with(bare_stack, kind, option)
        assert status == 0 and words


def test_secrets_are_not_in_logs_nor_in_the_clear_in_redis(bare_stack):
    stack = bare_stack.start(log_level="trace")
    endpoint = stack.add("acme")
    stack.publish("acme", count=3)
    stack.wait_done(3)
    wanted = [endpoint.secret, endpoint.secret.removeprefix("whsec_"), MASTER_KEY,
              base64.b64decode(endpoint.secret.removeprefix("whsec_")).decode()]
    for _, text in stack.logs():
        assert not any(word in text for word in wanted)
    for key in stack.redis("KEYS", "*"):
        dump = stack.redis("DUMP", key)
        assert not any(word.encode() in dump for word in wanted), key


def test_logs_can_be_json(bare_stack):
    import json
    stack = bare_stack.start(log_format="json")
    for child in stack.children():
        for line in child.log().splitlines():
            assert {"time", "level", "message"} <= set(json.loads(line))
