"""What is to be written: one job a prompt or an article, out of the user's files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from service.errors import ConfigError

MAX_SEED = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""


@dataclass(frozen=True, slots=True)
class Job:
    """One of `prompt`, `url` and `text` is set."""

    number: int
    """From 0, in the order of the file; the same file gives the same numbers."""
    seed: int
    """Base seed + number: two jobs never share one."""
    prompt: str | None = None
    url: str | None = None
    title: str = ""
    text: str | None = None
    source: str | None = None
    """Where the text came from, for the record."""

    @property
    def host(self) -> str:
        """Of the URL, for politeness; jobs without one have their number."""
        if self.url is None:
            return str(self.number)
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Source:
    """What a user asks to be worked through; exactly one of the first four is set."""

    prompt: str | None = None
    prompts: Path | None = None
    urls: Path | None = None
    articles: Path | None = None
    num: int = 1
    """Times each."""

    @property
    def is_prompts(self) -> bool:
        """Whether texts are gone on with; else articles are written about."""
        return self.prompt is not None or self.prompts is not None

    @property
    def identity(self) -> tuple[object, ...]:
        """What must be the same for a file to be gone on with. Files may have grown at their end,
        and of one prompt there may be asked more."""
        kind = "prompts" if self.prompts else "urls" if self.urls else "articles"
        return ("prompt", self.prompt) if self.prompt is not None else (kind, self.num)

    def jobs(self, base_seed: int) -> list[Job]:
        """Every job, numbered.

        Raises:
            ConfigError: a file cannot be read or holds nothing, a line of it is no article, or
                seeds would grow too large.
        """
        items = [item for item in self._items() for _ in range(self.num)]
        if not items:
            raise ConfigError(f"{self.file} holds nothing to write about; give it a line each")
        return seeded([Job(number, 0, **item) for number, item in enumerate(items)], base_seed)

    @property
    def file(self) -> Path | None:
        """What is read, if anything is."""
        return self.prompts or self.urls or self.articles

    def _items(self) -> Iterator[dict[str, str]]:
        if self.prompt is not None:
            yield {"prompt": self.prompt}
        if self.prompts is not None:
            yield from ({"prompt": line} for line in _lines(self.prompts))
        if self.urls is not None:
            yield from ({"url": line, "source": line} for line in _lines(self.urls))
        if self.articles is not None:
            yield from _articles(self.articles)


def seeded(jobs: list[Job], base_seed: int) -> list[Job]:
    """The same jobs, each with its seed from `base_seed` on. A list may be readable only once.

    Raises:
        ConfigError: seeds would grow too large.
    """
    if base_seed + len(jobs) > MAX_SEED:
        raise ConfigError(f"the seed may be at most {MAX_SEED - len(jobs)}")
    return [replace(job, seed=base_seed + job.number) for job in jobs]


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return [line.strip() for line in lines if line.strip()]


def _articles(path: Path) -> Iterator[dict[str, str]]:
    for number, line in enumerate(_lines(path), start=1):
        try:
            row = json.loads(line)
            text, title = row["text"], row.get("title") or ""
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(f"{path}:{number}: no JSON object with a `text`") from None
        if not isinstance(text, str) or not isinstance(title, str) or not text.strip():
            raise ConfigError(f"{path}:{number}: `text` and `title` must be texts")
        yield {
            "text": text,
            "title": title,
            "source": str(row.get("url") or f"{path.name}:{number}"),
        }
