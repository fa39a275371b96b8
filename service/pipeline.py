"""From a request to a result, one line a stage: place, article, prompt, tokens, text, tweet rules.

Every answer is a stream whose last event is the result, so that streamed and plain answers are the
same by construction. Knows nothing of HTTP. Every stage asks the request's `Watch` whether the
answer is still wanted.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from service.admission import Admission
from service.answers import (
    article_summary,
    choice_of,
    delta_of,
    draft_of,
    timings_of,
    tweet_answer,
    usage_of,
)
from service.articles.reader import ArticleReader, ReadArticle, ReaderStats
from service.engine.lane import EngineStats
from service.engine.request_stream import RequestStream
from service.engine.sampling_params import SamplingParams
from service.errors import ModelNotFound, PromptTooLong, ValidationFailed
from service.generation import Candidate, Pause, TextDelta, gather, stream_text
from service.model_spec import ModelSpec, Task
from service.models import default_for
from service.prompts import Prompt, article_prompt, chat_prompt, plain_prompt
from service.shapes import (
    ArticleSummary,
    ChatRequest,
    Delta,
    Drawing,
    GenerateRequest,
    GenerateResult,
    ModelSummary,
    TweetAnswer,
    TweetRequest,
    TweetResult,
)
from service.tokenizer import Tokenizer
from service.tweets.overlap import EMPTY, OverlapIndex
from service.tweets.postprocess import Context, context_for
from service.tweets.selection import Selection, default_best_of, selecting
from service.tweets.thread import make_thread
from service.tweets.tweet import Overlap
from service.workers import Worker

TextEvent = Delta | Pause | GenerateResult
TweetEvent = ArticleSummary | Delta | Pause | TweetAnswer | TweetResult


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
    max_num_seqs: int
    memory: OverlapIndex = EMPTY
    """Of the tweets it was trained on."""

    @property
    def name(self) -> str:
        return self.spec.name


class _Writing:
    """One request's draws from one model."""

    def __init__(
        self,
        worker: Worker,
        model: ServedModel,
        prompt: Prompt,
        drawing: Drawing,
        watch: Watch,
    ) -> None:
        self._worker, self._model, self._prompt = worker, model, prompt
        self._drawing, self._watch = drawing, watch
        self.streams: list[RequestStream] = []
        self.draws: list[list[Candidate]] = []

    @property
    def candidates(self) -> list[Candidate]:
        return [candidate for draw in self.draws for candidate in draw]

    def draw(self, params: SamplingParams) -> Generator[Delta | Pause, None, list[Candidate]]:
        """Hand text on as it comes. Returns: the new candidates, numbered from `first_index`."""
        stream = self._worker.submit(
            self._model.name,
            self._prompt.token_ids,
            params,
            num_prefix_tokens=self._prompt.num_prefix_tokens,
            deadline=self._watch.deadline,
        )
        self.streams.append(stream)
        deltas: list[TextDelta] = []
        with closing(stream_text(stream, self._model.tokenizer, self._drawing.stop)) as events:
            for event in events:
                self._watch.check()
                if isinstance(event, Pause):
                    yield event
                else:
                    deltas.append(replace(event, index=event.index + params.first_index))
                    yield delta_of(deltas[-1], self.token_teller)
        new = gather(deltas)
        self.draws.append(new)
        return new

    def select(
        self, context: Context, best_of: int | None
    ) -> Generator[Delta | Pause, None, Selection]:
        """Draw until there are enough tweets to choose from."""
        params = self._drawing.params
        greedy = params.temperature == 0
        best_of = best_of or min(default_best_of(params.n), self._model.max_num_seqs)
        redraws = {"max_redraws": 0} if greedy else {}
        steps = selecting(context, n=params.n, best_of=1 if greedy else best_of, **redraws)
        try:
            number, first = next(steps)
            while True:
                new = yield from self.draw(replace(params, n=number, first_index=first))
                number, first = steps.send([draft_of(candidate) for candidate in new])
        except StopIteration as done:
            selection: Selection = done.value
            return selection

    @property
    def token_teller(self) -> Tokenizer | None:
        return self._model.tokenizer if self._drawing.tokens else None


