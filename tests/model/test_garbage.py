# SPDX-License-Identifier: Apache-2.0
"""What cannot be read must not take anything with it: a script that ends in the middle leaves half a move behind."""

import pack
import pytest


RECORDS = {"not msgpack": b"\xc1", "cut off": b"\x93\xa5final", "too short": pack.pack(["final"]),
           "too long": b"\x01" * 20000}
JOBS = {"not msgpack": b"\xc1", "empty": b"", "number": pack.pack(7), "no fields": pack.pack([]),
        "few": pack.pack(["id", "ann"]), "arrays": pack.pack([[], [], []]), "numbers": pack.pack(["id", 1, "end"]),
        "no endpoint": pack.pack(["id", "ann", []])}


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_read_stops_no_settlement(world, record):
    first = world.deliver()
    world.redis("SET", world.redis.key("delivery:" + first), record)
    for _ in range(3):
        world.deliver()  # one is kept: the oldest goes with each
    assert world.redis("XLEN", world.redis.key("jobs")) == 0
    assert world.redis("LLEN", world.redis.key("done:ann")) == 1
    assert not world.redis("EXISTS", world.redis.key("delivery:" + first))


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_read_is_removed_by_its_age(world, record):
    world.redis("SET", world.redis.key("delivery:" + world.deliver()), record)
    world.redis.run("trim", "0", 60000, 500)
    assert world.redis("LLEN", world.redis.key("done:ann")) == 0


@pytest.mark.parametrize("garbage", JOBS.values(), ids=JOBS)
def test_what_is_no_job_is_rejected_and_its_neighbours_go_on(world, garbage):
    jobs = [pack.pack([f"whd_{n}", "ann", "end", "1-1", 2, 0]) for n in (1, 2)]
    for due, packed in enumerate((jobs[0], garbage, jobs[1])):
        world.redis("ZADD", world.redis.key("delayed"), due, packed)
    world.redis.run("promote", *world.scheduler.args(), 64, world.keep)
    claimed = [fields[1] for _, fields in world.redis("XRANGE", world.redis.key("jobs"), "-", "+")]
    rejected = world.redis("XRANGE", world.redis.key("rejected"), "-", "+")
    assert claimed == jobs and rejected[0][1][1:] == [b"delayed: not a job", b"job", garbage]


@pytest.mark.parametrize("garbage", JOBS.values(), ids=JOBS)
def test_what_is_no_job_and_waits_at_a_disabled_endpoint_is_rejected_and_its_neighbours_end(world, garbage):
    jobs = [pack.pack([f"whd_{n}", "ann", "end", "1-1", 2, 0]) for n in (1, 2)]
    world.redis("RPUSH", world.redis.key("wait:end"), jobs[0], garbage, jobs[1])
    world.person.configure("endpoint-disable", "ann", "end", "by hand")
    world.redis.run("promote", *world.scheduler.args(), 64, 1000)
    assert world.redis("LRANGE", world.redis.key("done:ann"), "0", "-1") == [b"whd_1", b"whd_2"]
    rejected = world.redis("XRANGE", world.redis.key("rejected"), "-", "+")
    assert rejected[0][1][1:] == [b"wait: not a job", b"job", garbage]


def publish_wide(world, count):
    fields = [text for n in range(count) for text in (f"f{n}", "v")]
    world.redis("XADD", world.redis.key("events"), "*", "tenant", "ann", *fields)


@pytest.mark.parametrize("count", (2001, 4001, 5000, 100000))
def test_an_event_of_many_fields_is_rejected_and_its_neighbours_are_delivered_within_the_limit(world, count):
    world.person.configure("tenant", "ann", "record", 2, "")
    world.config.tenants["ann"]["limit"] = 2
    world.publish(1)
    publish_wide(world, count)
    world.publish(3)
    rejected = world.redis("XRANGE", world.redis.key("rejected"), "-", "+")
    assert len(rejected) == 1 and rejected[0][1][1] == b"type: missing" and len(rejected[0][1]) < 100
    assert rejected[0][1][-1].startswith(f"{count + 1} fields".encode())
    assert world.redis("XLEN", world.redis.key("events")) == 4
    assert len(world.granted()) == 2 and world.redis("LLEN", world.redis.key("wait:end")) == 2


def test_what_is_kept_of_a_rejected_event_is_bounded_in_bytes(world):
    world.redis("XADD", world.redis.key("events"), "*", "tenant", "ann", "data", "x" * (18 << 20))
    world.publish(1)
    kept = world.redis("XRANGE", world.redis.key("rejected"), "-", "+")[0][1]
    assert 17 << 20 <= sum(map(len, kept)) < (17 << 20) + 1000 and kept[-2] == b"cut"


def test_a_rejected_event_within_the_contract_is_kept_whole(world):
    world.redis("XADD", world.redis.key("events"), "*", "tenant", "ann", "data", "x" * (16 << 20))
    world.publish(1)
    kept = world.redis("XRANGE", world.redis.key("rejected"), "-", "+")[0][1]
    assert len(kept[kept.index(b"data") + 1]) == 16 << 20 and b"cut" not in kept


@pytest.mark.parametrize("garbage", JOBS.values(), ids=JOBS)
def test_a_dead_workers_garbage_is_rejected_and_its_neighbours_come_back(world, garbage):
    world.publish(2)
    world.redis("XADD", world.redis.key("jobs"), "*", "job", garbage, "until", 1)
    assert len(world.worker.read("jobs", 10)) == 3
    for _ in range(4):
        world.redis.run("heartbeat", f"scheduler/{world.scheduler.name}", 0, 10000)
        world.model.advance(4000)
    world.scheduler.beat()
    for _ in range(2):
        world.redis.run("rescue", *world.scheduler.args(), world.scheduler.name, 10000, 128, 1000)
    rejected = world.redis("XRANGE", world.redis.key("rejected"), "-", "+")
    assert [fields[1] for _, fields in rejected] == [b"rescue: not a job"] and rejected[0][1][3] == garbage
    assert sorted(job.id for _, job in world.granted()) == ["whd_1", "whd_2"]


@pytest.mark.parametrize("key", ("wait:end", "window:ann", "slots:end", "delivery:whd_1", "own_ids:ann", "unmatched"))
def test_a_key_of_a_wrong_type_stops_nobody_else(world, key):
    world.person.configure("tenant", "bob", "record", 2, "")
    world.person.configure("endpoint", "bob", "bobs", "record", "", "new", 4)
    world.config.tenants["bob"] = {"limit": 2, "endpoints": {"bobs": {"slots": None, "off": False}}}
    world.person.configure("tenant", "ann", "record", 2, "")
    world.config.tenants["ann"]["limit"] = 2
    world.redis("GEOADD", world.redis.key(key), 1, 1, "x")
    for tenant in ("ann", "bob", "ann", "bob", "ann", "ann", "bob"):
        world.redis("XADD", world.redis.key("events"), "*", "tenant", tenant, "type", "a.b", "data", "{}")
    world.scheduler.hand += world.scheduler.read("events", 1000)
    world.scheduler.fan_out()
    for _ in range(2):
        world.redis.run("promote", *world.scheduler.args(), 64, world.keep)
    assert sum(job.tenant == "bob" for _, job in world.granted()) == 2
