# SPDX-License-Identifier: Apache-2.0
"""Each rule of the checker can be broken, and forgives only what it is to forgive."""

import checker
import made_up
import pytest
import report
from made_up import T0


def broken(h):
    return {name for name, result in checker.judge(h).results.items() if result.wrong}


def excused(h, rule):
    return dict(checker.judge(h).results[rule].excused)


def entries(h, *new):
    """The only record with other entries behind the first."""
    record = h.records["whd_1"]
    record.entries = [record.entries[0], *new]


def test_a_good_history_breaks_nothing():
    for fsync in ("always", "everysec"):
        verdict = checker.judge(made_up.good(fsync))
        assert verdict.is_good and "all promises kept" in report.write(verdict)
        assert all(verdict.results[name].checked for name in ("accounted", "ended", "agree", "retries", "intact"))


# --- events -----------------------------------------------------------------------------------------------------------

def lose(h):
    h.records.clear()
    h.seen.clear()
    return h


def test_an_accepted_event_without_a_delivery_is_a_loss():
    h = lose(made_up.good())
    assert broken(h) == {"accounted"}
    assert "PROMISES BROKEN" in report.write(checker.judge(h))


@pytest.mark.parametrize("fsync, killed_at, is_forgiven", [
    ("everysec", 1.0, True), ("everysec", 3.0, False), ("everysec", -0.5, False), ("always", 1.0, False)])
def test_redis_may_lose_what_it_accepted_just_before_it_was_killed(fsync, killed_at, is_forgiven):
    h = lose(made_up.good(fsync))
    made_up.redis_killed(h, killed_at)
    assert broken(h) == (set() if is_forgiven else {"accounted"})


def test_an_endpoint_that_was_left_out_is_a_loss():
    h = made_up.good()
    h.endpoints["/other"] = dict(made_up.ENDPOINT, id="ep_2")
    assert broken(h) == {"accounted"}


def test_two_deliveries_of_one_event_for_one_endpoint():
    h = made_up.good()
    made_up.request(h, at=0.02, delivery="whd_2")
    made_up.record(h, h.records["whd_1"].created["event"], made_up.attempt(1, 0.02), made_up.final(0.04), n=2)
    assert broken(h) == {"accounted", "once"}


def test_an_event_that_was_repeated_by_its_producer_after_redis_forgot_it():
    h = made_up.good("everysec")
    h.events["m1"].once = True
    made_up.request(h, at=-0.4, delivery="whd_0")
    h.events["m1"].at -= 0.5
    made_up.redis_killed(h, -0.3)
    assert broken(h) == set() and sum(excused(h, "once").values()) == 1
    h.events["m1"].once = False
    assert broken(h) == {"once"}


@pytest.mark.parametrize("what", ["refused", None])
def test_what_was_refused_or_never_sent_must_not_come(what):
    h = made_up.good()
    if what:
        made_up.event(h, outcome=what)
    else:
        h.events.clear()
    assert "invented" in broken(h)


def test_what_is_unknown_to_its_producer_may_come_or_not():
    h = made_up.good()
    made_up.event(h, outcome="unknown")
    made_up.event(h, n=2, outcome="unknown")
    made_up.event(h, n=3, outcome=None)
    assert not broken(h)


def test_an_event_that_came_to_another_tenant():
    h = made_up.good()
    h.endpoints["/other"] = dict(made_up.ENDPOINT, id="ep_2", tenant="globex")
    h.seen[1].path = "/other"
    assert "invented" in broken(h)


def test_a_well_formed_event_that_was_rejected():
    h = made_up.good()
    h.rejected.append({"fields": {"reason": "data: not JSON"}})
    assert broken(h) == {"invented"}


# --- deliveries -------------------------------------------------------------------------------------------------------

def test_a_delivery_that_is_still_pending():
    h = made_up.good()
    h.records["whd_1"].entries.pop()
    assert broken(h) == {"ended"}


def test_a_delivery_that_was_given_up_too_early():
    h = made_up.good()
    entries(h, made_up.attempt(1, 0.009, 500), made_up.final(0.02, "failed"))
    h.seen.pop()
    assert broken(h) == {"ended"}


def test_a_delivery_that_was_given_up_when_its_retries_were_used_up():
    h = made_up.good()
    made_up.request(h, at=3.1, status=500)
    h.seen[1].answer = h.seen[0].answer
    entries(h, made_up.attempt(1, 0.009, 500), made_up.retry(2, 0.02, 1.02), made_up.attempt(2, 1.021, 500),
            made_up.retry(3, 1.04, 3.04), made_up.attempt(3, 3.09, 500), made_up.final(3.2, "failed"))
    assert not broken(h)


