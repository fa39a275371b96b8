"""The weights of the ranking's parts, tuned on drafts of articles, tried on held-out pairs.

    python -m bench.tune_ranking --work work/newsroom --models models --model newsroom

The drafts are those of `doc2tweet-train self-train`, each by a model that did not see the article:
ten times as many as there are dev pairs, and those stay unseen.

Steepest ascent over a small grid, one weight at a time, from equal weights and from those in use;
deterministic. What is maximised is the mean of ROUGE-1, -2 and -L against the outlet's own tweet,
less a fine for a tweet with ungrounded claims, which likeness alone would buy. From the body alone:
where an outlet posts its headline, to copy it is the perfect answer, and nothing is to be learnt
from that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import click

from bench.held_out import (
    DRAWS,
    NUM_SAMPLES,
    HeldOut,
    body_alone,
    load_or_draw,
    read,
    read_drafts,
)
from service.errors import NoPostableTweet
from service.tweets.overlap import EMPTY, OverlapIndex, is_memorised
from service.tweets.postprocess import make_tweet
from service.tweets.ranking import WEIGHTS, score, with_consensus
from service.tweets.selection import DEFAULT_BEST_OF
from service.tweets.tweet import Candidate, ScoreParts, Tweet, TweetRules
from training.judging.metrics import likeness

GRID = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""No part is left out: with so few articles its use may only be out of sight."""
FINE_UNGROUNDED = 0.10
"""In units of ROUGE, 0 to 1."""
LEAST_GAIN = 0.05
"""Per cent; less is noise."""
TUNED = [field.name for field in fields(ScoreParts) if field.name != "headline"]
"""Without headlines its weight changes nothing."""
_EQUAL = ScoreParts(*[1.0] * len(fields(ScoreParts)))


@dataclass(frozen=True, slots=True)
class Option:
    """A candidate as the ranking sees it, and what choosing it is worth."""

    parts: ScoreParts
    rouge: float
    is_ungrounded: bool

    @property
    def worth(self) -> float:
        return self.rouge - FINE_UNGROUNDED * self.is_ungrounded


@dataclass(frozen=True, slots=True)
class Outcome:
    """Means over articles, in per cent."""

    worth: float
    rouge: float
    ungrounded: float


def options_of(row: HeldOut, memory: OverlapIndex, samples: Sequence[Candidate]) -> list[Option]:
    """The candidates that may be shown, in the order they were drawn."""
    context = row.context(memory, WEIGHTS)
    found = []
    for candidate in samples:
        try:
            tweet = make_tweet(candidate, context)
        except NoPostableTweet:
            continue
        if not is_memorised(tweet.overlap, TweetRules()):
            found.append(tweet)
    return [_option(tweet, row.tweet) for tweet in with_consensus(found)]


def _draws(row: HeldOut, memory: OverlapIndex, best_of: int) -> list[list[Option]]:
    """As many separate draws as the samples make, each as of a request."""
    starts = range(0, len(row.samples) - best_of + 1, best_of)
    drawn = (options_of(row, memory, row.samples[i : i + best_of]) for i in starts)
    return [options for options in drawn if options]


def _option(tweet: Tweet, reference: str) -> Option:
    return Option(
        parts=tweet.score_parts,
        rouge=likeness(reference, tweet.text),
        is_ungrounded=bool(tweet.ungrounded),
    )


def outcome(articles: Sequence[Sequence[Option]], weights: ScoreParts) -> Outcome:
    """What the ranking's first choices are worth."""
    best = [max(options, key=lambda o: score(o.parts, weights)) for options in articles]
    return _mean(best)


def _mean(chosen: Sequence[Option]) -> Outcome:
    return Outcome(
        worth=100 * sum(o.worth for o in chosen) / len(chosen),
        rouge=100 * sum(o.rouge for o in chosen) / len(chosen),
        ungrounded=100 * sum(o.is_ungrounded for o in chosen) / len(chosen),
    )


def tune(articles: Sequence[Sequence[Option]]) -> ScoreParts:
    """The better of what is reached from equal weights and from those in use."""
    return max(
        (_ascend(articles, start) for start in (_EQUAL, WEIGHTS)),
        key=lambda weights: outcome(articles, weights).worth,
    )


def _ascend(articles: Sequence[Sequence[Option]], weights: ScoreParts) -> ScoreParts:
    """Change the one weight that gains most, for as long as that gains anything."""
    best = outcome(articles, weights).worth
    while True:
        tried = [replace(weights, **{name: value}) for name in TUNED for value in GRID]
        found = max(tried, key=lambda changed: outcome(articles, changed).worth)
        worth = outcome(articles, found).worth
        if worth <= best + LEAST_GAIN:
            return weights
        weights, best = found, worth


@click.command()
@click.option("--work", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--models", type=click.Path(path_type=Path), default=Path("models"))
@click.option("--model", default="newsroom")
@click.option("--draws", type=click.Path(path_type=Path), default=DRAWS)
@click.option("--best-of", default=DEFAULT_BEST_OF)
def main(work: Path, models: Path, model: str, draws: Path, best_of: int) -> None:
    """Print tuned weights and what they gain."""
    drafts = [found for row in read_drafts(work) for found in _draws(row, EMPTY, best_of)]
    held_out = []
    for part in ("dev", "test"):
        pairs, memory = read(work / "pairs.jsonl", part)
        rows = load_or_draw(draws, body_alone(pairs), models, model, NUM_SAMPLES)
        held_out += [found for row in rows for found in _draws(row, memory, best_of)]
    halves = [drafts, held_out]
    tuned = tune(halves[0])
    click.echo(f"tuned on {len(halves[0])}, tried on {len(halves[1])} draws: {tuned}\n")
    click.echo(
        "| | "
        + " | ".join(f"{f.name}, {h}" for h in ("tuned on", "tried on") for f in fields(Outcome))
        + " |"
    )
    click.echo("|---" * (2 * len(fields(Outcome)) + 1) + "|")
    for name, weights in {"equal": _EQUAL, "tuned": tuned, "in use": WEIGHTS}.items():
        _print(name, [outcome(half, weights) for half in halves])
    _print("first drawn", [_mean([options[0] for options in half]) for half in halves])
    _print("best there is", [_mean([max(o, key=_worth) for o in half]) for half in halves])


def _worth(option: Option) -> float:
    return option.worth


def _print(name: str, outcomes: Sequence[Outcome]) -> None:
    figures = [value for found in outcomes for value in asdict(found).values()]
    click.echo(f"| {name} | " + " | ".join(f"{value:.1f}" for value in figures) + " |")


if __name__ == "__main__":
    main()
