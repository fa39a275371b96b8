"""`doc2tweet-train import`: tweets from a file or an account."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from service.config import Config
from service.errors import TrainingDataError
from training.importers.raw import RawTweet
from training.importers.selection import SelectionOptions
from training.importers.sources import Format, read_source
from training.importing import import_tweets
from training.reports import as_table
from training.work_option import work_option
from training.workspace import Workspace


@click.command(name="import")
@click.argument("source", type=click.Path(path_type=Path), required=False)
@click.option("--user", metavar="NAME", help="An account, by the X API, in place of a file.")
@work_option
@click.option("--format", "layout", type=click.Choice(get_args(Format)), help="Of SOURCE.")
@click.option("--column", default="", help="Name (or number) of the column with the tweets.")
@click.option("--encoding", default="", help="Of a table or text that is not UTF-8.")
@click.option("--keep-retweets", is_flag=True, help="They are somebody else's words.")
@click.option("--keep-replies", is_flag=True, help="They make little sense alone.")
@click.option("--keep-cut-off", is_flag=True, help="Long tweets that end in `…`, cut by an API.")
@click.option("--keep-duplicates", is_flag=True)
@click.option("--min-chars", default=20, show_default=True, help="Links and mentions left out.")
def command(
    source: Path | None,
    user: str | None,
    work: Workspace,
    layout: Format | None,
    column: str,
    encoding: str,
    **selection: bool | int,
) -> None:
    """Read tweets from SOURCE: an X archive (zip, folder or tweets.js), CSV, JSONL or text."""
    if (source is None) == (user is None):
        raise click.UsageError("Name a SOURCE or a --user, one of them.")
    raws = (
        read_source(source, layout=layout, column=column, encoding=encoding)
        if source
        else _from_account(str(user), work)
    )
    report = import_tweets(work, raws, SelectionOptions(**selection))  # type: ignore[arg-type]
    click.echo(f"{as_table(report)}\n{work.tweets}")


def _from_account(user: str, work: Workspace) -> list[RawTweet]:
    try:
        from training.importers.x_api import Timeline
    except ImportError:
        raise TrainingDataError("The X API needs tweepy: pip install tweepy") from None
    return Timeline(
        Config.from_env().x, work.x_pages, say=lambda text: click.echo(text, err=True)
    ).read(user.removeprefix("@"))
