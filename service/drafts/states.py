"""The rules of a draft's life. Pure: no database, no clock.

    candidate ──▶ kept, edited, discarded          a person chooses
    kept, edited ──▶ scheduled                     a person says when, and from which account
    scheduled ──▶ posting ──▶ posted | failed      a run posts it
                     └──▶ scheduled                X asked to wait, or the run died before posting

Only a person's choice leads out of `candidate`, and only `scheduled` leads to `posting`; so what
nobody kept is never posted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from service.drafts.draft import Action, Draft, DraftState, HistoryEntry
from service.errors import ChangeRefused, ValidationFailed
from service.tweets.characters import normalise
from service.tweets.length import is_postable, weighted_length
from service.tweets.tweet import MAX_LENGTH
from service.tweets.twitter_text import has_only_valid_characters

_S, _A = DraftState, Action

TRANSITIONS: dict[tuple[DraftState, Action], DraftState] = {
    (_S.CANDIDATE, _A.KEEP): _S.KEPT,
    (_S.CANDIDATE, _A.EDIT): _S.EDITED,
    (_S.CANDIDATE, _A.DISCARD): _S.DISCARDED,
    (_S.KEPT, _A.EDIT): _S.EDITED,
    (_S.KEPT, _A.DISCARD): _S.DISCARDED,
    (_S.KEPT, _A.SCHEDULE): _S.SCHEDULED,
    (_S.EDITED, _A.EDIT): _S.EDITED,
    (_S.EDITED, _A.DISCARD): _S.DISCARDED,
    (_S.EDITED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.DISCARDED, _A.KEEP): _S.KEPT,
    (_S.DISCARDED, _A.EDIT): _S.EDITED,
    (_S.SCHEDULED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.SCHEDULED, _A.UNSCHEDULE): _S.KEPT,
    (_S.SCHEDULED, _A.EDIT): _S.EDITED,
    (_S.SCHEDULED, _A.DISCARD): _S.DISCARDED,
    (_S.SCHEDULED, _A.CLAIM): _S.POSTING,
    (_S.POSTING, _A.RECORD): _S.POSTED,
    (_S.POSTING, _A.FAIL): _S.FAILED,
    (_S.POSTING, _A.RELEASE): _S.SCHEDULED,
    (_S.FAILED, _A.SCHEDULE): _S.SCHEDULED,
    (_S.FAILED, _A.EDIT): _S.EDITED,
    (_S.FAILED, _A.DISCARD): _S.DISCARDED,
}

BY_A_PERSON = frozenset({_A.KEEP, _A.EDIT, _A.DISCARD, _A.SCHEDULE, _A.UNSCHEDULE, _A.UNDO})
KEEPS_THE_PLAN = frozenset({_S.SCHEDULED, _S.POSTING, _S.POSTED, _S.FAILED})
"""States in which a draft has an account and a time."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Between these a draft is planned, far from where time zones and spacing leave the calendar."""
COPIED = "memorised"
"""The flag of a text that is a training tweet over again."""


def next_state(state: DraftState, action: Action, *, edited: bool = False) -> DraftState:
    """Where `action` leads from `state`.

    Args:
        edited: the text is no longer the one that was generated; what is kept of it is `edited`.

    Raises:
        ChangeRefused: nowhere.
    """
    to = TRANSITIONS.get((state, action))
    if to is None:
        can = sorted(a.value for s, a in TRANSITIONS if s is state and a in BY_A_PERSON)
        what = f"it can: {', '.join(can)}" if can else "nothing can be done to it"
        raise ChangeRefused(f"{action} is not for a draft that is {state}; {what}.")
    return _S.EDITED if to is _S.KEPT and edited else to


def check_text(draft: Draft, action: Action, text: str) -> None:
    """A real tweet of the training set never leaves as a generated one: somebody must change it.
    And what X would not take is not planned.

    Raises:
        ChangeRefused: the text is a copy, or no tweet.
    """
    copied = COPIED in draft.origin.flags and _same(text, draft.origin.text)
    if copied and action in {Action.KEEP, Action.EDIT, Action.SCHEDULE}:
        raise ChangeRefused("This is a tweet from the training set, word for word; edit it first.")
    if action is Action.SCHEDULE:
        _check_postable(text)


def _check_postable(text: str) -> None:
    if not normalise(text).strip():
        raise ChangeRefused("The text holds nothing to be seen; edit it first.")
    if is_postable(text, MAX_LENGTH):
        return
    length = weighted_length(text)
    if length > MAX_LENGTH:
        raise ChangeRefused(f"X counts {length} characters of {MAX_LENGTH}; shorten it first.")
    refused = sorted({char for char in text if not has_only_valid_characters(char)})
    told = ", ".join(f"U+{ord(char):04X}" for char in refused)
    what = "it" if len(refused) == 1 else "them"
    raise ChangeRefused(f"X takes no text with {told}; take {what} out first.")


def check_time(at: datetime) -> None:
    """
    Raises:
        ValidationFailed: nobody means such a time.
    """
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValidationFailed({"at": [f"must lie between {FIRST_YEAR} and {LAST_YEAR}"]})


def before_last_change(history: Sequence[HistoryEntry]) -> HistoryEntry:
    """How the draft stood before the last change by a person that still holds.

    Args:
        history: oldest first, starting with the import.

    Raises:
        ChangeRefused: the last thing that happened to the draft was no person's doing.
    """
    standing: list[HistoryEntry] = []
    for entry in history:
        if entry.action is Action.UNDO:
            standing.pop()
        else:
            standing.append(entry)
    if len(standing) < 2 or standing[-1].action not in BY_A_PERSON:
        raise ChangeRefused("There is no change to undo.")
    return standing[-2]


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()
