"""One database of drafts: opened, brought up to date, and its failures given a name.

SQLite and PostgreSQL. Knows nothing of what is kept in it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
)
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from service.errors import ConfigError, DraftChanged, StoreUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = threading.Lock()
"""alembic's `context` is one for the whole process."""
BUSY_S = 30.0
"""How long SQLite waits for another process's write to end."""


class Database:
    """Sessions on one database, its tables brought to the newest version when opened."""

    def __init__(self, url: str) -> None:
        """
        Args:
            url: as SQLAlchemy writes it.

        Raises:
            ConfigError: the URL is none, or its driver is not installed.
            StoreUnavailable: the database cannot be reached.
        """
        self._engine = _engine(url)
        self._writer = self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        with _named_failures():
            self._migrate()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session of reads only."""
        with _named_failures(), Session(self._engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at its end, all or nothing.

        On SQLite it holds the one write lock from its beginning: a transaction that reads, thinks
        and then writes would else fail half-way when another one wrote in between.
        """
        with (
            _named_failures(),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def now(self) -> datetime:
        """The moment, by the one clock that every user of this database shares."""
        if self._engine.dialect.name == "sqlite":
            return datetime.now(UTC)
        with self.read() as session:
            now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
            return now.astimezone(UTC)

    def close(self) -> None:
        self._engine.dispose()

    def _migrate(self) -> None:
        with _MIGRATING, self._writer.begin() as connection:
            alembic.command.upgrade(migration_config(connection), "head")


def migration_config(connection: Connection) -> alembic.config.Config:
    """What alembic needs to work on `connection` with the migrations of this package."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, whose folder is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    try:
        # The ping brings back connections after the database was away.
        engine = create_engine(url, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError):
        raise ConfigError("DOC2TWEET_DRAFTS_DATABASE_URL is no database URL") from None
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"DOC2TWEET_DRAFTS_DATABASE_URL needs {error.name}; for PostgreSQL: "
            "pip install 'doc2tweet[postgres]'"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours, below
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_sqlite_begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN"))


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except StaleDataError:
        raise DraftChanged("The draft was changed meanwhile.") from None
    except DBAPIError as error:
        # SQLite calls a damaged file a plain DatabaseError; what derives from it is our own doing.
        if (
            not isinstance(error, OperationalError | InterfaceError)
            and type(error) is not DatabaseError
        ):
            raise
        raise StoreUnavailable("The database of drafts does not answer.") from error
