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

from service.bulk.rows import RowFile
from service.errors import ConfigError, SetupError
from tests.service.bulk.some_rows import some_rows


def test_what_was_written_is_known_to_the_next_run(tmp_path: Path) -> None:
    with RowFile(tmp_path / "out", "run") as file:
        assert (file.done, file.base_seed) == (set(), None)
        file.append(some_rows(7, 2))
        file.append(some_rows(3))
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
            file.append(some_rows(job, size))
            ends.append(path.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    os.truncate(path, cut)
    whole = sum(end <= cut for end in ends)
    with RowFile(path, "run") as file:
        assert file.done == set(range(whole))
        for job in range(whole, len(sizes)):
            file.append(some_rows(job, sizes[job]))
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(r["job"], r["index"]) for r in written] == [
        (job, index) for job, size in enumerate(sizes) for index in range(size)
    ]


def test_texts_come_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    with RowFile(tmp_path / "out", "run") as file:
        file.append(some_rows(2, text="third"))
        file.append(some_rows(0, text="first"))
        file.append(some_rows(1, text="second"))
        assert list(file.texts()) == ["first", "second", "third"]


@pytest.mark.parametrize(
    "content",
    [
        b"Dear diary\n",
        b'{"run": "another"}\n',
        b"[1]\n",
        b"x y z",
        b'{"a": 1}',
        b'{"text": "It rained.", "title": "Rain"}',
        b'{"text": "It rained.", "title": "Ra',
        b'{"text": 5 apples',
        b"\xff\x00" * 1000,
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="something else"):
        RowFile(path, "run")
    assert path.read_bytes() == content


def test_another_runs_row_without_its_line_break_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with RowFile(path, "run") as file:
        file.append(some_rows(0))
    path.write_bytes(path.read_bytes().rstrip())
    with pytest.raises(ConfigError, match="something else"):
        RowFile(path, "another")


def test_what_is_no_plain_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="plain file"):
        RowFile(Path("/dev/null"), "run")


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
        file.append(some_rows(0))
        with small_disk(), pytest.raises(SetupError, match="1 rows are in it"):
            file.append(some_rows(1, 20))
        assert file.done == {0}
    with RowFile(path, "run") as file:
        assert file.done == {0}


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be written"):
        RowFile(tmp_path / "none" / "out", "run")
