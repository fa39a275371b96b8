"""`doc2tweet-train card`: the model card of a voice."""

from __future__ import annotations

from pathlib import Path

import click

from training.bases import open_store
from training.files import atomic_writer
from training.model_card import Sources, make_card, read_evaluation
from training.work_option import work_option
from training.workspace import Workspace


@click.command()
@work_option
@click.option("--name", required=True, help="Of the model.")
@click.option(
    "--evaluation",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What `evaluate --json` wrote.",
)
@click.option("--data", default="The tweets of one account.", help="Where the data is from.")
@click.option("--data-licence", default="the author's", help="Licence of the data.")
def command(
    work: Workspace, name: str, evaluation: Path | None, data: str, data_licence: str
) -> None:
    """Write README.md into the model's folder."""
    store = open_store()
    found = read_evaluation(evaluation) if evaluation else None
    card = make_card(work, store.spec(name), found, Sources(data, data_licence))
    path = store.folder(name) / "README.md"
    with atomic_writer(path) as out:
        out.write(str(card))
    click.echo(path)
