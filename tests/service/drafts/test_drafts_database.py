"""Opening, migrating and losing a database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import alembic.autogenerate
import alembic.command
import pytest
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from service.drafts.database import Database, migration_config, sqlite_url
from service.drafts.draft import DraftQuery, NewDraft
from service.drafts.rows import Base
from service.drafts.store import DraftStore
from service.errors import ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from tests.service.conftest import PostgresServer


def test_migrations_make_the_tables_that_are_mapped(database_url: str) -> None:
    Database(database_url).close()
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert alembic.autogenerate.compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_migrations_go_down_again(database_url: str) -> None:
    Database(database_url).close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        alembic.command.downgrade(migration_config(connection), "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    engine.dispose()


def test_opening_again_finds_what_was_there(database_url: str) -> None:
    first = Database(database_url)
    DraftStore(first).add([NewDraft("Hello")], actor="import")
    first.close()
    again = Database(database_url)
    assert DraftStore(again).find(DraftQuery()).items[0].text == "Hello"
    again.close()


def test_several_may_open_a_new_database_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        for database in pool.map(Database, [database_url] * 4):
            database.close()


@pytest.mark.parametrize("url", ["", "drafts.db", "oracle9://x", "sqlite3:///x"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        Database(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "drafts.db"
    path.write_text("Dear diary, " * 100)
    with pytest.raises(StoreUnavailable):
        Database(sqlite_url(path))


@pytest.mark.postgres
def test_a_server_that_goes_away_and_comes_back(postgres_server: PostgresServer) -> None:
    database = Database(postgres_server.new_database())
    store = DraftStore(database)
    store.add([NewDraft("Hello")], actor="import")
    postgres_server.stop()
    try:
        with pytest.raises(StoreUnavailable):
            store.add([NewDraft("Lost")], actor="import")
    finally:
        postgres_server.start()
    assert [d.text for d in store.find(DraftQuery()).items] == ["Hello"]
    database.close()
