"""The work that every system gets: 75 words in, 64 tokens out, whatever the model would rather.

Standard library only: peers run in an environment of their own.
"""

from __future__ import annotations

import random

NUM_WORDS = 75
MAX_TOKENS = 64
CLIENTS = (1, 4, 16)
MAX_MODEL_LEN = 512

_NOUNS = (
    "council harbour library engine farmer river budget teacher bridge market museum ferry school "
    "orchard hospital railway festival workshop village scientist garden factory theatre storm"
)
_VERBS = (
    "opened repaired measured sold painted moved studied planned closed visited crossed rebuilt "
    "explained counted lifted saved tested found kept doubled"
)
_PLACES = (
    "north of the old town",
    "near the coast",
    "in the valley",
    "beside the station",
    "after a long winter",
    "before the first snow",
    "at the end of the summer",
    "for the third time",
)


def prompts(number: int) -> list[str]:
    """Different texts of 75 words each; the same ones every time."""
    return [_text(random.Random(seed)) for seed in range(number)]


def _text(rng: random.Random) -> str:
    nouns, verbs, words = _NOUNS.split(), _VERBS.split(), list[str]()
    while len(words) < NUM_WORDS:
        subject, verb, thing = rng.choice(nouns), rng.choice(verbs), rng.choice(nouns)
        words += f"The {subject} {verb} the {thing} {rng.choice(_PLACES)}.".split()
    return " ".join(words[:NUM_WORDS])
