"""`doc2tweet bulk` as a person types it: what it refuses before a model is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli import main


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "p.txt"
    path.write_text("My dream is")
    return path


def bulk(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["bulk", *map(str, args)])


def refused(result: Result, reason: str) -> bool:
    """Whether it ended with that one line."""
    return result.exit_code == 1 and reason in result.output and result.output.count("\n") == 1


@pytest.mark.parametrize("form", ["jsonl", "text"])
def test_the_input_is_no_output(prompts: Path, form: str) -> None:
    assert refused(bulk("--prompts", prompts, "-o", prompts, "--format", form), "what is read")
    assert prompts.read_text() == "My dream is"


@pytest.mark.parametrize("suffix", [".jsonl", ".errors", ".jsonl.errors"])
def test_nor_are_the_files_beside_it(prompts: Path, suffix: str) -> None:
    source = prompts.rename(prompts.with_name("out" + suffix))
    form = "text" if "jsonl" in suffix else "jsonl"
    result = bulk("--prompts", source, "-o", prompts.with_name("out"), "--format", form)
    assert refused(result, "what is read")
    assert source.read_text() == "My dream is"


@pytest.mark.parametrize("content", ["My thesis", '{"a": 1}'])
@pytest.mark.parametrize("form", ["jsonl", "text"])
def test_a_file_of_something_else_is_no_output(tmp_path: Path, form: str, content: str) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text(content)
    assert refused(bulk("--prompt", "a", "-o", path, "--format", form), "something else")
    assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


def test_failures_are_told_in_no_file_of_something_else(prompts: Path) -> None:
    path = prompts.with_name("out.errors")
    path.write_text("My own errors\n")
    assert refused(bulk("--prompts", prompts, "-o", prompts.with_name("out")), "move that file")
    assert path.read_text() == "My own errors\n"


def test_an_empty_list_leaves_no_file(prompts: Path) -> None:
    prompts.write_text("\n")
    assert refused(bulk("--prompts", prompts, "-o", prompts.with_name("out")), "holds nothing")
    assert not prompts.with_name("out").exists()
