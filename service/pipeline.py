"""From a request to a result, one line a stage: place, article, prompt, tokens, text, tweet rules.

Knows nothing of HTTP. Every stage asks the request's `Watch` whether the answer is still wanted.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from service.admission import Admission
from service.articles.article import Article
from service.articles.reader import ArticleReader, ReadArticle
from service.engine.request_stream import RequestStream
from service.engine.worker import EngineWorker
from service.errors import ModelNotFound
from service.generation import Candidate, Pause, TextDelta, Usage, gather, stream_text
from service.model_spec import ModelSpec, Task
from service.models import default_for
from service.prompts import Prompt, article_prompt, plain_prompt
from service.shapes import (
    ArticleSummary,
    Choice,
    Drawing,
    GenerateRequest,
    GenerateResult,
    ModelSummary,
    Timings,
    Tweet,
    TweetRequest,
    TweetResult,
)
from service.tokenizer import Tokenizer
from service.tweets.clean import clean
from service.tweets.length import fit, weighted_length
from service.tweets.tweet import MAX_LENGTH


class Watch(Protocol):
    """Whoever waits for an answer."""

    deadline: float
    """Monotonic seconds."""

    def check(self) -> None:
        """Return while the answer is wanted; raise why it is not, otherwise."""


class Patient:
    """Waits for ever: the watch of a command line."""

    deadline = float("inf")

    def check(self) -> None:
        """Always wanted."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    spec: ModelSpec
    tokenizer: Tokenizer
    max_model_len: int


class Pipeline:
    """The models that are served, and the way of a request through them."""

    def __init__(
        self,
        models: Sequence[ServedModel],
        worker: EngineWorker,
        admission: Admission,
        reader: ArticleReader,
    ) -> None:
        self._models = {model.spec.name: model for model in models}
        self._worker = worker
        self._admission = admission
        self._reader = reader

    def generate(self, asked: GenerateRequest, request_id: str, watch: Watch) -> GenerateResult:
        """Go on with a prompt."""
        result: GenerateResult = _last(self.stream_generate(asked, request_id, watch))
        return result

    def stream_generate(
        self, asked: GenerateRequest, request_id: str, watch: Watch
    ) -> Generator[TextDelta | Pause | GenerateResult, None, None]:
        """The same, piece by piece; the result comes last. Closing it ends the request."""
        model = self._model(asked.drawing.model, "generate")
        with self._admission.place(model.spec.name):
            prompt = plain_prompt(model.tokenizer, model.spec, asked.prompt)
            stream = self._submit(model, prompt, asked.drawing, watch)
            deltas = yield from self._draw(model, stream, asked.drawing, watch)
        yield GenerateResult(
            request_id,
            model.spec.name,
            asked.drawing.params.seed,
            tuple(Choice(c.index, c.text, c.finish_reason) for c in gather(deltas)),
            _usage(prompt, deltas),
            _timings(stream),
        )

    def tweet(self, asked: TweetRequest, request_id: str, watch: Watch) -> TweetResult:
        """Write tweets about an article."""
        result: TweetResult = _last(self.stream_tweet(asked, request_id, watch))
        return result

    def stream_tweet(
        self, asked: TweetRequest, request_id: str, watch: Watch
    ) -> Generator[ArticleSummary | TextDelta | Pause | Tweet | TweetResult, None, None]:
        """The same, piece by piece: the article, the candidates as they are written, the tweets."""
        model = self._model(asked.drawing.model, "tweet")
        with self._admission.place(model.spec.name):
            read = self._read(asked, watch)
            prompt = _article_prompt(model, read.article, asked.drawing)
            summary = _summary(read.article, prompt)
            yield summary
            stream = self._submit(model, prompt, asked.drawing, watch)
            deltas = yield from self._draw(model, stream, asked.drawing, watch)
        tweets = tuple(_tweet(candidate, read.article) for candidate in gather(deltas))
        yield from tweets
        yield TweetResult(
            request_id,
            model.spec.name,
            asked.drawing.params.seed,
            summary,
            tweets,
            _usage(prompt, deltas),
            _timings(stream, read),
        )

    def full(self) -> bool:
        """Whether a model would take no further request now."""
        return any(self._admission.is_full(name) for name in self._models)

    def models(self) -> tuple[ModelSummary, ...]:
        return tuple(
            ModelSummary(
                id=m.spec.name,
                title=m.spec.title,
                description=m.spec.description,
                licence=m.spec.licence,
                tasks=m.spec.tasks,
                max_model_len=m.max_model_len,
            )
            for m in self._models.values()
        )

    def _model(self, name: str | None, task: Task) -> ServedModel:
        if name is None:
            name = default_for(task, [model.spec for model in self._models.values()]).name
        if name not in self._models:
            raise ModelNotFound(name, list(self._models))
        return self._models[name]

    def _read(self, asked: TweetRequest, watch: Watch) -> ReadArticle:
        if asked.url is None:
            return ReadArticle(self._reader.from_text(asked.title, asked.text))

        def cancelled() -> bool:
            watch.check()  # says more than a bare yes: why the answer is not wanted
            return False

        left = max(0.001, watch.deadline - time.monotonic())
        return self._reader.read(asked.url, deadline_s=left, cancelled=cancelled)

    def _submit(
        self, model: ServedModel, prompt: Prompt, drawing: Drawing, watch: Watch
    ) -> RequestStream:
        return self._worker.submit(
            model.spec.name,
            prompt.token_ids,
            drawing.params,
            num_prefix_tokens=prompt.num_prefix_tokens,
            deadline=watch.deadline,
        )

    def _draw(
        self, model: ServedModel, stream: RequestStream, drawing: Drawing, watch: Watch
    ) -> Generator[TextDelta | Pause, None, list[TextDelta]]:
        """Hand text on as it comes. Returns: all of it."""
        deltas: list[TextDelta] = []
        with closing(stream_text(stream, model.tokenizer, drawing.stop)) as events:
            for event in events:
                watch.check()
                if isinstance(event, TextDelta):
                    deltas.append(event)
                yield event
        return deltas


def _article_prompt(model: ServedModel, article: Article, drawing: Drawing) -> Prompt:
    """As much of the article as leaves room for the answer."""
    room = model.max_model_len - drawing.params.max_tokens
    return article_prompt(model.tokenizer, model.spec, article.title, article.text, room)


def _summary(article: Article, prompt: Prompt) -> ArticleSummary:
    return ArticleSummary(
        url=article.url,
        title=article.title,
        author=", ".join(article.authors) or None,
        published=article.published,
        site_name=article.site_name,
        language=article.language,
        num_tokens=prompt.num_article_tokens,
        truncated=prompt.truncated,
    )


def _tweet(candidate: Candidate, article: Article) -> Tweet:
    cleaned = clean(candidate.text, complete=candidate.finish_reason == "stop")
    text = fit(cleaned.text, MAX_LENGTH, article.url or "").text
    return Tweet(candidate.index, text, weighted_length(text), candidate.finish_reason)


def _usage(prompt: Prompt, deltas: Iterable[TextDelta]) -> Usage:
    return Usage(len(prompt.token_ids), sum(len(delta.logprobs) for delta in deltas))


def _timings(stream: RequestStream, read: ReadArticle | None = None) -> Timings:
    engine = stream.timings
    return Timings(
        engine.queue_ms,
        engine.prefill_ms,
        engine.decode_ms,
        read.fetch_ms if read else None,
        read.extract_ms if read else None,
    )


def _last(events: Iterable[object]) -> Any:
    """Run to the end; the result is what comes last."""
    result: object = None
    for event in events:
        result = event
    return result
