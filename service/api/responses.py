"""Which form of an answer the caller prefers; a result becomes JSON, or bare text."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from flask import Request, Response
from werkzeug.datastructures import MIMEAccept

from service.generation import Usage
from service.shapes import Choice, Delta, GenerateResult, Timings, TweetAnswer, TweetResult

_LEFT_OUT: dict[type, dict[str, object]] = {
    Timings: {"fetch_ms": None, "extract_ms": None},
    GenerateResult: {"num_dropped_messages": None},
    Choice: {"tokens": []},
    Delta: {"tokens": [], "finish_reason": None},
}
"""Members that are not told while they have this value."""
_JSON, _TEXT, _EVENTS = "application/json", "text/plain", "text/event-stream"


def as_json(value: Any) -> Any:
    """The JSON value of a result; what does not apply to it is left out."""
    if isinstance(value, TweetAnswer):
        return {**as_json(value.tweet), "finish_reason": value.finish_reason}
    if is_dataclass(value) and not isinstance(value, type):
        members = {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Usage):
            members["total_tokens"] = value.total_tokens
        left_out = _LEFT_OUT.get(type(value), {})
        return {n: v for n, v in members.items() if n not in left_out or v != left_out[n]}
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def prefers_stream(request: Request) -> bool:
    """Whether its `Accept` puts events before the forms of a whole answer."""
    return _preferred(request, _JSON, _TEXT, _EVENTS) == _EVENTS


def in_preferred_form(result: GenerateResult | TweetResult, request: Request) -> Response:
    """The response in the form that the request's `Accept` prefers."""
    if _preferred(request, _JSON, _TEXT) == _TEXT:
        return Response(bare_text(result), mimetype=_TEXT)
    return json_response(as_json(result))


def _preferred(request: Request, *forms: str) -> str:
    """The first where `Accept` has no preference, or takes none of them."""
    # Without parameters: "text/plain; charset=utf-8" asks for what we call text/plain.
    plain = [(kind.partition(";")[0].strip(), weight) for kind, weight in request.accept_mimetypes]
    return MIMEAccept(plain).best_match(forms, forms[0])


def bare_text(result: GenerateResult | TweetResult) -> str:
    """The texts alone, an empty line between two."""
    if isinstance(result, TweetResult):
        return "\n\n".join(answer.tweet.text for answer in result.tweets)
    return "\n\n".join(choice.text for choice in result.choices)


def json_response(members: Any, status: int = 200) -> Response:
    body = json.dumps(members, ensure_ascii=False, allow_nan=False)
    return Response(body, status=status, mimetype=_JSON)
