"""The study of a sweep on the disk: optuna's journal, and what its trials were made of.

Knows nothing of how a trial is run or judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from service.errors import TrainingDataError

STUDY_NAME = "sweep"
_MADE_OF = "made of"


def open_study(root: Path, seed: int) -> optuna.Study:
    """The study of a folder; new trials follow from the seed and those before."""
    return optuna.create_study(
        study_name=STUDY_NAME,
        storage=study_storage(root),
        sampler=TPESampler(seed=seed),
        direction="minimize",
        load_if_exists=True,
    )


def study_storage(root: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(root / "study.log")))


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
