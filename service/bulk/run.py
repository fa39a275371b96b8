"""A bulk run: what is not in the file yet is done, and appended as it comes. Knows no models."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tqdm import tqdm

from service.bulk.jobs import Job
from service.bulk.rows import RowFile
from service.bulk.work import Done
from service.errors import ConfigError, SetupError
from service.executor import Executor

_OPENING = b'{"job": '
"""How every line of the errors begins."""


@dataclass(frozen=True, slots=True)
class BulkReport:
    """Of this run alone, not of what the file held before."""

    num_rows: int
    num_failed: int
    num_tokens: int
    seconds: float

    @property
    def tokens_per_s(self) -> float:
        return self.num_tokens / self.seconds if self.seconds else 0.0


class ErrorFile:
    """Beside the rows: the jobs that gave none, and why. Each run tries them again, anew."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ConfigError: there is a file that no run wrote.
            SetupError: it cannot be removed.
        """
        self._path = path
        try:
            if path.exists() and not _OPENING.startswith(_head(path)):
                raise ConfigError(f"{path} is where failures are told; move that file away")
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(f"{path} cannot be replaced: {error.strerror}") from None

    def add(self, done: Done) -> None:
        said = {"job": done.job.number, "source": done.job.source or done.job.prompt}
        line = json.dumps(said | {"error": done.error, "detail": done.detail}, ensure_ascii=False)
        # That a job failed is told at the end too; a full disk stops the rows themselves.
        with suppress(OSError), self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_OPENING))


def run_bulk(
    jobs: list[Job],
    work: Callable[[Job], Done],
    executor: Executor,
    rows: RowFile,
    errors: ErrorFile,
    *,
    spacing_s: float = 0.0,
) -> BulkReport:
    """Do every job that is not in the file.

    Args:
        work: does one job, and never raises. A job whose run was stopped is left to the next.
        spacing_s: least time between two jobs of one host, however many machines there are.

    Raises:
        SetupError: the disk is full.
    """
    pending = [job for job in jobs if job.number not in rows.done]
    num_rows, num_failed, num_tokens, begun = rows.num_rows, 0, 0, monotonic()
    key = (lambda job: job.host) if spacing_s else None
    results = executor.map_unordered(work, pending, key=key, spacing_s=spacing_s)
    with tqdm(total=len(jobs), initial=len(jobs) - len(pending), unit="job", disable=None) as bar:
        for done in results:
            if done.is_stopped:
                continue
            if done.error is None:
                rows.append(done.rows)
            else:
                num_failed += 1
                errors.add(done)
            num_tokens += done.num_tokens
            bar.set_postfix_str(
                f"{num_tokens / (monotonic() - begun):,.0f} tokens/s", refresh=False
            )
            bar.update()
    return BulkReport(rows.num_rows - num_rows, num_failed, num_tokens, monotonic() - begun)
