from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from service.errors import SetupError, TrainingDataError, TrainingDiverged
from training import sweep as stage
from training.pairs import Pair, read_pairs, write_pairs
from training.reports import StageReport
from training.study import open_study
from training.sweep import SweepResult, SweepSpace, robust, sweep
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

SPACE = SweepSpace(rank=(4, 8), batch_size=(8,), epochs=(1, 2), article_chars=(300,))


def pairs_of(name: str) -> list[Pair]:
    train = [Pair(name, f"Tweet {number}", split="train") for number in range(20)]
    return [*train, Pair(name, "A tweet", split="dev")]


@pytest.fixture
def workspaces(tmp_path: Path) -> list[Workspace]:
    found = [Workspace(tmp_path / name) for name in ("a", "b")]
    for workspace in found:
        write_pairs(workspace.pairs, pairs_of(workspace.root.name))
    return found


def losses(workspace: Workspace, base: Base, options: FinetuneOptions, **_: Any) -> StageReport:
    """A training whose loss follows from the rate, and is worse for data set b."""
    loss = abs(options.rate - 5e-4) * 1000 + (read_pairs(workspace.pairs)[0].id == "b")
    return StageReport("finetune", {"held-out loss": loss})


USUAL = FinetuneOptions()


@dataclass(frozen=True)
class Named:
    """A base that no training here looks at."""

    name: str = "tiny"

    def __call__(self, article_chars: int) -> Base:
        return Base(self.name, None, None)  # type: ignore[arg-type]


def run(
    root: Path,
    workspaces: list[Workspace],
    trials: int,
    base: str = "tiny",
    usual: FinetuneOptions = USUAL,
    space: SweepSpace = SPACE,
) -> SweepResult:
    return sweep(root, workspaces, Named(base), usual, space, trials)


