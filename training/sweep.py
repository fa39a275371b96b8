"""The stage `sweep`: which settings suit, tried out by optuna, and which of them matter.

Over several data sets the choice is the robust one of the HuggingTweets study: the least mean plus
one standard deviation, so that no account is served badly for the sake of the others. Every trial
is kept on disk; a sweep that was stopped goes on. Where trials are run, here or on a cluster, is
the affair of a `RunTrials`; what is tried, how it is judged and what is kept is the same.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, Trial, TrialState

from service.errors import TrainingDataError, TrainingDiverged
from training.finetune import finetune
from training.judging.importance import draw_importance
from training.locks import file_lock
from training.pairs import Split, read_pairs
from training.study import keep_to, open_study
from training.tuning.examples import training_pairs
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace


class FindBase(Protocol):
    """From the number of characters of an article's head to the base that reads so many."""

    @property
    def name(self) -> str:
        """Of the base; a study is of one base only."""

    def __call__(self, article_chars: int, /) -> Base: ...


_MIN_FOR_IMPORTANCE = 4
_SPLITS: tuple[Split, ...] = ("train", "dev")


@dataclass(frozen=True, slots=True)
class SweepSpace:
    """What is tried: ranges end to end, or a list to choose from."""

    rate: tuple[float, float] = (5e-5, 2e-3)
    rank: tuple[int, ...] = (4, 8, 16, 32)
    batch_size: tuple[int, ...] = (8, 16, 32)
    epochs: tuple[int, int] = (1, 4)
    article_chars: tuple[int, ...] = (300, 500, 700, 1000, 1500)


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of the space; the names are those of the study's parameters."""

    rate: float
    rank: int
    batch_size: int
    epochs: int
    article_chars: int


@dataclass(frozen=True, slots=True)
class SweepResult:
    num_trials: int
    best: dict[str, float | int]
    loss: float
    """Of the best: mean plus one standard deviation of the held-out losses."""
    importance: dict[str, float]
    """Share of each setting, falling; empty after too few trials."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a trial does, here or on another machine: it pickles if `find_base` does."""

    data_sets: tuple[bytes, ...]
    """Files of pairs."""
    find_base: FindBase
    usual: FinetuneOptions

    def __call__(self, setting: Setting, scratch: Path | None = None) -> float:
        """The robust loss of a setting.

        Args:
            scratch: where to keep checkpoints meanwhile; default: the system's own place.

        Raises:
            TrainingDiverged: the setting is of no use.
            Doc2TweetError: no setting would be, as when there are too few pairs.
        """
        options, base = self._options(setting), self.find_base(setting.article_chars)
        losses = [_loss(pairs, base, options, scratch) for pairs in self.data_sets]
        return robust(losses)

    def _options(self, setting: Setting) -> FinetuneOptions:
        return replace(
            self.usual,
            rate=setting.rate,
            rank=setting.rank,
            batch_size=setting.batch_size,
            epochs=setting.epochs,
        )


RunTrials = Callable[[Path, SweepSpace, Attempt, int], None]
"""Adds so many trials to the study of a folder, or raises what no trial can get over."""


def sweep(
    root: Path,
    workspaces: Sequence[Workspace],
    find_base: FindBase,
    usual: FinetuneOptions,
    space: SweepSpace,
    num_trials: int,
    run_trials: RunTrials | None = None,
) -> SweepResult:
    """Run trials until there are `num_trials`, those of earlier runs included.

    Args:
        root: where the study is kept.
        workspaces: one for each data set, with its pairs.
        run_trials: default: one after the other, in this process.

    Raises:
        TrainingDataError: a data set has too few pairs or none of `dev`, the folder holds a sweep
            of something else, or no trial came to an end.
        SetupError: the folder cannot be written.
    """
    for workspace in workspaces:
        _check_pairs(workspace, usual)
    data_sets = tuple(workspace.pairs.read_bytes() for workspace in workspaces)
    attempt = Attempt(data_sets, find_base, usual)
    with file_lock(root / "lock"):
        study = open_study(root, usual.seed)
        keep_to(study, root, _made_of(attempt, space))
        left = num_trials - _num_done(study)
        if left > 0:
            (run_trials or run_here)(root, space, attempt, left)
        return _result(root, study)


