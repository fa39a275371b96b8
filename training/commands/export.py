"""`doc2tweet-train export`: a training run to a model that can be served."""

from __future__ import annotations

import click

from training.bases import base_of, builder, open_store
from training.deliver import DESCRIPTION, Delivery, deliver
from training.reports import as_table
from training.work_option import work_option
from training.workspace import Workspace


@click.command()
@work_option
@click.option("--name", required=True, help="Of the new model.")
@click.option("--title", default="", help="A line for people; default: the name.")
@click.option("--description", default=DESCRIPTION, help="One sentence for people.")
@click.option("--merge", is_flag=True, help="Whole weights in place of an adapter on the base.")
def command(work: Workspace, name: str, title: str, description: str, merge: bool) -> None:
    """Write the model's folder, build its graph, compare it with the trained model."""
    store = open_store()
    delivery = Delivery(name, title, description, merge)
    report = deliver(work, store, builder(store), base_of(work, store), delivery)
    click.echo(f"{as_table(report)}\n{store.folder(name)}")
