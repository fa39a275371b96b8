"""A user's OAuth 2 token that expires: renewed, kept, and never renewed twice."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from service.drafts.database import Database
from service.drafts.tokens import TokenBook, TokenPair
from service.errors import AccountRefused, PostingPaused, StoreUnavailable
from service.posting.accounts import Account, Credentials
from tests.service.posting.conftest import Desk, HandClock
from tests.service.posting.fake_x import FakeX

KEYS = Credentials("access-0", refresh_token="refresh-0", client_id="our-app")
USER = Account("bot", "bot", KEYS)
FIRST = TokenPair("refresh-0", "access-0")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def user_desk(request: pytest.FixtureRequest, tmp_path: Path, x: FakeX) -> Iterator[Desk]:
    url = f"sqlite:///{tmp_path}/drafts.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").new_database()
    x.access_token = "access-0"
    desk = Desk(url, x, HandClock(), {"bot": USER})
    yield desk
    desk.database.close()


def test_an_expired_token_is_renewed_and_the_tweet_goes_out_once(user_desk: Desk) -> None:
    user_desk.schedule("One", "Two")
    user_desk.x.expire()
    assert user_desk.outcomes() == ["posted", "posted"]
    assert (user_desk.x.texts, user_desk.x.num_renewals) == (["One", "Two"], 1)
    assert user_desk.x.client == "our-app"


def test_a_token_that_is_taken_is_not_renewed(user_desk: Desk) -> None:
    user_desk.schedule("One")
    assert user_desk.outcomes() == ["posted"]
    assert user_desk.x.requests == ["POST /2/tweets"]


def test_a_later_run_begins_with_what_the_last_one_got(user_desk: Desk) -> None:
    for number in range(1, 4):
        user_desk.x.expire()
        user_desk.schedule(f"Tweet {number}")
        assert user_desk.outcomes() == ["posted"]
        assert user_desk.x.num_renewals == number
    user_desk.schedule("Another")
    assert user_desk.outcomes() == ["posted"]
    assert user_desk.x.num_renewals == 3


def test_a_refresh_token_alone_is_enough(user_desk: Desk) -> None:
    user_desk.accounts["bot"] = replace(USER, credentials=replace(KEYS, access_token=None))
    user_desk.schedule("One")
    assert user_desk.outcomes() == ["posted"]
    assert user_desk.x.requests == ["POST /2/oauth2/token", "POST /2/tweets"]


def test_an_app_with_a_secret_says_so(user_desk: Desk) -> None:
    secret = replace(KEYS, client_secret="s3cret")
    user_desk.x.expire()
    user_desk.client(replace(USER, credentials=secret)).profile()
    basic = base64.b64encode(b"our-app:s3cret").decode()
    assert user_desk.x.client == f"Basic {basic}"


def test_a_refresh_token_that_is_worth_nothing_keeps_the_drafts(user_desk: Desk) -> None:
    user_desk.x.expire()
    user_desk.x.refresh_token = "somebody else's"
    user_desk.schedule("One")
    [report] = user_desk.post_due()
    assert (report.outcome, report.is_trouble) == ("refused", True)
    assert "sign in again" in report.detail
    assert user_desk.states() == ["scheduled"]


def test_signing_in_again_replaces_what_was_kept(user_desk: Desk) -> None:
    user_desk.x.expire()
    user_desk.client(USER).profile()
    user_desk.x.expire()
    user_desk.x.refresh_token = "by-hand"
    with pytest.raises(AccountRefused):
        user_desk.client(USER).profile()
    again = replace(USER, credentials=replace(KEYS, refresh_token="by-hand"))
    assert user_desk.client(again).profile().username == "bot"


@pytest.mark.parametrize("mood", ["429", "503", "drop", "garbage"])
def test_x_that_does_not_renew_now_is_left_alone(user_desk: Desk, mood: str) -> None:
    user_desk.x.expire()
    user_desk.x.token_moods.append(mood)
    user_desk.schedule("One")
    assert user_desk.outcomes() == ["waits"]
    assert (user_desk.x.texts, user_desk.states()) == ([], ["scheduled"])


def test_a_new_token_that_is_refused_too_is_not_renewed_again(user_desk: Desk) -> None:
    user_desk.x.expire()
    book = TokenBook(user_desk.database, "bot", FIRST)
    book.renew("access-0", lambda _: TokenPair("refresh-0", "as bad"))
    user_desk.x.read_moods.extend(["ok", "401"])
    with pytest.raises(AccountRefused, match="expired"):
        user_desk.client(USER).profile()
    assert user_desk.x.num_renewals == 1


def test_processes_that_meet_renew_once(user_desk: Desk) -> None:
    user_desk.x.expire()
    user_desk.x.latency_s = 0.05
    start = Barrier(4)

    def renew(_: int) -> str:
        start.wait()
        return user_desk.client(USER).profile().username

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(renew, range(4))) == ["bot"] * 4
    assert user_desk.x.num_renewals == 1


def test_a_database_that_goes_away_behind_a_renewal_is_waited_for(
    user_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = Database.write, [1, 1, 1]

    @contextmanager
    def shaky(self: Database) -> Iterator[Any]:
        with write(self) as session:
            yield session
            if user_desk.x.num_renewals and failures:
                failures.pop()
                raise StoreUnavailable("away")

    user_desk.x.expire()
    monkeypatch.setattr(Database, "write", shaky)
    assert user_desk.client(USER).profile().username == "bot"
    kept = TokenBook(user_desk.database, "bot", FIRST).current()
    assert (kept.refresh_token, kept.access_token, failures) == ("refresh-1", "access-1", [])


def test_what_x_says_of_a_pause_is_kept(user_desk: Desk) -> None:
    user_desk.x.expire()
    user_desk.x.token_moods.append("503")
    with pytest.raises(PostingPaused) as caught:
        user_desk.client(USER).profile()
    assert caught.value.retry_after == 60


def test_tokens_are_not_printed() -> None:
    shown = repr([USER, FIRST])
    assert "refresh-0" not in shown
    assert "access-0" not in shown
