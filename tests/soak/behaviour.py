# SPDX-License-Identifier: Apache-2.0
"""What a receiver answers: a pure function of the seed, the endpoint's mood, the delivery and how often it came."""

import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Answer:
    """kind: "answer" · "hang" · "drip" (a byte each 50 ms) · "reset" · "close" (without a word) · "garbage" (no HTTP) ·
    "short" (less than its Content-Length says)"""

    kind: str = "answer"
    status: int = 200
    retry_after: int = 0  # seconds; 0: none
    delay: float = 0.0  # seconds before it begins

    @property
    def codes(self):
        """The statuses that may be on record for it; 0: none was understood."""
        if self.kind in ("answer", "drip"):
            return {self.status}
        return {0, self.status} if self.kind == "short" else {0}


GOOD = Answer()
SLOW_ANSWERS = (429, 502, 504)  # the standard dialect takes these for "slow down"

# mood: [(weight, answer)]
MOODS = {
    "good": [(1, GOOD)],
    "late": [(3, GOOD), (1, Answer(delay=0.1)), (1, Answer(delay=0.4))],
    "flaky": [(10, GOOD), (2, Answer(status=500)), (1, Answer(status=503)), (1, Answer(status=404)),
              (1, Answer("reset")), (1, Answer("close")), (1, Answer("garbage")), (1, Answer("short")),
              (1, Answer("drip")), (1, Answer(status=302))],
    "failing": [(2, GOOD), (5, Answer(status=500)), (3, Answer("reset"))],
    "hanging": [(10, GOOD), (2, Answer("hang")), (1, Answer("drip"))],
    "busy": [(12, GOOD), (1, Answer(status=429, retry_after=1)), (1, Answer(status=503, retry_after=3)),
             (1, Answer(status=429))],
}


def answer_of(seed, mood, delivery, nth):
    """@nth: how often this delivery has come, from 1."""
    weights, answers = zip(*MOODS[mood])
    return random.Random(f"{seed}/{mood}/{delivery}/{nth}").choices(answers, weights)[0]


def is_prompt(mood):
    """Nothing of it fills an endpoint's slots or asks for less, so its attempts come when they are due."""
    return not any(a.kind == "hang" or a.status in SLOW_ANSWERS for _, a in MOODS[mood])
