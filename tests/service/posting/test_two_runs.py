"""Several posting runs at once, as processes of their own, against one X: each tweet once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.drafts.draft import DraftQuery
from tests.service.posting.conftest import Desk, HandClock
from tests.service.posting.fake_x import FakeX

ACCOUNTS = """
[bot]
username = "bot"
[bot.oauth1]
consumer_key = "k"
consumer_secret = "ks"
access_token = "t"
access_token_secret = "ts"
"""
RUN = "from service.commands.post import post; post()"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/drafts.db"
    made: str = request.getfixturevalue("postgres_server").new_database()
    return made


def start(url: str, x: FakeX, folder: Path) -> subprocess.Popen[str]:
    accounts = folder / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o600)
    settings = {
        "DOC2TWEET_DRAFTS_DATABASE_URL": url,
        "DOC2TWEET_POSTING_ACCOUNTS_FILE": str(accounts),
        "DOC2TWEET_X_API_URL": x.url,
    }
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "--due", "--no-dry-run"],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_runs_at_once_post_each_tweet_once(url: str, x: FakeX, tmp_path: Path) -> None:
    x.latency_s, x.refuses_duplicates = 0.02, False
    desk = Desk(url, x, HandClock())
    texts = [f"Tweet number {i}" for i in range(10)]
    desk.schedule(*texts)
    runs = [start(url, x, tmp_path) for _ in range(2)]
    results = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], results
    while start(url, x, tmp_path).communicate(timeout=60)[0]:
        pass
    assert sorted(x.texts) == sorted(texts)
    posted = list(desk.store.each(DraftQuery()))
    assert {d.tweet_id for d in posted} == {tweet["id"] for tweet in x.tweets}
    desk.database.close()


def test_a_run_that_is_killed_in_the_middle_loses_and_doubles_nothing(
    url: str, x: FakeX, tmp_path: Path
) -> None:
    x.latency_s, x.refuses_duplicates = 0.05, False
    x.moods.extend(["ok", "stall after"])
    clock = HandClock()
    desk = Desk(url, x, clock)
    desk.schedule("One", "Two", "Three")
    run = start(url, x, tmp_path)
    while len(x.tweets) < 2:
        assert run.poll() is None
    run.kill()
    run.communicate()
    x.hold.set()
    clock.now = desk.database.now()
    clock.pass_by(minutes=6)
    assert desk.outcomes() == ["posted", "posted"]
    assert x.texts == ["One", "Two", "Three"]
    assert desk.states() == ["posted"] * 3
    desk.database.close()
