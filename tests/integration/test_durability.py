# SPDX-License-Identifier: Apache-2.0
"""When a published event counts as accepted: the setting `durability`."""

import os

import pytest
from children import wait_until
from redis_server import RedisServer


@pytest.fixture
def replica(bare_stack, folder):
    """Of the stack's Redis, and has all of it."""
    path = os.path.join(folder, "replica")
    os.mkdir(path)
    server = RedisServer(path)
    server("REPLICAOF", "127.0.0.1", bare_stack.redis.port)
    wait_until(lambda: b"master_link_status:up" in server("INFO", "replication"), 20, "the replica to follow")
    yield server
    server.end()


def publish(stack, durability, key="k1"):
    return stack.run("publish", "--tenant", "acme", "--type", "A", "--data", "{}", "--idempotency-key", key,
                     "--durability", durability, "--redis-timeout", "1s")


def n_events(stack):
    return stack.redis("XLEN", stack.key("acme", "events"))


def can_wait_for_disk(stack):
    version = stack.redis("INFO", "server").split(b"redis_version:")[1].split()[0]
    return tuple(int(part) for part in version.split(b".")[:2]) >= (7, 2)


@pytest.mark.parametrize("value", ["disk", "replicas=0", "replicas=17", "replicas=", "replicas=x", ""])
def test_what_it_may_be(bare_stack, value):
    bare_stack.cli("tenant", "add", "acme")
    told = publish(bare_stack, value)
    assert told.returncode and b"durability: expected memory, fsync, or replicas=N" in told.stderr


def test_the_api_does_not_start_with_another(bare_stack):
    child = bare_stack.spawn("api", durability="disk", api_listen="127.0.0.1:0")
    assert child.wait(20) != 0 and "durability: expected memory" in child.log()


def test_the_api_accepts_only_what_is_safe(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    api = bare_stack.start_api(durability="replicas=1", redis_timeout="1s")
    answer = api.post("/v1/events", {"type": "A", "data": {}}, tenant="acme")
    assert answer.status == 503 and "retry-after" in answer.headers and b"durability: 0 of 1 replicas" in answer.body


def test_without_replicas_an_event_is_not_accepted(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    told = publish(bare_stack, "replicas=1")
    assert told.returncode and b"durability: 0 of 1 replicas have it" in told.stderr


def test_with_a_replica_it_is_and_the_replica_has_it(bare_stack, replica):
    bare_stack.cli("tenant", "add", "acme")
    assert publish(bare_stack, "replicas=1").returncode == 0
    assert replica("XLEN", bare_stack.key("acme", "events")) == 1
    assert b"durability: 1 of 2 replicas have it" in publish(bare_stack, "replicas=2", key="k2").stderr


def test_the_same_key_again_waits_for_the_first_ones_event(bare_stack, replica):
    """The second publisher writes no event, and yet must not be told that it is safe."""
    bare_stack.cli("tenant", "add", "acme")
    assert publish(bare_stack, "memory", "other").returncode == 0
    replica.stop()
    assert publish(bare_stack, "memory").returncode == 0
    told = publish(bare_stack, "replicas=1")
    assert told.returncode and b"durability: 0 of 1 replicas have it" in told.stderr
    replica.cont()
    assert publish(bare_stack, "replicas=1").returncode == 0
    assert n_events(bare_stack) == replica("XLEN", bare_stack.key("acme", "events")) == 2


def test_fsync_needs_a_redis_that_can_tell(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    told = publish(bare_stack, "fsync")
    if can_wait_for_disk(bare_stack):
        assert told.returncode == 0
    else:
        assert b"durability: fsync needs Redis 7.2, or appendonly yes and appendfsync always" in told.stderr


@pytest.mark.fsync("always")
def test_fsync_with_a_redis_that_always_writes(bare_stack):
    bare_stack.cli("tenant", "add", "acme")
    assert publish(bare_stack, "fsync").returncode == 0
    bare_stack.redis.kill9()
    bare_stack.redis.start()
    assert n_events(bare_stack) == 1
