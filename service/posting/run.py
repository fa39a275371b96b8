"""One posting run: find out what became of earlier claims, then post what is due, and end.

The order is claim, post, record. What X answers decides what becomes of the claim; where nobody
knows, it stays open, and a later run asks X for the account's latest tweets. So a run may die at
any point: a tweet is neither lost nor doubled. Nothing here waits for a time to come: what is not
to be posted now is left to the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, TypeVar

from service.drafts.claims import Claim, ClaimBook
from service.errors import (
    AccountRefused,
    PostDuplicate,
    PostingError,
    PostingPaused,
    PostRefused,
    PostUncertain,
    StoreUnavailable,
)
from service.posting.accounts import Account
from service.posting.posted import PostedTweet, is_same

SETTLE_S = 60.0
"""X's list of an account's tweets may lag behind its own answer; so long is waited at least."""
_RECORD_WAITS_S = (0.5, 1, 2, 4, 8, 15)

T = TypeVar("T")
Outcome = Literal["would post", "posted", "failed", "released", "unknown", "waits", "refused"]


@dataclass(frozen=True, slots=True)
class PostReport:
    """What was done with one draft or, where there is none, with one account."""

    account: str
    outcome: Outcome
    draft_id: int | None = None
    text: str = ""
    detail: str = ""
    tweet_id: str | None = None

    @property
    def is_trouble(self) -> bool:
        """Somebody has to look at it."""
        return self.outcome in {"failed", "refused"}


class Poster(Protocol):
    """What a run needs of X; `XClient` is it."""

    def post(self, text: str) -> PostedTweet: ...
    def latest(self, since_id: str | None) -> list[PostedTweet]: ...


class PostingRun:
    """Over the accounts of one file. Any number of runs may be at work on one database."""

    def __init__(
        self,
        book: ClaimBook,
        accounts: Mapping[str, Account],
        client_for: Callable[[Account], Poster],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._book = book
        self._accounts = accounts
        self._client_for = client_for
        self._sleep = sleep

    def preview(self) -> list[PostReport]:
        """What `post_due` would do now. Asks X nothing and changes nothing."""
        return [report for account in self._accounts.values() for report in self._preview(account)]

    def post_due(self) -> Iterator[PostReport]:
        """Post; one report a deed, as it is done.

        Raises:
            StoreUnavailable: the database went away and stayed away.
        """
        for account in self._accounts.values():
            yield from self._work_on(account, self._client_for(account))

    def _preview(self, account: Account) -> Iterator[PostReport]:
        if wait := self._wait(account):
            yield wait
            return
        due = self._book.due(account.name)
        # With a pause to keep, one run posts one.
        for draft in due[:1] if account.spacing.least else due:
            yield PostReport(account.name, "would post", draft.id, draft.text)

    def _work_on(self, account: Account, client: Poster) -> Iterator[PostReport]:
        for claim in self._book.abandoned(account.name):
            yield self._find_out(claim, client)
        if wait := self._wait(account):
            yield wait
            return
        while claimed := self._book.claim_next(account.name, account.spacing.least):
            report = self._post(claimed, client)
            yield report
            if report.outcome not in {"posted", "failed"}:
                return

    def _wait(self, account: Account) -> PostReport | None:
        """Why nothing may be posted now, where that is so and something is due."""
        if not self._book.due(account.name):
            return None
        now = self._book.now()
        pause = self._book.paused(account.name)
        quiet = account.quiet.after(now) if account.quiet else now
        spaced = self._book.spaced_until(account.name, account.spacing.least)
        if pause is not None:
            detail = f"until {pause.until:%F %T} UTC: {pause.reason}"
        elif quiet > now:
            detail = f"quiet until {quiet:%F %T} UTC"
        elif spaced is not None:
            detail = f"until {spaced:%F %T} UTC: too soon after the last tweet"
        else:
            return None
        return PostReport(account.name, "waits", detail=detail)

    def _post(self, claim: Claim, client: Poster) -> PostReport:
        try:
            tweet = client.post(claim.text)
        except PostDuplicate as error:
            return self._duplicate(claim, client, error)
        except PostRefused as error:
            return self._failed(claim, error)
        except AccountRefused as error:
            return self._released(claim, error)
        except PostingPaused as error:
            return self._pause(claim, error)
        except PostingError as error:
            return self._unknown(claim, error)
        return self._record(claim, tweet)

    def _record(self, claim: Claim, tweet: PostedTweet) -> PostReport:
        if not self._insist(lambda: self._book.record(claim, tweet.id)):
            other = PostUncertain("X named a tweet that belongs to another draft.")
            return self._unknown(claim, other)
        return _report(claim, "posted", tweet_id=tweet.id)

    def _failed(self, claim: Claim, error: PostingError) -> PostReport:
        self._insist(lambda: self._book.fail(claim, error.detail))
        return _report(claim, "failed", error.detail)

    def _released(self, claim: Claim, error: PostingError) -> PostReport:
        self._insist(lambda: self._book.release(claim, error.detail))
        return _report(claim, "refused", error.detail)

    def _pause(self, claim: Claim, error: PostingError) -> PostReport:
        until = self._book.now() + timedelta(seconds=error.retry_after or SETTLE_S)
        self._insist(lambda: self._book.release(claim, error.detail))
        self._insist(lambda: self._book.pause(claim.account, until, error.detail))
        return _report(claim, "waits", f"until {until:%F %T} UTC: {error.detail}")

    def _unknown(self, claim: Claim, error: PostingError) -> PostReport:
        wait = max(error.retry_after or 0.0, SETTLE_S)
        until = self._book.now() + timedelta(seconds=wait)
        self._insist(lambda: self._book.postpone(claim, until))
        outcome: Outcome = "refused" if isinstance(error, AccountRefused) else "unknown"
        return _report(claim, outcome, f"{error.detail} Looked at again from {until:%F %T} UTC.")

    def _duplicate(self, claim: Claim, client: Poster, error: PostingError) -> PostReport:
        """X has this text already: from an earlier try of ours, or from somebody's own hand."""
        try:
            tweet = self._sought(claim, client)
        except PostingError as unread:
            return self._unknown(claim, unread)
        return self._failed(claim, error) if tweet is None else self._record(claim, tweet)

    def _find_out(self, claim: Claim, client: Poster) -> PostReport:
        """What became of a claim whose run died, or got no answer that says."""
        try:
            tweet = self._sought(claim, client)
        except PostingError as error:
            return self._unknown(claim, error)
        if tweet is not None:
            return self._record(claim, tweet)
        self._insist(lambda: self._book.release(claim, "not among the account's latest tweets"))
        return _report(claim, "released", "an earlier run died before posting it")

    def _sought(self, claim: Claim, client: Poster) -> PostedTweet | None:
        same = [t for t in client.latest(claim.since_id) if is_same(claim.text, t)]
        taken = self._book.known_ids([t.id for t in same])
        return next((t for t in same if t.id not in taken), None)

    def _insist(self, write: Callable[[], T]) -> T:
        """The tweet is out and must be recorded: a database that is away may come back."""
        for wait in _RECORD_WAITS_S:
            try:
                return write()
            except StoreUnavailable:
                self._sleep(wait)
        return write()


def _report(
    claim: Claim, outcome: Outcome, detail: str = "", tweet_id: str | None = None
) -> PostReport:
    return PostReport(claim.account, outcome, claim.draft_id, claim.text, detail, tweet_id)
