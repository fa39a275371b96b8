"""`doc2tweet drafts`, `post` and `accounts` as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main
from tests.service.posting.fake_x import FakeX

ACCOUNTS = """
[bot]
username = "bot"
maintainer = "anna"
automated_label = true
spacing_minutes = 30
[bot.oauth2]
access_token = "t"
"""
Run = Callable[..., Result]


@pytest.fixture
def x() -> Iterator[FakeX]:
    fake = FakeX()
    yield fake
    fake.close()


@pytest.fixture
def run(tmp_path: Path, x: FakeX, monkeypatch: pytest.MonkeyPatch) -> Run:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o600)
    monkeypatch.setenv("DOC2TWEET_DRAFTS_DATABASE_URL", f"sqlite:///{tmp_path}/drafts.db")
    monkeypatch.setenv("DOC2TWEET_POSTING_ACCOUNTS_FILE", str(accounts))
    monkeypatch.setenv("DOC2TWEET_X_API_URL", x.url)
    file = tmp_path / "out.jsonl"
    file.write_text("\n".join(json.dumps({"text": f"Tweet {i}", "seed": i}) for i in range(3)))

    def invoke(*args: str) -> Result:
        return CliRunner().invoke(main, [arg.replace("FILE", str(file)) for arg in args])

    return invoke


def test_from_a_file_to_x(run: Run, x: FakeX) -> None:
    assert run("drafts", "import", "FILE").output == "3 added, 0 known, 0 unusable\n"
    assert run("drafts", "keep", "1", "2").exit_code == 0
    assert run("drafts", "edit", "2", "Tweet two").exit_code == 0
    assert run("drafts", "schedule", "--account", "bot", "2", "1").exit_code == 0
    dry = run("post", "--due")
    assert "would post\tdraft 2\t\tTweet two" in dry.output
    assert x.requests == []
    wet = run("post", "--due", "--no-dry-run")
    assert "posted\tdraft 2\t1000\tTweet two" in wet.output
    assert x.texts == ["Tweet two"]
    assert x.authorization == {"Bearer"}
    assert run("drafts", "list", "--state", "posted").output.startswith("2\tposted")


def test_scheduling_spaces_by_the_account(run: Run) -> None:
    run("drafts", "import", "FILE")
    run("drafts", "keep", "1", "2")
    lines = run("drafts", "schedule", "--account", "bot", "1", "2").output.splitlines()
    times = [line.split("\t")[2] for line in lines]
    assert times[0] < times[1]


def test_undo_and_history(run: Run) -> None:
    run("drafts", "import", "FILE")
    run("drafts", "discard", "1")
    assert "candidate" in run("drafts", "undo", "1").output
    actions = [line.split("\t")[2] for line in run("drafts", "history", "1").output.splitlines()]
    assert actions == ["import", "discard", "undo"]


def test_what_is_exported_can_be_imported(run: Run, tmp_path: Path) -> None:
    run("drafts", "import", "FILE")
    run("drafts", "export", "-o", str(tmp_path / "copy.jsonl"))
    again = run("drafts", "import", str(tmp_path / "copy.jsonl"))
    assert again.output == "0 added, 3 known, 0 unusable\n"
    assert run("drafts", "export", "--format", "text").output.count("=" * 20) == 3


def test_counts_by_state(run: Run) -> None:
    run("drafts", "import", "FILE")
    run("drafts", "keep", "1")
    assert "candidate\t2\nkept\t1\n" in run("drafts", "count").output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["drafts", "keep", "99"], "no draft 99"),
        (["drafts", "schedule", "--account", "bot", "1"], "not for a draft that is candidate"),
        (["drafts", "schedule", "--account", "else", "1"], "is none of: bot"),
        (["drafts", "schedule", "--account", "bot", "--at", "0001-01-01", "1"], "at: must lie"),
        (["drafts", "schedule", "--account", "bot", "--at", "9999-12-31", "1"], "at: must lie"),
    ],
)
def test_an_error_is_one_line(run: Run, args: list[str], said: str) -> None:
    run("drafts", "import", "FILE")
    result = run(*args)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert said in result.output


def test_accounts_check_says_what_is_owed(run: Run, x: FakeX) -> None:
    result = run("accounts", "check")
    assert result.exit_code == 1
    assert "bot\tMISSING\tthe profile names @anna" in result.output
    x.profile["description"] = "A bot by @anna"
    assert run("accounts", "check").exit_code == 0


def test_trouble_with_an_account_ends_with_code_1(run: Run, x: FakeX) -> None:
    x.moods.append("401")
    run("drafts", "import", "FILE")
    run("drafts", "keep", "1")
    run("drafts", "schedule", "--account", "bot", "1")
    result = run("post", "--due", "--no-dry-run")
    assert (result.exit_code, "expired" in result.output) == (1, True)


def test_without_the_extra_help_works_and_drafts_say_what_to_install() -> None:
    code = (
        "import sys\n"
        "for name in ('sqlalchemy', 'alembic', 'tweepy'): sys.modules[name] = None\n"
        "from service.cli import main; main()"
    )

    def without(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *args]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert without("--help").returncode == 0
    result = without("drafts", "list")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.endswith("pip install 'doc2tweet[drafts]'\n")
