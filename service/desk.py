"""The drafts, the accounts and the posting run that the settings name, for commands and the API.

Needs the `drafts` extra. Everything here is opened when it is asked for.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from service.config import Config, user_data_dir
from service.errors import ConfigError, ExtraMissing, ValidationFailed

try:
    from service.drafts.claims import ClaimBook
    from service.drafts.database import Database, sqlite_url
    from service.drafts.store import DraftStore
    from service.drafts.tokens import TokenBook, TokenPair
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] not in {"sqlalchemy", "alembic"}:
        raise
    raise ExtraMissing("Keeping drafts", "drafts") from None

from service.posting.accounts import Account, load_accounts
from service.posting.hours import next_time

if TYPE_CHECKING:
    from service.posting.run import PostingRun
    from service.posting.x_api import XClient


@dataclass(frozen=True, slots=True)
class Desk:
    """One database of drafts, and the accounts that it is posted from."""

    config: Config
    database: Database
    store: DraftStore
    book: ClaimBook

    def accounts(self) -> dict[str, Account]:
        """Read anew each time, so that a new token counts at once.

        Raises:
            ConfigError: there is no accounts file, or it cannot be used.
        """
        path = self.config.posting.accounts_file
        if path is None:
            raise ConfigError("DOC2TWEET_POSTING_ACCOUNTS_FILE names no file of accounts")
        return load_accounts(path)

    def account(self, name: str) -> Account:
        """
        Raises:
            ValidationFailed: the file has no such account.
        """
        accounts = self.accounts()
        if name not in accounts:
            raise ValidationFailed({"account": [f"is none of: {', '.join(sorted(accounts))}."]})
        return accounts[name]

    def next_free(self, name: str) -> datetime:
        """The account's next time to post, by its spacing and quiet hours.

        Raises:
            ValidationFailed: the file has no such account.
        """
        account = self.account(name)
        last = self.store.last_planned(name)
        rng = random.SystemRandom()
        return next_time(account.spacing, account.quiet, last, self.book.now(), rng)

    def client(self, account: Account) -> XClient:
        from service.posting.x_api import XClient

        keys, book = account.credentials, None
        if keys.refresh_token is not None:
            first = TokenPair(keys.refresh_token, keys.access_token)
            book = TokenBook(self.database, account.name, first)
        return XClient(account, self.config.x.api_url, self.config.x.timeout_s, book)

    def posting_run(self) -> PostingRun:
        from service.posting.run import PostingRun

        return PostingRun(self.book, self.accounts(), self.client)

    def close(self) -> None:
        self.database.close()


def open_desk(config: Config) -> Desk:
    """
    Raises:
        ConfigError: the database's URL is none.
        StoreUnavailable: the database cannot be reached.
    """
    url = config.drafts.database_url or sqlite_url(user_data_dir() / "drafts.db")
    database = Database(url)
    book = ClaimBook(database, timedelta(seconds=config.posting.claim_s))
    return Desk(config, database, DraftStore(database), book)


@contextmanager
def desk_from_env() -> Iterator[Desk]:
    """The desk of a command."""
    desk = open_desk(Config.from_env())
    try:
        yield desk
    finally:
        desk.close()
