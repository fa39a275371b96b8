"""One look-up, every address judged, the judged one connected to."""

from __future__ import annotations

import threading

import pytest

from service.articles.deadline import Deadline
from service.articles.fetch import Fetcher
from service.articles.resolver import SystemResolver
from service.config import FetchConfig
from service.errors import ArticleError, ArticleTimeout, ArticleUnreachable, UrlNotAllowed
from tests.service.articles.conftest import FakeResolver, FaultServer, open_config, response


def name_url(site: FaultServer, name: str) -> str:
    return site.url("/", host=name)


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "0.0.0.0"),
        *("127.0.0.1", "224.0.0.1", "240.0.0.1", "fc00::1", "fe80::1", "::1", "::ffff:10.0.0.1"),
    ],
)
def test_a_name_with_an_inner_address_is_refused_after_one_lookup(address: str) -> None:
    resolver = FakeResolver(inner_example=[address])
    with pytest.raises(UrlNotAllowed):
        Fetcher(FetchConfig(), resolver).fetch("http://inner.example/")
    assert resolver.lookups == ["inner.example"]


def test_localhost_is_refused_by_the_real_resolver() -> None:
    with pytest.raises(UrlNotAllowed):
        Fetcher(FetchConfig()).fetch("http://localhost/")


def test_loopback_is_never_connected_to_by_default(site: FaultServer) -> None:
    fetcher = Fetcher(FetchConfig(allowed_ports=("*",)))
    for url in (site.url(), f"http://[::ffff:127.0.0.1]:{site.port}/"):
        with pytest.raises(UrlNotAllowed):
            fetcher.fetch(url)
    assert site.num_connections == 0


def test_a_rebinding_name_is_looked_up_once_and_never_leads_to_loopback(site: FaultServer) -> None:
    # The first answer is public and closed; the second one would be this site.
    resolver = FakeResolver(rebind_example=[["192.0.2.1"], ["127.0.0.1"]])
    settings = open_config(allowed_networks=("192.0.2.0/24",), deadline_s=0.4)
    with pytest.raises(ArticleError):
        Fetcher(settings, resolver).fetch(name_url(site, "rebind.example"))
    assert resolver.lookups == ["rebind.example"]
    assert site.num_connections == 0


def test_one_public_and_one_private_answer_are_refused(site: FaultServer) -> None:
    resolver = FakeResolver(mixed_example=["127.0.0.1", "10.0.0.1"])
    with pytest.raises(UrlNotAllowed):
        Fetcher(open_config(), resolver).fetch(name_url(site, "mixed.example"))
    assert site.num_connections == 0


def test_the_host_header_is_the_name_and_the_connection_goes_to_the_judged_address(
    site: FaultServer,
) -> None:
    site.serve("/", response())
    resolver = FakeResolver(news_example=["127.0.0.1"])
    page = Fetcher(open_config(), resolver).fetch(name_url(site, "news.example"))
    assert page.url == name_url(site, "news.example")
    assert f"Host: news.example:{site.port}".encode() in site.requests[0]
    assert resolver.lookups == ["news.example"]


def test_the_next_judged_address_is_tried_where_one_is_closed(site: FaultServer) -> None:
    site.serve("/", response())
    resolver = FakeResolver(two_example=["127.0.0.2", "127.0.0.1"])
    assert Fetcher(open_config(), resolver).fetch(name_url(site, "two.example")).body


def test_an_exception_for_one_network_does_not_open_another(site: FaultServer) -> None:
    fetcher = Fetcher(open_config(allowed_networks=("127.0.0.2/32",)))
    with pytest.raises(UrlNotAllowed):
        fetcher.fetch(site.url())
    assert site.num_connections == 0


def test_a_name_that_does_not_exist_is_502() -> None:
    with pytest.raises(ArticleUnreachable) as caught:
        Fetcher(FetchConfig(), FakeResolver()).fetch("http://nowhere.example/")
    assert caught.value.status == 502


def test_the_system_resolver_fails_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def servfail(*_: object, **__: object) -> None:
        raise OSError("SERVFAIL")

    monkeypatch.setattr("socket.getaddrinfo", servfail)
    with pytest.raises(ArticleUnreachable):
        SystemResolver().resolve("name.example", Deadline(1))


def test_a_silent_resolver_is_504_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    silence = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: silence.wait(10))
    with pytest.raises(ArticleTimeout) as caught:
        Fetcher(open_config(deadline_s=0.3)).fetch("http://silent.example/")
    silence.set()
    assert caught.value.status == 504


def test_blocked_closed_and_unknown_have_the_same_words(site: FaultServer) -> None:
    closed_port = site.port
    site.close()
    resolver = FakeResolver(blocked_example=["10.0.0.1"], closed_example=["127.0.0.1"])
    fetcher = Fetcher(open_config(), resolver)
    details = set()
    for host in ("blocked.example", "closed.example", "unknown.example"):
        with pytest.raises(ArticleError) as caught:
            fetcher.fetch(f"http://{host}:{closed_port}/")
        details.add((caught.value.detail, caught.value.hint))
    assert len({detail for detail, _ in details}) == 1
    assert "127.0.0.1" not in str(details)
    assert "10.0.0.1" not in str(details)
