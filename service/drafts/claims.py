"""What a posting run does to drafts: claim one, then say what became of it.

A claim is written before the request to X and closed after its answer. So a run that dies in
between leaves an open claim, and the next run knows which tweet to look for. The database lets
one claim be open for an account at a time, which is what keeps two runs from posting the same
draft, or from posting two without the pause between them. Knows nothing of X.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.drafts.database import Database
from service.drafts.draft import Action, Change, Draft, DraftState
from service.drafts.records import as_draft, change_row, entry_row
from service.drafts.rows import ClaimRow, DraftRow, PauseRow

ACTOR = "post"
LONGEST_PAUSE = timedelta(hours=25)
"""X's longest window is a day. A pause that ends later comes from a clock that was set back."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to post one draft, until `recheck_at`."""

    id: int
    draft_id: int
    account: str
    text: str
    since_id: str | None
    """The newest tweet that was known of the account when it was claimed."""
    claimed_at: datetime
    recheck_at: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    until: datetime
    reason: str


class ClaimBook:
    """Thread-safe; each method is one transaction. Closing a claim that is closed does nothing."""

    def __init__(
        self, database: Database, lease: timedelta, clock: Callable[[], datetime] | None = None
    ) -> None:
        """
        Args:
            lease: after this long a claim counts as left by a run that died.
        """
        self._database = database
        self._lease = lease
        self.now = clock or database.now

    def due(self, account: str) -> list[Draft]:
        """Drafts whose time has come, the earliest first."""
        now = self.now()
        with self._database.read() as session:
            rows = session.scalars(_due(account, now))
            return [as_draft(row) for row in rows]

    def pause(self, account: str, until: datetime, reason: str) -> None:
        with self._database.write() as session:
            session.merge(PauseRow(account=account, until=until, reason=reason))

    def paused(self, account: str) -> Pause | None:
        now = self.now()
        with self._database.read() as session:
            row = session.get(PauseRow, account)
            if row is None or not now < row.until <= now + LONGEST_PAUSE:
                return None
            return Pause(row.until, row.reason)

    def spaced_until(self, account: str, spacing: timedelta) -> datetime | None:
        """When the next post may go out, where the last one was too short a time ago."""
        now = self.now()
        with self._database.read() as session:
            return _spaced_until(session, account, spacing, now)

    def claim_next(self, account: str, spacing: timedelta) -> Claim | None:
        """Take the earliest due draft; None where nothing may be posted now.

        Args:
            spacing: least time since the account's last post.
        """
        now = self.now()
        try:
            with self._database.write() as session:
                return self._open(session, account, spacing, now)
        except (_NotNow, IntegrityError):
            return None

    def abandoned(self, account: str) -> list[Claim]:
        """Open claims whose run gave up or died; at most one, unless accounts were renamed."""
        now = self.now()
        # A claim from the future was made before the clock was set back: its age is unknown.
        over = (ClaimRow.recheck_at <= now) | (ClaimRow.claimed_at > now + self._lease)
        with self._database.read() as session:
            return [_as_claim(row) for row in _open_claims(session, account, over)]

    def postpone(self, claim: Claim, until: datetime) -> None:
        """Nobody knows whether the tweet is out: look again from `until` on."""
        with self._database.write() as session:
            if row := _still_open(session, claim):
                row.recheck_at = until

    def record(self, claim: Claim, tweet_id: str) -> bool:
        """The tweet is out.

        Returns:
            False where this tweet belongs to another draft; then nothing is changed.
        """
        try:
            self._close(claim, Action.RECORD, tweet_id=tweet_id)
        except IntegrityError:
            return False
        return True

    def fail(self, claim: Claim, reason: str) -> None:
        """X refuses this tweet for good."""
        self._close(claim, Action.FAIL, note=reason)

    def release(self, claim: Claim, reason: str) -> None:
        """The tweet is certainly not out; another run may post it."""
        self._close(claim, Action.RELEASE, note=reason)

    def known_ids(self, ids: Sequence[str]) -> set[str]:
        """Which of these tweets belong to a draft already."""
        with self._database.read() as session:
            found = select(ClaimRow.tweet_id).where(ClaimRow.tweet_id.in_(ids))
            return {tweet_id for tweet_id in session.scalars(found) if tweet_id is not None}

    def _open(self, session: Session, account: str, spacing: timedelta, now: datetime) -> Claim:
        row = session.scalars(_due(account, now).limit(1).with_for_update()).first()
        if row is None:
            raise _NotNow
        change_row(row, Change(Action.CLAIM), now)
        claim = ClaimRow(
            draft_id=row.id,
            account=account,
            text=row.text,
            since_id=_newest_tweet(session, account),
            claimed_at=now,
            recheck_at=now + self._lease,
        )
        session.add_all([claim, entry_row(row, Action.CLAIM, actor=ACTOR, now=now)])
        session.flush()
        # Only behind the claim, which keeps other runs out, is the last post the last.
        if _spaced_until(session, account, spacing, now) is not None:
            raise _NotNow
        return _as_claim(claim)

    def _close(
        self, claim: Claim, action: Action, *, tweet_id: str | None = None, note: str | None = None
    ) -> None:
        now = self.now()
        with self._database.write() as session:
            row = _still_open(session, claim)
            if row is None:
                return
            row.outcome, row.tweet_id, row.ended_at = _OUTCOMES[action], tweet_id, now
            draft = session.get_one(DraftRow, row.draft_id, with_for_update=True)
            change_row(draft, Change(action), now)
            draft.tweet_id = tweet_id
            draft.error = note if action is Action.FAIL else None
            session.add(entry_row(draft, action, actor=ACTOR, now=now, note=note))


_OUTCOMES = {Action.RECORD: "posted", Action.FAIL: "failed", Action.RELEASE: "released"}


class _NotNow(Exception):
    """Ends a transaction that shall leave nothing behind."""


def _due(account: str, now: datetime) -> Select[DraftRow]:
    return (
        select(DraftRow)
        .where(
            DraftRow.account == account,
            DraftRow.state == DraftState.SCHEDULED,
            DraftRow.scheduled_at <= now,
        )
        .order_by(DraftRow.scheduled_at, DraftRow.id)
    )


def _open_claims(session: Session, account: str, *more: ColumnElement[bool]) -> Sequence[ClaimRow]:
    return session.scalars(
        select(ClaimRow).where(ClaimRow.account == account, ClaimRow.outcome.is_(None), *more)
    ).all()


def _still_open(session: Session, claim: Claim) -> ClaimRow | None:
    row = session.get_one(ClaimRow, claim.id, with_for_update=True)
    return row if row.outcome is None else None


def _last_post(session: Session, account: str) -> ClaimRow | None:
    # By id, not by time: the clock may have been set back since.
    posted = and_(ClaimRow.account == account, ClaimRow.outcome == "posted")
    return session.scalars(select(ClaimRow).where(posted).order_by(ClaimRow.id.desc())).first()


def _newest_tweet(session: Session, account: str) -> str | None:
    last = _last_post(session, account)
    return last.tweet_id if last else None


def _spaced_until(
    session: Session, account: str, spacing: timedelta, now: datetime
) -> datetime | None:
    last = _last_post(session, account)
    if last is None or last.ended_at is None or abs(now - last.ended_at) >= spacing:
        return None
    return last.ended_at + spacing


def _as_claim(row: ClaimRow) -> Claim:
    return Claim(
        id=row.id,
        draft_id=row.draft_id,
        account=row.account,
        text=row.text,
        since_id=row.since_id,
        claimed_at=row.claimed_at,
        recheck_at=row.recheck_at,
    )
