"""Which texts say on which day something was published. Pure.

newspaper3k's parser fills what a text leaves out with today's: "Friday" is the next one, "10:30" is
today. An invented day is worse than none, since weekdays and months in tweets are held against it.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial

from newspaper.extractors import date_parser
from newspaper.urls import STRICT_DATE_REGEX

from service.articles.reading.guess import guess

MIN_YEAR = 1900
"""Content systems write the year 1 where they have no date."""
_URL_DATE = re.compile(STRICT_DATE_REGEX)
# Days that share neither year, month nor day: what is alike in both readings was in the text.
_FILLINGS = (datetime(1904, 2, 29), datetime(1999, 11, 30))


def is_whole_date(text: str) -> bool:
    """Whether it holds year, month and day, and can be written as ISO 8601."""
    days = [guess(partial(_day, text, day), "") for day in _FILLINGS]
    return bool(days[0]) and days[0] == days[1]


def _day(text: str, filling: datetime) -> str:
    return str(date_parser(text, default=filling).isoformat())[:10]


def url_with_a_date(url: str) -> str:
    """`url` where newspaper3k finds a whole date in it; else one without any."""
    found = _URL_DATE.search(url)
    return url if found and is_whole_date(found[0]) else ""


def iso(text: str) -> str:
    """`text` where it is an ISO 8601 date or time, in Python's form of it; else empty. Of a time
    that is none, its date."""
    found = _iso(text)
    return found if found or text[10:11] not in ("T", " ") else _iso(text[:10])


def _iso(text: str) -> str:
    try:
        found = date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        return found.isoformat() if found.year >= MIN_YEAR else ""
    except ValueError:
        return ""
