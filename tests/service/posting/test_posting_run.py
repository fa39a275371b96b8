"""Posting runs against the fake X: exactly once, whatever X does."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from service.drafts.draft import Action, Change, DraftQuery, NewDraft
from service.errors import StoreUnavailable
from service.posting.hours import QuietHours
from service.posting.posted import PostedTweet
from tests.service.posting.conftest import BOT, Desk, spaced

TRICKY = "Fish & chips <3 — “café” https://news.example/a?b=1&c=2 100% #yes"


def test_what_is_due_is_posted_and_recorded(desk: Desk) -> None:
    desk.schedule("One", TRICKY)
    assert desk.outcomes() == ["posted", "posted"]
    assert desk.x.texts == ["One", TRICKY]
    assert [d.tweet_id for d in desk.store.each(DraftQuery())] == ["1000", "1001"]
    assert desk.states() == ["posted", "posted"]
    assert desk.x.authorization == {"OAuth"}


def test_a_second_run_finds_nothing_to_do(desk: Desk) -> None:
    desk.schedule("One")
    desk.post_due()
    assert desk.outcomes() == []
    assert desk.x.requests == ["POST /2/tweets"]


def test_what_is_not_due_stays(desk: Desk) -> None:
    [draft] = desk.schedule("One")
    later = Change(Action.SCHEDULE, account="bot", at=desk.clock.now.replace(hour=13))
    desk.store.apply(draft.id, later, version=draft.version, actor="anna")
    assert desk.outcomes() == []
    desk.clock.pass_by(hours=1)
    assert desk.outcomes() == ["posted"]


def test_what_nobody_kept_is_never_posted(desk: Desk) -> None:
    desk.store.add([NewDraft("Nobody's choice")], actor="import")
    assert desk.outcomes() == []
    assert desk.x.requests == []


def test_a_preview_asks_x_nothing(desk: Desk) -> None:
    desk.schedule("One", "Two")
    assert [(r.outcome, r.text) for r in desk.run().preview()] == [
        ("would post", "One"),
        ("would post", "Two"),
    ]
    assert (desk.x.requests, desk.states()) == ([], ["scheduled", "scheduled"])


@pytest.mark.parametrize(
    "mood", ["500 after", "503 after", "drop after", "stall after", "garbage", "another"]
)
def test_a_tweet_that_went_out_unanswered_is_found_and_not_posted_again(
    desk: Desk, mood: str
) -> None:
    desk.x.moods.append(mood)
    desk.schedule(TRICKY)
    assert desk.outcomes() == ["unknown"]
    assert desk.outcomes() == []  # X's list may lag: not looked at yet
    desk.clock.pass_by(minutes=2)
    assert desk.outcomes() == ["posted"]
    assert desk.x.texts == [TRICKY]
    assert desk.states() == ["posted"]


@pytest.mark.parametrize("mood", ["500 before", "504 before", "drop before", "stall before"])
def test_a_tweet_that_did_not_go_out_is_posted_by_a_later_run(desk: Desk, mood: str) -> None:
    desk.x.moods.append(mood)
    desk.schedule(TRICKY)
    assert desk.outcomes() == ["unknown"]
    desk.clock.pass_by(minutes=2)
    assert desk.outcomes() == ["released", "posted"]
    assert desk.x.texts == [TRICKY]


def test_two_answers_to_one_post_are_not_taken_for_the_next(desk: Desk) -> None:
    desk.x.moods.append("twice")
    desk.schedule("One", "Two")
    assert desk.outcomes() == ["posted", "posted"]
    ids = [d.tweet_id for d in desk.store.each(DraftQuery())]
    assert (desk.x.texts, ids) == (["One", "Two"], ["1000", "1001"])


@pytest.mark.parametrize(("mood", "seconds"), [("429", 600), ("day limit", 40_000)])
def test_x_is_left_alone_for_as_long_as_it_asks(desk: Desk, mood: str, seconds: int) -> None:
    desk.x.moods.append(mood)
    desk.schedule("One", "Two")
    assert desk.outcomes() == ["waits"]
    assert desk.states() == ["scheduled", "scheduled"]
    desk.clock.pass_by(seconds=seconds - 10)
    assert desk.outcomes() == ["waits"]
    desk.clock.pass_by(seconds=20)
    assert desk.outcomes() == ["posted", "posted"]
    assert desk.x.requests.count("POST /2/tweets") == 3


def test_a_refused_text_fails_and_the_next_is_posted(desk: Desk) -> None:
    desk.x.moods.append("400")
    desk.schedule("One", "Two")
    assert desk.outcomes() == ["failed", "posted"]
    failed = desk.store.find(DraftQuery()).items[0]
    assert (failed.state, "mood 400" in (failed.error or "")) == ("failed", True)


def test_an_expired_token_ends_the_accounts_run_and_keeps_its_drafts(desk: Desk) -> None:
    desk.x.moods.append("401")
    desk.schedule("One", "Two")
    [report] = desk.post_due()
    assert (report.outcome, report.is_trouble) == ("refused", True)
    assert "expired" in report.detail
    assert desk.states() == ["scheduled", "scheduled"]


def test_one_accounts_trouble_is_not_anothers(desk: Desk) -> None:
    desk.accounts["other"] = replace(BOT, name="other")
    desk.x.moods.append("401")
    desk.schedule("One")
    desk.schedule("Two", account="other")
    assert desk.outcomes() == ["refused", "posted"]


def test_a_duplicate_of_ones_own_lost_tweet_is_recorded(desk: Desk) -> None:
    [draft] = desk.schedule("One")
    desk.x.publish("One")  # by a run whose claim is lost, or by hand
    assert desk.outcomes() == ["posted"]
    assert desk.store.get(draft.id).tweet_id == "1000"


def test_a_duplicate_of_another_draft_fails(desk: Desk) -> None:
    desk.schedule("One")
    desk.post_due()
    desk.store.add([NewDraft("One", seed=2)], actor="import")
    again = desk.store.find(DraftQuery()).items[1]
    desk._schedule(again, "bot")
    assert desk.outcomes() == ["failed"]
    assert desk.x.texts == ["One"]


def test_a_run_that_died_after_posting_is_made_good(desk: Desk) -> None:
    desk.schedule("Before", TRICKY)
    desk.x.moods.extend(["ok", "ok"])
    runs = desk.run().post_due()
    next(runs)
    claim = desk.book.claim_next("bot", BOT.spacing.least)  # as the run does, then dies
    assert claim is not None
    desk.client(BOT).post(claim.text)
    assert desk.outcomes() == []  # the claim may belong to a run that is alive
    desk.clock.pass_by(minutes=6)
    assert desk.outcomes() == ["posted"]
    assert (desk.x.texts, desk.states()) == (["Before", TRICKY], ["posted", "posted"])


def test_a_run_that_died_before_posting_is_made_good(desk: Desk) -> None:
    desk.schedule("One")
    assert desk.book.claim_next("bot", BOT.spacing.least) is not None
    desk.clock.pass_by(minutes=6)
    assert desk.outcomes() == ["released", "posted"]
    assert desk.x.texts == ["One"]


def test_a_claim_from_before_the_clock_was_set_back_is_made_good(desk: Desk) -> None:
    desk.schedule("One")
    claim = desk.book.claim_next("bot", BOT.spacing.least)
    assert claim is not None
    desk.client(BOT).post(claim.text)
    desk.clock.pass_by(days=-400)
    assert desk.outcomes() == ["posted"]
    assert desk.x.texts == ["One"]


def test_a_pause_from_before_the_clock_was_set_back_ends(desk: Desk) -> None:
    desk.x.moods.append("429")
    desk.schedule("One")
    desk.post_due()
    desk.clock.pass_by(days=-400)
    desk.schedule("Two")
    assert desk.outcomes() == ["posted"]


def test_looking_back_reads_further_pages(desk: Desk) -> None:
    desk.x.moods.append("drop after")
    desk.schedule("Mine")
    desk.post_due()
    for i in range(230):
        desk.x.publish(f"By hand {i}")
    desk.clock.pass_by(minutes=2)
    assert desk.outcomes() == ["posted"]
    assert desk.store.find(DraftQuery()).items[0].tweet_id == "1000"


@pytest.mark.parametrize("mood", ["500", "429", "401"])
def test_nothing_is_posted_while_x_cannot_be_asked(desk: Desk, mood: str) -> None:
    desk.x.moods.append("drop after")
    desk.schedule("One", "Two")
    desk.post_due()
    desk.clock.pass_by(minutes=2)
    desk.x.read_moods.append(mood)
    assert desk.outcomes() == ["refused" if mood == "401" else "unknown"]
    assert desk.x.texts == ["One"]
    desk.clock.pass_by(minutes=20)
    assert desk.outcomes() == ["posted", "posted"]
    assert desk.x.texts == ["One", "Two"]


def test_when_x_cannot_be_reached_nothing_is_lost(desk: Desk) -> None:
    desk.schedule("One")
    up, desk.x.server.server_port = desk.x.server.server_port, 9
    assert desk.outcomes() == ["waits"]
    desk.x.server.server_port = up
    desk.clock.pass_by(minutes=2)
    assert desk.outcomes() == ["posted"]


def test_the_spacing_holds_from_run_to_run(desk: Desk) -> None:
    desk.accounts["bot"] = spaced(minutes=30)
    desk.schedule("One", "Two")
    assert desk.outcomes() == ["posted"]
    desk.clock.pass_by(minutes=29)
    assert desk.outcomes() == ["waits"]
    desk.clock.pass_by(minutes=1)
    assert desk.outcomes() == ["posted"]


def test_nothing_is_posted_in_quiet_hours(desk: Desk) -> None:
    quiet = QuietHours(time(11), time(14), ZoneInfo("UTC"))
    desk.accounts["bot"] = replace(BOT, quiet=quiet)
    desk.schedule("One")
    assert desk.outcomes() == ["waits"]
    assert [r.outcome for r in desk.run().preview()] == ["waits"]
    desk.clock.pass_by(hours=2)
    assert desk.outcomes() == ["posted"]


def test_a_database_that_is_away_while_recording_is_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.schedule("One")
    record, failures, waits = desk.book.record, [1, 1, 1], []

    def shaky(claim: object, tweet_id: str) -> bool:
        if failures:
            failures.pop()
            raise StoreUnavailable("away")
        return record(claim, tweet_id)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.book, "record", shaky)
    reports = list(desk.run(sleep=waits.append).post_due())
    assert [r.outcome for r in reports] == ["posted"]
    assert len(waits) == 3


def test_a_database_that_stays_away_ends_the_run_and_the_next_one_records(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.schedule("One")

    def away(claim: object, tweet_id: str) -> bool:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(desk.book, "record", away)
        with pytest.raises(StoreUnavailable):
            desk.post_due()
    desk.clock.pass_by(minutes=6)
    assert desk.outcomes() == ["posted"]
    assert desk.x.texts == ["One"]


def test_a_tweet_of_another_draft_is_never_taken_for_this_ones(desk: Desk) -> None:
    first, second = desk.schedule("One", "Two")
    claim = desk.book.claim_next("bot", BOT.spacing.least)
    assert claim is not None
    assert desk.book.record(claim, "1000")
    other = desk.book.claim_next("bot", BOT.spacing.least)
    assert other is not None
    assert not desk.book.record(other, PostedTweet("1000", "Two").id)
    assert desk.store.get(second.id).state == "posting"
    assert desk.store.get(first.id).tweet_id == "1000"
