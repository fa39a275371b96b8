"""marshmallow fields that take a JSON value for what it is and guess nothing.

A bool is no number, "7" is no number, NaN is no number; `64.0` is the integer 64, as JSON Schema
has it.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,3})?")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Whole(fields.Integer):
    """An integer with bounds, both included."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(least, most), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        if isinstance(value, float) and not value.is_integer():
            raise self.make_error("invalid", input=value)
        return int(value)


class Real(fields.Float):
    """A finite number with bounds."""

    def __init__(
        self, least: float, most: float, *, open_below: bool = False, **kwargs: Any
    ) -> None:
        bounds = validate.Range(least, most, min_inclusive=not open_below)
        super().__init__(validate=bounds, **kwargs)

    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Flag(fields.Boolean):
    """true or false, and nothing that looks like it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Text(fields.String):
    """A string of at least `least` characters."""

    def __init__(self, least: int = 0, most: int | None = None, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(least, most), **kwargs)


class OneOf(fields.String):
    """One of a few words."""

    def __init__(self, *words: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(words), **kwargs)


class StopStrings(fields.Field[tuple[str, ...]]):
    """One string, or up to `most` of them, none of them empty."""

    def __init__(self, most: int = 4, longest: int = 100, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most, self.longest = most, longest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, ...]:
        strings = [value] if isinstance(value, str) else value
        if not isinstance(strings, list) or not all(isinstance(s, str) for s in strings):
            raise ValidationError("Not a string or a list of strings.")
        if len(strings) > self.most:
            raise ValidationError(f"At most {self.most} stop strings.")
        if not all(1 <= len(s) <= self.longest for s in strings):
            raise ValidationError(f"A stop string has 1 to {self.longest} characters.")
        return tuple(strings)


def from_form(field: fields.Field[Any] | None, texts: list[str]) -> Any:
    """The JSON value that a form field's texts stand for.

    What does not look like the field's kind is handed on as text, for the field itself to refuse.
    """
    if isinstance(field, StopStrings):
        return texts
    text = texts[0]
    if isinstance(field, Whole) and _INTEGER.fullmatch(text):
        return int(text)
    if isinstance(field, Real) and _NUMBER.fullmatch(text):
        return float(text)
    if isinstance(field, Flag):
        return _FLAGS.get(text.lower(), text)
    return text
