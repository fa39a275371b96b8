"""Schemas of the project's own routes: a dict from a body becomes a frozen request, or a 422.

Unknown keys are refused, so that a misspelt setting is never silently ignored. `openapi.yaml` says
the same things to people; a test compares the two.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Request
from marshmallow import RAISE, Schema, ValidationError, post_load, validates_schema

from service.api.bodies import media_type, parse_form, parse_json, read_body
from service.api.fields import Flag, Real, StopStrings, Text, Whole, from_form
from service.engine.sampling_params import SamplingParams
from service.errors import MalformedBody, ValidationFailed
from service.shapes import Drawing, GenerateRequest, TweetRequest

MAX_CANDIDATES = 16
MAX_TOKENS = 32_768
"""No model here has a longer context; a smaller context refuses with both counts."""
MAX_SEED = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""
_MAX_TOKENS, _TWEET_MAX_TOKENS = 64, 96
"""Unless a request says otherwise: 280 characters of English are some 70 tokens."""


class DrawingSchema(Schema):
    """The fields that every request for text shares."""

    class Meta:
        unknown = RAISE

    model = Text(1, 100)
    n = Whole(1, MAX_CANDIDATES)
    temperature = Real(0.0, 2.0)
    top_k = Whole(0, 1_000)
    top_p = Real(0.0, 1.0, open_below=True)
    min_p = Real(0.0, 1.0)
    repetition_penalty = Real(0.1, 10.0)
    presence_penalty = Real(-2.0, 2.0)
    frequency_penalty = Real(-2.0, 2.0)
    max_tokens = Whole(1, MAX_TOKENS)
    min_tokens = Whole(0, MAX_TOKENS)
    ignore_eos = Flag()
    seed = Whole(0, MAX_SEED)
    stop = StopStrings()

    default_max_tokens = _MAX_TOKENS

    @post_load
    def _freeze(self, data: dict[str, Any], **_: Any) -> Any:
        return self.build(data, self._drawing(data))

    def build(self, data: dict[str, Any], drawing: Drawing) -> Any:
        """The frozen request; `data` is what the drawing did not take."""
        raise NotImplementedError

    def _drawing(self, data: dict[str, Any]) -> Drawing:
        model, stop = data.pop("model", None), data.pop("stop", ())
        given = {name: data.pop(name) for name in _PARAMS if name in data}
        given.setdefault("seed", secrets.randbelow(2**32))
        given.setdefault("max_tokens", self.default_max_tokens)
        if given.get("min_tokens", 0) > given["max_tokens"]:
            raise ValidationError("More than max_tokens.", "min_tokens")
        return Drawing(SamplingParams(**given), stop, model)


_PARAMS = tuple(name for name in DrawingSchema().fields if name not in {"model", "stop"})


class GenerateSchema(DrawingSchema):
    prompt = Text(1, required=True)

    def build(self, data: dict[str, Any], drawing: Drawing) -> GenerateRequest:
        return GenerateRequest(drawing=drawing, **data)


class TweetSchema(DrawingSchema):
    url = Text(1)
    title = Text(0, 1_000)
    text = Text(1)

    default_max_tokens = _TWEET_MAX_TOKENS

    @validates_schema(skip_on_field_errors=True)
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if ("url" in data) == ("text" in data):
            raise ValidationError("Send either `url` or `text`, not both.", "url")
        if "url" in data and "title" in data:
            raise ValidationError("Goes with `text`; the page at `url` has its own.", "title")

    def build(self, data: dict[str, Any], drawing: Drawing) -> TweetRequest:
        return TweetRequest(drawing=drawing, **data)


def load(schema: Schema, request: Request, max_bytes: int) -> Any:
    """Read, parse and check a request's body; returns what the schema builds.

    Raises:
        RequestError: with everything that is wrong with it.
    """
    kind = media_type(request)
    body = read_body(request, max_bytes)
    data = parse_json(body) if kind == "json" else _from_form(schema, parse_form(body))
    return check(schema, data)


def check(schema: Schema, data: dict[str, Any]) -> Any:
    """What the schema builds of the data.

    Raises:
        ValidationFailed: every field that is wrong, by its dotted path.
    """
    try:
        return schema.load(data)
    except ValidationError as error:
        raise ValidationFailed(_flatten(error.messages)) from None


def _from_form(schema: Schema, form: dict[str, list[str]]) -> dict[str, Any]:
    for name, texts in form.items():
        if len(texts) > 1 and not isinstance(schema.fields.get(name), StopStrings):
            raise MalformedBody(f"The field {name[:100]!r} occurs twice.")
    return {name: from_form(schema.fields.get(name), texts) for name, texts in form.items()}


def _flatten(messages: Any, path: str = "") -> dict[str, list[str]]:
    if isinstance(messages, list):
        return {path or "body": [str(text) for text in messages]}
    flat: dict[str, list[str]] = {}
    for key, below in messages.items():
        name = "" if key == "_schema" else str(key)[:100]
        flat |= _flatten(below, ".".join(part for part in (path, name) if part))
    return flat
