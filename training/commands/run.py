"""`doc2tweet-train run`: from an archive to a voice, in one command."""

from __future__ import annotations

from pathlib import Path

import click

from service.config import Config
from service.executor import ThreadExecutor
from training.bases import DEFAULT_BASE, builder, find_base, open_store
from training.importers.sources import read_source
from training.page_reader import PageReader
from training.pairing.stage import PairOptions
from training.run import RunOptions, Tools, run
from training.scrape import ScrapeOptions
from training.tuning.examples import ExampleOptions
from training.tuning.options import FinetuneOptions
from training.workspace import Workspace

_USUAL, _PAIRS = FinetuneOptions(), PairOptions()


@click.command()
@click.option("--archive", type=click.Path(path_type=Path), required=True, help="X data export.")
@click.option("--name", required=True, help="Of the new model.")
@click.option("--base", default=DEFAULT_BASE, show_default=True)
@click.option("--work", type=click.Path(path_type=Path, file_okay=False), help="work/NAME.")
@click.option("--style-only", is_flag=True, help="Learn from the tweets alone, without articles.")
@click.option("--epochs", type=click.IntRange(1), default=_USUAL.epochs, show_default=True)
@click.option("--rate", type=click.FloatRange(0, 1, min_open=True), default=_USUAL.rate)
@click.option("--max-tokens", type=click.IntRange(32), default=ExampleOptions().max_tokens)
@click.option("--min-pairs", type=click.IntRange(2), default=_PAIRS.min_pairs, show_default=True)
@click.option("--spacing", type=click.FloatRange(0), default=ScrapeOptions().spacing_s)
@click.option("--workers", type=click.IntRange(1, 64), default=16, show_default=True)
def command(
    archive: Path,
    name: str,
    base: str,
    work: Path | None,
    style_only: bool,
    epochs: int,
    rate: float,
    max_tokens: int,
    min_pairs: int,
    spacing: float,
    workers: int,
) -> None:
    """Import, scrape, pair, fine-tune, export, evaluate, and write the card.

    Stopped at any moment, the same command goes on.
    """
    store, workspace = open_store(), Workspace(work or Path("work") / name)
    options = RunOptions(
        name=name,
        scrape=ScrapeOptions(spacing_s=spacing),
        pairs=PairOptions(style_only=style_only, min_pairs=min_pairs),
        finetune=FinetuneOptions(
            epochs=epochs, rate=rate, examples=ExampleOptions(max_tokens=max_tokens)
        ),
    )
    try:
        with PageReader(Config.from_env().fetch, spacing) as reader:
            tools = Tools(store, builder(store), reader, ThreadExecutor(workers), click.echo)
            run(
                workspace,
                lambda: read_source(archive),
                lambda: find_base(store, base, style_only=style_only),
                options,
                tools,
            )
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; the same command goes on from here.") from None
    click.echo(f"\nServe it: doc2tweet serve --model {name}")
