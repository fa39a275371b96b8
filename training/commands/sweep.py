"""`doc2tweet-train sweep`: settings tried out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from training.bases import DEFAULT_BASE, find_base, open_store
from training.option_types import SEED
from training.sweep import RunTrials, SweepSpace, run_here, sweep
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

_FOLDER = click.Path(path_type=Path, file_okay=False)


@dataclass(frozen=True, slots=True)
class FindNamed:
    """Finds a base by its name, on whatever machine it is asked; pickles."""

    name: str

    def __call__(self, article_chars: int) -> Base:
        return _find(self.name, article_chars)


@cache
def _find(name: str, article_chars: int) -> Base:
    return find_base(open_store(), name, article_chars=article_chars)


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
@click.option("--seed", type=SEED, default=0, show_default=True)
@click.option("--on", help="`ray` or `ray://HOST:10001`: on a cluster, by Ray Tune.")
def command(
    works: tuple[Path, ...],
    out: Path,
    base: str,
    trials: int,
    max_epochs: int,
    seed: int,
    on: str | None,
) -> None:
    """Search rate, rank, batch size, epochs and length of the article's head."""
    find = FindNamed(base)
    find(SweepSpace().article_chars[0])  # a name that is none is told before anything begins
    space = SweepSpace(epochs=(1, max_epochs))
    workspaces = [Workspace(path) for path in works]
    options = FinetuneOptions(seed=seed)
    try:
        found = sweep(out, workspaces, find, options, space, trials, _runner(on))
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; the same command goes on from here.") from None
    for name, share in found.importance.items():
        click.echo(f"  {name:<14} {share:5.0%}")
    chosen = " ".join(
        f"--{name.replace('_', '-')} {value:.4g}" for name, value in found.best.items()
    )
    click.echo(f"\nbest of {found.num_trials} trials, loss {found.loss:.4f}. Train with it:")
    for path in works:
        click.echo(f"  doc2tweet-train finetune --work {path} --base {base} {chosen}")


def _runner(on: str | None) -> RunTrials:
    if on is None:
        return run_here
    from training.cluster.trials import TuneTrials  # a large library, only where it is asked for

    return TuneTrials(on)
