"""`/v1`: what OpenAI's clients call."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from flask import Blueprint, Response, g, request

from service.api import openai_shapes
from service.api.answering import answer, wants_stream
from service.api.openai_schemas import (
    ChatCompletionSchema,
    CompletionSchema,
    FromOpenAI,
    OpenAISchema,
)
from service.api.openai_shapes import ChatCompletion, Completion
from service.api.parts import Parts, parts
from service.api.responses import json_response
from service.api.schemas import load_json
from service.api.watch import watch
from service.errors import ModelNotFound
from service.pipeline import Pipeline
from service.shapes import GenerateResult

openai_routes = Blueprint("openai", __name__, url_prefix="/v1")
Open = Callable[..., Generator[Any, None, None]]


@openai_routes.get("/models")
def models() -> Response:
    data = [openai_shapes.model(summary) for summary in parts().pipeline.models()]
    return json_response({"object": "list", "data": data})


@openai_routes.get("/models/<name>")
def model(name: str) -> Response:
    served = {summary.id: summary for summary in parts().pipeline.models()}
    if name not in served:
        raise ModelNotFound(name, list(served))
    return json_response(openai_shapes.model(served[name]))


@openai_routes.post("/completions")
def completions() -> Response:
    return _serve(CompletionSchema(), Pipeline.stream_generate, Completion)


@openai_routes.post("/chat/completions")
def chat_completions() -> Response:
    return _serve(ChatCompletionSchema(), Pipeline.stream_chat, ChatCompletion)


def _serve(schema: OpenAISchema, stream: Open, shape: type[Completion]) -> Response:
    given: FromOpenAI = load_json(schema, request, parts().config.server.max_body_bytes)
    drawing = given.asked.drawing
    shapes = shape(
        g.request_id,
        parts().pipeline.model_name(drawing.model, schema.task),
        include_usage=given.include_usage,
        tell=drawing.tokens,
    )

    def open_events(here: Parts) -> Generator[Any, None, None]:
        return stream(here.pipeline, given.asked, g.request_id, watch(request, here))

    def whole(result: GenerateResult) -> Response:
        return json_response(shapes.whole(result))

    return answer(
        open_events,
        whole,
        shapes.frames,
        openai_shapes.failure,
        stream=wants_stream(drawing.stream),
    )
