"""`doc2tweet-train self-train`: a model's own best drafts, added to the pairs.

What `finetune` can be told about the training, this can be told too.
"""

from __future__ import annotations

from typing import Any

import click

from service.model_spec import PromptFormat
from training.bases import DEFAULT_BASE, find_base, open_store
from training.commands import finetune
from training.option_types import FiniteRange
from training.reports import as_table
from training.self_training import SelfTrainOptions, self_train
from training.work_option import work_option
from training.workspace import Workspace

_USUAL = SelfTrainOptions()


@click.command(params=[*finetune.SHARED_PARAMETERS])
@work_option
@click.option("--base", default=DEFAULT_BASE, show_default=True, help="Name of a model.")
@click.option("--folds", type=click.IntRange(2), default=_USUAL.num_folds, show_default=True)
@click.option("--drafts", type=click.IntRange(2), default=_USUAL.num_drafts, show_default=True)
@click.option("--temperature", type=FiniteRange(0.1, 2), default=_USUAL.temperature)
def command(
    work: Workspace,
    base: str,
    folds: int,
    drafts: int,
    temperature: float,
    prompt_format: PromptFormat | None,
    article_chars: int,
    **tuning: Any,
) -> None:
    """Draw drafts of each training article, add the best to the pairs; then run `finetune`."""
    start = find_base(open_store(), base, prompt_format=prompt_format, article_chars=article_chars)
    options = SelfTrainOptions(folds, drafts, temperature)
    try:
        report = self_train(work, start, finetune.tuning_options(tuning), options)
    except KeyboardInterrupt:
        raise click.ClickException("Stopped; the same command goes on from here.") from None
    click.echo(f"{as_table(report)}\n{work.pairs}")
