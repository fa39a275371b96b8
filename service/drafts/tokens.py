"""The OAuth 2 tokens of accounts, which X replaces with every renewal.

They are kept here and not in the accounts file, since any of several machines may be the one that
renews. The row is locked while X is asked: a refresh token works once, and a second process that
used it too would end the account's access. Knows nothing of X.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.drafts.database import Database
from service.drafts.rows import TokenRow
from service.errors import StoreUnavailable

_KEEP_WAITS_S = (0.5, 1, 2, 4, 8, 15)


@dataclass(frozen=True, slots=True)
class TokenPair:
    refresh_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    """None: not asked for yet."""


class TokenBook:
    """The tokens of one account. Thread-safe."""

    def __init__(
        self,
        database: Database,
        account: str,
        first: TokenPair,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """
        Args:
            first: as a person got them; another pair than last time replaces what is kept.
        """
        self._database, self._account, self._first = database, account, first
        self._origin = hashlib.sha256(first.refresh_token.encode()).hexdigest()
        self._sleep = sleep

    def current(self) -> TokenPair:
        """
        Raises:
            StoreUnavailable: the database is away.
        """
        with self._database.read() as session:
            row = session.get(TokenRow, self._account)
            return _pair(row) if row and row.origin == self._origin else self._first

    def renew(self, refused: str | None, ask: Callable[[str], TokenPair]) -> TokenPair:
        """New tokens, from `ask` or from whoever was quicker.

        Args:
            refused: the access token that X no longer takes.
            ask: gives X a refresh token for a new pair; called at most once.

        Raises:
            StoreUnavailable: the database is away, and X was not asked.
        """
        self._begin()
        new: TokenPair | None = None
        try:
            with self._database.write() as session:
                row = session.get_one(TokenRow, self._account, with_for_update=True)
                if row.access_token not in (None, refused):
                    return _pair(row)
                new = ask(row.refresh_token)
                self._put(session, new)
        except StoreUnavailable:
            if new is None:
                raise
            self._insist(new)
        return new

    def _begin(self) -> None:
        """The row, which must be there to be locked."""
        with suppress(IntegrityError), self._database.write() as session:
            row = session.get(TokenRow, self._account)
            if row is None or row.origin != self._origin:
                self._put(session, self._first)

    def _insist(self, pair: TokenPair) -> None:
        """The old tokens are worth nothing any more: a database that is away may come back."""
        for wait in _KEEP_WAITS_S:
            self._sleep(wait)
            with suppress(StoreUnavailable), self._database.write() as session:
                self._put(session, pair)
                return
        with self._database.write() as session:
            self._put(session, pair)

    def _put(self, session: Session, pair: TokenPair) -> None:
        session.merge(
            TokenRow(
                account=self._account,
                origin=self._origin,
                refresh_token=pair.refresh_token,
                access_token=pair.access_token,
            )
        )


def _pair(row: TokenRow) -> TokenPair:
    return TokenPair(row.refresh_token, row.access_token)
