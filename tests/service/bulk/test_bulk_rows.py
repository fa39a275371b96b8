"""The rows' file: whatever cuts it off, nothing in it is done twice or lost."""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.bulk.rows import Row, RowFile
from service.errors import ConfigError, SetupError


def rows(job: int, num: int = 1, text: str = "A tweet 🌧", seed: int = 100) -> list[Row]:
    return [
        Row(
            text=text,
            model="tiny",
            seed=seed + job,
            index=index,
            prompt=None,
            source=None,
            article_title=None,
            article_text=None,
            flags=(),
            overlap=None,
            finish_reason="stop",
            job=job,
            num_rows=num,
            run="run",
        )
        for index in range(num)
    ]


def test_what_was_written_is_known_to_the_next_run(tmp_path: Path) -> None:
    with RowFile(tmp_path / "out", "run") as file:
        assert (file.done, file.base_seed) == (set(), None)
        file.append(rows(7, 2))
        file.append(rows(3))
    with RowFile(tmp_path / "out", "run") as file:
        assert (file.done, file.num_rows, file.base_seed) == ({3, 7}, 3, 100)


@given(data=st.data(), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=5))
def test_a_file_cut_anywhere_keeps_its_whole_jobs(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("cut") / "out"
    ends = []
    with RowFile(path, "run") as file:
        for job, size in enumerate(sizes):
            file.append(rows(job, size))
            ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    whole = sum(end <= cut for end in ends)
    with RowFile(path, "run") as file:
        assert file.done == set(range(whole))
        for job in range(whole, len(sizes)):
            file.append(rows(job, sizes[job]))
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(r["job"], r["index"]) for r in written] == [
        (job, index) for job, size in enumerate(sizes) for index in range(size)
    ]


def test_texts_come_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    with RowFile(tmp_path / "out", "run") as file:
        file.append(rows(2, text="third"))
        file.append(rows(0, text="first"))
        file.append(rows(1, text="second"))
        assert list(file.texts()) == ["first", "second", "third"]


@pytest.mark.parametrize("content", ["Dear diary\n", '{"run": "another"}\n', "[1]\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "out"
    path.write_text(content)
    with pytest.raises(ConfigError, match="something else"):
        RowFile(path, "run")
    assert path.read_text() == content


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    with RowFile(tmp_path / "out", "run"), pytest.raises(ConfigError, match="another process"):
        RowFile(tmp_path / "out", "run")


@contextmanager
def small_disk() -> Iterator[None]:
    """Files of this process may have 2,000 bytes; pytest's own log too, so only for a moment."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_leaves_whole_jobs(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with RowFile(path, "run") as file:
        file.append(rows(0))
        with small_disk(), pytest.raises(SetupError, match="1 rows are in it"):
            file.append(rows(1, 20))
        assert file.done == {0}
    with RowFile(path, "run") as file:
        assert file.done == {0}


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be written"):
        RowFile(tmp_path / "none" / "out", "run")
