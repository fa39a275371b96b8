"""A fake X, a clock that is set by hand, a store, and accounts to post with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.drafts.claims import ClaimBook
from service.drafts.database import Database, sqlite_url
from service.drafts.draft import Action, Change, Draft, DraftQuery, NewDraft
from service.drafts.store import DraftStore
from service.drafts.tokens import TokenBook, TokenPair
from service.posting.accounts import Account, Credentials
from service.posting.hours import Spacing
from service.posting.run import PostingRun, PostReport
from service.posting.x_api import XClient
from tests.service.posting.fake_x import FakeX

KEYS = Credentials("token", "secret", "key", "key secret")
BOT = Account("bot", "bot", KEYS)
LEASE = timedelta(minutes=5)


@dataclass
class HandClock:
    now: datetime = datetime(2025, 5, 4, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Desk:
    """Everything that a posting run touches, and short ways to use it."""

    url: str
    x: FakeX
    clock: HandClock = field(default_factory=HandClock)
    accounts: dict[str, Account] = field(default_factory=lambda: {"bot": BOT})

    def __post_init__(self) -> None:
        self.database = Database(self.url)
        self.store = DraftStore(self.database, self.clock)
        self.book = ClaimBook(self.database, LEASE, self.clock)

    def schedule(self, *texts: str, account: str = "bot") -> list[Draft]:
        self.store.add([NewDraft(text) for text in texts], actor="import")
        drafts = [d for d in self.store.each(DraftQuery()) if d.text in texts]
        return [self._schedule(d, account) for d in drafts]

    def _schedule(self, draft: Draft, account: str) -> Draft:
        kept = self.store.apply(draft.id, Change(Action.KEEP), version=draft.version, actor="anna")
        plan = Change(Action.SCHEDULE, account=account, at=self.clock())
        return self.store.apply(draft.id, plan, version=kept.version, actor="anna")

    def client(self, account: Account) -> XClient:
        keys, book = account.credentials, None
        if keys.refresh_token is not None:
            first = TokenPair(keys.refresh_token, keys.access_token)
            book = TokenBook(self.database, account.name, first, sleep=lambda _: None)
        return XClient(account, self.x.url, timeout_s=0.5 if self.x_stalls else 20, book=book)

    @property
    def x_stalls(self) -> bool:
        return any(mood.startswith("stall") for mood in self.x.moods)

    def run(self, sleep: Callable[[float], None] = lambda _: None) -> PostingRun:
        return PostingRun(self.book, self.accounts, self.client, sleep)

    def post_due(self) -> list[PostReport]:
        stalls = self.x_stalls
        reports = list(self.run().post_due())
        if stalls:  # on a busy machine X may be at the request only now
            assert self.x.stalled.wait(20)
        return reports

    def outcomes(self) -> list[str]:
        return [report.outcome for report in self.post_due()]

    def states(self) -> list[str]:
        return [draft.state.value for draft in self.store.each(DraftQuery())]


@pytest.fixture
def x() -> Iterator[FakeX]:
    fake = FakeX()
    yield fake
    fake.close()


@pytest.fixture
def desk(tmp_path: Path, x: FakeX) -> Iterator[Desk]:
    opened = Desk(sqlite_url(tmp_path / "drafts.db"), x)
    yield opened
    opened.database.close()


def spaced(minutes: float) -> Account:
    gap = timedelta(minutes=minutes)
    return Account("bot", "bot", KEYS, spacing=Spacing(gap, gap))
