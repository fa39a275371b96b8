"""What is asked of the pipeline and what it answers: frozen values, checked once at the edge.

This module knows nothing of HTTP, of JSON or of how any of it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.engine.sampling_params import SamplingParams
from service.generation import Usage


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the text is to be drawn, in every kind of request."""

    params: SamplingParams
    """Its seed is always set: the edge draws one where the caller gave none."""
    stop: tuple[str, ...] = ()
    model: str | None = None
    """None asks for the default model of the route."""


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    prompt: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class TweetRequest:
    """Either `url`, or `text` with an optional `title`."""

    drawing: Drawing
    url: str | None = None
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds of each stage; None where there was no such stage."""

    queue_ms: float
    prefill_ms: float
    decode_ms: float
    fetch_ms: float | None = None
    extract_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ModelSummary:
    id: str
    title: str
    description: str
    licence: str
    tasks: tuple[str, ...]
    max_model_len: int
    """Tokens of prompt and answer together."""


@dataclass(frozen=True, slots=True)
class Choice:
    index: int
    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class GenerateResult:
    id: str
    model: str
    seed: int
    choices: tuple[Choice, ...]
    usage: Usage
    timings: Timings


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """What the answer says of the article, and how much of it the model saw."""

    url: str | None
    title: str
    author: str | None
    """All of them, by commas."""
    published: str | None
    site_name: str | None
    language: str | None
    num_tokens: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Tweet:
    index: int
    text: str
    length: int
    """As X counts it."""
    finish_reason: str


@dataclass(frozen=True, slots=True)
class TweetResult:
    id: str
    model: str
    seed: int
    article: ArticleSummary
    tweets: tuple[Tweet, ...]
    usage: Usage
    timings: Timings
