"""The project's own routes: `POST /tweet`, `POST /generate`, `POST /chat`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any

from flask import Blueprint, Response, g, request

from service.api import problems, sse
from service.api.answering import answer, wants_stream
from service.api.parts import Parts, parts
from service.api.responses import as_json, in_preferred_form
from service.api.schemas import ChatSchema, DrawingSchema, GenerateSchema, TweetSchema, load
from service.api.watch import watch
from service.errors import Doc2TweetError
from service.pipeline import Pipeline
from service.shapes import ArticleSummary, Delta, GenerateResult, TweetAnswer, TweetResult

text_routes = Blueprint("text", __name__)
Open = Callable[..., Generator[Any, None, None]]


@text_routes.post("/tweet")
def tweet() -> Response:
    return _serve(TweetSchema(), Pipeline.stream_tweet, _TWEET_EVENTS)


@text_routes.post("/generate")
def generate() -> Response:
    return _serve(GenerateSchema(), Pipeline.stream_generate, _TEXT_EVENTS)


@text_routes.post("/chat")
def chat() -> Response:
    return _serve(ChatSchema(), Pipeline.stream_chat, _TEXT_EVENTS)


_TEXT_EVENTS: dict[type, str] = {Delta: "delta", GenerateResult: "done"}
_TWEET_EVENTS: dict[type, str] = {
    ArticleSummary: "article",
    Delta: "candidate",
    TweetAnswer: "tweet",
    TweetResult: "done",
}


def _serve(schema: DrawingSchema, stream: Open, names: dict[type, str]) -> Response:
    asked = load(schema, request, parts().config.server.max_body_bytes)

    def open_events(here: Parts) -> Generator[Any, None, None]:
        return stream(here.pipeline, asked, g.request_id, watch(request, here))

    return answer(
        open_events,
        partial(in_preferred_form, request=request),
        partial(_frames, names),
        _failure(g.request_id),
        stream=wants_stream(asked.drawing.stream),
    )


def _frames(names: dict[type, str], event: Any) -> Iterator[bytes]:
    yield sse.frame(as_json(event), names[type(event)])


def _failure(request_id: str) -> Callable[[Doc2TweetError], bytes]:
    return lambda error: sse.frame(problems.document(error, request_id), "error")
