"""The option `--work`, which every stage's command has."""

from __future__ import annotations

from pathlib import Path

import click

from training.workspace import Workspace


def _to_workspace(_context: click.Context, _option: click.Parameter, path: Path) -> Workspace:
    return Workspace(path)


work_option = click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("work/me"),
    show_default=True,
    callback=_to_workspace,
    help="Folder of this training run.",
)
