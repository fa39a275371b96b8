"""The drafts of one database, as reviewers see them: add, list, change, undo, look back.

What a posting run does to drafts is in `claims.py`. Knows nothing of HTTP or X.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.drafts.database import Database
from service.drafts.draft import (
    Action,
    Change,
    Draft,
    DraftPage,
    DraftQuery,
    DraftState,
    HistoryEntry,
    ImportReport,
    NewDraft,
)
from service.drafts.records import (
    as_draft,
    as_entry,
    change_row,
    entry_row,
    key_of,
    new_row,
    restore_row,
)
from service.drafts.rows import DraftRow, HistoryRow
from service.drafts.states import BY_A_PERSON, before_last_change, check_text, check_time
from service.errors import ChangeRefused, DraftChanged, DraftNotFound, ValidationFailed

_BATCH = 500
"""Candidates added in one transaction."""


class DraftStore:
    """Thread-safe; each method is one transaction, but for `add`, which is one a batch."""

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self._clock = clock or database.now

    def add(self, drafts: Iterable[NewDraft], *, actor: str) -> ImportReport:
        """Add candidates; those that are there already are left as they are, and of copies the
        first one counts."""
        added = known = 0
        rest = iter(drafts)
        while rows := list(islice(rest, _BATCH)):
            batch: dict[str, NewDraft] = {}
            for new in rows:
                batch.setdefault(key_of(new), new)
            try:
                num_new = self._add_batch(batch, actor)
            except IntegrityError:  # another import added some of them in between
                num_new = self._add_batch(batch, actor)
            added, known = added + num_new, known + len(rows) - num_new
        return ImportReport(added=added, known=known)

    def get(self, draft_id: int) -> Draft:
        """
        Raises:
            DraftNotFound: there is none of this id.
        """
        with self._database.read() as session:
            return as_draft(_found(session, draft_id))

    def find(self, query: DraftQuery) -> DraftPage:
        """One page of what matches, by id."""
        where = _conditions(query)
        with self._database.read() as session:
            total = session.execute(
                select(func.count()).select_from(DraftRow).where(*where)
            ).scalar_one()
            rows = session.scalars(
                select(DraftRow)
                .where(*where, DraftRow.id > query.after)
                .order_by(DraftRow.id)
                .limit(query.limit + 1)
            ).all()
            items = tuple(as_draft(row) for row in rows[: query.limit])
        more = len(rows) > query.limit
        return DraftPage(items, total=total, next_after=items[-1].id if more else None)

    def each(self, query: DraftQuery) -> Iterator[Draft]:
        """All that match, page by page, so that a large store needs little memory."""
        after: int | None = query.after
        while after is not None:
            page = self.find(replace(query, after=after))
            yield from page.items
            after = page.next_after

    def history(self, draft_id: int) -> list[HistoryEntry]:
        """Oldest first.

        Raises:
            DraftNotFound: there is none of this id.
        """
        with self._database.read() as session:
            _found(session, draft_id)
            return _history(session, draft_id)

    def apply(self, draft_id: int, change: Change, *, version: int, actor: str) -> Draft:
        """Do what a person wants done.

        Args:
            version: of the draft as the person saw it.

        Raises:
            DraftNotFound: there is none of this id.
            DraftChanged: it is no longer at `version`.
            ChangeRefused: its state or its text forbids it.
            ValidationFailed: the change lacks what it needs, or plans for no time of ours.
        """
        _check(change)
        now = self._clock()
        with self._database.write() as session:
            row = session.get(DraftRow, draft_id, with_for_update=True)
            if row is None:
                raise _no_draft(draft_id)
            if row.version != version:
                raise DraftChanged(f"The draft is at version {row.version}, not {version}.")
            if change.action is Action.UNDO:
                restore_row(row, before_last_change(_history(session, draft_id)), now)
            else:
                check_text(as_draft(row), change.action, change.text or row.text)
                change_row(row, change, now)
            session.add(entry_row(row, change.action, actor=actor, now=now))
            session.flush()
            return as_draft(row)

    def last_planned(self, account: str) -> datetime | None:
        """The latest time that a draft of the account is scheduled for or was posted at."""
        states = (DraftState.SCHEDULED, DraftState.POSTING, DraftState.POSTED)
        with self._database.read() as session:
            return session.scalars(
                select(DraftRow.scheduled_at)
                .where(DraftRow.account == account, DraftRow.state.in_(states))
                .order_by(DraftRow.scheduled_at.desc())
                .limit(1)
            ).first()

    def _add_batch(self, batch: dict[str, NewDraft], actor: str) -> int:
        now = self._clock()
        with self._database.write() as session:
            known = set(session.scalars(select(DraftRow.key).where(DraftRow.key.in_(batch))))
            rows = [new_row(new, now) for key, new in batch.items() if key not in known]
            session.add_all(rows)
            session.flush()
            session.add_all(entry_row(r, Action.IMPORT, actor=actor, now=now) for r in rows)
        return len(rows)


def _found(session: Session, draft_id: int) -> DraftRow:
    row = session.get(DraftRow, draft_id)
    if row is None:
        raise _no_draft(draft_id)
    return row


def _no_draft(draft_id: int) -> DraftNotFound:
    return DraftNotFound(f"There is no draft {draft_id}.")


def _history(session: Session, draft_id: int) -> list[HistoryEntry]:
    rows = session.scalars(
        select(HistoryRow).where(HistoryRow.draft_id == draft_id).order_by(HistoryRow.id)
    )
    return [as_entry(row) for row in rows]


def _conditions(query: DraftQuery) -> Sequence[ColumnElement[bool]]:
    equal = (
        (DraftRow.account, query.account),
        (DraftRow.model, query.model),
        (DraftRow.source, query.source),
    )
    where: list[ColumnElement[bool]] = [c == value for c, value in equal if value is not None]
    if query.states:
        where.append(DraftRow.state.in_(query.states))
    if query.contains is not None:
        where.append(DraftRow.text.icontains(query.contains, autoescape=True))
    return where


def _check(change: Change) -> None:
    if change.action not in BY_A_PERSON:
        raise ChangeRefused(f"{change.action} is not for a person to do.")
    if "\0" in (change.text or ""):
        raise ValidationFailed({"text": ["holds a character that no database takes"]})
    if change.at is not None:
        check_time(change.at)
    missing = []
    if change.action is Action.EDIT and not (change.text or "").strip():
        missing.append("text")
    if change.action is Action.SCHEDULE:
        missing += [name for name in ("account", "at") if getattr(change, name) is None]
    if missing:
        raise ValidationFailed({name: ["is missing"] for name in missing})
