"""The file that rows go to: whole jobs, appended; what is in it is never done again.

A row says which job it is of and how many rows that job has. A run that was killed leaves at most
a part of the last job; opening the file takes that part away, and touches no file of anything else.
"""

from __future__ import annotations

import codecs
import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from service.errors import ConfigError, SetupError
from service.tweets.tweet import Overlap


@dataclass(frozen=True, slots=True)
class Row:
    """One text; `doc2tweet drafts import` takes it as a candidate."""

    text: str
    model: str
    seed: int
    index: int
    """Which candidate of that seed."""
    prompt: str | None
    source: str | None
    article_title: str | None
    article_text: str | None
    flags: tuple[str, ...]
    overlap: Overlap | None
    finish_reason: str
    job: int
    num_rows: int
    """Rows of this job."""
    run: str
    """Digest of what the run was asked; another run does not go on with this file."""


_MEMBERS = tuple(field.name for field in fields(Row))


class RowFile:
    """An output file, locked for this process while it is open."""

    def __init__(self, path: Path, run: str) -> None:
        """
        Args:
            run: digest of what is asked.

        Raises:
            ConfigError: another process writes it, it holds another run's rows or anything else,
                or is no plain file.
            SetupError: it cannot be written.
        """
        self._path, self._run = path, run
        self.base_seed: int | None = None
        """Of the run that began the file; None for a new one."""
        self.done: set[int] = set()
        """Numbers of the jobs that are in the file."""
        self.num_rows = 0
        self._is_new = not path.exists()
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}") from None
        try:
            self._lock()
            self._repair()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> RowFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """A file that this run began and put nothing into is taken away."""
        if self._is_new and not os.fstat(self._fd).st_size:
            self._path.unlink(missing_ok=True)
        os.close(self._fd)

    def append(self, rows: Sequence[Row]) -> None:
        """Add all rows of one job.

        Raises:
            SetupError: the disk is full; what was written of the job is taken away again.
        """
        lines = "".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows)
        end = os.fstat(self._fd).st_size
        try:
            _write_all(self._fd, lines.encode())
        except OSError as error:
            os.ftruncate(self._fd, end)
            what = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
            raise SetupError(
                f"{self._path}: {what}. {self.num_rows} rows are in it; "
                "the same command goes on from there."
            ) from None
        self.done.update(row.job for row in rows)
        self.num_rows += len(rows)

    def texts(self) -> Iterator[str]:
        """Every text in the order of jobs, whatever order they were done in."""
        rows = sorted(self._rows(), key=lambda row: (row["job"], row["index"]))
        return (row["text"] for row in rows)

    def _lock(self) -> None:
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            raise ConfigError(f"{self._path} is no plain file; name one to write into")
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"{self._path} is being written by another process") from None

    def _repair(self) -> None:
        """Read what is done, and cut off what is not whole: a line, or a job's last rows."""
        end = at = 0
        counted: dict[int, int] = {}
        with open(self._fd, "rb", closefd=False) as file:
            file.seek(0)
            for line in file:
                at += len(line)
                row = self._checked(line)
                if row is None:
                    break
                counted[row["job"]] = counted.get(row["job"], 0) + 1
                if counted[row["job"]] == row["num_rows"]:
                    self.done.add(row["job"])
                    self.num_rows += row["num_rows"]
                    self.base_seed = row["seed"] - row["job"]
                    end = at
        os.ftruncate(self._fd, end)

    def _checked(self, line: bytes) -> dict[str, Any] | None:
        """The row of a line; None where the line was cut off.

        Raises:
            ConfigError: the row is no row of this run.
        """
        row = _parsed(line)
        if isinstance(row, dict) and row.get("run") == self._run:
            return row if line.endswith(b"\n") else None
        if row is None and not line.endswith(b"\n") and _may_begin_a_row(line):
            return None
        raise ConfigError(
            f"{self._path} holds something else than this command writes; "
            "name another output, or ask for what it was begun with"
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        with open(self._fd, encoding="utf-8", closefd=False) as file:
            file.seek(0)
            for line in file:
                yield json.loads(line)


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _parsed(line: bytes) -> object:
    """The JSON value of a line; None where it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _may_begin_a_row(line: bytes) -> bool:
    """Whether a line that was cut off begins as rows do: with their members, in their order."""
    try:
        rest = codecs.getincrementaldecoder("utf-8")().decode(line)  # may end in half a character
    except ValueError:
        return False
    for number, name in enumerate(_MEMBERS):
        key = ("{" if number == 0 else ", ") + f'"{name}": '
        if not rest.startswith(key):
            return key.startswith(rest)
        rest = rest[len(key) :]
        try:
            rest = rest[json.JSONDecoder().raw_decode(rest)[1] :]
        except (ValueError, RecursionError):
            return rest[:1] in {"", '"', "[", "{", "n"}  # of a text, a list, an object, null
    return rest in {"", "}"}
