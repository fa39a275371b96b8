"""Jobs out of the user's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.bulk.jobs import MAX_SEED, Source
from service.errors import ConfigError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "in.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_prompt_many_times_has_a_seed_each() -> None:
    jobs = Source(prompt="My dream is", num=1000).jobs(7)
    assert [job.seed for job in jobs] == list(range(7, 1007))
    assert {job.prompt for job in jobs} == {"My dream is"}


def test_each_line_is_a_prompt(tmp_path: Path) -> None:
    jobs = Source(prompts=write(tmp_path, "\ufeffOne\n\n Two \r\n"), num=2).jobs(0)
    assert [(job.number, job.prompt) for job in jobs] == [
        (0, "One"),
        (1, "One"),
        (2, "Two"),
        (3, "Two"),
    ]


def test_urls_know_their_hosts(tmp_path: Path) -> None:
    jobs = Source(urls=write(tmp_path, "https://a.example/1\nnonsense\nhttp://[::\n")).jobs(0)
    assert [job.host for job in jobs] == ["a.example", "", ""]
    assert [job.source for job in jobs] == ["https://a.example/1", "nonsense", "http://[::"]


def test_articles_come_with_title_and_source(tmp_path: Path) -> None:
    lines = '{"text": "It rained.", "title": "Rain", "url": "https://a.example"}\n{"text": "Sun."}'
    first, second = Source(articles=write(tmp_path, lines)).jobs(0)
    assert (first.title, first.text, first.source) == ("Rain", "It rained.", "https://a.example")
    assert (second.title, second.source) == ("", "in.txt:2")


@pytest.mark.parametrize("line", ["no json", "[]", "{}", '{"text": 5}', '{"text": " "}', "null"])
def test_a_line_that_is_no_article_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=r"in\.txt:1"):
        Source(articles=write(tmp_path, line)).jobs(0)


def test_seeds_that_would_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="seed"):
        Source(prompt="x", num=2).jobs(MAX_SEED)


def test_a_list_of_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"in\.txt holds nothing"):
        Source(urls=write(tmp_path, "\n \n")).jobs(0)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        Source(urls=tmp_path / "none").jobs(0)
