"""Scraping the invented town's paper, with the service's own reader and without."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.articles.article import Article
from service.config import FetchConfig
from service.errors import ArticleUnreachable, NotAnArticle, SetupError, TrainingDataError
from service.executor import ThreadExecutor
from training import article_store
from training.article_store import ArticleStore, Outcome, ScrapedArticle
from training.demo.archive import tweets as archive_rows
from training.demo.archive import write_zip
from training.demo.site import serve
from training.demo.town import stories
from training.importers.archive import read_archive
from training.importers.selection import SelectionOptions
from training.importing import import_tweets
from training.page_reader import PageReader, polite
from training.scrape import ScrapeOptions, canonical, host_of, links_of, scrape
from training.tweets import Tweet, write_tweets
from training.workspace import Workspace

QUICK = ScrapeOptions(spacing_s=0.0)
HERE = FetchConfig(allowed_networks=("127.0.0.0/8",), allowed_ports=("*",))


@pytest.fixture
def work(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def read(asked: list[str]) -> Callable[[str], Article]:
    def read(url: str) -> Article:
        asked.append(url)
        if "dead" in url:
            raise NotAnArticle("It is none.")
        if "busy" in url:
            raise ArticleUnreachable("Come back later.")
        return Article(title="Title", text=f"Text of {url}", url=url.replace("/short", "/long"))

    return read


def with_links(work: Workspace, *links: str) -> None:
    write_tweets(work.tweets, [Tweet(link, "text", "", (link,)) for link in links])


def run(work: Workspace, read: Callable[[str], Article], **options: bool) -> dict[str, int | float]:
    report = scrape(work, read, ThreadExecutor(4), ScrapeOptions(spacing_s=0.0, **options))  # type: ignore[arg-type]
    return dict(report.counts)


def test_failures_are_counted_by_type(work: Workspace, read: Callable[[str], Article]) -> None:
    with_links(work, "http://a/1", "http://a/dead", "http://b/dead", "http://b/busy")
    assert run(work, read) == {
        "links": 4,
        "read": 1,
        "different articles": 1,
        "failed": 3,
        "failed: not-an-article": 2,
        "failed: article-unreachable": 1,
    }


def test_nothing_is_asked_for_twice(
    work: Workspace, read: Callable[[str], Article], asked: list[str]
) -> None:
    with_links(work, "http://a/1", "http://a/busy")
    assert run(work, read) == run(work, read)
    assert sorted(asked) == ["http://a/1", "http://a/busy"]


def test_retry_asks_only_for_what_may_work_now(
    work: Workspace, read: Callable[[str], Article], asked: list[str]
) -> None:
    with_links(work, "http://a/1", "http://a/busy", "http://a/dead")
    run(work, read)
    asked.clear()
    run(work, read, retry=True)
    assert asked == ["http://a/busy"]


def test_a_stopped_run_goes_on(work: Workspace, read: Callable[[str], Article]) -> None:
    links = [f"http://host{number}/" for number in range(20)]
    with_links(work, *links)

    def stopping(url: str) -> Article:
        if url == links[10]:
            raise KeyboardInterrupt
        return read(url)

    with pytest.raises(KeyboardInterrupt):
        scrape(work, stopping, ThreadExecutor(1), QUICK)
    with ArticleStore(work.articles) as store:
        assert len(store.articles()) == 10
        assert store.pending(links, retry=False) == links[10:]
    assert run(work, read)["read"] == 20


def test_two_links_to_one_article_are_one_article(
    work: Workspace, read: Callable[[str], Article]
) -> None:
    with_links(work, "http://a/short", "http://a/long?utm_source=x#top")
    counts = run(work, read)
    assert (counts["read"], counts["different articles"]) == (2, 1)


def test_the_newest_links_come_first_and_may_be_all() -> None:
    tweets = [
        Tweet(str(n), "t", f"2020-01-0{n}", (f"http://a/{n}", "http://a/1")) for n in (1, 2, 3)
    ]
    assert links_of(tweets, None) == ["http://a/3", "http://a/1", "http://a/2"]
    assert links_of(tweets, 1) == ["http://a/3"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://A.example/x?utm_medium=y&id=3&fbclid=z#end", "https://a.example/x?id=3"),
        ("https://a.example/X?q=a+b", "https://a.example/X?q=a+b"),
    ],
)
def test_one_article_has_one_name(url: str, name: str) -> None:
    assert canonical(url) == name


@pytest.mark.parametrize(
    ("link", "host"),
    [("https://www.a.example:8/x", "a.example"), ("https://[broken", ""), ("", "")],
)
def test_the_host_is_what_is_asked_politely(link: str, host: str) -> None:
    assert host_of(link) == host


def test_a_full_disk_is_one_line(work: Workspace) -> None:
    with ArticleStore(work.articles) as store:
        store._db.execute("PRAGMA max_page_count = 8")
        article = ScrapedArticle("http://a/", "Title", "x" * 100_000)
        with pytest.raises(SetupError, match="full"):
            store.record(Outcome("http://a/", article))
        assert store.articles() == {}


def test_another_file_is_not_taken_for_a_store(work: Workspace) -> None:
    work.root.mkdir()
    work.articles.write_bytes(b"this is no database, it is a sentence" * 50)
    with pytest.raises(TrainingDataError, match="no store of articles"):
        ArticleStore(work.articles)


def test_a_damaged_store_is_one_line_wherever_it_is_read(
    work: Workspace, read: Callable[[str], Article]
) -> None:
    links = [f"http://host{number}/" for number in range(200)]
    with_links(work, *links)
    run(work, read)
    body = work.articles.read_bytes()
    work.articles.write_bytes(body[:8192] + b"\xa5" * (len(body) - 8192))
    with pytest.raises(TrainingDataError, match="is damaged"):
        run(work, read)
    with ArticleStore(work.articles) as store:
        with pytest.raises(TrainingDataError, match="is damaged"):
            store.articles()
        with pytest.raises(TrainingDataError, match="is damaged"):
            store.failures(links)
        with pytest.raises(TrainingDataError, match="is damaged"):
            store.record(Outcome("http://b/", error="not-an-article"))


@pytest.mark.parametrize("damaged", [b"linkslinks", b"http://a/"])
def test_damage_that_sqlite_cannot_put_into_words_is_one_line(
    work: Workspace, damaged: bytes
) -> None:
    with ArticleStore(work.articles) as store:
        store.record(Outcome("http://a/", ScrapedArticle("http://a/", "T", "x")))
    body = work.articles.read_bytes()
    work.articles.write_bytes(body.replace(damaged, b"\x84" * len(damaged)))
    with pytest.raises(TrainingDataError, match="is damaged"), ArticleStore(work.articles) as store:
        store.articles()


def test_a_database_of_another_kind_is_no_store(work: Workspace) -> None:
    work.root.mkdir()
    other = sqlite3.connect(work.articles)
    other.execute("CREATE TABLE links (name)")
    other.close()
    with (
        pytest.raises(TrainingDataError, match="no store of articles"),
        ArticleStore(work.articles) as store,
    ):
        store.pending([], retry=False)


def test_a_store_that_cannot_be_opened_is_not_called_damaged(work: Workspace) -> None:
    work.articles.mkdir(parents=True)
    with pytest.raises(SetupError, match="cannot be used: unable to open database file"):
        ArticleStore(work.articles)


def test_a_full_disk_is_told_at_creation_too(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        article_store, "_SCHEMA", f"PRAGMA max_page_count = 1; {article_store._SCHEMA}"
    )
    with pytest.raises(SetupError, match="cannot be used: database or disk is full"):
        ArticleStore(work.articles)


def test_what_is_recorded_is_on_the_disk_at_once(work: Workspace) -> None:
    with ArticleStore(work.articles) as store:
        store.record(Outcome("http://a/", ScrapedArticle("http://a/", "T", "x")))
        other = sqlite3.connect(work.articles)
        assert other.execute("SELECT count(*) FROM links").fetchone() == (1,)
        other.close()


def test_without_tweets_it_says_what_is_missing(
    work: Workspace, read: Callable[[str], Article]
) -> None:
    with pytest.raises(TrainingDataError, match=r"tweets\.jsonl cannot be read"):
        run(work, read)


def test_scraping_has_manners_whatever_is_set() -> None:
    config = polite(FetchConfig(obey_robots=False, per_host_concurrency=9), 2.0)
    assert config.obey_robots
    assert (config.per_host_concurrency, config.per_host_rate) == (1, 0.5)


@pytest.fixture
def paper(work: Workspace) -> Iterator[Workspace]:
    """A workspace with the town's tweets, while its paper is up."""
    told = stories(6)
    with serve(told) as base_url:
        work.root.mkdir()
        write_zip(work.root / "archive.zip", archive_rows(told, base_url))
        import_tweets(work, read_archive(work.root / "archive.zip"), SelectionOptions())
        yield work


def test_the_service_reads_the_town_paper(paper: Workspace) -> None:
    with PageReader(HERE, 0.01) as reader:
        report = scrape(paper, reader, ThreadExecutor(4), QUICK)
    assert report.counts["read"] == report.counts["different articles"] == 6
    with ArticleStore(paper.articles) as store:
        found = store.articles()
    told = {story.title: story for story in stories(6)}
    assert {article.title for article in found.values()} == set(told)
    assert all(told[a.title].paragraphs[1] in a.text for a in found.values())
    assert any("/s/" in link and "/news/" in article.url for link, article in found.items())


def test_the_guard_holds_for_scraping_too(paper: Workspace) -> None:
    with PageReader(FetchConfig(), 0.01) as reader:
        report = scrape(paper, reader, ThreadExecutor(4), QUICK)
    assert report.counts["failed: url-not-allowed"] == report.counts["links"]
