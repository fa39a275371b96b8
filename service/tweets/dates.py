"""Days and months in a text, whatever their form: "March 3", "3 Mar", "2020-03-03", "3/3/20"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = "january february march april may june july august september october november december"
_DAYS = "monday tuesday wednesday thursday friday saturday sunday"
_MONTH_NUMBER = {name[:3]: number for number, name in enumerate(_MONTHS.split(), start=1)}
_NAMES = {
    form: name[:3]
    for name in [*_MONTHS.split(), *_DAYS.split()]
    for form in {name, f"{name}s", name[:3], name[:4], name[:5]}
    # "mar", "sun" and the like are words too, but only ever looked up for what has a capital.
    if len(form) >= 3
}
_MONTH = "|".join(sorted((f for f in _NAMES if _NAMES[f] in _MONTH_NUMBER), key=len, reverse=True))
_VERBS = frozenset(["mar", "march", "may"])
"""Months only with a capital: "12 may die"."""
_DAY = r"(?P<{0}>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_SPOKEN = re.compile(
    rf"\b(?:(?P<month>{_MONTH})\.?\s{_DAY.format('day')}"
    rf"|{_DAY.format('day2')}\s(?:of\s)?(?P<month2>{_MONTH}))\b",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?!\d)")
_SLASHED = re.compile(r"(?<![\d/])(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?:\d{4}|\d\d)(?![\d/])")


@dataclass(frozen=True, slots=True)
class DayOfYear:
    """A day as a text has it; `3/4/2020` may be one of two."""

    start: int
    end: int
    days: frozenset[tuple[int, int]]
    """(month, day)."""


def days_of_year(text: str) -> Iterator[DayOfYear]:
    """All days that a text names by month and day, in no order; years and weekdays are left out."""
    for match in _SPOKEN.finditer(text):
        name = match["month"] or match["month2"]
        if name in _VERBS:
            continue
        month = _MONTH_NUMBER[_NAMES[name.casefold()]]
        day = int(match["day"] or match["day2"])
        end = max(match.end("day"), match.end("month2"))
        yield DayOfYear(match.start(), end, frozenset({(month, day)}))
    for match in _ISO.finditer(text):
        yield DayOfYear(*match.span(), frozenset({(int(match["month"]), int(match["day"]))}))
    for match in _SLASHED.finditer(text):
        a, b = int(match["a"]), int(match["b"])
        pairs = {(m, d) for m, d in ((a, b), (b, a)) if 1 <= m <= 12 and 1 <= d <= 31}
        yield DayOfYear(*match.span(), frozenset(pairs))


def calendar_name(word: str) -> str:
    """`tue` for "Tuesday", `sep` for "Sept"; empty for a word that is no day and no month."""
    return _NAMES.get(word, "")


def names_of_day(published: str | None) -> set[str]:
    """Weekday and month of an ISO 8601 date, as `calendar_name` has them; empty without one."""
    try:
        day = date.fromisoformat((published or "")[:10])
    except ValueError:
        return set()
    return {_DAYS.split()[day.weekday()][:3], _MONTHS.split()[day.month - 1][:3]}
