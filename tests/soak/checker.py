# SPDX-License-Identifier: Apache-2.0
"""Judges a history. Pure: the same history is always judged the same."""

import dataclasses

import rules_events
import rules_processes
import rules_requests
import rules_times
from trouble import Trouble

RULES = (*rules_events.RULES, *rules_requests.RULES, *rules_times.RULES, *rules_processes.RULES)


@dataclasses.dataclass
class Verdict:
    history: object
    trouble: Trouble
    results: dict  # rule's name -> Result

    @property
    def is_good(self):
        return not any(result.wrong for result in self.results.values())


def judge(history, rules=RULES):
    """Of a run that was broken off only this is told: what was still under way says nothing."""
    if "end" not in history.phases:
        rules = (rules_processes.at_rest, rules_processes.soak_itself)
    trouble = Trouble(history)
    return Verdict(history, trouble, {rule.__name__: rule(history, trouble) for rule in rules})
