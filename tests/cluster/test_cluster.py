"""The executor on several nodes: nothing missing, nothing twice, whatever dies."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from service.bulk.jobs import Source
from service.bulk.rows import RowFile
from service.bulk.run import ErrorFile, run_bulk
from service.cluster import RayExecutor
from service.errors import SetupError
from tests.cluster.work import DeadlyOnce, Slow, Unloadable, WriteOneRow

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(170)]


def starts(folder: Path) -> list[tuple[int, float]]:
    """(item, seconds) of every beginning, by time."""
    names = [path.name.split("-") for path in folder.iterdir()]
    return sorted(((int(i), int(ns) / 1e9) for i, ns in names), key=lambda start: start[1])


def test_a_killed_node_costs_only_what_it_was_at(cluster: Any, tmp_path: Path) -> None:
    results: list[tuple[int, str]] = []
    for result in RayExecutor(4).map_unordered(Slow(tmp_path, 0.2), range(60)):
        results.append(result)
        if len(results) == 15:
            doomed = next(n for n in cluster.worker_nodes if n.node_id == results[0][1])
            cluster.remove_node(doomed, allow_graceful=False)
    assert sorted(item for item, _ in results) == list(range(60))
    assert len({node for _, node in results}) == 2
    begun = [item for item, _ in starts(tmp_path)]
    assert len(begun) - 60 <= 4  # a node's threads


def test_lost_workers_are_replaced_once(cluster: Any, tmp_path: Path) -> None:
    folder = tmp_path / "starts"
    folder.mkdir()
    results = list(RayExecutor(4).map_unordered(DeadlyOnce(folder, 0.2), range(40)))
    assert sorted(item for item, _ in results) == list(range(40))
    assert len({node for _, node in results}) == 2
    assert len(starts(folder)) - 40 <= 8  # what the two were at


def test_a_host_is_asked_politely_by_all_nodes_together(cluster: Any, tmp_path: Path) -> None:
    work = Slow(tmp_path, 0.05)
    executor = RayExecutor(4)
    results = list(executor.map_unordered(work, range(8), key=_host, spacing_s=0.3))
    assert len({node for _, node in results}) == 2
    for host in (0, 1):
        times = [at for item, at in starts(tmp_path) if item % 2 == host]
        assert all(b - a > 0.2 for a, b in pairwise(times))


def test_work_that_a_node_cannot_do_is_named(cluster: Any) -> None:
    with pytest.raises(SetupError, match="same doc2tweet"):
        list(RayExecutor(1).map_unordered(Unloadable(), range(3)))


def test_bulk_rows_come_from_all_nodes(cluster: Any, tmp_path: Path) -> None:
    jobs = Source(prompt="My dream is", num=24).jobs(0)
    with RowFile(tmp_path / "out", "run") as rows:
        report = run_bulk(jobs, WriteOneRow(), RayExecutor(4), rows, ErrorFile(tmp_path / "err"))
        assert rows.done == set(range(24))
    assert (report.num_rows, report.num_failed) == (24, 0)


def _host(item: int) -> int:
    return item % 2
