"""`doc2tweet-train run`: from an archive to a voice, in one command.

What `finetune` can be told about the training, this can be told too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from service.config import Config
from service.executor import ThreadExecutor
from service.model_spec import PromptFormat
from training.bases import DEFAULT_BASE, builder, find_base, open_store
from training.commands import finetune
from training.deliver import check_name
from training.importers.sources import read_source
from training.option_types import FiniteRange
from training.page_reader import PageReader
from training.pairing.stage import PairOptions
from training.run import RunOptions, Tools, run
from training.scrape import ScrapeOptions
from training.tuning.options import Base
from training.workspace import Workspace

_PAIRS, _USUAL = PairOptions(), RunOptions("")


@click.command(params=[*finetune.SHARED_PARAMETERS])
@click.option("--archive", type=click.Path(path_type=Path), required=True, help="X data export.")
@click.option("--name", required=True, help="Of the new model.")
@click.option("--base", default=DEFAULT_BASE, show_default=True)
@click.option("--work", type=click.Path(path_type=Path, file_okay=False), help="work/NAME.")
@click.option("--style-only", is_flag=True, help="Learn from the tweets alone, without articles.")
@click.option("--self-train", is_flag=True, help="Learn from the best of its own drafts too.")
@click.option("--min-pairs", type=click.IntRange(2), default=_PAIRS.min_pairs, show_default=True)
@click.option("--spacing", type=FiniteRange(0), default=ScrapeOptions().spacing_s)
@click.option("--workers", type=click.IntRange(1, 64), default=16, show_default=True)
@click.option("--max-evaluated", type=click.IntRange(1), default=_USUAL.max_evaluated)
def command(
    archive: Path,
    name: str,
    base: str,
    work: Path | None,
    style_only: bool,
    self_train: bool,
    min_pairs: int,
    spacing: float,
    workers: int,
    max_evaluated: int,
    prompt_format: PromptFormat | None,
    article_chars: int,
    **tuning: Any,
) -> None:
    """Import, scrape, pair, draft if asked to, fine-tune, export, evaluate, and write the card.

    Stopped at any moment, the same command goes on.
    """
    store = open_store()
    check_name(store, base, name)  # hours before `export` would
    workspace = Workspace(work or Path("work") / name)
    options = RunOptions(
        name=name,
        scrape=ScrapeOptions(spacing_s=spacing),
        pairs=PairOptions(style_only=style_only, min_pairs=min_pairs),
        finetune=finetune.tuning_options(tuning),
        self_train=self_train,
        max_evaluated=max_evaluated,
    )

    def base_to_train() -> Base:
        return find_base(
            store,
            base,
            prompt_format=prompt_format,
            article_chars=article_chars,
            style_only=style_only,
        )

    try:
        with PageReader(Config.from_env().fetch, spacing) as reader:
            tools = Tools(store, builder(store), reader, ThreadExecutor(workers), click.echo)
            run(workspace, lambda: read_source(archive), base_to_train, options, tools)
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; the same command goes on from here.") from None
    click.echo(f"\nServe it: doc2tweet serve --model {name}")
