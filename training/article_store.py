"""The SQLite file of scraped articles: what every link led to, or why it led to none.

Each outcome is on the disk before the next is waited for, so a run may be stopped at any moment.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.errors import SetupError, TrainingDataError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS articles (
    url TEXT PRIMARY KEY,      -- after redirects, without tracking parameters
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    published TEXT NOT NULL,
    language TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS links (
    link TEXT PRIMARY KEY,     -- as the tweet has it
    url TEXT REFERENCES articles (url),
    error TEXT,                -- the error's type, where there is no article
    detail TEXT,
    retryable INTEGER NOT NULL DEFAULT 0,
    num_tries INTEGER NOT NULL DEFAULT 1,
    tried_at TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class ScrapedArticle:
    url: str
    title: str
    text: str
    published: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one link: an article, or the type of the error and its detail."""

    link: str
    article: ScrapedArticle | None = None
    error: str = ""
    detail: str = ""
    retryable: bool = False


class ArticleStore:
    """One process writes at a time; others may read meanwhile (write-ahead log).

    Every method raises TrainingDataError where the file is damaged, and SetupError where it cannot
    be read or written, as on a full disk.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._named_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> ArticleStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, outcome: Outcome) -> None:
        article = outcome.article
        with self._transaction() as db:
            if article is not None:
                db.execute(
                    "INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?, ?)",
                    (
                        article.url,
                        article.title,
                        article.text,
                        article.published,
                        article.language,
                    ),
                )
            db.execute(
                "INSERT INTO links (link, url, error, detail, retryable, tried_at) "
                "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (link) DO UPDATE SET "
                "url = excluded.url, error = excluded.error, detail = excluded.detail, "
                "retryable = excluded.retryable, tried_at = excluded.tried_at, "
                "num_tries = num_tries + 1",
                (
                    outcome.link,
                    article.url if article else None,
                    None if article else outcome.error,
                    None if article else outcome.detail,
                    outcome.retryable,
                    datetime.now(UTC).isoformat(timespec="seconds"),
                ),
            )

    def pending(self, links: Iterable[str], *, retry: bool) -> list[str]:
        """Those not tried yet, in their order, each once; with `retry` also what may now work."""
        with self._named_errors():
            tried = self._db.execute("SELECT link, url IS NULL AND retryable FROM links")
            done = {link for link, may_work in tried if not (retry and may_work)}
        return [link for link in dict.fromkeys(links) if link not in done]

    def articles(self) -> dict[str, ScrapedArticle]:
        """Link -> article, of those links that led to one."""
        with self._named_errors():
            rows = self._db.execute(
                "SELECT link, articles.* FROM links JOIN articles USING (url) ORDER BY link"
            )
            return {link: ScrapedArticle(*columns) for link, *columns in rows}

    def failures(self, links: Iterable[str]) -> Counter[str]:
        """Type of error -> how many of these links ended so."""
        with self._named_errors():
            errors = dict(self._db.execute("SELECT link, error FROM links WHERE error IS NOT NULL"))
        return Counter(errors[link] for link in set(links) if link in errors)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._named_errors(), self._lock, self._db:
            yield self._db

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        """A file that cannot be used now is told apart from one that never can."""
        try:
            yield
        except (OSError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) or _may_pass(error):
                raise SetupError(
                    f"{self._path} cannot be used: {error}; run the same command again to go on"
                ) from None
            raise TrainingDataError(
                f"{self._path} is damaged, or no store of articles: {error}"
            ) from None


def _may_pass(error: Exception) -> bool:
    """A full disk or a lock, but no missing table and no text that is none."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR
