"""Rows of figures as text, as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from training.judging.metrics import Scores

BODY, TITLE, OTHER_TITLE = "body", "title and body", "title unlike the tweet"
AS_IT_COMES = "as it comes"
"""Title and body where there is a title, else the body alone."""

_COLUMNS = (
    ("tweets", "num", "d"),
    ("ROUGE-1", "rouge_1", ".1f"),
    ("ROUGE-2", "rouge_2", ".1f"),
    ("ROUGE-L", "rouge_l", ".1f"),
    ("BLEU", "bleu", ".1f"),
    ("distinct-1", "distinct_1", ".0f"),
    ("distinct-2", "distinct_2", ".0f"),
    ("ungrounded", "ungrounded", ".1f"),
    ("tweets with it", "ungrounded_tweets", ".1f"),
    ("memorised", "memorised", ".1f"),
    ("postable", "postable", ".1f"),
    ("words", "words", ".1f"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One way of making tweets, and how good they are."""

    name: str
    given: str
    """What it was given, `BODY` or `TITLE`; the others are made of texts of such rows."""
    scores: Scores
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    model: str
    loss: float
    """Held-out loss a token in nats, from the body alone."""
    perplexity: float
    rows: tuple[Row, ...]

    def row(self, name: str, given: str) -> Row:
        """Raises KeyError where it was not measured."""
        for row in self.rows:
            if (row.name, row.given) == (name, given):
                return row
        raise KeyError((name, given))


def as_markdown(evaluation: Evaluation) -> str:
    """A table; shares in per cent."""
    head = ["", "given", *(title for title, _, _ in _COLUMNS)]
    lines = [head, ["---"] * 2 + ["---:"] * len(_COLUMNS)]
    lines += [[row.name, row.given, *_figures(row.scores)] for row in evaluation.rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def as_json(evaluation: Evaluation) -> str:
    return json.dumps(asdict(evaluation), ensure_ascii=False, indent=1) + "\n"


def _figures(scores: Scores) -> Sequence[str]:
    return [format(getattr(scores, field), style) for _, field, style in _COLUMNS]
