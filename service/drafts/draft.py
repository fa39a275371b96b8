"""What a draft is, for everybody else. Knows nothing of databases, HTTP or X."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.tweets.tweet import Overlap


class DraftState(StrEnum):
    """Where a draft stands; `states.py` says which way leads from one to another."""

    CANDIDATE = "candidate"
    KEPT = "kept"
    EDITED = "edited"
    DISCARDED = "discarded"
    SCHEDULED = "scheduled"
    POSTING = "posting"
    """Claimed by a run that is posting it, or was when it died."""
    POSTED = "posted"
    FAILED = "failed"


class Action(StrEnum):
    """What was done to a draft, as its history names it."""

    IMPORT = "import"
    KEEP = "keep"
    EDIT = "edit"
    DISCARD = "discard"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    UNDO = "undo"
    CLAIM = "claim"
    RELEASE = "release"
    RECORD = "record"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A candidate as it comes from a file or from the API."""

    text: str
    model: str | None = None
    seed: int | None = None
    index: int = 0
    """Which candidate of that seed."""
    prompt: str | None = None
    source: str | None = None
    """URL or name of what the text was made from."""
    article_title: str | None = None
    article_text: str | None = None
    flags: tuple[str, ...] = ()
    """What the tweet rules found: `memorised`, `ungrounded`, `truncated` …"""
    overlap: Overlap | None = None
    """What the text shares with the tweets that the model was trained on."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft as it stands at `version`."""

    id: int
    version: int
    """Goes up by one with every change."""
    state: DraftState
    text: str
    origin: NewDraft
    """The candidate as it was imported; `origin.text` never changes."""
    account: str | None
    scheduled_at: datetime | None
    tweet_id: str | None
    """X's id, once posted."""
    error: str | None
    """Why posting failed."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change: who did what when, and how the draft stood afterwards."""

    at: datetime
    actor: str
    action: Action
    state: DraftState
    text: str
    account: str | None
    scheduled_at: datetime | None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody wants done. `text` belongs to an edit, the other two to a schedule."""

    action: Action
    text: str | None = None
    account: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DraftQuery:
    states: tuple[DraftState, ...] = ()
    """Empty: all."""
    account: str | None = None
    model: str | None = None
    source: str | None = None
    contains: str | None = None
    """Part of the text, whatever its case."""
    after: int = 0
    """Only ids over this one: the cursor."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DraftPage:
    items: tuple[Draft, ...]
    total: int
    """Matches of the whole query, whatever the cursor."""
    next_after: int | None
    """The cursor of the next page; None on the last one."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    added: int
    known: int
    """Those that were there already, or came twice: importing a file again adds nothing."""
