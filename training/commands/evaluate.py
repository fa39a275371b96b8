"""`doc2tweet-train evaluate`: a voice beside its baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

import click

from service.errors import SetupError
from training.bases import builder, open_store
from training.evaluate import EvaluateOptions, evaluate
from training.files import atomic_writer
from training.judging.review_sheet import review_sheet
from training.judging.served_model import ServedModel
from training.judging.table import as_json, as_markdown
from training.option_types import SEED
from training.pairs import Split, read_pairs

_FILE = click.Path(path_type=Path, dir_okay=False)
_USUAL = EvaluateOptions()


@click.command()
@click.option("--model", default="newsroom", show_default=True, help="Name of a voice.")
@click.option("--pairs", "path", type=_FILE, required=True, help="JSONL: article, tweet, title.")
@click.option("--split", type=click.Choice(["train", "dev", "test"]), help="Default: all pairs.")
@click.option("--max-pairs", type=click.IntRange(1), help="Only the first so many.")
@click.option("--best-of", type=click.IntRange(1, 16), default=_USUAL.best_of, show_default=True)
@click.option("--seed", type=SEED, default=_USUAL.seed, show_default=True)
@click.option("--json", "json_path", type=_FILE, help="Write the figures and all texts here.")
@click.option("--html", "html_path", type=_FILE, help="Write a sheet to compare the texts by eye.")
def command(
    model: str,
    path: Path,
    split: Split | None,
    max_pairs: int | None,
    best_of: int,
    seed: int,
    json_path: Path | None,
    html_path: Path | None,
) -> None:
    """Measure the served model on held-out pairs, beside headline, first sentence and base."""
    for target in (json_path, html_path):
        if target is not None:
            _check_writable(target)
    pairs = read_pairs(path, split)[:max_pairs]
    store = open_store()
    base = store.spec(model).base or model
    for name in (base, model):
        builder(store).build(name)
    options = EvaluateOptions(best_of=best_of, seed=seed)
    found = evaluate(ServedModel(store.load(model)), ServedModel(store.load(base)), pairs, options)
    click.echo(as_markdown(found))
    click.echo(f"\nheld-out loss {found.loss:.3f}, perplexity {found.perplexity:.2f}")
    texts = ((json_path, as_json(found)), (html_path, review_sheet(found, pairs)))
    _write_all([(target, text) for target, text in texts if target is not None])


def _check_writable(path: Path) -> None:
    """Raises SetupError now, before minutes are spent on what would be written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror or error}") from None


def _write_all(texts: Sequence[tuple[Path, str]]) -> None:
    """A file that fails keeps no other from being written."""
    failed = []
    for path, text in texts:
        try:
            with atomic_writer(path) as out:
                out.write(text)
        except SetupError as error:
            failed.append(error.detail)
    if failed:
        raise SetupError("; ".join(failed))
