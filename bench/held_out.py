"""Pairs that no training saw, and what a model drew for them: what the quality benches work on.

Drawing takes minutes and measuring seconds, so drawn candidates are kept in a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from html import unescape
from pathlib import Path

from service.articles.article import Article
from service.engine.sampling_params import SamplingParams
from service.models import ModelStore
from service.tweets.overlap import OverlapIndex, build_index
from service.tweets.postprocess import Context, context_for
from service.tweets.ranking import headline_overlap
from service.tweets.tweet import Candidate, ScoreParts, TweetRules
from training.judging.served_model import ServedModel
from training.pairs import Pair, read_pairs

DRAWS = Path("models/.cache/quality-draws.json")
"""Ignored by git, as everything that is built."""
MAX_TOKENS = 96
"""As the route for tweets has it."""
GREEDY = SamplingParams(temperature=0.0, max_tokens=MAX_TOKENS)
SAMPLED = SamplingParams(max_tokens=MAX_TOKENS, seed=7)
ECHO = 0.8
"""From this share of headline words on, a tweet is a bare echo."""
_DEV_SHARE, _DEV_SHARE_TITLED = 0.09, 0.45
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
    """Those of split `dev`; of a file without splits, some that depend on the article alone.

    Where an outlet posted its headline word for word, the pair is left out: copying the prompt
    would be the perfect answer.
    """
    has_splits = any(pair.split for pair in pairs)
    held_out = [p for p in pairs if (p.split == "dev" if has_splits else _is_dev(p))]
    return [p for p in held_out if p.article and headline_overlap(p.tweet, p.title) < ECHO]


def memory_of(pairs: Sequence[Pair]) -> OverlapIndex:
    """The tweets that were trained on."""
    return build_index(p.tweet for p in pairs if p.split == "train" or not (p.split or _is_dev(p)))


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
    keys = [(pair.article, pair.tweet) for pair in pairs]
    if path.exists():
        rows = [_parse(row) for row in json.loads(path.read_text("utf-8"))]
        kept = {(r.article.text, r.tweet): r for r in rows if len(r.samples) >= num_samples}
        if all(key in kept for key in keys):
            return [kept[key] for key in keys]
    drawn = draw(pairs, models, model, num_samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [asdict(row) | {"article": [row.article.title, row.article.text]} for row in drawn]
    path.write_text(json.dumps(found, ensure_ascii=False), "utf-8")
    return drawn


def read(path: Path) -> tuple[list[Pair], OverlapIndex]:
    """The held-out pairs of a file, and the memory of its training tweets."""
    pairs = [_unescaped(pair) for pair in read_pairs(path)]
    return held_out_pairs(pairs), memory_of(pairs)


def _unescaped(pair: Pair) -> Pair:
    texts = {name: unescape(getattr(pair, name)).strip() for name in ("tweet", "article", "title")}
    return replace(pair, **texts)


def _is_dev(pair: Pair) -> bool:
    """Some pairs, by the head of the article alone; few have a headline, so more of those.

    Whether a model was trained on them is for whoever brings a file without splits to know.
    """
    digest = hashlib.sha256(pair.article[:300].encode()).digest()
    share = _DEV_SHARE_TITLED if pair.title else _DEV_SHARE
    return int.from_bytes(digest, "big") < share * 2**256


def _parse(row: dict[str, object]) -> HeldOut:
    title, text = row["article"]  # type: ignore[misc]
    return HeldOut(
        Article(title=title, text=text),
        str(row["tweet"]),
        Candidate(**row["greedy"]),  # type: ignore[arg-type]
        tuple(Candidate(**sample) for sample in row["samples"]),  # type: ignore[attr-defined]
    )
