# SPDX-License-Identifier: Apache-2.0
"""revise.lua and refused.lua, step by step: one record of a tenant, and the events that tell of it."""

import pytest
import resp

LIST, KEY = "downloads:ann", "download:ann/1"


def revise(world, record, old="", *events, keep=60000, most=10, key=KEY, name="1", tenant="ann"):
    answer = world.redis.run("revise", tenant, key, record, old, keep, LIST, most, name, *events)
    world.model.check()
    return answer.decode() if isinstance(answer, bytes) else answer


def get(world, name=KEY):
    return world.redis("GET", world.redis.key(name))


def told(world):
    return [fields[3] for _, fields in world.redis("XRANGE", world.redis.key("events"), "-", "+")]


def listed(world):
    return world.redis("ZRANGE", world.redis.key(LIST), 0, -1)


def test_a_record_and_its_events_are_one_step(world):
    assert isinstance(revise(world, "one", "", "a.b", "{}", "c.d", "{}"), list)
    assert get(world) == b"one" and told(world) == [b"a.b", b"c.d"] and listed(world) == [b"1"]
    assert isinstance(revise(world, "two", "one", "e.f", "{}"), list)
    assert get(world) == b"two" and told(world) == [b"a.b", b"c.d", b"e.f"]


@pytest.mark.parametrize("old, more, words", [
    ("", {}, "exists"), ("another", {}, "changed"), ("one", {"key": "download:ann/2"}, "missing"),
    ("", {"key": "download:ann/2", "most": 1}, "too many"), ("one", {"tenant": "bob"}, "no tenant"),
])
def test_what_is_refused_writes_nothing(world, old, more, words):
    revise(world, "one")
    before = {key: world.redis("DUMP", key) for key in world.redis("KEYS", "*")}
    assert revise(world, "two", old, "a.b", "{}", **more) == words
    assert {key: world.redis("DUMP", key) for key in world.redis("KEYS", "*")} == before


def test_without_memory_nothing_is_written(world):
    revise(world, "one")
    world.redis("CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(resp.RedisError, match="OOM"):
        revise(world, "two", "one", "a.b", "{}")
    world.redis("CONFIG", "SET", "maxmemory", 0)
    assert get(world) == b"one" and told(world) == []


def test_it_goes_with_its_time_whatever_changes(world):
    revise(world, "one", keep=60000)
    world.redis("PEXPIRE", world.redis.key(KEY), 30000)
    revise(world, "two", "one", keep=60000)
    assert 0 < world.redis("PTTL", world.redis.key(KEY)) <= 30000
    assert 30000 < world.redis("PTTL", world.redis.key(LIST)) <= 60000
    world.redis("ZADD", world.redis.key(LIST), 1, "1")  # made long ago
    revise(world, "new", keep=60000, key="download:ann/2", name="2", most=1)  # the first one's place is free
    assert listed(world) == [b"2"]


def test_what_is_kept_is_configuration(world):
    """It stays until it is removed, and each change is another version."""
    def version():
        return int(get(world, "version"))
    before = version()
    revise(world, "one", keep=0)
    assert world.redis("PTTL", world.redis.key(KEY)) == world.redis("PTTL", world.redis.key(LIST)) == -1
    assert version() == before + 1
    revise(world, "", "one", keep=0)
    assert get(world) is None and listed(world) == [] and version() == before + 2
    revise(world, "one", keep=60000)
    assert version() == before + 2


def test_refusals_are_counted_by_the_hour(world):
    def counts():
        keys = sorted(world.redis("KEYS", world.redis.key("inbound_refused:*").replace("{", "\\{")))
        return [world.redis("HGETALL", key) for key in keys]
    assert [world.redis.run("refused", one, why) for one, why in (("ann/a", "x"), ("ann/a", "y"), ("bob/b", "x"))] == [1, 2, 1]
    assert counts() == [[b"ann/a", b"2", b"bob/b", b"1"]]
    (why,) = world.redis("KEYS", world.redis.key("inbound_refused_why:*").replace("{", "\\{"))
    assert world.redis("HGET", why, "ann/a") == b"y" and 0 < world.redis("PTTL", why) <= 7200000
