"""How much a tweet only makes curious, where a news desk would say what happened.

English phrases, each with how often it means a teaser. They were written on 170 posts and
measured on 191 others, labelled by hand; docs/training.md has the figures.
"""

from __future__ import annotations

import re

_SEASON = (
    "year|years|week|month|summer|winter|spring|fall|autumn|weekend|morning|afternoon|evening|"
    "season|time|election|century|decade|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
)
_CLUES = tuple(
    (strength, re.compile(pattern, re.IGNORECASE))
    for strength, pattern in (
        # It is said that something is withheld.
        (0.97, r"(?:won['’]?t|never|not|can['’]?t) (?:seriously )?(?:believe|guess)\b"),
        (0.97, r"\bguess (?:what|who|which|how|why|where)\b|\bhint:|\bfind out\b"),
        (0.97, r"\bwhat (?:happens|happened|he|she|they|it) \w*\s*(?:next|when|if|means)\b"),
        (0.95, r"\b(?:will|may|might|could) (?:shock|surprise|amaze|stun|blow|inspire)\b"),
        (0.95, r"\bthe (?:\w+ )?(?:reason|truth|purpose|secret|mistake|catch|problem)\b"),
        (0.9, r"(?:\.\.\.|…)\s*$|\b(?:is|are|called)\s*(?:\.\.\.|…|:)?\s*$"),
        (0.9, r"^(?:this|here|these|that)(?:['’]s| is| are| was)\b"),
        (0.85, r"\breveals? (?:the|her|his|their|what|who|how|why|which)\b"),
        # A pronoun or number stands for the very thing the article tells.
        (0.8, rf"\b(?:this|these)\b(?! (?:{_SEASON})\b)"),
        (0.8, r"\b(?:one|1) (?:\w+ )?(?:thing|word|food|tool|rule|way|condition|factor|flaw)\b"),
        (0.8, r"\b(?:only one|the one|one (?:big|huge|small|simple|little|major|crazy))\b"),
        (0.75, r"\b(?:something|someone|things?)\b"),
        (0.6, r"^(?:he|she|they|it)\b"),
        # Questions, and headlines that have the form of one.
        (0.85, r"\?(?:\s|$)"),
        (0.85, r"^(?:\w+: )?(?:why|how|what|which|who|where|when)\b"),
        (0.6, r"\bhow (?:much|many|long|often|rich|old)\b"),
        # Lists, superlatives without a name, advice.
        (
            0.85,
            r"^(?:the |here are )?\d+ (?:\w+ )?(?:things?|ways?|reasons?|signs?|tips?|tricks?)\b",
        ),
        (0.75, r"^(?:the|a|meet the) (?:[\w’']+ )?(?:most|best|worst|biggest|\w{3,}est)\b"),
        (0.7, r"^the [\w’'\- ]{3,40} (?:that|who|which|you)\b"),
        (
            0.6,
            r"\byou(?:['’](?:re|ve|ll))? (?:need|should|have|must|can|could|can['’]t|probably)\b",
        ),
        (0.4, r"\byou(?:r|['’]\w+)?\b"),
        # Excitement in the place of facts.
        (
            0.7,
            r"\b(?:surpris\w+|shocking|bizarre|insane|unbelievable|incredibl\w+|genius|stunning|"
            r"astonishing|outrageous|weird|crazy|disturbing|unlikely|genius|omg|whoa|wow)\b",
        ),
        (0.5, r"\b(?:secrets?|trick|hack|mystery|forever|changes? everything|no sense)\b"),
    )
)
TEASER_FROM = 0.5


def teaser_score(tweet: str) -> float:
    """0: no clue; towards 1: only a teaser. Clues count as if independent (noisy or)."""
    innocent = 1.0
    for strength, clue in _CLUES:
        if clue.search(tweet):
            innocent *= 1.0 - strength
    return round(1.0 - innocent, 3)
