"""All stages in a row: from an archive of tweets to a voice that can be served.

Each stage leaves its files in the workspace, and what is done is not done again: links that were
tried are not tried twice, and a training that has ended is kept while pairs and settings are the
same. So the same command goes on wherever it was stopped.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from service.executor import Executor
from service.models import ModelStore
from training.build import Builder
from training.deliver import Delivery, deliver
from training.evaluate import EvaluateOptions, evaluate
from training.files import atomic_writer
from training.finetune import finetune
from training.importers.raw import RawTweet
from training.importers.selection import SelectionOptions
from training.importing import import_tweets
from training.judging.review_sheet import review_sheet
from training.judging.served_model import ServedModel
from training.judging.table import as_json, as_markdown
from training.model_card import Sources, make_card
from training.pairing.stage import PairOptions, make_pairs
from training.pairs import read_pairs
from training.reports import StageReport, as_table
from training.scrape import Read, ScrapeOptions, scrape
from training.self_training import SelfTrainOptions, self_train
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RunOptions:
    name: str
    selection: SelectionOptions = field(default_factory=SelectionOptions)
    scrape: ScrapeOptions = field(default_factory=ScrapeOptions)
    pairs: PairOptions = field(default_factory=PairOptions)
    finetune: FinetuneOptions = field(default_factory=FinetuneOptions)
    self_train: bool = False
    """Learn from the best drafts too, for one training more and the time to draw them."""
    evaluate: EvaluateOptions = field(default_factory=EvaluateOptions)
    max_evaluated: int = 100
    """Held-out pairs that are measured; each costs some seconds."""
    sources: Sources = field(
        default_factory=lambda: Sources("The tweets of one account.", "the author's")
    )


@dataclass(frozen=True, slots=True)
class Tools:
    """What the stages work with."""

    store: ModelStore
    builder: Builder
    read: Read
    executor: Executor
    say: Say


def run(
    workspace: Workspace,
    tweets: Callable[[], Iterable[RawTweet]],
    find_base: Callable[[], Base],
    options: RunOptions,
    tools: Tools,
) -> None:
    """Every stage after the other; each says what it did.

    Raises: what the stages raise.
    """
    numbers = itertools.count(1)
    for stage, report in _stages(workspace, tweets, find_base, options, tools):
        tools.say(f"{next(numbers)}. {stage}\n{as_table(report)}")
    for stage, told in _judgements(workspace, options, tools):
        tools.say(f"{next(numbers)}. {stage}\n{told}")


def _stages(
    workspace: Workspace,
    tweets: Callable[[], Iterable[RawTweet]],
    find_base: Callable[[], Base],
    options: RunOptions,
    tools: Tools,
) -> Iterator[tuple[str, StageReport]]:
    yield "import", import_tweets(workspace, tweets(), options.selection)
    if not options.pairs.style_only:
        yield "scrape", scrape(workspace, tools.read, tools.executor, options.scrape)
    yield "pairs", make_pairs(workspace, options.pairs)
    base = find_base()
    if options.self_train:
        yield "self-train", self_train(workspace, base, options.finetune, SelfTrainOptions())
    yield "finetune", finetune(workspace, base, options.finetune)
    delivery = Delivery(options.name)
    yield "export", deliver(workspace, tools.store, tools.builder, base, delivery)


def _judgements(
    workspace: Workspace, options: RunOptions, tools: Tools
) -> Iterator[tuple[str, str]]:
    """Measure the voice, where it has learned from articles, and write its card."""
    store, evaluation = tools.store, None
    spec = store.spec(options.name)
    if not options.pairs.style_only:
        pairs = read_pairs(workspace.pairs, "test")[: options.max_evaluated]
        base = spec.base or options.name
        tools.builder.build(base)
        voice, untrained = (ServedModel(store.load(name)) for name in (options.name, base))
        evaluation = evaluate(voice, untrained, pairs, options.evaluate)
        _write(workspace.root / "evaluation.json", as_json(evaluation))
        _write(workspace.root / "review.html", review_sheet(evaluation, pairs))
        yield "evaluate", as_markdown(evaluation)
    card = make_card(workspace, spec, evaluation, options.sources)
    _write(store.folder(options.name) / "README.md", str(card))
    yield "card", f"  {store.folder(options.name) / 'README.md'}"


def _write(path: Path, text: str) -> None:
    with atomic_writer(path) as out:
        out.write(text)