@pytest.mark.parametrize("dialect, is_good", [("royalti", True), ("standard", False)])
def test_a_status_that_is_final_in_its_dialect(dialect, is_good):
    h = made_up.empty()
    h.endpoints["/acme"]["dialect"] = dialect
    made_up.record(h, made_up.event(h), made_up.attempt(1, 0.009, 404, "CLIENT_ERROR"), made_up.final(0.02, "failed"))
    made_up.request(h, status=404, attempt=1 if dialect == "royalti" else None)
    assert broken(h) == (set() if is_good else {"ended"})


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_delivery_that_succeeded_and_is_recorded_as_something_else(status):
    h = made_up.good()
    h.records["whd_1"].entries[-1]["status"] = status
    assert broken(h) == {"ended"}


@pytest.mark.parametrize("disable, enable, is_good", [
    ((0.5, 0.6), (2, 2.1), True), ((-3, -2), (-1, -0.9), True), ((-60, -50), (-40, -30), False), ((2, 3), (4, 5), False)])
def test_a_cancelled_delivery_needs_an_endpoint_that_was_disabled(disable, enable, is_good):
    h = made_up.good()
    made_up.off(h, disable, enable)
    h.seen.pop()
    entries(h, made_up.attempt(1, 0.009, 500), made_up.final(0.9, "cancelled"))
    assert broken(h) == (set() if is_good else {"ended"})


def test_an_event_for_an_endpoint_that_was_disabled():
    h = lose(made_up.good())
    made_up.off(h, (-2, -1), (5, 6))
    assert not broken(h) and excused(h, "accounted")
    h.switches[1].answered = T0 - 0.5
    assert broken(h) == {"accounted"}


@pytest.mark.parametrize("disable, enable, is_good", [
    ((0.3, 0.4), (2, 2.1), True), ((-2, -1), (1, 3), True), ((-2, -1), (1.5, 3), False), ((-2, 0), (2, 3), True)])
def test_a_disabled_endpoint_gets_nothing(disable, enable, is_good):
    h = made_up.good()
    made_up.off(h, disable, enable)
    h.seen[0].at = T0 - 5  # before all of it
    assert ("switched_off" in broken(h)) == (not is_good)


def test_attempt_numbers_that_leave_one_out():
    h = made_up.good()
    h.records["whd_1"].attempts[1]["attempt"] = 3
    assert broken(h) == {"ended"}


# --- requests ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("field, value", [("digest", "other"), ("signed", False), ("json", False), ("type", "a.b")])
def test_a_request_that_is_not_what_was_published(field, value):
    h = made_up.good()
    setattr(h.seen[0], field, value)
    assert broken(h) == {"intact"}


def test_a_success_on_record_that_no_receiver_gave():
    h = made_up.good()
    h.seen.pop()
    assert broken(h) == {"agree"}


def test_a_delivery_without_a_record():
    h = made_up.good()
    h.records.clear()
    h.events["m1"].told = []
    assert broken(h) == {"agree"}
    h.options["fsync"] = "everysec"
    made_up.redis_killed(h, 0.5)
    assert broken(h) == set()


def test_a_failure_without_an_answer_needs_a_cause():
    h = made_up.good()
    h.records["whd_1"].attempts[0].update(status=0, code="NETWORK_ERROR")
    h.seen[0].answer = h.seen[1].answer
    assert broken(h) == {"agree"}
    made_up.fault(h, "cut site", "west", -0.5, 0.05)
    assert broken(h) == set()


def test_a_failure_without_an_answer_from_a_receiver_that_gives_none():
    h = made_up.good()
    h.records["whd_1"].attempts[0].update(status=0, code="NETWORK_ERROR")
    h.seen[0].answer = made_up.behaviour.Answer("reset")
    assert not broken(h)


def test_a_repeated_request_needs_a_cause():
    h = made_up.good()
    made_up.request(h, at=1.5)
    assert broken(h) == {"duplicates"}


def test_a_number_in_the_request_that_is_not_the_attempts():
    h = made_up.good()
    h.seen[0].attempt, h.seen[1].attempt = 1, 3
    assert broken(h) == {"agree", "duplicates"}


