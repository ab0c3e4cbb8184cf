# SPDX-License-Identifier: Apache-2.0
"""tally.lua, alerts.lua and the alert of refused.lua, step by step."""

import pytest

LONG = 10**10  # ms of a period in which a test surely begins and ends
RATE, RESPONSE_MS, SAMPLES = 95, 5000, 20


@pytest.fixture(autouse=True)
def period(world):
    """No test crosses from one to the next: 116 days each."""
    left = LONG - world.model.redis_ms() % LONG
    assert left > 60000, "a period ends within the minute: try again then"
    return world.model.redis_ms() // LONG


def tally(world, tenant, attempts, failed=0, answered=None, ms=0):
    world.redis.run("tally", LONG, tenant, attempts, failed, attempts if answered is None else answered, ms)


def old(world, tenant, period, attempts=0, failed=0, answered=0, ms=0):
    """Rows of other periods, in front of what there is."""
    rows = world.redis("HGET", world.redis.key("tally"), tenant) or b""
    world.redis("HSET", world.redis.key("tally"), tenant, f"{period}:{attempts}:{failed}:{answered}:{ms} ".encode() + rows)


def look(world, operator="op", rate=RATE, response_ms=RESPONSE_MS, samples=SAMPLES):
    """In the next scheduler's turn. What was told: [(kind, tenant)]; of what is over: (kind, tenant, "cleared")."""
    before = world.redis("XLEN", world.redis.key("notices"))
    world.redis("DEL", world.redis.key("alerts_turn"))
    answer = world.redis.run("alerts", LONG, "0", operator, rate, response_ms, samples)
    entries = world.redis("XRANGE", world.redis.key("notices"), "-", "+")[before:]
    told = []
    for _, flat in entries:
        told.append((flat[1].decode(), flat[3].decode(), *(["cleared"] if b"cleared" in flat else [])))
    assert answer == [b"0", sum(len(words) == 2 for words in told)]
    return told


def fields(world):
    """Of the last notice."""
    flat = world.redis("XREVRANGE", world.redis.key("notices"), "+", "-", "COUNT", 1)[0][1]
    return dict(zip(flat[::2], flat[1::2], strict=True))


@pytest.mark.parametrize("attempts, failed, is_told", [(20, 1, False), (20, 2, True), (19, 19, False), (100, 5, False), (100, 6, True)])
def test_success_rate(world, attempts, failed, is_told):
    tally(world, "ann", attempts, failed)
    assert look(world) == [("alert.success_rate", "ann")] * is_told
    assert not is_told or fields(world)[b"#value"] == b"%.1f" % (100 - failed * 100 / attempts)


@pytest.mark.parametrize("answered, average, is_told", [(20, 5000, False), (20, 5001, True), (19, 9000, False)])
def test_response_time(world, answered, average, is_told):
    tally(world, "ann", 100, 0, answered, answered * average)
    assert look(world) == [("alert.response_time", "ann")] * is_told
    assert not is_told or fields(world)[b"#value"] == b"5001"


def test_it_is_told_once_until_it_is_clearly_better(world):
    tally(world, "ann", 20, 10)
    assert look(world) == [("alert.success_rate", "ann")]
    assert look(world) == []
    tally(world, "ann", 230)  # 96.0 %
    assert look(world) == [("alert.success_rate", "ann", "cleared")] and world.redis("EXISTS", world.redis.key("alerts")) == 0
    assert (fields(world)[b"state"], fields(world)[b"#value"], fields(world)[b"#threshold"]) == (b"cleared", b"96.0", b"95")
    assert look(world) == []
    tally(world, "ann", 50, 50)
    assert look(world) == [("alert.success_rate", "ann")]


def test_a_little_better_is_not_enough(world):
    tally(world, "ann", 20, 10)
    look(world)
    tally(world, "ann", 200)  # 95.5 %
    assert look(world) == []
    tally(world, "ann", 20, 20)
    assert look(world) == []
    tally(world, "bob", 20, 0, 20, 20 * 6000)
    assert look(world) == [("alert.response_time", "bob")]
    tally(world, "bob", 20, 0, 20, 20 * 3000)  # 4500
    assert look(world) == []
    tally(world, "bob", 20, 0, 20, 20 * 3000)  # 4000
    assert look(world) == [("alert.response_time", "bob", "cleared")] and fields(world)[b"#value"] == b"4000"


def test_what_is_old_does_not_count_and_goes(world, period):
    old(world, "ann", period - 6, 100, 100)
    old(world, "bob", period - 5, 100, 100)
    assert look(world) == [("alert.success_rate", "bob")]
    assert world.redis("HKEYS", world.redis.key("tally")) == [b"bob"]
    world.redis("HSET", world.redis.key("tally"), "bob", f"{period - 6}:100:100:0:0")
    assert look(world) == [("alert.success_rate", "bob", "cleared")] and b"#value" not in fields(world)
    assert world.redis("EXISTS", world.redis.key("tally"), world.redis.key("alerts")) == 0


def test_counting_keeps_six_rows(world, period):
    for i in range(9, 0, -1):
        old(world, "ann", period - i, 1)
    tally(world, "ann", 5, 1, 3, 40)
    tally(world, "ann", 5, 2, 3, 2**40)
    rows = world.redis("HGET", world.redis.key("tally"), "ann").decode().split()
    assert sorted(rows) == [*(f"{period - i}:1:0:0:0" for i in range(5, 0, -1)), f"{period}:10:3:6:{2**40 + 40}"]


