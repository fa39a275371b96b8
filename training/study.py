"""The study of a sweep on the disk: optuna's journal, and what its trials were made of.

Knows nothing of how a trial is run or judged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from service.errors import SetupError, TrainingDataError

STUDY_NAME = "sweep"
_MADE_OF = "made of"


def open_study(root: Path, seed: int) -> optuna.Study:
    """The study of a folder; new trials follow from the seed and those before.

    Raises:
        TrainingDataError: its file is damaged.
        SetupError: it cannot be read or written.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a sweep tells of its trials itself
    with _one_line_errors(root):
        _drop_half_a_line(_journal(root))
        return optuna.create_study(
            study_name=STUDY_NAME,
            storage=study_storage(root),
            sampler=TPESampler(seed=seed),
            direction="minimize",
            load_if_exists=True,
        )


def study_storage(root: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(_journal(root))))


def keep_to(study: optuna.Study, root: Path, parts: Mapping[str, str]) -> None:
    """Note what a new study is made of, by name; an older one must be of the very same.

    Raises:
        TrainingDataError: it is of something else, whose figures would be told as these.
    """
    noted: Mapping[str, str] | None = study.user_attrs.get(_MADE_OF)
    if noted is None and not study.get_trials(deepcopy=False):
        study.set_user_attr(_MADE_OF, dict(parts))
        return
    differing = [name for name, value in parts.items() if (noted or {}).get(name) != value]
    if differing:
        raise TrainingDataError(
            f"--out {root} holds a sweep with other {', '.join(differing)}: name another --out, "
            "or delete that folder"
        )


def _journal(root: Path) -> Path:
    return root / "study.log"


def _drop_half_a_line(path: Path) -> None:
    """A run that died as it wrote leaves one; whatever is written next would be lost with it."""
    if not path.exists():
        return
    kept = path.read_bytes().rpartition(b"\n")
    if kept[2]:
        os.truncate(path, len(kept[0]) + len(kept[1]))


@contextmanager
def _one_line_errors(root: Path) -> Iterator[None]:
    path = _journal(root)
    try:
        yield
    except OSError as error:
        raise SetupError(f"{path} cannot be used: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingDataError(
            f"{path} is damaged ({error}): name another --out, or delete that folder"
        ) from None
