"""Any sequence of what people and posting runs do, on a real database and beside a small model."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from service.drafts.claims import Claim, ClaimBook
from service.drafts.database import Database, sqlite_url
from service.drafts.draft import Action, Change, Draft, DraftQuery, DraftState, NewDraft
from service.drafts.states import BY_A_PERSON
from service.drafts.store import DraftStore
from service.errors import ChangeRefused, DraftChanged

ACCOUNTS = ("bot", "other")
CHOSEN = {Action.KEEP, Action.EDIT}
numbers = st.integers(0, 2)
accounts = st.sampled_from(ACCOUNTS)


class DraftLife(RuleBasedStateMachine):
    """Three drafts, two accounts, and a record of every tweet that X was sent."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(sqlite_url(Path(self.folder.name) / "drafts.db"))
        self.now = datetime(2031, 5, 4, tzinfo=UTC)
        self.store = DraftStore(self.database, lambda: self.now)
        self.book = ClaimBook(self.database, timedelta(minutes=5), lambda: self.now)
        self.store.add([NewDraft(f"Draft {i}") for i in range(3)], actor="import")
        self.claims: list[Claim] = []
        self.sent: list[int] = []

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.check_histories()
            self.database.close()
            self.folder.cleanup()

    def drafts(self) -> list[Draft]:
        return list(self.store.find(DraftQuery()).items)

    @rule(number=numbers, action=st.sampled_from(sorted(BY_A_PERSON)), account=accounts)
    def change(self, number: int, action: Action, account: str) -> None:
        draft = self.drafts()[number]
        change = Change(action, text=f"Edited {self.now:%H%M%S}", account=account, at=self.now)
        if action is not Action.EDIT:
            change = Change(action, account=account, at=self.now)
        try:
            after = self.store.apply(draft.id, change, version=draft.version, actor="anna")
        except ChangeRefused:
            assert self.store.get(draft.id) == draft
        else:
            assert after.version == draft.version + 1

    @rule(number=numbers)
    def change_what_was_read_long_ago(self, number: int) -> None:
        draft = self.drafts()[number]
        try:
            self.store.apply(
                draft.id, Change(Action.DISCARD), version=draft.version - 1, actor="late"
            )
        except DraftChanged:
            assert self.store.get(draft.id) == draft
        else:
            raise AssertionError("a lost update")

    @rule(account=accounts)
    def claim(self, account: str) -> None:
        due = self.book.due(account)
        busy = any(c.account == account for c in self.claims)
        claim = self.book.claim_next(account, timedelta())
        assert (claim is not None) == (bool(due) and not busy)
        if claim:
            self.claims.append(claim)
            assert claim.draft_id == due[0].id

    @rule(end=st.sampled_from(["record", "fail", "release"]), again=st.booleans())
    def close(self, end: str, again: bool) -> None:
        if not self.claims:
            return
        claim = self.claims.pop()
        if end == "record":
            self.sent.append(claim.draft_id)
            assert self.book.record(claim, str(len(self.sent)))
        else:
            getattr(self.book, end)(claim, "because")
        if again:  # a slow run comes back to a claim that was closed meanwhile
            self.book.release(claim, "late")

    @rule(minutes=st.integers(-30, 30))
    def pass_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def the_states_tell_what_happened(self) -> None:
        if not hasattr(self, "store"):
            return
        drafts = self.drafts()
        posting = [d.id for d in drafts if d.state is DraftState.POSTING]
        assert sorted(posting) == sorted(claim.draft_id for claim in self.claims)
        posted = [d.id for d in drafts if d.state is DraftState.POSTED]
        assert sorted(posted) == sorted(self.sent)

    def check_histories(self) -> None:
        """Nothing gets an account that nobody chose, and every change is in the history."""
        for draft in self.drafts():
            actions = [entry.action for entry in self.store.history(draft.id)]
            if draft.account is not None:
                assert CHOSEN & set(actions)
            assert draft.version == len(actions)


DraftLife.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, derandomize=True
)
TestDraftLife = DraftLife.TestCase
