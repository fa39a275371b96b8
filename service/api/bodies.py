"""A request's body: from bytes on a socket to a plain dict, or a 4xx.

Reads JSON as RFC 8259 means it: no NaN, no duplicate key, no half of a surrogate pair, no number
that a double or 64 bits cannot hold. Knows nothing of what the keys mean.
"""

from __future__ import annotations

import json
import math
from typing import Any
from urllib.parse import parse_qsl

from flask import Request
from gunicorn.http.errors import ParseException

from service.errors import BodyTooLarge, MalformedBody, UnsupportedMediaType

_STEP = 65_536
_MAX_DIGITS = 20
_MAX_FORM_FIELDS = 64


def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body, counted as it comes: `Content-Length` may be absent or wrong.

    Raises:
        BodyTooLarge: more than `max_bytes`, chunked or not.
        MalformedBody: the body broke off, or its chunks are no chunks.
    """
    promised = request.content_length or 0
    if promised > max_bytes:
        raise _too_large(max_bytes)
    # Werkzeug's own stream answers 400 to a chunked body that is too long; this way it is 413.
    stream = request.environ["wsgi.input"]
    body = bytearray()
    try:
        while chunk := stream.read(min(_STEP, max_bytes + 1 - len(body))):
            body += chunk
    except (OSError, ParseException):
        raise _broken_off() from None
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    if len(body) < promised:  # the connection's end is no error to gunicorn's stream
        raise _broken_off()
    return bytes(body)


def _broken_off() -> MalformedBody:
    return MalformedBody("The body broke off before its end.")


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body may have at most {max_bytes:,} bytes.")


def parse_json(body: bytes) -> dict[str, Any]:
    """The object in a JSON body.

    Raises:
        MalformedBody: with what is wrong with it.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_finite_float,
        )
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise MalformedBody("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise MalformedBody("A \\u escape stands for half of a surrogate pair.") from None
    except RecursionError:
        raise MalformedBody("The JSON is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not JSON: {error.msg}, {_place(error)}.") from None
    if not isinstance(value, dict):
        raise MalformedBody('The body must be a JSON object, such as {"prompt": "My dream is"}.')
    return value


def _place(error: json.JSONDecodeError) -> str:
    return f"line {error.lineno}, column {error.colno}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise MalformedBody("A key of the JSON occurs twice.")
    return result


def _no_constant(name: str) -> None:
    raise MalformedBody(f"{name} is no JSON.")


def _bounded_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise MalformedBody("A number of the JSON has too many digits.")
    return int(digits)


def _finite_float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise MalformedBody("A number of the JSON is too large.")
    return value


def parse_form(body: bytes) -> dict[str, list[str]]:
    """Every field of an urlencoded form with its values, in order.

    Raises:
        MalformedBody: not UTF-8, too many fields, or JSON sent as a form.
    """
    try:
        text = body.decode("utf-8")
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FORM_FIELDS
        )
    except ValueError:
        raise MalformedBody(
            f"The form is not UTF-8 or has over {_MAX_FORM_FIELDS} fields."
        ) from None
    if text.lstrip().startswith("{"):
        raise MalformedBody(
            "The body looks like JSON but is labelled as a form.",
            hint="Add the header `Content-Type: application/json`.",
        )
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def media_type(request: Request) -> str:
    """`json` or `form`.

    Raises:
        UnsupportedMediaType: neither, or a compressed body.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body uncompressed.")
    if request.is_json:
        return "json"
    if request.mimetype == "application/x-www-form-urlencoded":
        return "form"
    raise UnsupportedMediaType(
        "The body must be JSON or a form.", hint="Add the header `Content-Type: application/json`."
    )