@pytest.mark.parametrize("target, begun, is_forgiven", [
    ("worker2", 1.1, True), ("worker1", 1.1, False), ("worker2", 9.0, False), ("workers", 1.1, True)])
def test_a_worker_that_died_explains_what_it_had_in_flight(target, begun, is_forgiven):
    h = made_up.good()
    made_up.request(h, at=1.0)
    h.records["whd_1"].entries.insert(2, made_up.lost(4.0))
    h.records["whd_1"].entries[3:3] = [h.records["whd_1"].entries.pop(2)]
    made_up.fault(h, "stop workers" if target == "workers" else "kill", target, begun, begun + 1)
    assert broken(h) == (set() if is_forgiven else {"duplicates", "lost_entries"})


@pytest.mark.parametrize("kind, target, at, is_forgiven", [
    ("kill", "worker2", 1.2, True), ("kill", "worker2", 1.6, False), ("kill", "worker2", 0.005, False),
    ("drop group", "2:jobs", 1.2, True), ("drop group", "1:jobs", 1.2, False), ("drop group", "2:failed", 1.2, False)])
def test_what_explains_a_repetition_without_a_lost_entry(kind, target, at, is_forgiven):
    h = made_up.good()
    h.records["whd_1"].attempts[1]["ms"] = made_up.ms(1.5)
    made_up.request(h, at=1.5)
    assert broken(h) == {"duplicates"}
    made_up.fault(h, kind, target, at, at)
    assert broken(h) == (set() if is_forgiven else {"duplicates"})


def test_a_request_that_its_wire_held_up_was_sent_before_its_worker_was_killed():
    """Seen with seed 1."""
    h = made_up.good()
    h.endpoints["/acme"]["wire"] = "west"
    h.records["whd_1"].attempts[1]["ms"] = made_up.ms(1.5)
    made_up.request(h, at=1.5)
    made_up.fault(h, "kill", "worker2", 0.9, 1.0)
    assert broken(h) == {"duplicates"}
    made_up.fault(h, "mute site", "west", 0.8, 1.02)
    assert not broken(h)


def test_a_request_does_not_belong_to_an_attempt_that_began_later():
    """Seen with seed 1: the last attempt never came, and another one had come twice."""
    h = made_up.empty()
    h.endpoints["/acme"].update(schedule="1s,2s", retries=1)
    stream_id = made_up.event(h)
    made_up.request(h, at=0.01, status=500)
    made_up.request(h, at=0.02, status=500)
    made_up.record(h, stream_id, made_up.attempt(1, 0.015, 500), made_up.retry(2, 0.03, 3.03),
                   made_up.attempt(2, 3.04, 0, "TIMEOUT", 2.0), made_up.final(5.1, "timeout"))
    made_up.fault(h, "cut site", "west", 2.0, 6.0)
    made_up.fault(h, "kill", "worker2", 0.015, 0.5)
    assert not broken(h)


def test_an_attempt_that_never_came_takes_no_request_from_another():
    """Seen with seed 15: the first request was a dead worker's, the first attempt on record was reset by a cut wire."""
    h = made_up.empty()
    h.endpoints["/acme"]["schedule"] = "500ms"
    stream_id = made_up.event(h)
    made_up.request(h, at=0.01)
    made_up.request(h, at=3.61)
    made_up.record(h, stream_id, made_up.lost(2.1), made_up.attempt(1, 2.15, 0, "NETWORK_ERROR", 0),
                   made_up.retry(2, 2.16, 3.6), made_up.attempt(2, 3.605), made_up.final(3.7))
    made_up.fault(h, "kill", "worker2", 0.02, 1.0)
    made_up.fault(h, "kill receivers", "receivers", 1.5, 2.5)
    assert not broken(h)


def test_requests_are_paired_with_attempts_so_that_all_fit():
    """Seen with seed 13: the second one's time on record was off, as its worker's wire to Redis was slow."""
    h = made_up.empty()
    h.endpoints["/acme"]["schedule"] = "500ms"
    stream_id = made_up.event(h)
    made_up.request(h, at=0.02, kind="short")
    made_up.request(h, at=0.58)
    made_up.record(h, stream_id, made_up.attempt(1, 0.01, 0, "NETWORK_ERROR", 0.03), made_up.retry(2, 0.05, 0.57),
                   made_up.attempt(2, 0.25), made_up.final(0.26))
    assert not broken(h)


