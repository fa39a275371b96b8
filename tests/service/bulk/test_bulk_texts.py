"""The file of texts alone: made of the rows, and never in the place of something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.bulk.rows import RowFile
from service.bulk.texts import TextFile
from service.errors import ConfigError
from tests.service.bulk.some_rows import some_rows


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[RowFile]:
    with RowFile(tmp_path / "out.jsonl", "run") as file:
        file.append(some_rows(2, text="third\r\nline"))
        file.append(some_rows(0, text="first"))
        yield file


def test_texts_stand_in_the_order_of_the_jobs(rows: RowFile, tmp_path: Path) -> None:
    TextFile(tmp_path / "out", "==").write(rows)
    assert (tmp_path / "out").read_bytes() == b"first\n==\nthird\r\nline\n==\n"


def test_a_file_of_fewer_rows_is_written_anew(rows: RowFile, tmp_path: Path) -> None:
    texts = TextFile(tmp_path / "out", "==")
    texts.write(rows)
    rows.append(some_rows(1, text="second"))
    texts.check(rows)
    texts.write(rows)
    assert (tmp_path / "out").read_text().split("\n==\n")[:2] == ["first", "second"]


@pytest.mark.parametrize("size", [0, 3, 12])
def test_a_file_that_a_full_disk_cut_off_is_written_anew(
    rows: RowFile, tmp_path: Path, size: int
) -> None:
    texts = TextFile(tmp_path / "out", "==")
    texts.write(rows)
    with (tmp_path / "out").open("r+b") as file:
        file.truncate(size)
    texts.check(rows)


@pytest.mark.parametrize("content", [b"My thesis\n", b"first\n==\nmy own\n==\n", b"\xff"])
def test_a_file_of_something_else_is_refused(rows: RowFile, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "out").write_bytes(content)
    with pytest.raises(ConfigError, match="something else"):
        TextFile(tmp_path / "out", "==").check(rows)
