"""Between rows and dataclasses, and the one function that changes a draft. No sessions, no SQL."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy.orm.attributes import flag_modified

from service.drafts.draft import Action, Change, Draft, DraftState, HistoryEntry, NewDraft
from service.drafts.rows import DraftRow, HistoryRow
from service.drafts.states import KEEPS_THE_PLAN, next_state
from service.tweets.tweet import Overlap


def new_row(new: NewDraft, now: datetime) -> DraftRow:
    return DraftRow(
        key=key_of(new),
        state=DraftState.CANDIDATE,
        text=new.text,
        original_text=new.text,
        model=new.model,
        seed=new.seed,
        index=new.index,
        prompt=new.prompt,
        source=new.source,
        article_title=new.article_title,
        article_text=new.article_text,
        flags=list(new.flags),
        overlap=asdict(new.overlap) if new.overlap else None,
        created_at=now,
        updated_at=now,
    )


def key_of(new: NewDraft) -> str:
    """The same candidate has the same key, wherever and however often it is imported."""
    facts = [new.model, new.seed, new.index, new.prompt, new.source, new.text]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def as_draft(row: DraftRow) -> Draft:
    return Draft(
        id=row.id,
        version=row.version,
        state=DraftState(row.state),
        text=row.text,
        origin=_origin(row),
        account=row.account,
        scheduled_at=row.scheduled_at,
        tweet_id=row.tweet_id,
        error=row.error,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _origin(row: DraftRow) -> NewDraft:
    return NewDraft(
        text=row.original_text,
        model=row.model,
        seed=row.seed,
        index=row.index,
        prompt=row.prompt,
        source=row.source,
        article_title=row.article_title,
        article_text=row.article_text,
        flags=tuple(row.flags),
        overlap=Overlap(**row.overlap) if row.overlap else None,
    )


def as_entry(row: HistoryRow) -> HistoryEntry:
    return HistoryEntry(
        at=row.at,
        actor=row.actor,
        action=Action(row.action),
        state=DraftState(row.state),
        text=row.text,
        account=row.account,
        scheduled_at=row.scheduled_at,
        note=row.note,
    )


def entry_row(
    row: DraftRow, action: Action, *, actor: str, now: datetime, note: str | None = None
) -> HistoryRow:
    """What the history keeps of `action`, after it was done to `row`."""
    return HistoryRow(
        draft_id=row.id,
        at=now,
        actor=actor,
        action=action,
        state=row.state,
        text=row.text,
        account=row.account,
        scheduled_at=row.scheduled_at,
        note=note,
    )


def change_row(row: DraftRow, change: Change, now: datetime) -> None:
    """Do `change` to the row.

    Raises:
        ChangeRefused: its state does not allow it.
    """
    text = row.text if change.text is None else change.text
    state = next_state(DraftState(row.state), change.action, edited=row.text != row.original_text)
    row.state, row.text, row.error, row.updated_at = state, text, None, now
    flag_modified(row, "updated_at")  # the version goes up even where nothing differs
    if change.action is Action.SCHEDULE:
        row.account = change.account
        row.scheduled_at = change.at and change.at.astimezone(UTC)
    if state not in KEEPS_THE_PLAN:
        row.account = row.scheduled_at = None


def restore_row(row: DraftRow, entry: HistoryEntry, now: datetime) -> None:
    """Set the row back to how it stood after `entry`."""
    row.state, row.text, row.error, row.updated_at = entry.state, entry.text, None, now
    flag_modified(row, "updated_at")
    row.account, row.scheduled_at = entry.account, entry.scheduled_at