def test_a_worker_that_comes_back_by_a_new_name_finds_nothing_of_its_own():
    h = made_up.good()
    h.records["whd_1"].attempts[1]["ms"] = made_up.ms(1.5)
    made_up.request(h, at=1.5)
    made_up.fault(h, "kill", "worker3", 1.2, 1.2)
    assert broken(h) == {"duplicates"}


@pytest.mark.parametrize("fsync, is_forgiven", [("everysec", True), ("always", False)])
def test_a_settlement_that_redis_forgot(fsync, is_forgiven):
    h = made_up.good(fsync)
    h.records["whd_1"].attempts[1]["ms"] = made_up.ms(2.5)
    made_up.request(h, at=2.5)
    made_up.redis_killed(h, 2.0)
    assert broken(h) == (set() if is_forgiven else {"duplicates"})


def test_a_worker_that_lived_and_was_taken_for_dead():
    h = made_up.good()
    h.records["whd_1"].entries.insert(1, made_up.lost(0.008))
    assert broken(h) == {"lost_entries"}
    made_up.fault(h, "redis stop", "", -3, -1)
    assert not broken(h)


# --- times ------------------------------------------------------------------------------------------------------------

def limited(times, fsync="always"):
    h = made_up.empty(fsync)
    h.limits = {"acme": [(T0 - 10, 3)]}
    for n, at in enumerate(times):
        made_up.record(h, made_up.event(h, n, at - 0.01), made_up.attempt(1, at), made_up.final(at + 0.1), n=n)
        made_up.request(h, n, at)
    return h


@pytest.mark.parametrize("times, is_good", [
    ([1, 2, 3, 61], True), ([1, 2, 3, 60.99], False), ([1, 2, 3, 61, 62, 63, 120.9], False), ([1, 2, 3, 61, 62, 63], True)])
def test_the_limit_in_every_window(times, is_good):
    assert broken(limited(times)) == (set() if is_good else {"windows"})


def test_a_limit_that_was_lifted_holds_until_then():
    h = limited([1, 2, 3, 30, 31])
    h.limits["acme"].append((T0 + 29, 0))
    assert not broken(h)
    h.limits["acme"][1] = (T0 + 30.5, 0)
    assert broken(h) == {"windows"}


def test_permits_that_redis_forgot():
    h = limited([1, 2, 3, 4, 5], "everysec")
    made_up.redis_killed(h, 3.5)
    assert not broken(h)
    h = limited([1, 2, 3, 24, 25], "everysec")
    made_up.redis_killed(h, 13.5)
    assert broken(h) == {"windows"}


@pytest.mark.parametrize("target, is_forgiven", [("1:jobs", False), ("2:jobs", True), ("2:events", False)])
def test_permits_of_jobs_that_were_given_out_again(target, is_forgiven):
    h = limited([1, 2, 3, 4])
    made_up.fault(h, "drop group", target, 3.5, 3.5)
    assert broken(h) == (set() if is_forgiven else {"windows"})


def test_a_retry_before_its_time():
    h = made_up.good()
    h.seen[1].at = T0 + 1.01
    assert broken(h) == {"retries"}


def test_a_retry_on_a_schedule_that_is_too_short():
    h = made_up.good()
    entries(h, made_up.attempt(1, 0.009, 500), made_up.retry(2, 0.02, 0.8), made_up.attempt(2, 1.021), made_up.final(1.04))
    assert broken(h) == {"retries"}


def test_a_retry_that_does_not_heed_retry_after():
    h = made_up.good()
    h.seen[0].answer = made_up.behaviour.Answer(status=500, retry_after=5)
    assert broken(h) == {"retries"}


def test_a_retry_that_is_late_needs_something_that_held_it_up():
    h = made_up.good()
    entries(h, made_up.attempt(1, 0.009, 500), made_up.retry(2, 0.02, 1.02), made_up.attempt(2, 9.0), made_up.final(9.1))
    h.seen[1].at = T0 + 9.0
    assert broken(h) == {"retries"}
    made_up.fault(h, "redis stop", "", 0.5, 8.0)
    assert not broken(h)


def test_a_retry_that_is_planned_too_late():
    h = made_up.good()
    entries(h, made_up.attempt(1, 0.009, 500), made_up.retry(2, 0.02, 5.0), made_up.attempt(2, 5.01), made_up.final(5.1))
    h.seen[1].at = T0 + 5.01
    assert broken(h) == {"retries"}


# --- processes --------------------------------------------------------------------------------------------------------

