"""`doc2tweet-train pairs`: tweets and articles to pairs."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import click

from service.executor import InlineExecutor, executor_on
from training.option_types import FiniteRange
from training.pairing.matching import Target
from training.pairing.stage import PairOptions, Teasers, make_pairs
from training.reports import as_table
from training.work_option import work_option
from training.workspace import Workspace

_THREADS = 4
"""Of each node. The hashes are numpy's work in part, which is what threads can share."""


@click.command()
@work_option
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="A file of pairs made elsewhere (JSONL with `article`, `tweet`, maybe `title`).",
)
@click.option("--target", type=click.Choice(get_args(Target)), default="tweet", show_default=True)
@click.option("--style-only", is_flag=True, help="Tweets without their articles.")
@click.option("--teasers", type=click.Choice(get_args(Teasers)), default="keep", show_default=True)
@click.option("--drop-teasers", "teasers", flag_value="drop", help="Same as --teasers drop.")
@click.option("--dev-share", type=FiniteRange(0, 0.5), default=0.1, show_default=True)
@click.option("--test-share", type=FiniteRange(0, 0.5), default=0.1, show_default=True)
@click.option("--min-pairs", type=click.IntRange(2), default=50, show_default=True)
@click.option("--training-txt", "training_text", is_flag=True, help="Write training.txt too.")
@click.option(
    "--head-chars",
    type=click.IntRange(1),
    default=300,
    show_default=True,
    help="Of each article in training.txt, cut at a sentence; pairs.jsonl keeps it whole.",
)
@click.option("--on", help="`ray` or `ray://HOST:10001`: look for doubles on a cluster.")
def command(
    work: Workspace,
    source: Path | None,
    on: str | None,
    **options: str | bool | int | float,
) -> None:
    """Match tweets with articles, drop near-duplicates, hold the newest out."""
    chosen = PairOptions(**options)  # type: ignore[arg-type]
    if chosen.style_only and chosen.target == "title":
        raise click.UsageError("--target title needs the articles that --style-only leaves out.")
    with nullcontext(InlineExecutor()) if on is None else executor_on(on, _THREADS) as executor:
        report = make_pairs(work, chosen, source, executor)
    click.echo(f"{as_table(report)}\n{work.pairs}")
