"""`doc2tweet-train scrape`: the articles behind the tweets' links."""

from __future__ import annotations

import click

from service.config import Config
from service.executor import executor_on
from training.option_types import FiniteRange
from training.page_reader import PageReader
from training.reports import as_table
from training.scrape import ScrapeOptions, scrape
from training.work_option import work_option
from training.workspace import Workspace


@click.command()
@work_option
@click.option("--workers", type=click.IntRange(1, 64), default=16, show_default=True)
@click.option(
    "--spacing",
    "spacing_s",
    type=FiniteRange(0, 3600),
    default=1.0,
    show_default=True,
    help="Seconds between two requests to one host.",
)
@click.option("--on", help="`ray` or `ray://HOST:10001`: on a cluster, --workers a node.")
@click.option("--retry", is_flag=True, help="Try again what failed and may work now.")
@click.option("--max-links", type=click.IntRange(1), help="Only the newest so many.")
def command(
    work: Workspace,
    workers: int,
    spacing_s: float,
    on: str | None,
    retry: bool,
    max_links: int | None,
) -> None:
    """Read the linked articles; stop it at any moment and run it again to go on."""
    options = ScrapeOptions(spacing_s, retry, max_links)
    try:
        with (
            PageReader(Config.from_env().fetch, spacing_s) as reader,
            executor_on(on, workers) as executor,
        ):
            report = scrape(work, reader, executor, options)
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; the same command goes on from here.") from None
    click.echo(f"{as_table(report)}\n{work.articles}")
