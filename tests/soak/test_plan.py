# SPDX-License-Identifier: Apache-2.0
"""The schedule of faults is the seed's alone, and leaves no kind of fault out for long."""

import itertools

import behaviour
import plan
import pytest


def test_the_same_seed_makes_the_same_plan():
    assert plan.make(7, 100) == plan.make(7, 100) != plan.make(8, 100)
    assert plan.make(7, 100)["redis"] == plan.make(7, 100, ["redis"])["redis"]


@pytest.mark.parametrize("seed", range(20))
def test_faults_of_a_lane_follow_each_other_and_end_in_time(seed):
    for faults in plan.make(seed, 75).values():
        assert faults and all(a.at + a.seconds < b.at for a, b in itertools.pairwise(faults))
        assert faults[-1].at + faults[-1].seconds < 75


def test_every_kind_of_fault_comes_in_ten_minutes():
    for name, faults in plan.make(1, 600).items():
        assert {fault.kind for fault in faults} == set(plan.LANES[name][1])


def test_veterans_are_not_killed():
    faults = [fault for faults in plan.make(1, 3600).values() for fault in faults]
    assert not any(fault.target in ("worker1", "scheduler1", "api1") for fault in faults if fault.kind in ("kill", "term"))


def test_answers_are_the_seeds():
    answers = [behaviour.answer_of(1, "flaky", "whd_1", n) for n in range(1, 100)]
    assert answers == [behaviour.answer_of(1, "flaky", "whd_1", n) for n in range(1, 100)]
    assert {answer.kind for answer in answers} >= {"answer", "reset", "garbage"}
    assert {behaviour.answer_of(1, "good", "whd_1", n) for n in range(9)} == {behaviour.GOOD}
