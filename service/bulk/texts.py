"""The texts of a run without their rows, a line between two: made anew from the rows each time.

Writes over nothing but what it wrote itself.
"""

from __future__ import annotations

from pathlib import Path

from service.bulk.rows import RowFile
from service.errors import ConfigError, SetupError


class TextFile:
    """The file of `--format text`."""

    def __init__(self, path: Path, delimiter: str) -> None:
        self._path, self._delimiter = path, delimiter

    def check(self, rows: RowFile) -> None:
        """
        Raises:
            ConfigError: there is a file that did not come of these rows, or was changed since.
            SetupError: it cannot be read.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise SetupError(f"{self._path} cannot be read: {error.strerror}") from None
        if not _is_made_of(data, self._entries(rows)):
            raise ConfigError(
                f"{self._path} holds something else than this command wrote; "
                "name another output, or move that file away"
            )

    def write(self, rows: RowFile) -> None:
        """Raises: SetupError: it cannot be written."""
        try:
            self._path.write_bytes(b"".join(self._entries(rows)))
        except OSError as error:
            raise SetupError(f"{self._path} cannot be written: {error.strerror}") from None

    def _entries(self, rows: RowFile) -> list[bytes]:
        return [f"{text}\n{self._delimiter}\n".encode() for text in rows.texts()]


def _is_made_of(data: bytes, entries: list[bytes]) -> bool:
    """Whether it holds some of the entries in their order; its last may be cut off.

    Some, since a later run adds what an earlier one lacked, anywhere in between.
    """
    at = 0
    for entry in entries:
        if data.startswith(entry, at):
            at += len(entry)
    rest = data[at:]
    return any(entry.startswith(rest) for entry in entries) or not rest
