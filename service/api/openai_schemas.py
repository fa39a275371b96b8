"""Schemas of OpenAI's two text routes. What they can ask and we do not do is refused by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from service.api.fields import Flag, Text, Whole
from service.api.schemas import CHAT_MAX_TOKENS, MAX_MESSAGES, MAX_TOKENS, DrawingSchema
from service.errors import UnsupportedFeature
from service.model_spec import Task
from service.prompts import ChatMessage
from service.shapes import ChatRequest, Drawing, GenerateRequest

_IGNORED = {
    "user",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
    "store",
    "parallel_tool_calls",
}
"""These ask for nothing that the answer would show."""
_REFUSED: dict[str, list[object]] = {
    "tools": [[]],
    "tool_choice": ["none", "auto"],
    "functions": [[]],
    "function_call": ["none", "auto"],
    "audio": [],
    "modalities": [["text"]],
    "response_format": [{"type": "text"}],
    "prediction": [],
    "web_search_options": [],
    "moderation": [],
    "reasoning_effort": ["none"],
    "verbosity": ["medium"],
    "logit_bias": [{}],
    "suffix": [""],
    "echo": [False],
    "best_of": [1],
}
"""What is not done here, with the values that ask for nothing."""
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class FromOpenAI:
    """One of our requests, and what only OpenAI's form of the answer needs to know."""

    asked: GenerateRequest | ChatRequest
    include_usage: bool


class StreamOptionsSchema(Schema):
    class Meta:
        unknown = RAISE

    include_usage = Flag()
    include_obfuscation = Flag()


class OpenAISchema(DrawingSchema):
    """What both routes share. null means not given, as everywhere in OpenAI's API."""

    task: Task
    max_completion_tokens = Whole(1, MAX_TOKENS)
    stream_options = fields.Nested(StreamOptionsSchema)

    @pre_load
    def _drop_and_refuse(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        given = {k: v for k, v in data.items() if v is not None and k not in _IGNORED}
        for name in _REFUSED.keys() & given.keys():
            value = given.pop(name)
            if not any(_equal(value, harmless) for harmless in _REFUSED[name]):
                raise unsupported(name)
        return self.normal(given)

    def normal(self, data: dict[str, Any]) -> dict[str, Any]:
        """The data with what OpenAI says in its own way said in ours."""
        return data

    def build(self, data: dict[str, Any], drawing: Drawing) -> FromOpenAI:
        options = data.pop("stream_options", None)
        if options is not None and not drawing.stream:
            raise ValidationError("Only with `stream`.", "stream_options")
        include_usage = (options or {}).get("include_usage", False)
        return FromOpenAI(self.ask(data, drawing), include_usage)

    def ask(self, data: dict[str, Any], drawing: Drawing) -> GenerateRequest | ChatRequest:
        raise NotImplementedError

    def take_drawing(self, data: dict[str, Any]) -> Drawing:
        if "max_completion_tokens" in data:
            data["max_tokens"] = data.pop("max_completion_tokens")
        return super().take_drawing(data)


class CompletionSchema(OpenAISchema):
    task = "generate"
    prompt = Text(1, required=True)
    logprobs = Whole(0, 5)

    def normal(self, data: dict[str, Any]) -> dict[str, Any]:
        prompt = data.get("prompt")
        if isinstance(prompt, list):
            if len(prompt) != 1 or not isinstance(prompt[0], str):
                raise unsupported("prompt", "several prompts, or one as token ids,")
            return data | {"prompt": prompt[0]}
        return data

    def take_drawing(self, data: dict[str, Any]) -> Drawing:
        if "logprobs" in data:
            data |= {"num_logprobs": data.pop("logprobs"), "tokens": True}
        return super().take_drawing(data)

    def ask(self, data: dict[str, Any], drawing: Drawing) -> GenerateRequest:
        return GenerateRequest(data["prompt"], drawing)


class OpenAIMessageSchema(Schema):
    class Meta:
        unknown = RAISE

    role = Text(required=True)
    content = fields.Raw(required=True)
    name = Text()
    refusal = fields.Raw(allow_none=True)
    tool_calls = fields.Raw(allow_none=True)
    function_call = fields.Raw(allow_none=True)
    audio = fields.Raw(allow_none=True)
    annotations = fields.Raw(allow_none=True)


class ChatCompletionSchema(OpenAISchema):
    task = "chat"
    messages = fields.List(
        fields.Nested(OpenAIMessageSchema), required=True, validate=validate.Length(1, MAX_MESSAGES)
    )
    logprobs = Flag()
    top_logprobs = Whole(0, 20)

    default_max_tokens = CHAT_MAX_TOKENS

    def normal(self, data: dict[str, Any]) -> dict[str, Any]:
        messages = data.get("messages")
        for i, message in enumerate(messages if isinstance(messages, list) else []):
            if isinstance(message, dict):
                _refuse_tools(i, message)
        return data

    def take_drawing(self, data: dict[str, Any]) -> Drawing:
        told, top = data.pop("logprobs", False), data.pop("top_logprobs", 0)
        if top and not told:
            raise ValidationError("Only with `logprobs`.", "top_logprobs")
        return super().take_drawing(data | {"num_logprobs": top, "tokens": told})

    def ask(self, data: dict[str, Any], drawing: Drawing) -> ChatRequest:
        messages = tuple(_message(i, message) for i, message in enumerate(data["messages"]))
        return ChatRequest(messages, drawing)


def unsupported(name: str, what: str | None = None) -> UnsupportedFeature:
    """The refusal of a feature, by its name."""
    return UnsupportedFeature(f"{what or f'`{name}`'} is not supported.", extra={"param": name})


def _equal(value: object, other: object) -> bool:
    """As JSON has it: true is not 1, though Python says so."""
    return isinstance(value, bool) is isinstance(other, bool) and value == other


def _refuse_tools(index: int, message: dict[str, Any]) -> None:
    """Before the fields are checked: a turn with tools has others, and `content` may be null."""
    for name in ("tool_calls", "function_call", "audio"):
        if message.get(name):
            raise unsupported(f"messages.{index}.{name}")
    role = message.get("role")
    if role in ("tool", "function"):
        raise unsupported(f"messages.{index}.role", f"The role `{role}`")


def _message(index: int, message: dict[str, Any]) -> ChatMessage:
    role = message["role"]
    if role not in _ROLES:
        raise ValidationError(f"Must be one of: {', '.join(_ROLES)}.", f"messages.{index}.role")
    return ChatMessage(_ROLES[role], _content(index, message["content"]))  # type: ignore[arg-type]


def _content(index: int, content: object) -> str:
    """A string, or OpenAI's list of parts where all of them are text."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    where = f"messages.{index}.content"
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ValidationError("Must be a string or a list of parts.", where)
    for part in parts:
        if part.get("type") != "text":
            raise unsupported(where, f"A part of the type `{str(part.get('type'))[:40]}`")
        if not isinstance(part.get("text"), str) or part.keys() != {"type", "text"}:
            raise ValidationError("A text part has `type` and `text`.", where)
    text = "".join(part["text"] for part in parts)
    if not text:
        raise ValidationError("Must not be empty.", where)
    return text
