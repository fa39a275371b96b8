"""The store on SQLite and on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.drafts.database import Database
from service.drafts.draft import (
    Action,
    Change,
    Draft,
    DraftQuery,
    DraftState,
    NewDraft,
)
from service.drafts.store import DraftStore
from service.errors import (
    ChangeRefused,
    DraftChanged,
    DraftNotFound,
    StoreUnavailable,
    ValidationFailed,
)
from service.tweets.tweet import Overlap

NOON = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
SCHEDULE = Change(Action.SCHEDULE, account="bot", at=NOON)


def add(store: DraftStore, *texts: str) -> list[Draft]:
    store.add([NewDraft(text) for text in texts], actor="import")
    return [d for d in store.each(DraftQuery()) if d.text in texts]


def do(store: DraftStore, draft: Draft, *changes: Change) -> Draft:
    for change in changes:
        draft = store.apply(draft.id, change, version=draft.version, actor="anna")
    return draft


def test_a_candidate_keeps_all_it_came_with(store: DraftStore) -> None:
    new = NewDraft(
        text="Rain stops play 🌧",
        model="newsroom",
        seed=2**63 - 1,
        index=3,
        prompt="My dream",
        source="https://news.example/rain",
        article_title="Rain",
        article_text="It rained.\nAll day.",
        flags=("ungrounded",),
        overlap=Overlap(5, 0.5),
    )
    store.add([new], actor="import")
    draft = store.find(DraftQuery()).items[0]
    assert (draft.origin, draft.text, draft.state) == (new, new.text, DraftState.CANDIDATE)


def test_importing_twice_adds_nothing(store: DraftStore) -> None:
    rows = [NewDraft(f"tweet {i}", seed=i) for i in range(1200)]
    first = store.add(rows, actor="import")
    again = store.add([*rows, NewDraft("one more")], actor="import")
    assert (first.added, first.known, again.added, again.known) == (1200, 0, 1, 1200)


def test_copies_in_one_import_are_known_and_the_first_stays(store: DraftStore) -> None:
    first, copy = NewDraft("hello two", flags=("truncated",)), NewDraft("hello two")
    report = store.add([NewDraft("hello one"), first, copy, copy], actor="import")
    assert (report.added, report.known) == (2, 2)
    assert [d.origin for d in store.each(DraftQuery(contains="two"))] == [first]


def test_two_imports_at_once_add_each_candidate_once(store: DraftStore) -> None:
    rows = [NewDraft(f"tweet {i}") for i in range(300)]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: store.add(rows, actor="import"), range(4)))
    assert sum(r.added for r in reports) == 300
    assert store.find(DraftQuery()).total == 300


def test_pages_follow_each_other(store: DraftStore) -> None:
    add(store, *[f"tweet {i}" for i in range(7)])
    page = store.find(DraftQuery(limit=3))
    rest = store.find(DraftQuery(limit=4, after=page.next_after or 0))
    assert [d.text for d in (*page.items, *rest.items)] == [f"tweet {i}" for i in range(7)]
    assert (page.total, rest.next_after) == (7, None)


def test_filters_combine(store: DraftStore) -> None:
    draft, *_ = add(store, "One goal", "Two GOALS", "100% match", "1000 matches")
    do(store, draft, Change(Action.KEEP), SCHEDULE)

    def texts(query: DraftQuery) -> list[str]:
        return [d.text for d in store.find(query).items]

    assert texts(DraftQuery(contains="goal")) == ["One goal", "Two GOALS"]
    assert texts(DraftQuery(contains="0%")) == ["100% match"]
    assert texts(DraftQuery(states=(DraftState.CANDIDATE,), contains="goal")) == ["Two GOALS"]
    assert texts(DraftQuery(account="bot")) == ["One goal"]


def test_a_change_from_an_old_version_is_refused(store: DraftStore) -> None:
    [draft] = add(store, "Hello")
    do(store, draft, Change(Action.KEEP))
    with pytest.raises(DraftChanged):
        do(store, draft, Change(Action.DISCARD))
    assert store.get(draft.id).state is DraftState.KEPT


def test_of_two_reviewers_at_once_one_wins(store: DraftStore) -> None:
    [draft] = add(store, "Hello")

    def edit(text: str) -> str:
        try:
            return do(store, draft, Change(Action.EDIT, text=text)).text
        except DraftChanged:
            return "lost"

    with ThreadPoolExecutor(2) as pool:
        results = sorted(pool.map(edit, ["Hello from A", "Hello from B"]))
    assert "lost" in results
    assert store.get(draft.id).text in results
    assert len(store.history(draft.id)) == 2


def test_leaving_the_schedule_forgets_account_and_time(store: DraftStore) -> None:
    [draft] = add(store, "Hello")
    draft = do(store, draft, Change(Action.KEEP), SCHEDULE)
    assert (draft.account, draft.scheduled_at) == ("bot", NOON)
    draft = do(store, draft, Change(Action.UNSCHEDULE))
    assert (draft.state, draft.account, draft.scheduled_at) == (DraftState.KEPT, None, None)


def test_an_edited_draft_comes_back_from_the_schedule_as_edited(store: DraftStore) -> None:
    [draft] = add(store, "Hello")
    edit = Change(Action.EDIT, text="Hello!")
    draft = do(store, draft, edit, SCHEDULE, Change(Action.UNSCHEDULE))
    assert draft.state is DraftState.EDITED


def test_undo_goes_back_change_by_change(store: DraftStore) -> None:
    [draft] = add(store, "Hello")
    draft = do(store, draft, Change(Action.KEEP), Change(Action.EDIT, text="Hi"), SCHEDULE)
    undo, seen = Change(Action.UNDO), []
    for _ in range(3):
        draft = do(store, draft, undo)
        seen.append((draft.state, draft.text))
    assert seen == [
        (DraftState.EDITED, "Hi"),
        (DraftState.KEPT, "Hello"),
        (DraftState.CANDIDATE, "Hello"),
    ]
    with pytest.raises(ChangeRefused):
        do(store, draft, undo)


def test_history_names_who_did_what(store: DraftStore) -> None:
    [draft] = add(store, "Hello")
    do(store, draft, Change(Action.EDIT, text="Hi"), Change(Action.UNDO))
    entries = store.history(draft.id)
    assert [(e.actor, e.action, e.text) for e in entries] == [
        ("import", Action.IMPORT, "Hello"),
        ("anna", Action.EDIT, "Hi"),
        ("anna", Action.UNDO, "Hello"),
    ]


def test_a_training_tweet_is_kept_only_when_edited(store: DraftStore) -> None:
    store.add([NewDraft("An old tweet", flags=("memorised",))], actor="import")
    draft = store.find(DraftQuery()).items[0]
    for change in (Change(Action.KEEP), Change(Action.EDIT, text=" An  old tweet")):
        with pytest.raises(ChangeRefused, match="training"):
            do(store, draft, change)
    assert do(store, draft, Change(Action.EDIT, text="A new tweet")).state is DraftState.EDITED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 281, "281 characters of 280; shorten"),
        ("\ufeff hi", "U\\+FEFF; take it out"),
        ("\uffff and \ufffe and \uffff", "U\\+FFFE, U\\+FFFF; take them out"),
        ("\u200b", "nothing to be seen"),
        ("\u2060 \u00ad\u202e", "nothing to be seen"),
    ],
)
def test_what_x_would_not_take_is_not_planned_and_says_why(
    store: DraftStore, text: str, said: str
) -> None:
    [draft] = add(store, text)
    draft = do(store, draft, Change(Action.KEEP))
    with pytest.raises(ChangeRefused, match=said):
        do(store, draft, SCHEDULE)


@pytest.mark.parametrize("text", ["x" * 280, "👩\u200d👩\u200d👧", "می\u200cخواهم", "\u200b hi"])
def test_what_x_takes_is_planned(store: DraftStore, text: str) -> None:
    [draft] = add(store, text)
    assert do(store, draft, Change(Action.KEEP), SCHEDULE).state is DraftState.SCHEDULED


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Change(Action.EDIT), ValidationFailed),
        (Change(Action.EDIT, text=" \n"), ValidationFailed),
        (Change(Action.SCHEDULE, account="bot"), ValidationFailed),
        (Change(Action.CLAIM), ChangeRefused),
        (Change(Action.RECORD), ChangeRefused),
        (SCHEDULE, ChangeRefused),
        (Change(Action.UNSCHEDULE), ChangeRefused),
    ],
)
def test_a_candidate_cannot_be(store: DraftStore, change: Change, error: type[Exception]) -> None:
    [draft] = add(store, "Hello")
    with pytest.raises(error):
        do(store, draft, change)
    assert store.get(draft.id) == draft


def test_an_unknown_draft_is_not_found(store: DraftStore) -> None:
    with pytest.raises(DraftNotFound):
        store.get(404)
    with pytest.raises(DraftNotFound):
        store.history(404)
    with pytest.raises(DraftNotFound):
        store.apply(404, Change(Action.KEEP), version=1, actor="anna")


def test_the_last_planned_time_is_of_the_account(store: DraftStore) -> None:
    [draft] = add(store, "Hello")
    assert store.last_planned("bot") is None
    do(store, draft, Change(Action.KEEP), SCHEDULE)
    assert (store.last_planned("bot"), store.last_planned("other")) == (NOON, None)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/drafts.db")
    with database.write() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count = 60")
    with pytest.raises(StoreUnavailable):
        DraftStore(database).add([NewDraft("long " * 100_000)], actor="import")
    database.close()