def ended(name, kind, status, ours, at=5.0):
    return {"did": "ended", "name": name, "kind": kind, "status": status, "ours": ours, "at": T0 + at, "pid": 7}


@pytest.mark.parametrize("line, is_good", [
    (ended("worker2", "worker", -9, True), True), (ended("worker2", "worker", -6, False), False),
    (ended("worker2", "worker", 0, True), True), (ended("worker2", "worker", -11, True), False),
    (ended("redis", "redis", 1, False), False), (ended("receivers", "receivers", 1, False), False),
    ({"did": "finished", "name": "api1", "kind": "api", "status": 0, "at": T0 + 9}, True),
    ({"did": "finished", "name": "api1", "kind": "api", "status": None, "at": T0 + 9}, False)])
def test_processes_that_end(line, is_good):
    h = made_up.good()
    h.processes.append(line)
    assert broken(h) == (set() if is_good else {"alive"})


def test_redis_may_give_up_when_its_disk_is_full():
    h = made_up.good()
    h.processes.append(ended("redis", "redis", 1, False))
    made_up.fault(h, "disk full", "", 4.0, 6.0)
    assert not broken(h)


def test_a_report_of_a_sanitizer():
    h = made_up.good()
    h.processes.append({"did": "sanitizer", "name": "worker1", "kind": "worker"})
    assert broken(h) == {"alive"}


def sizes(rss_kib, fds, seconds=300):
    line = {"did": "size", "name": "worker1", "kind": "worker", "pid": 7}
    return [{**line, "at": T0 + n, "rss_kib": rss_kib(n), "fds": fds(n)} for n in range(seconds)]


@pytest.mark.parametrize("rss_kib, fds, is_good", [
    (lambda n: 20000 + n % 7, lambda n: 30, True), (lambda n: 20000 + 100 * n, lambda n: 30, False),
    (lambda n: 20000, lambda n: 30 + n, False), (lambda n: 20000, lambda n: 500, False)])
def test_processes_that_grow(rss_kib, fds, is_good):
    h = made_up.good()
    h.processes += sizes(rss_kib, fds)
    assert broken(h) == (set() if is_good else {"flat"})


def test_a_sanitizer_keeps_memory():
    h = made_up.good()
    h.options["sanitized"] = True
    h.processes += sizes(lambda n: 20000 + 1000 * n, lambda n: 30)
    assert not broken(h)


def test_what_grows_while_a_backlog_is_worked_off():
    h = made_up.good()
    h.phases["drain"] = T0 + 200
    h.processes += sizes(lambda n: 20000 if n < 200 else 60000, lambda n: 30 if n < 200 else 200)
    assert not broken(h)


# --- the end ----------------------------------------------------------------------------------------------------------

def test_what_is_left_to_do_and_invariants_that_do_not_hold():
    for name in ("left", "invariants"):
        h = made_up.good()
        getattr(h, name).append("grapnel:{0}:jobs has 1")
        assert broken(h) == {"at_rest"}


def test_a_run_that_was_broken_off_is_not_judged_by_what_it_had_not_done_yet():
    h = lose(made_up.good())
    del h.phases["end"]
    h.mishaps.append("broken off: after 60 s still waiting for: Redis to be back")
    assert broken(h) == {"at_rest", "soak_itself"}
    assert "broken off" in report.write(checker.judge(h))


@pytest.mark.parametrize("status, is_good", [(200, True), (503, True), (500, False), (0, False)])
def test_what_the_api_answers(status, is_good):
    h = made_up.good()
    h.probes.append({"path": "/v1/tenants", "status": status, "at": T0 + 50})
    assert broken(h) == (set() if is_good else {"api"})


def test_an_api_that_was_stopped_does_not_answer():
    h = made_up.good()
    h.probes.append({"path": "/v1/tenants", "status": 0, "at": T0 + 50})
    made_up.fault(h, "stop api", "api1", 45, 48)
    assert not broken(h)


@pytest.mark.parametrize("delivery, attempts, is_good", [("success", 2, True), ("pending", 2, False), ("success", 1, False)])
def test_what_the_api_tells_of_a_delivery(delivery, attempts, is_good):
    h = made_up.good()
    h.compared.append({"id": "whd_1", "status": 200, "delivery": delivery, "attempts": attempts})
    assert broken(h) == (set() if is_good else {"api"})


def test_a_fault_that_could_not_be_done():
    h = made_up.good()
    h.mishaps.append("nemesis: kill worker2: no such process")
    assert broken(h) == {"soak_itself"}
