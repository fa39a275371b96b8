"""Pairs, trials and a training run on several nodes: the same as on one, whatever dies."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import optuna
import pytest

from service.cluster import Node, RayExecutor
from service.errors import SetupError, TrainingDataError
from service.models import ModelStore
from tests.cluster.work import NotedBase
from tests.tiny_voices import read_samples, write_workspace
from training.bases import find_base
from training.cluster.resources import Share, share_of
from training.cluster.trainer import GroupTraining
from training.cluster.trials import TuneTrials
from training.finetune import finetune
from training.pairing.stage import PairOptions, make_pairs
from training.pairs import Pair, write_pairs
from training.study import open_study
from training.sweep import SweepSpace, sweep
from training.tuning.options import FinetuneOptions
from training.workspace import Workspace

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(170),
    # Ray Train makes Ray Data's default context, which warns of its own defaults.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context"),
]
optuna.logging.set_verbosity(optuna.logging.WARNING)

QUICK = FinetuneOptions(epochs=1, rate=1e-2, micro_batch_size=16)
SPACE = SweepSpace(rank=(4, 8), batch_size=(16,), epochs=(1, 1), article_chars=(300,))


def kill_a_node(cluster: Any, choose: Callable[[], str | None]) -> Thread:
    """A thread that ends a node at once, when it is told which."""

    def kill() -> None:
        while (node_id := choose()) is None:
            time.sleep(0.05)
        doomed = next(node for node in cluster.worker_nodes if node.node_id == node_id)
        cluster.remove_node(doomed, allow_graceful=False)

    thread = Thread(target=kill, daemon=True)
    thread.start()
    return thread


def test_pairs_are_those_of_one_machine(cluster: Any, tmp_path: Path) -> None:
    texts = [hashlib.sha512(b"%d" % number).hexdigest() for number in range(1100)]
    pairs = [Pair(text[:9], texts[i % 1000][:60], text) for i, text in enumerate(texts)]
    write_pairs(tmp_path / "given.jsonl", pairs)
    options, alone, spread = PairOptions(), Workspace(tmp_path / "a"), Workspace(tmp_path / "b")
    make_pairs(alone, options, tmp_path / "given.jsonl")
    report = make_pairs(spread, options, tmp_path / "given.jsonl", RayExecutor(2))
    assert spread.pairs.read_bytes() == alone.pairs.read_bytes()
    assert report.counts["near-duplicates"] == 100


def test_a_killed_node_costs_a_sweep_only_the_trial_it_was_at(
    cluster: Any, tmp_path: Path, models_dir: Path
) -> None:
    workspace, notes = write_workspace(tmp_path / "work"), tmp_path / "notes"
    notes.mkdir()
    base = NotedBase(models_dir, notes)

    def first_at_work() -> str | None:
        return next((path.name.split("-")[0] for path in notes.iterdir()), None)

    killing = kill_a_node(cluster, first_at_work)
    found = sweep(tmp_path / "sweep", [workspace], base, QUICK, SPACE, 4, TuneTrials("ray"))
    killing.join(60)
    trials = open_study(tmp_path / "sweep", 0).trials
    assert [(t.number, t.state.name) for t in trials] == [(i, "COMPLETE") for i in range(4)]
    assert len(list(notes.iterdir())) == 5
    assert (found.num_trials, found.loss) == (4, min(t.value or 9 for t in trials))
    assert found.best["rank"] in SPACE.rank
    again = sweep(tmp_path / "sweep", [workspace], base, QUICK, SPACE, 4, TuneTrials("ray"))
    assert again == found
    other = replace(base, name="another")
    with pytest.raises(TrainingDataError, match="other base"):
        sweep(tmp_path / "sweep", [workspace], other, QUICK, SPACE, 5, TuneTrials("ray"))


def test_what_no_trial_can_get_over_ends_a_sweep(
    cluster: Any, tmp_path: Path, models_dir: Path
) -> None:
    workspace = write_workspace(tmp_path / "work")
    base = NotedBase(models_dir, tmp_path, name="missing")
    with pytest.raises(SetupError, match="missing"):
        sweep(tmp_path / "sweep", [workspace], base, QUICK, SPACE, 9, TuneTrials("ray"))
    assert len(open_study(tmp_path / "sweep", 0).trials) < 9


def test_a_killed_node_takes_a_training_back_to_its_last_checkpoint(
    cluster: Any, tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = write_workspace(tmp_path)
    base = find_base(ModelStore(models_dir), "tiny-gpt2")
    groups: list[int] = []
    train = GroupTraining._train

    def counted(self: GroupTraining, *args: Any) -> Any:
        groups.append(len(cluster.worker_nodes))
        return train(self, *args)

    monkeypatch.setattr(GroupTraining, "_train", counted)
    nodes = [node.node_id for node in cluster.worker_nodes]

    def any_once_a_checkpoint_is_there() -> str | None:
        return nodes[0] if any(workspace.trained.glob("checkpoint-*/trainer*")) else None

    killing = kill_a_node(cluster, any_once_a_checkpoint_is_there)
    options = replace(QUICK, epochs=8, patience=8)
    report = finetune(workspace, base, options, train=GroupTraining("ray"))
    killing.join(60)
    assert groups == [2, 1]
    assert report.counts["epochs"] == 8
    assert report.counts["held-out loss"] < report.counts["held-out loss, untrained"] - 0.05
    assert [row["epoch"] for row in read_samples(workspace)].count(0.0) == 8
    assert (workspace.trained / "adapter" / "adapter_model.safetensors").is_file()


def test_a_training_that_cannot_be_says_why(cluster: Any, tmp_path: Path, models_dir: Path) -> None:
    base = find_base(ModelStore(models_dir), "tiny-gpt2")
    workspace = write_workspace(tmp_path / "few", num_pairs=16)
    with pytest.raises(TrainingDataError, match="at least"):
        finetune(workspace, base, QUICK, train=GroupTraining("ray"))
    workspace = write_workspace(tmp_path / "enough")
    with pytest.raises(SetupError, match="not 40 processors"):
        finetune(workspace, base, QUICK, train=GroupTraining("ray", num_processes=40))


@pytest.mark.parametrize(
    ("nodes", "num", "share"),
    [
        ([Node("a", 8, 0), Node("b", 8, 0)], 2, Share(8)),
        ([Node("a", 8, 0), Node("b", 2, 0)], 2, Share(4)),
        ([Node("a", 8, 0), Node("b", 8, 0)], 4, Share(4)),
        ([Node("a", 16, 4), Node("b", 4, 0)], 4, Share(4, 1)),
        ([Node("a", 16, 1), Node("b", 4, 0)], 2, Share(8)),
    ],
)
def test_processes_share_what_there_is(nodes: list[Node], num: int, share: Share) -> None:
    assert share_of(nodes, num) == share