def test_many_tenants_in_one_step(world):
    for m in range(0, 1200, 100):  # more than Redis keeps in one piece
        world.redis.run("tally", LONG, *(word for n in range(m, m + 100) for word in (f"t{n}", 20, 20, 20, 0)))
    cursor, raised = "0", 0
    while True:
        cursor, n = world.redis.run("alerts", LONG, cursor, "op", RATE, RESPONSE_MS, SAMPLES)
        raised += n
        assert n < 200  # a step is bounded
        if cursor == b"0":
            break
    assert raised == 1200


def test_one_scheduler_begins_in_a_period(world):
    tally(world, "ann", 20, 20)
    args = (LONG, "0", "op", RATE, RESPONSE_MS, SAMPLES)
    assert [world.redis.run("alerts", *args) for _ in range(2)] == [[b"0", 1], [b"0", 0]]
    tally(world, "bob", 20, 20)
    assert world.redis.run("alerts", *args) == [b"0", 0]  # in the next one


def test_who_is_told_of_nothing(world):
    tally(world, "op", 20, 20, 20, 10**9)
    assert look(world) == []
    tally(world, "ann", 20, 20, 20, 10**9)
    assert look(world, operator="") == []
    assert look(world, rate=0, response_ms=0) == []
    assert look(world, rate=0) == [("alert.response_time", "ann")]
    assert look(world, response_ms=0) == [("alert.success_rate", "ann"), ("alert.response_time", "ann", "cleared")]


def test_over_while_the_operator_is_away(world, period):
    tally(world, "ann", 20, 20)
    assert look(world) == [("alert.success_rate", "ann")]
    world.redis("HSET", world.redis.key("tally"), "ann", f"{period - 6}:20:20:0:0")
    assert look(world, operator="") == []
    assert world.redis("EXISTS", world.redis.key("tally"), world.redis.key("alerts")) == 0


@pytest.mark.parametrize("text", [b"", b"x", b"1:2", b"9" * 300, b":::::", b"999999999:1:1:1:1:1:1:1 ", b"\xff\x00"])
def test_what_cannot_be_read(world, text):
    world.redis("HSET", world.redis.key("tally"), "bad", text)
    tally(world, "ann", 20, 20)
    assert look(world) == [("alert.success_rate", "ann")]
    tally(world, "bad", 20, 20)
    assert look(world) == [("alert.success_rate", "bad")]


@pytest.mark.parametrize("most, operator, told", [(5, "op", 1), (0, "op", 0), (5, "", 0), (5, "ann", 0)])
def test_inbound_signatures(world, most, operator, told):
    for n in range(20):
        assert world.redis.run("refused", "ann/src_1", f"reason {n}", most, operator) == n + 1
    assert world.redis("XLEN", world.redis.key("notices")) == told
    if told:
        assert (fields(world)[b"#value"], fields(world)[b"source"], fields(world)[b"state"]) == (b"6", b"src_1", b"raised")
        assert fields(world)[b"reason"].endswith(b"reason 5")


def refuse(world, source="ann/src_1", count=6):
    for _ in range(count):
        world.redis.run("refused", source, "forged", 5, "op")


def age(world, hours, source="ann/src_1"):
    """As if the calls had been made so much earlier."""
    hour = world.model.redis_ms() // 3600000
    world.redis("HSET", world.redis.key("alerts_inbound"), source, hour - hours)
    world.redis("DEL", world.redis.key(f"inbound_refused:{hour}"))


def test_inbound_signatures_are_over_after_a_whole_quiet_hour(world):
    refuse(world)
    assert look(world) == []
    age(world, 1)
    assert look(world) == []
    refuse(world)  # and it goes on: not told again
    assert world.redis("XLEN", world.redis.key("notices")) == 1
    age(world, 2)
    assert look(world) == [("alert.inbound_signatures", "ann", "cleared")]
    assert (fields(world)[b"source"], fields(world)[b"#window_minutes"]) == (b"src_1", b"60")
    assert world.redis("EXISTS", world.redis.key("alerts_inbound")) == 0 and look(world) == []
    refuse(world)
    assert fields(world)[b"state"] == b"raised"


def test_inbound_signatures_told_to_nobody_are_told_to_who_comes(world):
    refuse(world)
    world.redis("DEL", world.redis.key("notices"))  # as the notifier does while there is no such tenant
    assert look(world, operator="") == [] and world.redis("XLEN", world.redis.key("notices")) == 0
    world.redis("DEL", world.redis.key(f"inbound_refused:{world.model.redis_ms() // 3600000}"))  # in the next hour
    refuse(world)
    assert fields(world)[b"state"] == b"raised"


def test_many_sources_are_over_some_at_a_time(world):
    hour = world.model.redis_ms() // 3600000
    for n in range(100):
        world.redis("HSET", world.redis.key("alerts_inbound"), f"ann/src_{n}", hour - 2)
    world.redis("HSET", world.redis.key("alerts_inbound"), "no source's", "nonsense")
    counts = []
    while world.redis("EXISTS", world.redis.key("alerts_inbound")):
        counts.append(len(look(world)))
    assert len(counts) == 2 and max(counts) <= 64 and sum(counts) == 100
