"""`doc2tweet-train build`: make what serving needs of a model's `model.toml`."""

from __future__ import annotations

from pathlib import Path

import click

from service.config import Config, hub_endpoint
from service.model_spec import Precision
from service.models import ModelStore
from service.served import model_store, served_names
from training.build import Builder


@click.command("build")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--precision", type=click.Choice(["int8", "fp32"]), help="Default: model.toml's.")
@click.option("--force", is_flag=True, help="Build even when a current build is there.")
@click.option(
    "--models-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Default: DOC2TWEET_MODELS_DIR, models/ of a checkout, or the user's data folder.",
)
def command(
    names: tuple[str, ...], precision: Precision | None, force: bool, models_dir: Path | None
) -> None:
    """Fetch the models' weights and write the ONNX graphs that serving runs.

    Without a NAME, those that `doc2tweet serve` would serve.
    """
    config = Config.from_env()
    store = ModelStore(models_dir) if models_dir else model_store(config)
    for name in names or served_names(config):
        manifest = Builder(store, hub_endpoint()).build(name, precision=precision, force=force)
        megabytes = sum(file.size for file in manifest.files) / 1e6
        click.echo(
            f"{name}: {manifest.precision}, {megabytes:.0f} MB in {store.build_dir(name)}", err=True
        )
