"""The trials of a sweep on the nodes of a cluster, by Ray Tune.

optuna's study, its file and what a trial does are those of `training.sweep`; Tune hands trials
out, begins those of a dead node anew, and tells the study how each ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Literal

from optuna.samplers import TPESampler
from optuna.trial import Trial
from ray import tune
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from service.cluster import connected
from service.errors import Doc2TweetError, EngineFault, SetupError, TrainingDiverged
from training.cluster.resources import (
    answering_nodes,
    check_head_sees,
    own_interrupts,
    share_of,
    usual_num_processes,
)
from training.study import STUDY_NAME, study_storage
from training.sweep import Attempt, Setting, SweepSpace, suggest

_MAX_LOSSES = 3
"""A trial is begun anew after so many deaths of its node."""

Verdict = Literal["trained", "diverged", "hopeless"]


@dataclass(frozen=True, slots=True)
class TrialReport:
    """What a trial tells, once, at its end."""

    verdict: Verdict
    loss: float = inf
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TuneTrials:
    """A `RunTrials` on the cluster that `on` names: one trial a node, or a GPU, at a time."""

    on: str

    def __call__(self, root: Path, space: SweepSpace, attempt: Attempt, num_trials: int) -> None:
        """
        Raises:
            SetupError: the cluster cannot be reached, or no trial can get over what went wrong.
            EngineFault: trials were lost for good.
            KeyboardInterrupt: stopped; the trials that had ended are kept.
        """
        with connected(self.on), own_interrupts():
            check_head_sees(root)
            results = _tuner(root.absolute(), space, attempt, num_trials).fit()
        shutil.rmtree(root / "ray", ignore_errors=True)  # the study has it all
        _check(results, num_trials)


def _tuner(root: Path, space: SweepSpace, attempt: Attempt, num_trials: int) -> tune.Tuner:
    nodes = answering_nodes()
    share = share_of(nodes, usual_num_processes(nodes))
    resources = {"cpu": float(share.num_cpus), "gpu": float(share.num_gpus)}
    search = _StudySearch(
        partial(_choose, space=space),
        metric="loss",
        mode="min",
        sampler=TPESampler(seed=attempt.usual.seed),
        study_name=STUDY_NAME,
        storage=study_storage(root),
    )
    return tune.Tuner(
        tune.with_resources(tune.with_parameters(_run_trial, attempt=attempt), resources),
        tune_config=tune.TuneConfig(search_alg=search, num_samples=num_trials, reuse_actors=True),
        run_config=tune.RunConfig(
            name="sweep",
            storage_path=str(root / "ray"),
            failure_config=tune.FailureConfig(max_failures=_MAX_LOSSES),
            verbose=0,
        ),
    )


class _StudySearch(OptunaSearch):
    """Keeps of each trial what a sweep on one machine would."""

    _is_hopeless = False

    def suggest(self, trial_id: str) -> Any:
        return Searcher.FINISHED if self._is_hopeless else super().suggest(trial_id)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing is told before the end, so there are no steps to record."""

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        verdict: Verdict | None = result.get("verdict") if result else None
        self._is_hopeless |= verdict == "hopeless"
        # optuna's wrapper calls a trial without result failed, or else pruned.
        told = result if verdict == "trained" else None
        super().on_trial_complete(trial_id, told, error or verdict == "hopeless")


def _choose(trial: Trial, *, space: SweepSpace) -> None:
    suggest(trial, space)


def _run_trial(config: Mapping[str, Any], attempt: Callable[[Setting], float]) -> None:
    """On a node."""
    try:
        report = TrialReport("trained", attempt(Setting(**config)))
    except TrainingDiverged as error:
        report = TrialReport("diverged", detail=error.detail)
    except Doc2TweetError as error:
        report = TrialReport("hopeless", detail=error.detail)
    tune.report(asdict(report))


def _check(results: tune.ResultGrid, num_trials: int) -> None:
    all_results = [results[number] for number in range(len(results))]
    ended = [result.metrics for result in all_results if result.metrics and not result.error]
    for metrics in ended:
        if metrics.get("verdict") == "hopeless":
            raise SetupError(str(metrics["detail"]))
    if results.num_errors:
        reason = str(results.errors[0]).strip().splitlines()[-1]
        raise EngineFault(
            f"{results.num_errors} trials were lost ({reason}); the same command makes up for them"
        )
    if len(ended) < num_trials:
        raise KeyboardInterrupt
