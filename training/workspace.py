"""The folder of a training run: which stage reads and writes what, and which are done.

tweets.jsonl       import      Tweet a line
articles.sqlite    scrape      an article or a failure a link
pairs.jsonl        pairs       Pair a line, with its split
training.txt       pairs       on request: the same as marked text
folds/N/           self-train  a workspace for each part, with its `drafts/`
finetune/          finetune    checkpoints, samples, the curve, and `adapter/` or `weights/`
lock                           held while a stage works that must be alone
reports/STAGE.json             counts and settings of each stage
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from service.errors import TrainingDataError
from training.locks import file_lock
from training.reports import StageReport, Value, read_report, write_report


@dataclass(frozen=True, slots=True)
class Workspace:
    root: Path

    @property
    def tweets(self) -> Path:
        return self.root / "tweets.jsonl"

    @property
    def x_pages(self) -> Path:
        return self.root / "x-pages.jsonl"

    @property
    def articles(self) -> Path:
        return self.root / "articles.sqlite"

    @property
    def pairs(self) -> Path:
        return self.root / "pairs.jsonl"

    @property
    def training_txt(self) -> Path:
        return self.root / "training.txt"

    @property
    def trained(self) -> Path:
        return self.root / "finetune"

    def report(self, stage: str) -> StageReport:
        """Raises TrainingDataError where the stage has not been run."""
        return read_report(self._report_path(stage))

    def has_report(self, stage: str) -> bool:
        """Whether the stage has been run, with whatever inputs; its report may be damaged."""
        return self._report_path(stage).exists()

    def record(self, report: StageReport) -> None:
        """Written last: a stage with a report has finished."""
        write_report(self._report_path(report.stage), report)

    def forget(self, stage: str) -> None:
        """What the stage did has been undone by another."""
        self._report_path(stage).unlink(missing_ok=True)

    def locked(self) -> AbstractContextManager[None]:
        """One process at a time; another waits, and says so."""
        return file_lock(self.root / "lock")

    def is_done(self, stage: str, fingerprint: str) -> bool:
        """Whether the stage has finished with these very inputs and settings."""
        try:
            return self.report(stage).fingerprint == fingerprint
        except TrainingDataError:
            return False

    def _report_path(self, stage: str) -> Path:
        return self.root / "reports" / f"{stage}.json"


def fingerprint(inputs: Iterable[Path], settings: Mapping[str, Value]) -> str:
    """Of the bytes of the input files and of the settings; a missing file counts as empty."""
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for path in inputs:
        digest.update(b"\0")
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