def run_here(root: Path, space: SweepSpace, attempt: Attempt, num_trials: int) -> None:
    """A `RunTrials`: one trial after the other; stderr tells how each ended.

    Not by `optimize`, which prints a stack of what no trial can get over.
    """
    study = open_study(root, attempt.usual.seed)
    for _ in range(num_trials):
        trial = study.ask()
        try:
            loss = attempt(suggest(trial, space), root)
        except TrainingDiverged as error:
            study.tell(trial, state=TrialState.PRUNED)
            sys.stderr.write(f"trial {trial.number}: {error.detail}\n")
        else:
            study.tell(trial, loss)
            sys.stderr.write(f"trial {trial.number}: loss {loss:.4f}\n")


def suggest(trial: Trial, space: SweepSpace) -> Setting:
    return Setting(
        rate=trial.suggest_float("rate", *space.rate, log=True),
        rank=trial.suggest_categorical("rank", space.rank),
        batch_size=trial.suggest_categorical("batch_size", space.batch_size),
        epochs=trial.suggest_int("epochs", *space.epochs),
        article_chars=trial.suggest_categorical("article_chars", space.article_chars),
    )


def robust(losses: Sequence[float]) -> float:
    """Mean plus one standard deviation; of a single loss, the loss."""
    return statistics.mean(losses) + (statistics.pstdev(losses) if len(losses) > 1 else 0.0)


def _check_pairs(workspace: Workspace, usual: FinetuneOptions) -> None:
    """Raises TrainingDataError, by the file's own name, for what would end every trial."""
    train, _ = (read_pairs(workspace.pairs, split) for split in _SPLITS)
    try:
        training_pairs(train, usual.examples.max_teaser)
    except TrainingDataError as error:
        raise TrainingDataError(f"{workspace.pairs}: {error.detail}") from None


def _made_of(attempt: Attempt, space: SweepSpace) -> dict[str, str]:
    """All that shapes a trial's loss, by what a reader would call it."""
    searched = asdict(space)
    usual = {n: value for n, value in attempt.usual.settings().items() if n not in searched}
    digests = sorted(hashlib.sha256(pairs).hexdigest() for pairs in attempt.data_sets)
    return {
        "pairs": " ".join(digests),
        "base": attempt.find_base.name,
        "ranges": json.dumps(searched, sort_keys=True),
        "settings": json.dumps(usual, sort_keys=True),
    }


def _loss(pairs: bytes, base: Base, options: FinetuneOptions, scratch: Path | None) -> float:
    with tempfile.TemporaryDirectory(prefix="trial-", dir=scratch) as folder:
        workspace = Workspace(Path(folder))
        workspace.pairs.write_bytes(pairs)
        return float(finetune(workspace, base, options, fresh=True).counts["held-out loss"])


def _num_done(study: optuna.Study) -> int:
    """Trials that came to an end; those that a run left unfinished when it died are written off."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return len(study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _result(root: Path, study: optuna.Study) -> SweepResult:
    finished = study.get_trials(states=(TrialState.COMPLETE,))
    if not finished:
        raise TrainingDataError("No trial came to an end: every one of them diverged")
    importance = _importance(study, finished)
    if importance:
        draw_importance(importance, root / "importance.png")
    best = study.best_trial
    return SweepResult(len(finished), dict(best.params), study.best_value, importance)


def _importance(study: optuna.Study, finished: Sequence[FrozenTrial]) -> dict[str, float]:
    if len(finished) < _MIN_FOR_IMPORTANCE:
        return {}
    return get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