def test_the_least_robust_loss_wins(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    found = run(tmp_path / "sweep", workspaces, 12)
    deviation = abs(found.best["rate"] - 5e-4) * 1000
    assert found.loss == pytest.approx(robust([deviation, deviation + 1]))
    assert found.num_trials == 12


def test_importance_is_told_and_drawn(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    found = run(tmp_path / "sweep", workspaces, 12)
    assert next(iter(found.importance)) == "rate"
    assert (tmp_path / "sweep" / "importance.png").read_bytes().startswith(b"\x89PNG")


def test_a_stopped_sweep_goes_on(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    assert run(tmp_path / "sweep", workspaces, 2).num_trials == 2
    assert run(tmp_path / "sweep", workspaces, 3).num_trials == 3


def test_a_trial_that_a_killed_run_left_unfinished_is_written_off(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    root = tmp_path / "sweep"
    run(root, workspaces, 1)
    open_study(root, 0).ask()  # as a run does, then dies
    assert run(root, workspaces, 2).num_trials == 2
    states = [trial.state.name for trial in open_study(root, 0).trials]
    assert states == ["COMPLETE", "FAIL", "COMPLETE"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"base": "another"}, "base"),
        ({"usual": FinetuneOptions(seed=1)}, "settings"),
        ({"space": replace(SPACE, epochs=(1, 3))}, "ranges"),
    ],
)
def test_a_folder_answers_for_what_was_tried_there_alone(
    tmp_path: Path,
    workspaces: list[Workspace],
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
    named: str,
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    run(tmp_path / "sweep", workspaces, 1)
    with pytest.raises(TrainingDataError, match=rf"--out .*/sweep .* other {named}: name another"):
        run(tmp_path / "sweep", workspaces, 1, **changed)


def test_a_folder_answers_for_its_own_pairs_alone(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    found = run(tmp_path / "sweep", workspaces, 1)
    assert run(tmp_path / "sweep", workspaces[::-1], 1) == found
    with pytest.raises(TrainingDataError, match="other pairs"):
        run(tmp_path / "sweep", workspaces[:1], 1)


def test_no_trial_is_handed_out_for_a_folder_of_other_pairs(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster too, where optuna's study is opened by others."""
    monkeypatch.setattr(stage, "finetune", losses)
    run(tmp_path / "sweep", workspaces[:1], 1)
    handed: list[int] = []
    with pytest.raises(TrainingDataError):
        sweep(
            tmp_path / "sweep",
            workspaces[1:],
            Named(),
            FinetuneOptions(),
            SPACE,
            9,
            lambda *_: handed.append(1),
        )
    assert not handed


def test_a_study_that_does_not_say_what_it_is_of_is_refused(
    tmp_path: Path, workspaces: list[Workspace]
) -> None:
    (tmp_path / "sweep").mkdir()
    open_study(tmp_path / "sweep", 0).ask()
    with pytest.raises(TrainingDataError, match="other pairs, base"):
        run(tmp_path / "sweep", workspaces, 1)


def test_a_data_set_without_pairs_is_named(tmp_path: Path, workspaces: list[Workspace]) -> None:
    missing = Workspace(tmp_path / "none")
    with pytest.raises(TrainingDataError, match="none/pairs"):
        run(tmp_path / "sweep", [*workspaces, missing], 1)


@pytest.mark.parametrize(
    ("kept", "why"),
    [(slice(0, 20), "b/pairs.jsonl holds no pair of split 'dev'"), (slice(2, 21), "b/pairs.*18 ")],
)
def test_a_data_set_that_no_trial_can_use_is_told_before_any(
    tmp_path: Path, workspaces: list[Workspace], kept: slice, why: str
) -> None:
    write_pairs(workspaces[1].pairs, pairs_of("b")[kept])
    with pytest.raises(TrainingDataError, match=why):
        run(tmp_path / "sweep", workspaces, 1)
    assert not (tmp_path / "sweep").exists()


def test_what_no_trial_can_get_over_is_told_without_a_stack(
    tmp_path: Path,
    workspaces: list[Workspace],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: Any, **__: Any) -> StageReport:
        raise SetupError("the disk is full")

    monkeypatch.setattr(stage, "finetune", fail)
    with pytest.raises(SetupError, match="the disk is full"):
        run(tmp_path / "sweep", workspaces, 2)
    assert capsys.readouterr().err == ""


def test_half_a_line_that_a_run_left_as_it_died_is_written_off(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    run(tmp_path / "sweep", workspaces, 1)
    with (tmp_path / "sweep" / "study.log").open("a") as log:
        log.write('{"op_code": 4, "tri')
    assert run(tmp_path / "sweep", workspaces, 2).num_trials == 2
    assert run(tmp_path / "sweep", workspaces, 3).num_trials == 3


@pytest.mark.parametrize("line", ["{", "5", "{}", '"op_code"', "\udcff"])
def test_a_damaged_study_is_one_line(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.setattr(stage, "finetune", losses)
    run(tmp_path / "sweep", workspaces, 1)
    log = tmp_path / "sweep" / "study.log"
    log.write_text(f"{line}\n{log.read_text()}", errors="surrogateescape")
    with pytest.raises(TrainingDataError, match=r"study.log is damaged .*name another --out"):
        run(tmp_path / "sweep", workspaces, 1)


def test_a_folder_that_cannot_be_made_is_one_line(
    tmp_path: Path, workspaces: list[Workspace]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be written"):
        run(tmp_path / "file" / "sweep", workspaces, 1)


def test_a_sweep_in_which_all_diverge_has_no_result(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: Any, **__: Any) -> StageReport:
        raise TrainingDiverged("the loss became nan")

    monkeypatch.setattr(stage, "finetune", diverge)
    with pytest.raises(TrainingDataError, match="diverged"):
        run(tmp_path / "sweep", workspaces, 2)


def test_what_is_not_searched_stays_as_given(
    tmp_path: Path, workspaces: list[Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[FinetuneOptions] = []

    def note(workspace: Workspace, base: Base, options: FinetuneOptions, **_: Any) -> StageReport:
        seen.append(options)
        return losses(workspace, base, options)

    monkeypatch.setattr(stage, "finetune", note)
    usual = FinetuneOptions(alpha=7, patience=3)
    run(tmp_path / "s", workspaces, 1, usual=usual)
    assert {(options.alpha, options.patience) for options in seen} == {(7, 3)}
    assert replace(seen[0], rate=1, rank=1, epochs=1, batch_size=1) == replace(
        usual, rate=1, rank=1, epochs=1, batch_size=1
    )


def test_spread_counts_against_a_setting() -> None:
    assert robust([2.0]) == 2.0
    assert robust([1.0, 3.0]) == 3.0
