"""The stage `sweep`: which settings suit, tried out by optuna, and which of them matter.

Over several data sets the choice is the robust one of the HuggingTweets study: the least mean plus
one standard deviation, so that no account is served badly for the sake of the others. Every trial
is kept on disk; a sweep that was stopped goes on.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from service.errors import TrainingDataError, TrainingDiverged
from training.finetune import finetune
from training.judging.importance import draw_importance
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

FindBase = Callable[[int], Base]
"""From the number of characters of an article's head to the base that reads so many."""
_MIN_FOR_IMPORTANCE = 4


@dataclass(frozen=True, slots=True)
class SweepSpace:
    """What is tried: ranges end to end, or a list to choose from."""

    rate: tuple[float, float] = (5e-5, 2e-3)
    rank: tuple[int, ...] = (4, 8, 16, 32)
    batch_size: tuple[int, ...] = (8, 16, 32)
    epochs: tuple[int, int] = (1, 4)
    article_chars: tuple[int, ...] = (300, 500, 700, 1000, 1500)


@dataclass(frozen=True, slots=True)
class SweepResult:
    num_trials: int
    best: dict[str, float | int]
    loss: float
    """Of the best: mean plus one standard deviation of the held-out losses."""
    importance: dict[str, float]
    """Share of each setting, falling; empty after too few trials."""


def sweep(
    root: Path,
    workspaces: Sequence[Workspace],
    find_base: FindBase,
    usual: FinetuneOptions,
    space: SweepSpace,
    num_trials: int,
) -> SweepResult:
    """Run trials until there are `num_trials`, those of earlier runs included.

    Args:
        root: where the study and the trials' folders are kept.
        workspaces: one for each data set, with its pairs.

    Raises:
        TrainingDataError: no trial came to an end.
    """
    root.mkdir(parents=True, exist_ok=True)
    study = open_study(root, usual.seed)

    def objective(trial: Trial) -> float:
        options, base = suggest(trial, space, usual), find_base(_article_chars(trial, space))
        folder = root / f"trial-{trial.number}"
        try:
            losses = [_loss(w, folder / str(i), base, options) for i, w in enumerate(workspaces)]
        except TrainingDiverged as error:
            raise optuna.TrialPruned(error.detail) from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return robust(losses)

    done = len([t for t in study.trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED)])
    study.optimize(objective, n_trials=max(0, num_trials - done))
    return _result(root, study)


def open_study(root: Path, seed: int) -> optuna.Study:
    """The study of a folder; new trials follow from the seed and those before."""
    storage = JournalStorage(JournalFileBackend(str(root / "study.log")))
    return optuna.create_study(
        study_name="sweep",
        storage=storage,
        sampler=optuna.samplers.TPESampler(seed=seed),
        direction="minimize",
        load_if_exists=True,
    )


def suggest(trial: Trial, space: SweepSpace, usual: FinetuneOptions) -> FinetuneOptions:
    return replace(
        usual,
        rate=trial.suggest_float("rate", *space.rate, log=True),
        rank=trial.suggest_categorical("rank", space.rank),
        batch_size=trial.suggest_categorical("batch_size", space.batch_size),
        epochs=trial.suggest_int("epochs", *space.epochs),
    )


def robust(losses: Sequence[float]) -> float:
    """Mean plus one standard deviation; of a single loss, the loss."""
    return statistics.mean(losses) + (statistics.pstdev(losses) if len(losses) > 1 else 0.0)


def _article_chars(trial: Trial, space: SweepSpace) -> int:
    return int(trial.suggest_categorical("article_chars", space.article_chars))


def _loss(source: Workspace, folder: Path, base: Base, options: FinetuneOptions) -> float:
    workspace = Workspace(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source.pairs, workspace.pairs)
    return float(finetune(workspace, base, options, fresh=True).counts["held-out loss"])


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
