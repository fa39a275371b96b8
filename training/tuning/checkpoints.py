"""The checkpoints of a run: which can be gone on from, and which must go.

A run's folder is marked with a digest of its pairs and settings; another mark, another run.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from training.tuning.curve import Logs

_MARK = "fingerprint"
_LAST_WRITTEN = "trainer_state.json"
"""The Trainer writes it after the weights, so a checkpoint that has it is whole."""


def open_run(folder: Path, mark: str, *, fresh: bool) -> None:
    """Make the folder ready for a run with this mark; what another run left there goes."""
    if fresh or not is_open(folder, mark):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / _MARK).write_text(mark, encoding="utf-8")
    for checkpoint in _checkpoints(folder):
        if not _is_whole(checkpoint):
            shutil.rmtree(checkpoint)


def is_open(folder: Path, mark: str) -> bool:
    """Whether the folder is that of a run with this mark."""
    path = folder / _MARK
    return path.is_file() and path.read_bytes() == mark.encode()


def last_checkpoint(folder: Path) -> Path | None:
    """The newest, or None at the start of a run."""
    return max(_checkpoints(folder), key=_step, default=None)


def logs_of(checkpoint: Path) -> Logs:
    """What the run had logged by then."""
    state = json.loads((checkpoint / _LAST_WRITTEN).read_text(encoding="utf-8"))
    logs: Logs = state["log_history"]
    return logs


def _is_whole(checkpoint: Path) -> bool:
    """A full disk leaves the last file empty or torn."""
    try:
        logs_of(checkpoint)
    except (OSError, ValueError, KeyError):
        return False
    return True


def _checkpoints(folder: Path) -> list[Path]:
    return [path for path in folder.glob("checkpoint-*") if _step(path) >= 0]


def _step(path: Path) -> int:
    match = re.fullmatch(r"checkpoint-(\d+)", path.name)
    return int(match[1]) if match else -1
