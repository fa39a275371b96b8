"""Pairs that no training saw, and what a model drew for them: what the quality benches work on.

Drawing takes minutes and measuring seconds, so drawn candidates are kept in a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from service.articles.article import Article
from service.engine.sampling_params import SamplingParams
from service.models import ModelStore
from service.tweets.overlap import OverlapIndex, build_index
from service.tweets.postprocess import Context, context_for
from service.tweets.tweet import Candidate, ScoreParts, TweetRules
from training.judging.served_model import ServedModel
from training.pairs import Pair, read_pairs

MAX_TOKENS = 96
"""As the route for tweets has it."""
GREEDY = SamplingParams(temperature=0.0, max_tokens=MAX_TOKENS)
SAMPLED = SamplingParams(max_tokens=MAX_TOKENS, seed=7)
RULES = TweetRules(link="none")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A pair and the candidates drawn for it."""

    article: Article
    tweet: str
    """What the outlet itself posted."""
    greedy: Candidate
    samples: tuple[Candidate, ...]

    @property
    def half(self) -> int:
        """0 or 1, by the article alone: weights tuned on one half are tried on the other."""
        return hashlib.sha256(self.article.text.encode()).digest()[-1] % 2

    def context(self, memory: OverlapIndex, weights: ScoreParts) -> Context:
        return context_for(self.article, RULES, memory, weights)


def held_out_pairs(pairs: Sequence[Pair]) -> list[Pair]:
    """Those of split `dev`; of a file without splits, all."""
    return [pair for pair in pairs if pair.split == "dev" and pair.article] or [
        pair for pair in pairs if not pair.split and pair.article
    ]


def memory_of(pairs: Sequence[Pair]) -> OverlapIndex:
    """The tweets that the file says were trained on."""
    return build_index(pair.tweet for pair in pairs if pair.split == "train")


def digest(path: Path) -> str:
    """Of a corpus: figures are comparable only where it is the same."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def draw(pairs: Sequence[Pair], models: Path, model: str, num_samples: int) -> list[HeldOut]:
    """Ask the served model, on the project's own engine, for every held-out article."""
    served = ServedModel(ModelStore(models).load(model))
    articles = [Article(title=pair.title, text=pair.article) for pair in pairs]
    greedy = served.draw(articles, GREEDY, "greedy")
    samples = served.draw(articles, replace(SAMPLED, n=num_samples), "samples")
    return [
        HeldOut(article, pair.tweet, first, tuple(drawn))
        for article, pair, (first,), drawn in zip(articles, pairs, greedy, samples, strict=True)
    ]


def load_or_draw(
    path: Path, pairs: Sequence[Pair], models: Path, model: str, num_samples: int
) -> list[HeldOut]:
    """What the file has, where it has enough of these very articles; else drawn, and kept there."""
    texts = [pair.article for pair in pairs]
    if path.exists():
        kept = [_parse(row) for row in json.loads(path.read_text("utf-8"))]
        same = [row.article.text for row in kept] == texts
        if same and all(len(row.samples) >= num_samples for row in kept):
            return kept
    drawn = draw(pairs, models, model, num_samples)
    rows = [asdict(row) | {"article": [row.article.title, row.article.text]} for row in drawn]
    path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    return drawn


def read(path: Path) -> tuple[list[Pair], OverlapIndex]:
    """The held-out pairs of a file, and the memory of its training tweets."""
    pairs = read_pairs(path)
    return held_out_pairs(pairs), memory_of(pairs)


def _parse(row: dict[str, object]) -> HeldOut:
    title, text = row["article"]  # type: ignore[misc]
    return HeldOut(
        Article(title=title, text=text),
        str(row["tweet"]),
        Candidate(**row["greedy"]),  # type: ignore[arg-type]
        tuple(Candidate(**sample) for sample in row["samples"]),  # type: ignore[attr-defined]
    )
