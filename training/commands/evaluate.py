"""`doc2tweet-train evaluate`: a voice beside its baselines."""

from __future__ import annotations

from pathlib import Path

import click

from training.bases import builder, open_store
from training.evaluate import EvaluateOptions, evaluate
from training.files import atomic_writer
from training.judging.review_sheet import review_sheet
from training.judging.served_model import ServedModel
from training.judging.table import as_json, as_markdown
from training.pairs import Split, read_pairs

_FILE = click.Path(path_type=Path, dir_okay=False)
_USUAL = EvaluateOptions()


@click.command()
@click.option("--model", default="newsroom", show_default=True, help="Name of a voice.")
@click.option("--pairs", "path", type=_FILE, required=True, help="JSONL: article, tweet, title.")
@click.option("--split", type=click.Choice(["train", "dev", "test"]), help="Default: all pairs.")
@click.option("--max-pairs", type=click.IntRange(1), help="Only the first so many.")
@click.option("--best-of", type=click.IntRange(1, 16), default=_USUAL.best_of, show_default=True)
@click.option("--seed", type=int, default=_USUAL.seed, show_default=True)
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
    pairs = read_pairs(path, split)[:max_pairs]
    store = open_store()
    base = store.spec(model).base or model
    for name in (base, model):
        builder(store).build(name)
    options = EvaluateOptions(best_of=best_of, seed=seed)
    found = evaluate(ServedModel(store.load(model)), ServedModel(store.load(base)), pairs, options)
    click.echo(as_markdown(found))
    click.echo(f"\nheld-out loss {found.loss:.3f}, perplexity {found.perplexity:.2f}")
    for target, text in ((json_path, as_json(found)), (html_path, review_sheet(found, pairs))):
        if target is not None:
            with atomic_writer(target) as out:
                out.write(text)
