from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from service.errors import SetupError, TrainingDataError, TrainingDiverged
from service.models import ModelStore
from tests.tiny_voices import read_samples, write_gpt2, write_workspace
from training import finetune as stage
from training.bases import find_base
from training.finetune import finetune
from training.pairs import read_pairs
from training.tuning.checkpoints import last_checkpoint
from training.tuning.greedy import greedy_ids
from training.tuning.options import Base, FinetuneOptions
from training.tuning.run import make_data
from training.tuning.torch_model import torch_model
from training.tuning.trainer import TweetTrainer
from training.workspace import Workspace

QUICK = FinetuneOptions(epochs=2, rate=1e-2, micro_batch_size=16)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    models_dir = tmp_path_factory.mktemp("models")
    write_gpt2(models_dir)
    return find_base(ModelStore(models_dir), "tiny-gpt2")


@pytest.fixture(scope="module")
def trained(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = write_workspace(tmp_path_factory.mktemp("work"))
    finetune(workspace, base, QUICK)
    return workspace


def weights(workspace: Workspace) -> dict[str, torch.Tensor]:
    return load_file(workspace.trained / "adapter" / "adapter_model.safetensors")


def same(a: Workspace, b: Workspace) -> bool:
    one, other = weights(a), weights(b)
    return all(torch.equal(one[name], other[name]) for name in one)


def test_held_out_loss_falls(trained: Workspace) -> None:
    counts = trained.report("finetune").counts
    assert counts["held-out loss"] < counts["held-out loss, untrained"] - 0.05


def test_what_was_trained_on_is_told(trained: Workspace) -> None:
    report = trained.report("finetune")
    assert report.counts["pairs trained on"] == 48
    assert report.settings["base"] == "tiny-gpt2"
    assert report.settings["rate"] == 1e-2


def test_each_epoch_leaves_samples(trained: Workspace) -> None:
    epochs = {row["epoch"] for row in read_samples(trained)}
    assert epochs == {0.0, 1.0, 2.0}


def test_the_curve_is_drawn(trained: Workspace) -> None:
    assert (trained.trained / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_adapter(
    trained: Workspace, base: Base, tmp_path: Path
) -> None:
    again = write_workspace(tmp_path)
    finetune(again, base, QUICK)
    assert same(trained, again)


def test_a_stopped_run_goes_on_to_the_same_adapter(
    trained: Workspace, base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = write_workspace(tmp_path)
    whole_loss = TweetTrainer.compute_loss

    def interrupted(self: TweetTrainer, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return whole_loss(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(TweetTrainer, "compute_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            finetune(workspace, base, QUICK)
    assert last_checkpoint(workspace.trained) == workspace.trained / "checkpoint-2"
    finetune(workspace, base, QUICK)
    assert same(trained, workspace)


def test_a_loss_that_is_no_number_ends_the_run(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = write_workspace(tmp_path)
    whole_loss = TweetTrainer.compute_loss

    def diverging(self: TweetTrainer, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if self.state.global_step == 4:
            inputs = {**inputs, "weights": inputs["weights"] * float("nan")}
        return whole_loss(self, model, inputs, *args, **kwargs)

    monkeypatch.setattr(TweetTrainer, "compute_loss", diverging)
    with pytest.raises(TrainingDiverged, match=r"step 4; the last good .*checkpoint-3"):
        finetune(workspace, base, QUICK)
    assert last_checkpoint(workspace.trained) == workspace.trained / "checkpoint-3"


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = write_workspace(tmp_path)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(TweetTrainer, "_save_checkpoint", full)
        with pytest.raises(SetupError, match=r"No space left.*the same command goes on"):
            finetune(workspace, base, QUICK)
    assert finetune(workspace, base, QUICK).counts["pairs trained on"] == 48


def test_a_full_training_leaves_whole_weights(base: Base, tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    options = replace(QUICK, method="full", epochs=1)
    counts = finetune(workspace, base, options).counts
    assert counts["held-out loss"] < counts["held-out loss, untrained"]
    saved = json.loads((workspace.trained / "weights" / "config.json").read_text())
    assert saved["model_type"] == "gpt2"


def test_training_stops_when_held_out_loss_rises(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([5.0, 4.0, 4.5, 4.6, 4.7])
    monkeypatch.setattr(TweetTrainer, "_held_out_loss", lambda _: next(losses))
    counts = finetune(write_workspace(tmp_path), base, replace(QUICK, epochs=4)).counts
    assert (counts["epoch kept"], counts["epochs"]) == (1.0, 2.0)


def test_a_base_without_the_markers_is_refused(base: Base, tmp_path: Path) -> None:
    markers = replace(base.spec, prompt=replace(base.spec.prompt, format="markers"))
    bare = json.loads(base.checkpoint.tokenizer_json)
    bare["added_tokens"] = [t for t in bare["added_tokens"] if "doc" not in t["content"]]
    checkpoint = replace(base.checkpoint, tokenizer_json=json.dumps(bare))
    with pytest.raises(SetupError, match=r"lacks the marker <\|doc\|>"):
        finetune(write_workspace(tmp_path), Base("tiny", markers, checkpoint), QUICK)


def test_too_few_pairs_are_refused(base: Base, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="at least 20"):
        finetune(write_workspace(tmp_path, num_pairs=16), base, QUICK)


def test_the_mark_changes_with_pairs_and_settings(base: Base, tmp_path: Path) -> None:
    few, many = write_workspace(tmp_path / "a", 32), write_workspace(tmp_path / "b", 64)
    marks = {
        stage.run_mark(few, base, QUICK),
        stage.run_mark(many, base, QUICK),
        stage.run_mark(many, base, replace(QUICK, rate=1e-3)),
    }
    assert len(marks) == 3


def test_curves_can_go_to_a_tracker(base: Base, tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    finetune(workspace, base, replace(QUICK, epochs=1, report_to="tensorboard"))
    assert list(workspace.trained.rglob("events.out.tfevents.*"))


def test_a_tracker_that_is_not_there_is_named(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.tuning.options.find_spec", lambda _: None)
    with pytest.raises(SetupError, match="pip install trackio"):
        finetune(write_workspace(tmp_path), base, replace(QUICK, report_to="trackio"))


def test_the_last_epoch_can_be_kept(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([5.0, 4.0, 4.5, 4.6])
    monkeypatch.setattr(TweetTrainer, "_held_out_loss", lambda _: next(losses))
    options = replace(QUICK, epochs=3, keep="last")
    counts = finetune(write_workspace(tmp_path), base, options).counts
    assert (counts["epoch kept"], counts["held-out loss"]) == (3.0, 4.6)


def test_no_example_is_longer_than_the_bases_context(trained: Workspace, base: Base) -> None:
    short = replace(
        base,
        checkpoint=replace(
            base.checkpoint, architecture=replace(base.checkpoint.architecture, context_length=60)
        ),
    )
    pairs = [replace(p, article=p.article * 20) for p in read_pairs(trained.pairs, "train")]
    data = make_data(short, pairs, pairs, QUICK)
    assert max(data.train.lengths()) <= 60


def test_a_text_ends_with_the_context(base: Base) -> None:
    model = torch_model(base.checkpoint)
    room = base.checkpoint.architecture.context_length
    assert len(greedy_ids(model, [5] * (room - 3), [])) == 3


def test_a_run_that_has_ended_is_left_as_it_is(base: Base, tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    options = replace(QUICK, epochs=9, rate=0.5)
    report = finetune(workspace, base, options)
    assert report.counts["epochs"] < 9  # it had ended early
    before = weights(workspace)
    assert finetune(workspace, base, options) == report
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(workspace).items())


def test_an_early_end_stays_one_where_its_result_was_lost(base: Base, tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    options = replace(QUICK, epochs=9, rate=0.5)
    report = finetune(workspace, base, options)
    before = weights(workspace)
    workspace.forget("finetune")  # killed before it was told
    assert finetune(workspace, base, options).counts == report.counts
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(workspace).items())


def test_a_disk_that_was_full_at_the_last_file_costs_one_checkpoint(
    trained: Workspace, base: Base, tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "work")
    shutil.copytree(trained.root, workspace.root)
    workspace.forget("finetune")
    (workspace.trained / "checkpoint-6" / "trainer_state.json").write_text("")
    finetune(workspace, base, QUICK)
    assert same(trained, workspace)


def test_a_torn_file_of_torch_is_one_line(trained: Workspace, base: Base, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    shutil.copytree(trained.root, workspace.root)
    workspace.forget("finetune")
    for path in workspace.trained.glob("checkpoint-*/optimizer.pt"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SetupError, match=r"could not be .*read.*--fresh"):
        finetune(workspace, base, QUICK)


def test_two_processes_take_turns(trained: Workspace, base: Base, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    shutil.copytree(trained.root, workspace.root)
    with ThreadPoolExecutor(1) as pool:
        with workspace.locked():
            other = pool.submit(finetune, workspace, base, QUICK)
            assert not wait([other], timeout=0.5).done
            workspace.pairs.write_text("")
        with pytest.raises(TrainingDataError):  # it looked at the pairs after its turn came
            other.result()
