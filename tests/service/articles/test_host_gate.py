"""One host is asked by a few at a time, and by nobody more often than the rate."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from service.articles import host_gate
from service.articles.deadline import Deadline
from service.articles.fetch import Fetcher
from service.articles.host_gate import HostGate
from service.errors import ArticleError, ArticleTimeout, RateLimited
from tests.service.articles.conftest import FaultServer, open_config, response


def test_a_thousand_urls_of_one_host_meet_its_limit(site: FaultServer) -> None:
    at_work: list[int] = []
    most: list[int] = []

    def slowly(connection: socket.socket) -> None:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.01)
        at_work.pop()
        connection.sendall(response())

    for number in range(1000):
        site.serve(f"/{number}", slowly)
    fetcher = Fetcher(open_config(per_host_concurrency=3, deadline_s=60))
    outcomes: list[str] = []

    def fetch(number: int) -> None:
        try:
            fetcher.fetch(site.url(f"/{number}"))
            outcomes.append("page")
        except (ArticleError, RateLimited) as error:
            outcomes.append(error.type)

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 3
    assert {"page", "rate-limited"} <= set(outcomes)
    assert len(outcomes) == 1000


def test_other_hosts_do_not_wait() -> None:
    gate = HostGate(concurrency=1, rate=1000)
    with gate.enter("a.example", Deadline(1)), gate.enter("b.example", Deadline(1)):
        pass


def test_whoever_waits_too_long_is_504() -> None:
    gate = HostGate(concurrency=1, rate=1000)
    with gate.enter("a.example", Deadline(1)), pytest.raises(ArticleTimeout):
        gate.enter("a.example", Deadline(0.05)).__enter__()


def test_the_rate_allows_a_seconds_worth_at_once_and_no_more() -> None:
    gate = HostGate(concurrency=10, rate=5)
    for _ in range(5):
        with gate.enter("a.example", Deadline(0.05)):
            pass
    with pytest.raises(ArticleTimeout):
        gate.enter("a.example", Deadline(0.05)).__enter__()


def test_a_long_queue_is_sent_away_with_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_gate, "MAX_WAITING", 0)
    with pytest.raises(RateLimited) as caught:
        HostGate(concurrency=1, rate=1).enter("a.example", Deadline(1)).__enter__()
    assert caught.value.retry_after


def test_a_place_is_given_back_after_a_failure() -> None:
    gate = HostGate(concurrency=1, rate=1000)
    for _ in range(3):
        with pytest.raises(KeyError), gate.enter("a.example", Deadline(1)):
            raise KeyError
