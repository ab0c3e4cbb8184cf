# SPDX-License-Identifier: Apache-2.0
"""Single moves, step by step: what the model at random would meet only now and then."""

import pack
import pytest
import resp

MINUTE_MS = 60000


def slots_now(world, endpoint="end"):
    """{"rests", "slots"} of an endpoint that is slow, or None."""
    text = world.redis("HGET", world.redis.key("slow"), endpoint)
    if not text:
        return None
    rests, slots = text.split()[:2]
    return {"rests": rests == b"1", "slots": int(slots)}


def answer_slowly(world, count, rest_ms=0):
    """The oldest @count that are in flight are answered with a 429."""
    taken = world.granted()[:count]
    assert len(taken) == count
    world.settle_sent(*[a for entry, job in taken for a in world.end(entry, job, "slow", rest_ms)])


@pytest.fixture
def wide(world):
    """With eight slots, twenty jobs."""
    world.person.configure("endpoint", "ann", "end", "record", 8, "old", 4)
    world.config.tenants["ann"]["endpoints"]["end"]["slots"] = 8
    world.keep = 1000
    world.publish(20)
    assert len(world.granted()) == 8
    return world


def test_slow_answers_to_what_was_in_flight_together_halve_once(wide):
    answer_slowly(wide, 8)
    assert slots_now(wide) == {"rests": False, "slots": 4} and len(wide.granted()) == 4
    answer_slowly(wide, 4)
    assert slots_now(wide) == {"rests": False, "slots": 2}
    answer_slowly(wide, 2)
    answer_slowly(wide, 1)
    answer_slowly(wide, 1)
    assert slots_now(wide) == {"rests": False, "slots": 1}, "one is always left"


def test_slow_answers_one_by_one_to_what_was_in_flight_together_halve_once(wide):
    for _ in range(5):
        answer_slowly(wide, 1)
    assert slots_now(wide) == {"rests": False, "slots": 4}
    assert len(wide.granted()) == 4, "those that were in flight are more than four until now"


def test_a_minute_after_the_last_slow_answer_it_has_all_its_slots_again(wide):
    answer_slowly(wide, 8)
    wide.model.advance(MINUTE_MS - 5000)
    answer_slowly(wide, 1)
    wide.model.advance(6000)
    wide.promote()
    assert slots_now(wide), "that was another slow answer"
    wide.model.advance(MINUTE_MS)
    wide.promote()
    assert slots_now(wide) is None and len(wide.granted()) == 8


def test_with_retry_after_nothing_is_granted_until_then_and_half_the_slots_after_it(wide):
    answer_slowly(wide, 1, 20000)
    in_flight = [entry for entry, _ in wide.granted()]
    wide.settle_sent(*[a for entry, job in wide.granted() for a in wide.end(entry, job, "done")])
    wide.publish(3)
    assert len(in_flight) == 7 and not wide.granted(), "what frees a slot does not end the rest"
    wide.model.advance(19000)
    wide.promote()
    assert not wide.granted()
    wide.model.advance(1500)
    wide.promote()
    assert slots_now(wide) == {"rests": False, "slots": 4} and len(wide.granted()) == 4


def test_a_rest_lasts_a_minute_at_most(wide):
    answer_slowly(wide, 8, 86400000)
    wide.model.advance(MINUTE_MS + 100)
    wide.promote()
    assert len(wide.granted()) == 4


def test_other_endpoints_of_the_tenant_do_not_rest(wide):
    wide.add_endpoint("other")
    answer_slowly(wide, 8, 20000)
    wide.publish(2)
    assert {job.endpoint for _, job in wide.granted()} == {"other"} and len(wide.granted()) == 2


def test_whoever_comes_is_told_when_a_rest_is_over_even_if_the_call_is_lost(wide):
    answer_slowly(wide, 8, 20000)
    wide.redis("DEL", wide.redis.key("wake"))
    due = wide.redis.run("heartbeat", "scheduler/new", 0, 10000)[4]
    assert 18000 < due - wide.model.redis_ms() <= 20000


def test_a_slow_answer_calls_the_schedulers(wide):
    wide.redis("DEL", wide.redis.key("wake"))
    answer_slowly(wide, 8, 20000)
    calls = [int(fields[1]) for _, fields in wide.redis("XRANGE", wide.redis.key("wake"), "-", "+")]
    assert min(calls) <= wide.model.redis_ms() + 20000
    wide.promote()
    assert wide.promote()[1] == int(wide.redis("ZSCORE", wide.redis.key("slowed"), "end")), "it is asked for then"


def test_an_endpoint_that_is_enabled_again_has_all_its_slots(wide):
    answer_slowly(wide, 8, 20000)
    wide.step(wide.person.configure, "endpoint-disable", "ann", "end", "by hand")
    assert slots_now(wide) is None
    wide.step(wide.person.configure, "endpoint-enable", "ann", "end")
    wide.promote()
    assert len(wide.granted()) == 8


# --- disabled endpoints ---------------------------------------------------------------------------------------------


