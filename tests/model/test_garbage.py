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