class Pipeline:
    """The models that are served, and the way of a request through them."""

    def __init__(
        self,
        models: Sequence[ServedModel],
        worker: Worker,
        admission: Admission,
        reader: ArticleReader,
    ) -> None:
        self._models = {model.name: model for model in models}
        self._worker = worker
        self._admission = admission
        self._reader = reader

    def generate(self, asked: GenerateRequest, request_id: str, watch: Watch) -> GenerateResult:
        """Go on with a prompt."""
        result: GenerateResult = _last(self.stream_generate(asked, request_id, watch))
        return result

    def chat(self, asked: ChatRequest, request_id: str, watch: Watch) -> GenerateResult:
        """Answer the last message of a conversation."""
        result: GenerateResult = _last(self.stream_chat(asked, request_id, watch))
        return result

    def tweet(self, asked: TweetRequest, request_id: str, watch: Watch) -> TweetResult:
        """Write tweets about an article."""
        result: TweetResult = _last(self.stream_tweet(asked, request_id, watch))
        return result

    def stream_generate(
        self, asked: GenerateRequest, request_id: str, watch: Watch
    ) -> Generator[TextEvent, None, None]:
        """The same, piece by piece; the result comes last. Closing it ends the request."""
        model = self._model(asked.drawing.model, "generate")
        with self._admission.place(model.name):
            prompt = plain_prompt(model.tokenizer, model.spec, asked.prompt)
            yield from self._write(model, prompt, asked.drawing, request_id, watch)

    def stream_chat(
        self, asked: ChatRequest, request_id: str, watch: Watch
    ) -> Generator[TextEvent, None, None]:
        model = self._model(asked.drawing.model, "chat")
        with self._admission.place(model.name):
            with _room(model, asked.drawing) as room:
                prompt = chat_prompt(model.tokenizer, model.spec, asked.messages, room)
            dropped = prompt.num_dropped_messages
            for event in self._write(model, prompt, asked.drawing, request_id, watch):
                if isinstance(event, GenerateResult):
                    event = replace(event, num_dropped_messages=dropped)
                yield event

    def stream_tweet(
        self, asked: TweetRequest, request_id: str, watch: Watch
    ) -> Generator[TweetEvent, None, None]:
        """The article, the candidates as they are written, the tweets, the result."""
        model = self._model(asked.drawing.model, "tweet")
        _check_rows(asked, model)
        with self._admission.place(model.name):
            read = self._read(asked, watch)
            article = read.article
            with _room(model, asked.drawing) as room:
                prompt = article_prompt(
                    model.tokenizer, model.spec, article.title, article.text, room
                )
            summary = article_summary(article, prompt, model.tokenizer)
            yield summary
            writing = _Writing(self._worker, model, prompt, asked.drawing, watch)
            rules = replace(asked.rules, link_url=article.url)
            context = context_for(article, rules, model.memory)
            chosen = (yield from writing.select(context, asked.best_of)).tweets
        if asked.num_posts is not None:
            chosen = make_thread(chosen[0], context, asked.num_posts)
        tweets = tuple(tweet_answer(tweet, writing.candidates) for tweet in chosen)
        yield from tweets
        yield TweetResult(
            request_id,
            model.name,
            asked.drawing.params.seed,
            summary,
            tweets,
            usage_of(prompt, writing.draws),
            timings_of(writing.streams, read),
        )

    def overlap(self, model: str, text: str) -> Overlap:
        """What a text shares with the tweets that the model was trained on."""
        return self._models[model].memory.overlap(text)

    def full(self) -> bool:
        """Whether a model would take no further request now."""
        return any(self._admission.is_full(name) for name in self._models)

    def stats(self) -> dict[str, EngineStats]:
        return self._worker.stats()

    def reader_stats(self) -> ReaderStats:
        return self._reader.stats()

    def models(self) -> tuple[ModelSummary, ...]:
        return tuple(
            ModelSummary(
                id=model.name,
                title=model.spec.title,
                description=model.spec.description,
                licence=model.spec.licence,
                tasks=model.spec.tasks,
                max_model_len=model.max_model_len,
            )
            for model in self._models.values()
        )

    def model_name(self, name: str | None, task: Task) -> str:
        """The model that a request for a task gets. Raises: ModelNotFound."""
        return self._model(name, task).name

    def _model(self, name: str | None, task: Task) -> ServedModel:
        if name is None:
            name = default_for(task, [model.spec for model in self._models.values()]).name
        if name not in self._models:
            raise ModelNotFound(name, list(self._models))
        return self._models[name]

    def _write(
        self, model: ServedModel, prompt: Prompt, drawing: Drawing, request_id: str, watch: Watch
    ) -> Generator[TextEvent, None, None]:
        writing = _Writing(self._worker, model, prompt, drawing, watch)
        params = drawing.params if drawing.tokens else replace(drawing.params, num_logprobs=None)
        candidates = yield from writing.draw(params)
        yield GenerateResult(
            request_id,
            model.name,
            drawing.params.seed,
            tuple(choice_of(candidate, writing.token_teller) for candidate in candidates),
            usage_of(prompt, writing.draws),
            timings_of(writing.streams),
        )

    def _read(self, asked: TweetRequest, watch: Watch) -> ReadArticle:
        if asked.url is None:
            return ReadArticle(self._reader.from_text(asked.title, asked.text))

        def cancelled() -> bool:
            watch.check()  # says more than a bare yes: why the answer is not wanted
            return False

        left = max(0.001, watch.deadline - time.monotonic())
        return self._reader.read(asked.url, deadline_s=left, cancelled=cancelled)


def _check_rows(asked: TweetRequest, model: ServedModel) -> None:
    """Refuse what the engine would refuse, by the request's own names, before a page is fetched."""
    params = asked.drawing.params
    best_of = None if params.temperature == 0 else asked.best_of  # greedy drawing passes it over
    errors = {
        name: [f"Must be at most {model.max_num_seqs} here."]
        for name, number in (("n", params.n), ("best_of", best_of))
        if number is not None and number > model.max_num_seqs
    }
    if errors:
        raise ValidationFailed(errors)


@contextmanager
def _room(model: ServedModel, drawing: Drawing) -> Iterator[int]:
    """Yields: the tokens a prompt may have. Raises: PromptTooLong: as the caller counts."""
    max_tokens = drawing.params.max_tokens
    try:
        yield model.max_model_len - max_tokens
    except PromptTooLong as error:
        raise PromptTooLong(error.num_prompt_tokens, max_tokens, model.max_model_len) from None


def _last(events: Iterable[object]) -> Any:
    """Run to the end; the result is what comes last."""
    result: object = None
    for event in events:
        result = event
    return result
