"""Handing out work: everything once, one of a key at a time, and apart."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.executor import Executor, InlineExecutor, KeyedQueue, ThreadExecutor

KEYS = st.lists(st.sampled_from("abc"), max_size=12)


def drain(queue: KeyedQueue[str]) -> list[tuple[float, str]]:
    """What a worker who is never busy would start, and when; no real time passes."""
    now, started = 0.0, []
    while queue:
        now = max(now, queue.next_start() or 0.0)
        taken = queue.take(now)
        assert taken is not None
        started.append((now, taken[1]))
        queue.done(taken[0], now)
    return started


@given(KEYS)
def test_everything_is_handed_out_once(items: list[str]) -> None:
    handed = [item for _, item in drain(KeyedQueue(items, lambda item: item, 2.0))]
    assert Counter(handed) == Counter(items)


@given(KEYS)
def test_items_of_a_key_start_apart(items: list[str]) -> None:
    last: dict[str, float] = {}
    for start, item in drain(KeyedQueue(items, lambda item: item, 2.0)):
        assert start - last.get(item, -9.0) >= 2.0
        last[item] = start


def test_a_busy_key_is_not_handed_out_again() -> None:
    queue = KeyedQueue(["a1", "a2", "b1"], lambda item: item[0], 0.0)
    first, second = queue.take(0.0), queue.take(0.0)
    assert first == ("a", "a1")
    assert second == ("b", "b1")
    assert queue.take(9.0) is None
    assert queue.next_start() is None
    queue.done("a", 0.0)
    assert queue.take(9.0) == ("a", "a2")


def test_without_a_key_items_do_not_wait_for_each_other() -> None:
    queue = KeyedQueue(["a", "a", "a"], None, 5.0)
    assert [queue.take(0.0) is not None for _ in range(3)] == [True] * 3


@pytest.mark.parametrize("executor", [InlineExecutor(), ThreadExecutor(1), ThreadExecutor(4)])
def test_all_of_it_is_done(executor: Executor) -> None:
    results = executor.map_unordered(lambda item: item * 2, range(50))
    assert sorted(results) == [2 * item for item in range(50)]


def test_one_after_the_other_keeps_its_distance_too() -> None:
    def start(_: int) -> float:
        return time.monotonic()

    items = InlineExecutor().map_unordered(start, range(4), key=lambda _: "host", spacing_s=0.02)
    assert all(later - earlier >= 0.019 for earlier, later in pairwise(items))


def test_threads_never_work_on_one_host_together() -> None:
    active: Counter[str] = Counter()
    worst: Counter[str] = Counter()
    lock = threading.Lock()

    def visit(item: str) -> str:
        with lock:
            active[item[0]] += 1
            worst[item[0]] = max(worst[item[0]], active[item[0]])
        time.sleep(0.001)
        with lock:
            active[item[0]] -= 1
        return item

    items = [f"{host}{number}" for host in "abc" for number in range(6)]
    done = list(ThreadExecutor(8).map_unordered(visit, items, key=lambda item: item[0]))
    assert sorted(done) == items
    assert set(worst.values()) == {1}


def test_who_stops_early_starts_nothing_more() -> None:
    seen: list[int] = []
    results = ThreadExecutor(1).map_unordered(seen.append, range(100))
    next(results)
    results.close()  # type: ignore[attr-defined]
    num_seen = len(seen)
    assert num_seen < 5
    assert len(seen) == num_seen


def test_what_is_under_way_is_yielded_after_a_stop() -> None:
    stopping, release = threading.Event(), threading.Event()

    def wait(item: int) -> int:
        if item == 1:
            stopping.set()
        release.wait(10)
        return item

    results = ThreadExecutor(2, stopping).map_unordered(wait, range(100))
    threading.Timer(0.05, release.set).start()
    assert sorted(results) == [0, 1]


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(ThreadExecutor(2).map_unordered(str, [])) == []
