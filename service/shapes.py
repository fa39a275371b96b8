"""What is asked of the pipeline and what it answers: frozen values, checked once at the edge.

This module knows nothing of HTTP, of JSON or of how any of it is computed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from service.engine.sampling_params import SamplingParams
from service.generation import Usage
from service.prompts import ChatMessage
from service.tweets.tweet import Tweet, TweetRules


@dataclass(frozen=True, slots=True)
class Drawing:
    """How the text is to be drawn, in every kind of request."""

    params: SamplingParams
    """Its seed is always set: the edge draws one where the caller gave none."""
    stop: tuple[str, ...] = ()
    model: str | None = None
    """None asks for the default model of the route."""
    stream: bool | None = None
    """Whether the caller wants the text as it comes; None: not said."""
    tokens: bool = False
    """Whether the answer is to tell each token and its log-probability."""


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    prompt: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class ChatRequest:
    messages: tuple[ChatMessage, ...]
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class TweetRequest:
    """Either `url`, or `text` with an optional `title`."""

    drawing: Drawing
    url: str | None = None
    title: str = ""
    text: str = ""
    rules: TweetRules = field(default_factory=TweetRules)
    best_of: int | None = None
    """Candidates to choose from; None leaves it to the rules."""
    num_posts: int | None = None
    """Of a thread; None asks for single tweets."""


@dataclass(frozen=True, slots=True)
class TokenText:
    """A token as text, its bytes, and its natural log-probability under the model itself."""

    text: str
    data: bytes
    logprob: float
    top: tuple[TokenText, ...] = ()
    """The likeliest in its place, falling."""


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of a candidate; `finish_reason` is set on the last."""

    index: int
    text: str
    finish_reason: str | None = None
    tokens: tuple[TokenText, ...] = ()


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
    tokens: tuple[TokenText, ...] = ()


@dataclass(frozen=True, slots=True)
class GenerateResult:
    """Of a prompt or a conversation."""

    id: str
    model: str
    seed: int
    choices: tuple[Choice, ...]
    usage: Usage
    timings: Timings
    num_dropped_messages: int | None = None
    """Oldest turns of a conversation that did not fit; None where there was none."""


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
    excerpt: str
    """What the model read: title and head of the text, as it was set before it."""


@dataclass(frozen=True, slots=True)
class TweetAnswer:
    tweet: Tweet
    finish_reason: str
    """Of the candidate it was made from."""


@dataclass(frozen=True, slots=True)
class TweetResult:
    id: str
    model: str
    seed: int
    article: ArticleSummary
    tweets: tuple[TweetAnswer, ...]
    """Best first; or the posts of one thread."""
    usage: Usage
    timings: Timings
