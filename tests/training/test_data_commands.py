"""The commands of the data stages, as a user types them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from training.article_store import ArticleStore
from training.cli import main
from training.demo.archive import tweets, write_zip
from training.demo.site import serve
from training.demo.town import stories
from training.pairs import read_pairs


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_all_stages_on_the_invented_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOC2TWEET_FETCH_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("DOC2TWEET_FETCH_ALLOWED_PORTS", "*")
    told = stories(60)
    work = ("--work", tmp_path / "work")
    with serve(told) as base_url:
        write_zip(tmp_path / "archive.zip", tweets(told, base_url))
        imported = run("import", tmp_path / "archive.zip", *work)
        scraped = run("scrape", "--spacing", "0.01", *work)
    paired = run("pairs", "--training-txt", "--min-pairs", "20", *work)
    assert [result.exit_code for result in (imported, scraped, paired)] == [0, 0, 0]
    assert "retweets" in imported.output
    assert "failed: " in scraped.output
    assert {pair.split for pair in read_pairs(tmp_path / "work" / "pairs.jsonl")} == {
        "train",
        "dev",
        "test",
    }


def test_ctrl_c_keeps_what_was_read_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOC2TWEET_FETCH_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("DOC2TWEET_FETCH_ALLOWED_PORTS", "*")
    told, work = stories(12), tmp_path / "work"
    arguments = ["scrape", "--work", str(work), "--spacing"]
    with serve(told) as base_url:
        write_zip(tmp_path / "archive.zip", tweets(told, base_url))
        run("import", tmp_path / "archive.zip", "--work", work)
        child = subprocess.Popen(
            [sys.executable, "-m", "training", *arguments, "0.5"],
            stderr=subprocess.PIPE,
            text=True,
            # Where the tests run in the background, a shell has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        assert wait_for(lambda: num_read(work) > 0)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
        num_first = num_read(work)
        again = run(*arguments, "0.01")
    assert child.returncode == 1, said
    assert "goes on from here" in said
    assert "Traceback" not in said
    assert 0 < num_first < num_read(work) == 12
    assert again.exit_code == 0


def num_read(work: Path) -> int:
    if not (work / "articles.sqlite").exists():
        return 0
    with ArticleStore(work / "articles.sqlite") as store:
        return len(store.articles())


def wait_for(condition: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    give_up = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.05)
    return condition()


def test_bad_input_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("when,what\n1,2\n")
    result = run("import", tmp_path / "a.csv", "--work", tmp_path / "work")
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "it has: when, what" in result.output


def test_one_source_must_be_named(tmp_path: Path) -> None:
    assert run("import", "--work", tmp_path).exit_code == 2
    assert run("import", "a.csv", "--user", "ada", "--work", tmp_path).exit_code == 2


def test_an_account_needs_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOC2TWEET_X_BEARER_TOKEN", raising=False)
    result = run("import", "--user", "ada", "--work", tmp_path)
    assert (result.exit_code, "DOC2TWEET_X_BEARER_TOKEN" in result.output) == (1, True)


def test_when_nothing_is_left_it_says_what_became_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("RT @ellerypost: The ferry is late again today\nHi\n")
    result = run("import", tmp_path / "a.txt", "--work", tmp_path / "work")
    assert result.exit_code == 1
    assert "2 read, 1 retweets" in result.output
    assert "--keep-cut-off" in result.output


@pytest.mark.parametrize("spacing", ["inf", "nan", "-1", "1e9"])
def test_a_spacing_that_is_no_time_is_refused(tmp_path: Path, spacing: str) -> None:
    result = run("scrape", "--work", tmp_path, "--spacing", spacing)
    assert (result.exit_code, "Invalid value for '--spacing'" in result.output) == (2, True)
