"""A result becomes JSON, or bare text where the caller prefers that."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import Any

from flask import Request, Response

from service.generation import Usage
from service.shapes import GenerateResult, Timings, TweetResult

_JSON, _TEXT = "application/json", "text/plain"


def as_json(value: Any) -> Any:
    """The JSON value of a result; a stage that did not happen is left out of the timings."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {f.name: as_json(getattr(value, f.name)) for f in fields(value)}
        if isinstance(value, Usage):
            members["total_tokens"] = value.total_tokens
        if isinstance(value, Timings):
            return {name: member for name, member in members.items() if member is not None}
        return members
    if isinstance(value, tuple | list):
        return [as_json(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def answer(result: GenerateResult | TweetResult, request: Request) -> Response:
    """The response in the form that the request's `Accept` prefers."""
    if request.accept_mimetypes.best_match([_JSON, _TEXT]) == _TEXT:
        return Response(bare_text(result), mimetype=_TEXT)
    return json_response(as_json(result))


def bare_text(result: GenerateResult | TweetResult) -> str:
    """The texts alone, an empty line between two."""
    items = result.tweets if isinstance(result, TweetResult) else result.choices
    return "\n\n".join(item.text for item in items)


def json_response(members: Any, status: int = 200) -> Response:
    body = json.dumps(members, ensure_ascii=False, allow_nan=False)
    return Response(body, status=status, mimetype=_JSON)
