"""Bounded, with expiry; one flight a key; failures for a short time; who leaves, leaves alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from service.articles.cache import FlightCache
from service.articles.deadline import Deadline
from service.errors import ArticleUnreachable, RequestAborted


def wait() -> float:
    return 0.01


def counted(value: int = 1) -> tuple[list[int], Callable[[], int]]:
    calls: list[int] = []

    def make() -> int:
        calls.append(value)
        return value

    return calls, make


def failing(error: Exception) -> tuple[list[int], Callable[[], int]]:
    calls: list[int] = []

    def make() -> int:
        calls.append(1)
        raise error

    return calls, make


def test_what_is_kept_is_not_made_again() -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    calls, make = counted()
    assert not cache.get("a", make, wait).cached
    assert cache.get("a", make, wait).cached
    assert len(calls) == 1
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)


def test_it_holds_no_more_than_its_size_and_forgets_the_oldest() -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda: 1, wait)
    assert cache.stats().size == 2
    assert cache.get("a", lambda: 2, wait).value == 1
    assert cache.get("b", lambda: 2, wait).value == 2


@pytest.mark.parametrize(("size", "ttl"), [(0, 60), (2, 0)])
def test_it_can_be_turned_off(size: int, ttl: float) -> None:
    cache: FlightCache[int] = FlightCache(size, ttl, ttl)
    calls, make = counted()
    for _ in range(2):
        cache.get("a", make, wait)
    assert len(calls) == 2


def test_what_has_expired_is_made_again() -> None:
    cache: FlightCache[int] = FlightCache(2, 0.02, 0.02)
    calls, make = counted()
    cache.get("a", make, wait)
    time.sleep(0.03)
    cache.get("a", make, wait)
    assert len(calls) == 2


def test_a_failure_is_kept_too() -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    calls, make = failing(ArticleUnreachable("no"))
    for _ in range(2):
        with pytest.raises(ArticleUnreachable):
            cache.get("a", make, wait)
    assert len(calls) == 1


@pytest.mark.parametrize("error", [RequestAborted("left"), ZeroDivisionError()])
def test_what_is_not_the_pages_fault_is_not_kept(error: Exception) -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    calls, make = failing(error)
    for _ in range(2):
        with pytest.raises(type(error)):
            cache.get("a", make, wait)
    assert len(calls) == 2


def test_many_at_once_share_one_flight() -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    calls: list[int] = []
    landed = threading.Event()
    found: list[int] = []

    def make() -> int:
        calls.append(1)
        landed.wait(5)
        return 7

    def get() -> None:
        found.append(cache.get("a", make, wait).value)

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    while cache.stats().joined < 7:
        time.sleep(0.001)
    landed.set()
    for thread in threads:
        thread.join()
    assert (len(calls), found) == (1, [7] * 8)


def test_where_the_leader_leaves_another_one_flies() -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    joined = threading.Event()
    found: list[int] = []

    def leave() -> int:
        joined.wait(5)
        raise RequestAborted("left")

    def lead() -> None:
        with pytest.raises(RequestAborted):
            cache.get("a", leave, wait)

    leader = threading.Thread(target=lead)
    leader.start()
    while not cache.stats().misses:
        time.sleep(0.001)
    follower = threading.Thread(target=lambda: found.append(cache.get("a", lambda: 7, wait).value))
    follower.start()
    while not cache.stats().joined:
        time.sleep(0.001)
    joined.set()
    leader.join()
    follower.join()
    assert found == [7]


def test_whoever_waits_keeps_his_own_deadline() -> None:
    cache: FlightCache[int] = FlightCache(2, 60, 60)
    landed = threading.Event()
    leader = threading.Thread(target=lambda: cache.get("a", lambda: int(landed.wait(5)), wait))
    leader.start()
    while not cache.stats().misses:
        time.sleep(0.001)
    deadline = Deadline(60, cancelled=lambda: True)
    with pytest.raises(RequestAborted):
        cache.get("a", lambda: 2, deadline.slice)
    landed.set()
    leader.join()
