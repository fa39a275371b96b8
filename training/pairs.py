"""A pair of an article and the tweet that linked to it, and the file `pairs.jsonl` that holds them.

Any file whose lines have `article` and `tweet`, and maybe `title`, is a file of pairs. Knows
nothing of how pairs are made (`pairing/`) or trained on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from service.errors import TrainingDataError
from training.files import atomic_writer, read_jsonl

Split = Literal["train", "dev", "test", ""]
"""`dev` stops the training early and chooses settings; `test` is looked at once, at the end."""


@dataclass(frozen=True, slots=True)
class Pair:
    id: str
    tweet: str
    """The target: `[LINK]` where the link was; the title under `--target title`."""
    article: str = ""
    """The whole text; its head is cut where the prompt is made. Empty: style only, no article."""
    title: str = ""
    url: str = ""
    created_at: str = ""
    """Of the tweet, ISO 8601 in UTC; empty where unknown."""
    split: Split = ""
    """Empty where the file does not say."""
    teaser: float = 0.0
    """0: says what happened; 1: only makes curious (`pairing/teasers.py`)."""
    weight: float = 1.0
    """How much of this pair's loss counts."""
    drawn: bool = False
    """The tweet is no tweet but a model's own draft (`training/self_training.py`)."""


def write_pairs(path: Path, pairs: Iterable[Pair]) -> None:
    """One JSON object a line; the file appears whole or not at all."""
    with atomic_writer(path) as out:
        for pair in pairs:
            out.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")


def read_pairs(path: Path, split: Split | None = None) -> list[Pair]:
    """All pairs of a file, or those of one split.

    Raises:
        TrainingDataError: the file is missing, a line is no pair, or no pair is left.
    """
    pairs = [_parse(path, number, row) for number, row in read_jsonl(path)]
    chosen = [pair for pair in pairs if split is None or pair.split == split]
    if not chosen:
        raise TrainingDataError(f"{path} holds no pair" + (f" of split {split!r}" * bool(split)))
    return chosen


def tweets_learnt(pairs: Iterable[Pair]) -> list[str]:
    """What people wrote and a voice learns: one that draws a draft again copies nobody."""
    return [pair.tweet for pair in pairs if pair.split == "train" and not pair.drawn]


def _parse(path: Path, number: int, row: dict[str, Any]) -> Pair:
    missing = [key for key in ("article", "tweet") if not isinstance(row.get(key), str)]
    if missing:
        have = ", ".join(sorted(row)) or "none"
        raise TrainingDataError(f"{path}, line {number}: no {missing[0]!r}; it has: {have}")
    split: Split = row.get("split") or ""
    if split not in get_args(Split):
        raise TrainingDataError(f"{path}, line {number}: split is {split!r}, not train, dev, test")
    texts = {key: str(row.get(key) or "") for key in ("article", "title", "url", "created_at")}
    return Pair(
        id=str(row.get("id") or f"line-{number}"),
        tweet=row["tweet"],
        split=split,
        teaser=_number(path, number, row, "teaser", 0.0),
        weight=_number(path, number, row, "weight", 1.0),
        drawn=row.get("drawn") is True,
        **texts,
    )


def _number(path: Path, number: int, row: dict[str, Any], key: str, default: float) -> float:
    value = row.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise TrainingDataError(f"{path}, line {number}: {key} is {value!r}, not a number >= 0")
    return float(value)
