# SPDX-License-Identifier: Apache-2.0
"""What a rule answers."""

import collections
import dataclasses


@dataclasses.dataclass
class Result:
    promise: str  # in words
    checked: int = 0  # how often it could have been broken
    wrong: list = dataclasses.field(default_factory=list)  # each breach in words
    excused: collections.Counter = dataclasses.field(default_factory=collections.Counter)  # by what
    notes: list = dataclasses.field(default_factory=list)

    def demand(self, is_true, words):
        """@words: text, or a function that makes it."""
        self.checked += 1
        if not is_true:
            self.wrong.append(words() if callable(words) else words)

    def excuse(self, why):
        self.checked += 1
        self.excused[why] += 1
