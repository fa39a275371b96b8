"""How alike two texts are, by the measure of scrapinghub's article-extraction-benchmark.

Words in windows of four, counted; every page weighs the same; precision and recall are averaged
over pages, and F1 is taken of the averages. Source: `evaluate.py` of that project.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 4
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares of all shingles of a page; they add up to one, or are all zero for two empty texts."""

    both: float
    only_read: float
    only_true: float


@dataclass(frozen=True, slots=True)
class Score:
    f1: float
    precision: float
    recall: float


def overlap(true: str, read: str) -> Overlap:
    wanted, found = _shingles(true), _shingles(read)
    both = (wanted & found).total()
    only_read, only_true = (found - wanted).total(), (wanted - found).total()
    total = both + only_read + only_true or 1
    return Overlap(both / total, only_read / total, only_true / total)


def score(pages: Sequence[Overlap]) -> Score:
    """Pages without a text on the one side do not count for the mean of the other."""
    read = [p for p in pages if p.both + p.only_read > 0]
    true = [p for p in pages if p.both + p.only_true > 0]
    precision = statistics.mean(p.both / (p.both + p.only_read) for p in read) if read else 0.0
    recall = statistics.mean(p.both / (p.both + p.only_true) for p in true) if true else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Score(f1, precision, recall)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    starts = range(max(1, len(words) - WINDOW + 1)) if words else ()
    return Counter(tuple(words[start : start + WINDOW]) for start in starts)
