"""What the command line says where it cannot do as it was told: one clear line, no trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from tests.e2e.serving import ROOT, environment

SURROGATE = b"\xff".decode(errors="surrogateescape")


def shell(line: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """The command as a shell starts it, its files as they are set up there."""
    settings = {"DOC2TWEET_DRAFTS_DATABASE_URL": f"sqlite:///{tmp_path}/drafts.db"}
    doc2tweet = f"{sys.executable} -m service.cli"
    return subprocess.run(
        ["sh", "-c", line.replace("doc2tweet", doc2tweet)],
        env=environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "args",
    [
        ["generate", SURROGATE],
        ["bulk", "--prompt", SURROGATE, "-o", "out"],
        ["bulk", "--prompt", "a", "--delimiter", f"a{SURROGATE}", "-o", "out"],
        ["drafts", "edit", "1", SURROGATE],
        ["drafts", "list", "--contains", SURROGATE],
    ],
)
def test_bytes_that_are_no_text_are_refused(args: list[str]) -> None:
    result = CliRunner().invoke(main, args)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "not UTF-8" in result.output


@pytest.mark.parametrize("text", [[], ["--title", "Rain"]])
def test_a_tweet_about_nothing_says_what_is_missing(text: list[str]) -> None:
    result = CliRunner().invoke(main, ["tweet", *text])
    assert result.exit_code == 2
    assert "Give the article's URL, or its text with --text." in result.output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["drafts", "keep", "9" * 23], "not in the range"),
        (["drafts", "edit", "0", "text"], "not in the range"),
        (["drafts", "history", "9" * 23], "not in the range"),
    ],
)
def test_a_number_that_cannot_be_is_refused(args: list[str], said: str) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert said in result.output


@pytest.mark.parametrize("command", ["models", "drafts export -o /dev/full"])
def test_a_full_disk_behind_the_output_is_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("A tweet\n")
    line = f"doc2tweet drafts import {tmp_path}/in 2>&1 && doc2tweet {command} > /dev/full"
    result = shell(line, tmp_path)
    assert result.returncode == 1
    assert result.stderr.endswith("the output cannot be written: No space left on device\n")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("doc2tweet tweet --text - <&-", "there is no stdin"),
        (r"printf '\377' | doc2tweet tweet --text -", "not UTF-8"),
    ],
)
def test_a_stdin_without_text_is_one_line(line: str, said: str, tmp_path: Path) -> None:
    result = shell(line, tmp_path)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert said in result.stderr


def test_a_closed_stdout_is_no_defect(tmp_path: Path) -> None:
    result = shell("doc2tweet models >&-", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
