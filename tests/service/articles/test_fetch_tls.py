"""TLS: the certificate must be good, and for this name. Certificates are made at test time."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from service.articles.fetch import Fetcher
from service.errors import ArticleTimeout, ArticleUnreachable, ConfigError, UrlNotAllowed
from tests.service.articles.conftest import FakeResolver, FaultServer, open_config, response

YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
CA = trustme.CA()


@contextmanager
def secure_site(certificate: trustme.LeafCert) -> Iterator[FaultServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    site = FaultServer(context)
    site.serve("/", response())
    yield site
    site.close()


@pytest.fixture
def fetcher(tmp_path: Path) -> Fetcher:
    CA.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    resolver = FakeResolver(news_example=["127.0.0.1"], other_example=["127.0.0.1"])
    return Fetcher(open_config(ca_file=tmp_path / "ca.pem"), resolver)


def test_a_good_certificate_for_the_name_passes(fetcher: Fetcher) -> None:
    with secure_site(CA.issue_cert("news.example")) as site:
        assert fetcher.fetch(site.url(host="news.example")).body


@pytest.mark.parametrize(
    "certificate",
    [
        CA.issue_cert("other.example"),
        CA.issue_cert("news.example", not_after=YESTERDAY),
        trustme.CA().issue_cert("news.example"),
        CA.issue_cert("127.0.0.1"),
    ],
    ids=["wrong host", "expired", "self-signed", "for the address"],
)
def test_a_bad_certificate_is_502(fetcher: Fetcher, certificate: trustme.LeafCert) -> None:
    with secure_site(certificate) as site, pytest.raises(ArticleUnreachable) as caught:
        fetcher.fetch(site.url(host="news.example"))
    assert site.requests == []
    assert caught.value.status == 502


def test_what_is_no_tls_at_all_is_refused(site: FaultServer, fetcher: Fetcher) -> None:
    with pytest.raises((ArticleUnreachable, ArticleTimeout)):
        fetcher.fetch(f"https://news.example:{site.port}/", deadline_s=0.3)


def test_https_never_leads_to_http(fetcher: Fetcher) -> None:
    with secure_site(CA.issue_cert("news.example")) as site:
        site.serve("/", response(b"", "302 Found", location="http://news.example/"))
        with pytest.raises(UrlNotAllowed):
            fetcher.fetch(site.url(host="news.example"))


def test_a_missing_ca_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DOC2TWEET_FETCH_CA_FILE"):
        Fetcher(open_config(ca_file=tmp_path / "none.pem"))
