"""Schemas of the project's own routes: a dict from a body becomes a frozen request, or a 422.

Unknown keys are refused, so that a misspelt setting is never silently ignored. `openapi.yaml` says
the same things to people; a test compares the two.
"""

from __future__ import annotations

import secrets
from typing import Any, get_args

from flask import Request
from marshmallow import (
    RAISE,
    Schema,
    ValidationError,
    fields,
    post_load,
    validate,
    validates_schema,
)

from service.api.bodies import media_type, parse_form, parse_json, read_body
from service.api.fields import Flag, OneOf, Real, StopStrings, Text, Whole, from_form
from service.engine.sampling_params import SamplingParams
from service.errors import MalformedBody, UnsupportedMediaType, ValidationFailed
from service.prompts import ChatMessage
from service.shapes import ChatRequest, Drawing, GenerateRequest, TweetRequest
from service.tweets.thread import MAX_POSTS, MIN_POSTS
from service.tweets.tweet import (
    MAX_LENGTH,
    MIN_LENGTH,
    HashtagRule,
    LinkRule,
    MentionRule,
    TweetRules,
    UngroundedRule,
)

MAX_CANDIDATES = 16
MAX_TOKENS = 32_768
"""No model here has a longer context; a smaller context refuses with both counts."""
MAX_MESSAGES = 500
MAX_SEED = 2**53 - 1
"""The largest integer that every JSON reader keeps exact."""
_MAX_TOKENS, _TWEET_MAX_TOKENS, CHAT_MAX_TOKENS = 64, 96, 256
"""Unless a request says otherwise: 280 characters of English are some 70 tokens."""

_NUM_POSTS = 5
"""Of a thread."""


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
    stream = Flag()

    default_max_tokens = _MAX_TOKENS

    @post_load
    def _freeze(self, data: dict[str, Any], **_: Any) -> Any:
        return self.build(data, self.take_drawing(data))

    def build(self, data: dict[str, Any], drawing: Drawing) -> Any:
        """The frozen request; `data` is what the drawing did not take."""
        raise NotImplementedError

    def take_drawing(self, data: dict[str, Any]) -> Drawing:
        """Take what belongs to the drawing out of the data."""
        others = {name: data.pop(name) for name in _OTHERS if name in data}
        given = {name: data.pop(name) for name in _PARAMS if name in data}
        given.setdefault("seed", secrets.randbelow(2**32))
        given.setdefault("max_tokens", self.default_max_tokens)
        if given.get("min_tokens", 0) > given["max_tokens"]:
            raise ValidationError("More than max_tokens.", "min_tokens")
        return Drawing(SamplingParams(**given), **others)


_OTHERS = ("model", "stop", "stream", "tokens")
_PARAMS = ("num_logprobs", *(name for name in DrawingSchema().fields if name not in _OTHERS))


class GenerateSchema(DrawingSchema):
    prompt = Text(1, required=True)

    def build(self, data: dict[str, Any], drawing: Drawing) -> GenerateRequest:
        return GenerateRequest(drawing=drawing, **data)


class MessageSchema(Schema):
    class Meta:
        unknown = RAISE

    role = OneOf("system", "user", "assistant", required=True)
    content = Text(1, required=True)

    @post_load
    def _freeze(self, data: dict[str, Any], **_: Any) -> ChatMessage:
        return ChatMessage(**data)


class ChatSchema(DrawingSchema):
    messages = fields.List(
        fields.Nested(MessageSchema), required=True, validate=validate.Length(1, MAX_MESSAGES)
    )

    default_max_tokens = CHAT_MAX_TOKENS

    def build(self, data: dict[str, Any], drawing: Drawing) -> ChatRequest:
        return ChatRequest(tuple(data["messages"]), drawing)


class TweetSchema(DrawingSchema):
    url = Text(1)
    title = Text(0, 1_000)
    text = Text(1)
    best_of = Whole(1, MAX_CANDIDATES)
    max_length = Whole(MIN_LENGTH, MAX_LENGTH)
    link = OneOf(*get_args(LinkRule))
    mentions = OneOf(*get_args(MentionRule))
    hashtags = OneOf(*get_args(HashtagRule))
    ungrounded = OneOf(*get_args(UngroundedRule))
    fallback = Flag()
    format = OneOf("tweet", "thread")
    num_posts = Whole(MIN_POSTS, MAX_POSTS)

    default_max_tokens = _TWEET_MAX_TOKENS

    @validates_schema(skip_on_field_errors=True)
    def _one_source(self, data: dict[str, Any], **_: Any) -> None:
        if ("url" in data) == ("text" in data):
            raise ValidationError("Send either `url` or `text`, not both.", "url")
        if "url" in data and "title" in data:
            raise ValidationError("Goes with `text`; the page at `url` has its own.", "title")

    @validates_schema(skip_on_field_errors=True)
    def _one_thread(self, data: dict[str, Any], **_: Any) -> None:
        is_thread = data.get("format") == "thread"
        if "num_posts" in data and not is_thread:
            raise ValidationError("Goes with `format: thread`.", "num_posts")
        if is_thread and data.get("n", 1) > 1:
            raise ValidationError("A thread is one; ask again with another seed.", "n")

    def build(self, data: dict[str, Any], drawing: Drawing) -> TweetRequest:
        rules = TweetRules(**{name: data.pop(name) for name in _RULES if name in data})
        if data.pop("format", "tweet") == "thread":
            data.setdefault("num_posts", _NUM_POSTS)
        return TweetRequest(drawing=drawing, rules=rules, **data)


_RULES = ("max_length", "link", "mentions", "hashtags", "ungrounded", "fallback")


def load(schema: Schema, request: Request, max_bytes: int) -> Any:
    """Read, parse and check a request's body; returns what the schema builds.

    Raises:
        RequestError: with everything that is wrong with it.
    """
    kind = media_type(request)
    body = read_body(request, max_bytes)
    data = parse_json(body) if kind == "json" else _from_form(schema, parse_form(body))
    return check(schema, data)


def load_json(schema: Schema, request: Request, max_bytes: int) -> Any:
    """The same, for routes that take JSON alone."""
    if media_type(request) != "json":
        raise UnsupportedMediaType(
            "The body must be JSON.", hint="Add the header `Content-Type: application/json`."
        )
    return check(schema, parse_json(read_body(request, max_bytes)))


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
