"""`doc2tweet-train sweep`: settings tried out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import click

from training.bases import DEFAULT_BASE, find_base, open_store
from training.sweep import SweepSpace, sweep
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option(
    "--work",
    "works",
    type=_FOLDER,
    multiple=True,
    default=(Path("work/me"),),
    show_default=True,
    help="Folder with pairs; several give the robust choice over all.",
)
@click.option("--out", type=_FOLDER, default=Path("work/sweep"), show_default=True)
@click.option("--base", default=DEFAULT_BASE, show_default=True)
@click.option("--trials", type=click.IntRange(1), default=20, show_default=True)
@click.option("--max-epochs", type=click.IntRange(1), default=SweepSpace().epochs[1])
@click.option("--seed", type=int, default=0, show_default=True)
def command(
    works: tuple[Path, ...], out: Path, base: str, trials: int, max_epochs: int, seed: int
) -> None:
    """Search rate, rank, batch size, epochs and length of the article's head."""
    store = open_store()

    @cache
    def find(article_chars: int) -> Base:
        return find_base(store, base, article_chars=article_chars)

    space = SweepSpace(epochs=(1, max_epochs))
    workspaces = [Workspace(path) for path in works]
    found = sweep(out, workspaces, find, FinetuneOptions(seed=seed), space, trials)
    for name, share in found.importance.items():
        click.echo(f"  {name:<14} {share:5.0%}")
    options = " ".join(
        f"--{name.replace('_', '-')} {value:.4g}" for name, value in found.best.items()
    )
    click.echo(f"\nbest of {found.num_trials} trials, loss {found.loss:.4f}. Train with it:")
    for path in works:
        click.echo(f"  doc2tweet-train finetune --work {path} --base {base} {options}")