def test_what_backs_off_is_cancelled_at_once_in_bounded_steps_beside_what_is_due(world):
    world.keep = 10000
    world.add_endpoint("gone")
    world.add_endpoint("live")
    ended, gone, live = world.back_off("end", 150), world.back_off("gone", 150), world.back_off("live", 700)
    for endpoint in ("end", "gone"):
        world.step(world.person.configure, "endpoint-disable", "ann", endpoint, "by hand")
    due = world.back_off("live", 30, due_ms=1)
    steps = 0
    while world.redis("EXISTS", world.redis.key("sweep")):
        before = world.redis("ZCARD", world.redis.key("delayed"))
        answer = world.promote(10)
        assert before - world.redis("ZCARD", world.redis.key("delayed")) <= 15, "ten that are due, five that are cancelled"
        if world.redis("EXISTS", world.redis.key("sweep")):
            assert answer[1] <= world.model.redis_ms(), "it asks to go on"
        steps += 1
    statuses = world.statuses()
    assert 60 <= steps < 70
    assert {statuses[i] for i in ended + gone} == {"cancelled"} and {statuses[i] for i in live + due} == {"pending"}
    assert world.model.deliveries[ended[0]].reason == "by hand"
    assert len(world.granted()) == 3 and world.redis("LLEN", world.redis.key("wait:live")) == 27


def test_whoever_comes_is_told_that_something_is_to_be_cancelled_even_if_the_call_is_lost(world):
    world.back_off("end", 3)
    world.step(world.person.configure, "endpoint-disable", "ann", "end", "by hand")
    world.redis("DEL", world.redis.key("wake"))
    assert 0 < world.redis.run("heartbeat", "scheduler/new", 0, 10000)[4] <= world.model.redis_ms()


def test_several_endpoints_are_emptied_a_share_each(world):
    world.keep = 10000
    world.add_endpoint("gone")
    world.publish(100)
    for endpoint in ("end", "gone"):
        world.step(world.person.configure, "endpoint-disable", "ann", endpoint, "by hand")
    world.promote(20)
    assert [world.redis("LLEN", world.redis.key("wait:" + endpoint)) for endpoint in ("end", "gone")] == [92, 92]


def test_enabling_stops_the_emptying(world):
    world.keep = 10000
    waiting = world.back_off("end", 100)
    world.publish(50)
    world.step(world.person.configure, "endpoint-disable", "ann", "end", "by hand")
    world.promote(10)
    world.step(world.person.configure, "endpoint-enable", "ann", "end")
    for _ in range(5):
        world.promote(10)
    statuses = list(world.statuses().values())
    assert statuses.count("cancelled") == 10
    assert not world.redis("EXISTS", world.redis.key("sweep"), world.redis.key("cancelling"))
    assert world.redis("ZCARD", world.redis.key("delayed")) == len(waiting) - 5


def test_a_retry_that_was_decided_before_its_endpoint_was_disabled_is_cancelled(world):
    world.publish(1)
    entry, job = world.granted()[0]
    world.settle_sent(*world.end(entry, job, "failed"))
    verdict = world.scheduler.verdict(world.scheduler.read("failed", 1)[0])
    verdict[1], verdict[7] = "retry", job.next()
    world.step(world.person.configure, "endpoint-disable", "ann", "end", "by hand")
    world.step(world.redis.run, "decide", world.keep, 50, world.operator, *verdict)
    assert world.statuses() == {job.id: "cancelled"} and world.model.deliveries[job.id].reason == "by hand"


def test_jobs_that_come_back_to_a_disabled_endpoint_end(world):
    world.keep = 10
    world.publish(3)
    world.worker.claim()
    world.step(world.person.configure, "endpoint-disable", "ann", "end", "by hand")
    world.promote()
    back = world.granted()[0]
    world.settle_sent(*world.end(*back, "back", 1))
    assert world.statuses()[back[1].id] == "cancelled"
    for _ in range(4):
        world.model.advance(4000)  # at once it would be Redis that was away
        world.scheduler.beat()
    for _ in range(2):
        world.step(world.scheduler.rescue)
    assert set(world.statuses().values()) == {"cancelled"} and not world.granted()


# --- small ones -----------------------------------------------------------------------------------------------------


def test_jobs_that_are_handed_back_together_keep_their_order(world):
    world.publish(5)
    jobs = world.granted()
    assert len(jobs) == 3
    world.redis("SET", world.redis.key("jobs_max"), 0)  # so that they stay there
    world.settle_sent(*[a for entry, job in reversed(jobs) for a in world.end(entry, job, "back", 1)])
    waiting = world.redis("LRANGE", world.redis.key("wait:end"), 0, 2)
    assert waiting == [job.packed for _, job in jobs]


def test_an_endpoint_has_a_slot_at_least(world):
    for slots in (0, -1, "x"):
        with pytest.raises(resp.RedisError, match="slots: at least 1 expected"):
            world.person.configure("endpoint", "ann", "end", "other", slots, "old", 4)
    assert world.redis("GET", world.redis.key("endpoint:end")) == b"record"


def test_nothing_is_left_of_a_removed_tenant(world):
    world.publish(2)
    slow, late = world.granted()
    world.person.configure("tenant", "ann", "record", 7, "")
    world.redis("HINCRBY", world.redis.key("unmatched"), "ann", 3)
    world.step(world.person.configure, "tenant-remove", "ann")
    world.settle_sent(*world.end(*slow, "slow", 500), *world.end(*late, "late", 3000))
    for entry in world.scheduler.read("failed", 5):  # by a scheduler that does not know yet
        job = slow[1]
        final = pack.pack(["final", 1, "failed", "enough"])
        world.step(world.redis.run, "decide", world.keep, 50, world.operator, entry[0], "final", "ann", "end", job.id, final, 0, "")
    for _ in range(2):  # it rests, and has half its slots
        world.model.advance(MINUTE_MS + 1)
        world.promote()
    for _ in range(3):
        world.redis.run("trim", "0", 0, 500)
    left = {key.decode().removeprefix(world.redis.key("")) for key in world.redis("KEYS", "*")}
    stays = {"version", "changed", "consumers", "capacity", "jobs_max", "events", "jobs", "failed", "wake"}
    assert not left - stays, sorted(left - stays)
