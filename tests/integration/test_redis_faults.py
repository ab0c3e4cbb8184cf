# SPDX-License-Identifier: Apache-2.0
"""A Redis that refuses, forgets or cuts connections: every program heals by itself, and nothing is half done."""

import time

import pytest
from children import free_port, wait_until
from receiver import Answer, HANG
from resp import RedisError
from tallies import duplicates, lost


def all_run(stack):
    return all(child.is_running() for child in stack.children())


def test_flushall_heals_without_a_restart(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    forgotten = stack.add("123")  # in acme's partition
    stack.add("acme", limit=5)
    for tenant in ("acme", "123"):
        stack.publish(tenant, count=20)
    stack.wait_done(5)
    stack.wait_done(20, "123")
    stack.redis("FLUSHALL")
    wait_until(lambda: stack.redis("EXISTS", "grapnel:meta"), 10, "the installation to be written again")
    hook = stack.add("acme", "/again").hook
    stack.publish("acme", count=50)
    stack.wait_done(50)
    assert len(hook.requests) == 50 and all_run(stack)
    answer = stack.cli("publish", "--tenant", "acme", "--type", "order.paid", "--data", "1")
    assert answer
    stack.wait_done(51)
    stack.publish("123")
    rejected = wait_until(lambda: stack.rejected("123"))
    assert rejected[0]["reason"] == b"tenant: there is no such tenant" and len(forgotten.hook.requests) == 20


def test_flushall_while_requests_are_in_flight_heals(bare_stack):
    stack = bare_stack.start()
    hook = stack.add("acme", then=HANG).hook
    stack.publish("acme", count=20)
    hook.wait_in_flight(20)
    stack.redis("FLUSHALL")
    hook.release()
    hook.wait_in_flight(0)
    wait_until(lambda: stack.redis("EXISTS", "grapnel:meta"))
    new = stack.add("acme", "/again").hook
    stack.publish("acme", count=20)
    stack.wait_done(20)
    assert len(new.requests) == 20


def test_a_lost_scheduler_group_heals_and_fans_nothing_out_again(stack):
    hook = stack.add("acme").hook
    stack.publish("acme", count=100)
    stack.wait_done(100)
    for head in stack.heads():
        for stream in ("events", "failed", "wake"):
            stack.redis("XGROUP", "DESTROY", head + stream, "scheduler")
    stack.publish("acme", count=50)
    stack.wait_done(150)
    stack.publish("acme", count=50)
    stack.wait_done(200)
    assert len(hook.requests) == len(set(hook.ids())) == 200


def test_a_lost_worker_group_heals_and_loses_nothing(bare_stack):
    stack = bare_stack.start(workers=2)
    hook = stack.add("acme", then=Answer(delay=0.02), slots=50).hook
    stack.publish("acme", count=300)
    hook.wait(50)
    stack.redis("XGROUP", "DESTROY", stack.key("acme", "jobs"), "workers")
    stack.wait_done(300, seconds=30)
    assert len(set(hook.ids())) == 300
    assert len(hook.requests) <= 350, "only what was in flight may be repeated"


def test_out_of_memory_refuses_events_but_delivers_what_was_accepted(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    hook = stack.add("acme", None, *[Answer(500)] * 20, then=HANG, slots=100).hook
    stack.publish("acme", count=100)
    hook.wait(100)
    stack.redis("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(RedisError, match="OOM"):
        stack.publish("acme")
    refused = stack.run("publish", "--tenant", "acme", "--type", "a", "--data", "1")
    assert refused.returncode == 1 and b"memory" in refused.stderr.lower() + refused.stdout.lower()
    hook.release()
    stack.wait_done(80)
    stack.make_due()
    stack.wait_done(100)
    stack.redis("CONFIG", "SET", "maxmemory", "0")
    stack.publish("acme", count=10)
    stack.wait_done(110)
    assert all_run(stack) and len(set(hook.ids())) == 110


def test_a_redis_that_is_read_only_for_a_while_loses_nothing(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2, lease="10s")
    hook = stack.add("acme", then=HANG, slots=100).hook
    stack.publish("acme", count=100)
    hook.wait_in_flight(100)
    stack.redis("CONFIG", "SET", "replica-serve-stale-data", "yes")
    stack.redis("REPLICAOF", "127.0.0.1", free_port())
    with pytest.raises(RedisError, match="READONLY"):
        stack.publish("acme")
    hook.release()
    hook.wait_in_flight(0)
    time.sleep(1)
    assert all_run(stack)
    stack.redis("REPLICAOF", "NO", "ONE")
    stack.wait_done(100, seconds=20)
    stack.publish("acme", count=50)
    stack.wait_done(150, seconds=20)
    assert len(hook.requests) == 150 and not lost(stack)


def test_cut_connections_under_load_lose_and_repeat_nothing(bare_stack):
    stack = bare_stack.start(schedulers=2, workers=2)
    hook = stack.add("acme", None, *[Answer(500)] * 100, then=Answer(delay=0.01), slots=50, retries=1).hook
    stack.publish("acme", count=1500)
    for _ in range(10):
        hook.wait(len(hook.requests) + 50)
        stack.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    wait_until(lambda: stack.redis("ZCARD", stack.key("acme", "delayed")) == 100 or stack.done() == 1500, 30)
    if stack.done() < 1500:
        stack.make_due()
    stack.wait_done(1500, seconds=30)
    assert len(hook.requests) == 1600 and len(set(hook.ids())) == 1500 and not lost(stack)


def test_scripts_are_loaded_again_after_script_flush(stack):
    stack.add("acme")
    for _ in range(5):
        stack.redis("SCRIPT", "FLUSH")
        stack.publish("acme", count=10)
    stack.wait_done(50)


def test_a_redis_that_is_not_there_at_first_is_waited_for(bare_stack):
    stack = bare_stack
    stack.redis.kill9()
    scheduler, worker = (stack.spawn(kind) for kind in ("scheduler", "worker"))
    stack.schedulers.append(scheduler)
    stack.workers.append(worker)
    for child in (scheduler, worker):
        child.wait_for_log("cannot be reached")
    stack.redis.start()
    for child, words in ((scheduler, "scheduler ready"), (worker, "worker ready")):
        child.wait_for_log(words)
    stack.add("acme")
    stack.publish("acme")
    stack.wait_done(1)


def test_duplicates_are_seen_by_this_file():
    """The helper that the tests above rely on."""
    class Hook:
        @staticmethod
        def ids():
            return ["a", "b", "a"]
    assert duplicates(Hook) == {"a"}


def cut_reader(stack):
    """True when there was one to cut."""
    for line in stack.redis("CLIENT", "LIST").decode().splitlines():
        client = dict(field.split("=", 1) for field in line.split())
        if client["cmd"] == "xreadgroup" and client["name"] == "grapnel-worker":
            return stack.redis("CLIENT", "KILL", "ID", client["id"])
    return False


def test_a_cut_of_the_reader_alone_repeats_nothing(bare_stack):
    """What the reader was given before is read again; by then some of it is settled."""
    stack = bare_stack.start()
    hook = stack.add("acme", then=Answer(delay=0.01), slots=200).hook
    for _ in range(40):
        stack.publish("acme", count=50)
        wait_until(lambda: cut_reader(stack))
    stack.wait_done(2000, seconds=60)
    assert not duplicates(hook)


def test_a_tenant_record_that_cannot_be_read_stops_no_other(bare_stack):
    stack = bare_stack.start(partitions=1)
    hook = stack.add("acme").hook
    bad = stack.add("123").hook
    stack.publish("123")
    stack.wait_done(1, "123")
    stack.redis("SET", stack.key("123", "tenant:123"), "garbage")
    version = stack.redis("INCR", stack.key("123", "version"))
    stack.redis("ZADD", stack.key("123", "changed"), version, "123")
    for tenant in ("123", "acme"):
        stack.publish(tenant, count=5)
    stack.wait_done(5)
    assert len(hook.requests) == 5 and len(bad.requests) == 1
    assert len(wait_until(lambda: len(found := stack.rejected("123")) == 5 and found)) == 5


def test_a_backlog_that_is_too_large_for_one_answer_is_read_in_smaller_parts(bare_stack):
    stack = bare_stack
    stack.start(schedulers=0, partitions=1, event_bytes_max="16MiB")
    stack.add("acme", events="nothing.wants.it")
    data = '"' + "x" * (15 << 20) + '"'
    for _ in range(18):  # 270 MiB; an answer of Redis may have 256
        stack.publish("acme", data=data)
    stack.start_scheduler()
    wait_until(lambda: stack.total("XLEN", "events") == 0, 30, "all events to be dealt with")
