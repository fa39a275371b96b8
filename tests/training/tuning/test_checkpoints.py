from __future__ import annotations

from pathlib import Path

from training.tuning.checkpoints import last_checkpoint, open_run


def save(folder: Path, step: int, *, whole: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    if whole:
        (path / "trainer_state.json").write_text('{"log_history": []}')
    return path


def test_a_run_begins_without_a_checkpoint(tmp_path: Path) -> None:
    open_run(tmp_path / "run", "a", fresh=False)
    assert last_checkpoint(tmp_path / "run") is None


def test_the_newest_is_gone_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    open_run(folder, "a", fresh=False)
    save(folder, 9)
    newest = save(folder, 10)
    open_run(folder, "a", fresh=False)
    assert last_checkpoint(folder) == newest


def test_a_torn_one_goes(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    open_run(folder, "a", fresh=False)
    whole = save(folder, 5)
    torn = save(folder, 6, whole=False)
    open_run(folder, "a", fresh=False)
    assert last_checkpoint(folder) == whole
    assert not torn.exists()


def test_another_run_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    open_run(folder, "a", fresh=False)
    save(folder, 5)
    open_run(folder, "b", fresh=False)
    assert last_checkpoint(folder) is None


def test_a_fresh_start_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    open_run(folder, "a", fresh=False)
    save(folder, 5)
    open_run(folder, "a", fresh=True)
    assert last_checkpoint(folder) is None
