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
from service.tweets.tweet import Candidate, ScoreParts, TweetRules
from training.files import read_jsonl
from training.judging.served_model import ServedModel
from training.pairing.splitting import split, without_doubles
from training.pairs import Pair, Split, read_pairs, tweets_learnt

DRAWS = Path("models/.cache/quality-draws.json")
"""Ignored by git, as everything that is built."""
MAX_TOKENS = 96
"""As the route for tweets has it."""
GREEDY = SamplingParams(temperature=0.0, max_tokens=MAX_TOKENS)
SAMPLED = SamplingParams(max_tokens=MAX_TOKENS, seed=7)
NUM_SAMPLES = 16
"""Two draws of eight."""
SHARE = 0.08
"""Of a corpus that is dev, and as much test; the recipe of `newsroom` has the same."""
RULES = TweetRules(link="none")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A pair and the candidates drawn for it."""

    article: Article
    tweet: str
    """What the outlet itself posted."""
    greedy: Candidate
    samples: tuple[Candidate, ...]

    def context(self, memory: OverlapIndex, weights: ScoreParts) -> Context:
        return context_for(self.article, RULES, memory, weights)


def with_splits(pairs: Sequence[Pair]) -> list[Pair]:
    """As they are where they have splits; else split the way `doc2tweet-train pairs` does."""
    if any(pair.split for pair in pairs):
        return list(pairs)
    return split(without_doubles(pairs), SHARE, SHARE)


def body_alone(pairs: Sequence[Pair]) -> list[Pair]:
    return [replace(pair, title="") for pair in pairs]


def digest(pairs: Sequence[Pair]) -> str:
    """Of a corpus: figures are comparable only where it is the same."""
    texts = [[pair.article, pair.title, pair.tweet] for pair in pairs]
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


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
    """What the file has of these pairs, drawn by this very model; the rest is drawn and added."""
    mark = hashlib.sha256((models / model / "model.toml").read_bytes()).hexdigest()
    kept = {_key(row): row for row in _load(path, mark) if len(row.samples) >= num_samples}
    wanted = [(pair.title, pair.article, pair.tweet) for pair in pairs]
    missing = [pair for pair, key in zip(pairs, wanted, strict=True) if key not in kept]
    if missing:
        kept |= {_key(row): row for row in draw(missing, models, model, num_samples)}
        _save(path, mark, list(kept.values()))
    return [kept[key] for key in wanted]


def read_drafts(work: Path) -> list[HeldOut]:
    """Training articles with the drafts of models that did not see them: what `self-train` left in
    the folder of a training run."""
    pairs = {pair.id: pair for pair in read_pairs(work / "pairs.jsonl") if not pair.drawn}
    found = []
    for path in sorted(work.glob("folds/*/drafts/*.jsonl")):
        for _, row in read_jsonl(path):
            pair, drafts = pairs[row["id"]], tuple(Candidate(**draft) for draft in row["drafts"])
            article = Article(title="", text=pair.article)
            found.append(HeldOut(article, pair.tweet, drafts[0], drafts))
    return found


def read(path: Path, part: Split) -> tuple[list[Pair], OverlapIndex]:
    """The pairs of a part of a file, and the memory of its training tweets."""
    pairs = [replace(pair, tweet=unescape(pair.tweet)) for pair in read_pairs(path)]
    parts = with_splits(pairs)
    memory = build_index(tweets_learnt(parts))
    return [pair for pair in parts if pair.split == part and pair.article], memory


def _key(row: HeldOut) -> tuple[str, str, str]:
    return row.article.title, row.article.text, row.tweet


def _load(path: Path, mark: str) -> list[HeldOut]:
    if not path.exists():
        return []
    kept = json.loads(path.read_text("utf-8"))
    return [_parse(row) for row in kept["rows"]] if kept["model"] == mark else []


def _save(path: Path, mark: str, rows: Sequence[HeldOut]) -> None:
    found = [asdict(row) | {"article": [row.article.title, row.article.text]} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"model": mark, "rows": found}, ensure_ascii=False), "utf-8")


def _parse(row: dict[str, object]) -> HeldOut:
    title, text = row["article"]  # type: ignore[misc]
    return HeldOut(
        Article(title=title, text=text),
        str(row["tweet"]),
        Candidate(**row["greedy"]),  # type: ignore[arg-type]
        tuple(Candidate(**sample) for sample in row["samples"]),  # type: ignore[attr-defined]
    )
