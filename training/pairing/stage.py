"""The stage `pairs`: one straight line from tweets and articles to `pairs.jsonl`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Literal

from service.errors import TrainingDataError
from service.executor import Executor
from training.article_store import ArticleStore
from training.pairing.matching import Target, match, style_only
from training.pairing.splitting import split, without_doubles
from training.pairing.teasers import TEASER_FROM, teaser_score
from training.pairing.training_text import write_training_text
from training.pairs import Pair, read_pairs, write_pairs
from training.reports import StageReport
from training.tweets import read_tweets
from training.workspace import Workspace

Teasers = Literal["keep", "weigh", "drop"]

_LEAST_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class PairOptions:
    target: Target = "tweet"
    style_only: bool = False
    """Tweets without articles."""
    teasers: Teasers = "keep"
    """`weigh`: the more of a teaser, the less its loss counts; down to a quarter."""
    dev_share: float = 0.1
    test_share: float = 0.1
    min_pairs: int = 50
    training_text: bool = False
    head_chars: int = 300
    """Of the article in `training.txt`; `pairs.jsonl` keeps it whole."""


def make_pairs(
    workspace: Workspace,
    options: PairOptions,
    source: Path | None = None,
    executor: Executor | None = None,
) -> StageReport:
    """Match, weigh, drop doubles, split, write; `source` is a file of pairs made elsewhere.

    `executor` computes what near-duplicates are found by; default: here.

    Raises:
        TrainingDataError: there are too few pairs; the message says how many are needed and why.
    """
    pairs = _read(source, options) if source else _match(workspace, options)
    counts, sound = _select([_weigh(pair, options) for pair in pairs], options)
    different = without_doubles(sorted(sound, key=lambda pair: pair.created_at), executor)
    counts["near-duplicates"] = len(sound) - len(different)
    counts["kept"] = len(different)
    if len(different) < options.min_pairs:
        raise TrainingDataError(_too_few(workspace, counts, options))
    parts = split(different, options.dev_share, options.test_share, executor)
    write_pairs(workspace.pairs, parts)
    workspace.forget("self-train")
    if options.training_text:
        write_training_text(workspace.training_txt, parts, options.head_chars)
    return _record(workspace, counts, parts, options)


def _read(source: Path, options: PairOptions) -> list[Pair]:
    """Files of posts are often HTML-escaped, as the networks' own exports are."""
    pairs = [pair for pair in read_pairs(source) if not pair.drawn]
    if options.target == "title":
        return [replace(pair, tweet=unescape(pair.title), title="") for pair in pairs]
    told = [replace(pair, tweet=unescape(pair.tweet)) for pair in pairs]
    if options.style_only:
        return [replace(pair, article="", title="", url="") for pair in told]
    return told


def _match(workspace: Workspace, options: PairOptions) -> Sequence[Pair]:
    if not workspace.tweets.exists():
        raise TrainingDataError(f"There is no {workspace.tweets}: run `import` first")
    tweets = list(read_tweets(workspace.tweets))
    if options.style_only:
        return style_only(tweets)
    if not workspace.articles.exists():
        raise TrainingDataError(f"There is no {workspace.articles}: run `scrape` first")
    with ArticleStore(workspace.articles) as store:
        return match(tweets, store.articles(), options.target)


def _weigh(pair: Pair, options: PairOptions) -> Pair:
    score = teaser_score(pair.tweet)
    weight = pair.weight
    if options.teasers == "weigh":
        weight *= max(_LEAST_WEIGHT, 1.0 - score)
    return replace(pair, teaser=score, weight=round(weight, 3))


def _select(pairs: Sequence[Pair], options: PairOptions) -> tuple[dict[str, int], list[Pair]]:
    """What there is to learn; the rest is left out for one reason each, so the counts add up."""
    blank = f"without a {options.target}"
    counts = {"pairs": len(pairs), blank: 0, "of weight 0": 0, "teasers dropped": 0}
    kept = []
    for pair in pairs:
        if not pair.tweet.strip():
            counts[blank] += 1
        elif pair.weight == 0:
            counts["of weight 0"] += 1
        elif options.teasers == "drop" and pair.teaser >= TEASER_FROM:
            counts["teasers dropped"] += 1
        else:
            kept.append(pair)
    return counts, kept


def _record(
    workspace: Workspace, counts: dict[str, int], pairs: Sequence[Pair], options: PairOptions
) -> StageReport:
    for name in ("train", "dev", "test"):
        counts[name] = sum(pair.split == name for pair in pairs)
    counts["teasers among them"] = sum(pair.teaser >= TEASER_FROM for pair in pairs)
    settings = {"target": options.target, "style_only": options.style_only}
    report = StageReport("pairs", counts, {**settings, "teasers": options.teasers})
    workspace.record(report)
    return report


def _too_few(workspace: Workspace, counts: dict[str, int], options: PairOptions) -> str:
    held_out = int(counts["kept"] * options.dev_share)
    text = (
        f"{counts['kept']} pairs are left of {counts['pairs']}; {options.min_pairs} are needed. "
        f"With {options.dev_share:.0%} held out, {held_out} would decide when to stop training, "
        "which is chance. "
    )
    if not options.style_only:
        text += _reasons(workspace) + "Or train on the tweets alone: --style-only. "
    return text + "(--min-pairs lowers the limit.)"


def _reasons(workspace: Workspace) -> str:
    try:
        counts = workspace.report("scrape").counts
    except TrainingDataError:
        return ""
    failed = [f"{number} {name}" for name, number in counts.items() if name.startswith("failed: ")]
    return f"Of {counts.get('links', 0)} links {counts.get('read', 0)} were read" + (
        f" ({', '.join(failed)}). " if failed else ". "
    )
