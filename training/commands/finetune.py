"""`doc2tweet-train finetune`: pairs to a voice."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args

import click

from service.model_spec import PromptFormat
from training.bases import DEFAULT_BASE, find_base, open_store
from training.finetune import Train, finetune, train_here
from training.option_types import SEED, FiniteRange
from training.reports import as_table
from training.tuning.examples import ExampleOptions
from training.tuning.options import FinetuneOptions, Keep, Method, Tracker
from training.tuning.voices import ARTICLE_CHARS
from training.work_option import work_option
from training.workspace import Workspace

_USUAL, _USUAL_EXAMPLES = FinetuneOptions(), ExampleOptions()


@click.command()
@work_option
@click.option("--base", default=DEFAULT_BASE, show_default=True, help="Name of a model.")
@click.option("--format", "prompt_format", type=click.Choice(get_args(PromptFormat)))
@click.option("--article-chars", type=click.IntRange(50), default=ARTICLE_CHARS, show_default=True)
@click.option("--style-only", is_flag=True, help="The pairs are tweets without articles.")
@click.option("--method", type=click.Choice(get_args(Method)), default=_USUAL.method)
@click.option("--rate", type=FiniteRange(0, 1, min_open=True), default=_USUAL.rate)
@click.option("--rank", type=click.IntRange(1), default=_USUAL.rank, help="Of the LoRA matrices.")
@click.option("--alpha", type=click.IntRange(1), default=_USUAL.alpha)
@click.option("--dropout", type=FiniteRange(0, 0.9), default=_USUAL.dropout)
@click.option("--epochs", type=click.IntRange(1), default=_USUAL.epochs)
@click.option("--batch-size", type=click.IntRange(1), default=_USUAL.batch_size)
@click.option("--micro-batch-size", type=click.IntRange(1), default=_USUAL.micro_batch_size)
@click.option("--patience", type=click.IntRange(1), default=_USUAL.patience)
@click.option("--keep", type=click.Choice(get_args(Keep)), default=_USUAL.keep, help="Epoch.")
@click.option("--seed", type=SEED, default=_USUAL.seed)
@click.option("--report-to", type=click.Choice(get_args(Tracker)), default=_USUAL.report_to)
@click.option("--max-tokens", type=click.IntRange(32), default=_USUAL_EXAMPLES.max_tokens)
@click.option("--title-drop", type=FiniteRange(0, 1), default=_USUAL_EXAMPLES.title_drop)
@click.option("--sentence-case", is_flag=True, help="Write targets in title case as sentences.")
@click.option("--max-teaser", type=FiniteRange(0, 1), default=_USUAL_EXAMPLES.max_teaser)
@click.option(
    "--ungrounded-weight",
    type=FiniteRange(0, 1),
    default=_USUAL_EXAMPLES.ungrounded_weight,
    help="Of names and numbers that the prompt does not hold.",
)
@click.option("--resume/--fresh", default=True, show_default=True, help="Go on where one stopped.")
@click.option("--on", help="`ray` or `ray://HOST:10001`: on a cluster, by Ray Train.")
@click.option(
    "--processes", type=click.IntRange(1), help="Of a cluster; default: one a GPU or node."
)
def command(
    work: Workspace,
    base: str,
    prompt_format: PromptFormat | None,
    article_chars: int,
    style_only: bool,
    resume: bool,
    on: str | None,
    processes: int | None,
    **tuning: Any,
) -> None:
    """Train a base model on the pairs; the best epoch is kept."""
    start = find_base(
        open_store(),
        base,
        prompt_format=prompt_format,
        article_chars=article_chars,
        style_only=style_only,
    )
    train = _train_on(on, processes)
    try:
        report = finetune(work, start, tuning_options(tuning), fresh=not resume, train=train)
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; the same command goes on from here.") from None
    click.echo(f"{as_table(report)}\n{work.trained}")


_EXAMPLES = {field.name for field in fields(ExampleOptions)}
_TUNING = {field.name for field in fields(FinetuneOptions)} | _EXAMPLES
_SHARED = _TUNING | {"prompt_format", "article_chars"}
SHARED_PARAMETERS = [parameter for parameter in command.params if parameter.name in _SHARED]
"""For commands that train on the way to something else."""


def tuning_options(chosen: dict[str, Any]) -> FinetuneOptions:
    """What those of `SHARED_PARAMETERS` that tell of the training were set to."""
    examples = ExampleOptions(**{name: chosen.pop(name) for name in _EXAMPLES})
    return FinetuneOptions(examples=examples, **chosen)


def _train_on(on: str | None, processes: int | None) -> Train:
    if on is None:
        if processes is not None:
            raise click.UsageError("--processes goes with --on.")
        return train_here
    from training.cluster.trainer import GroupTraining  # a large library, only where asked for

    return GroupTraining(on, processes)
