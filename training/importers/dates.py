"""The dates that exports of tweets carry, as ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FIRST_TWEET = datetime(2006, 3, 21, tzinfo=UTC)
"""Of the service itself: nothing on it can be older."""

_FORMATS = (
    "%a %b %d %H:%M:%S %z %Y",  # the X archive
    "%Y-%m-%d %H:%M:%S %z",  # the archives of before 2019
    "%m/%d/%y %H:%M",
    "%m/%d/%Y %H:%M",
)


def to_utc(text: str, now: datetime | None = None) -> str:
    """`2023-12-31T14:36:59+00:00`; empty for what is no date, or before the first tweet, or ahead.

    A date without a zone is taken as UTC.
    """
    moment = _parse(text.strip())
    latest = (now or datetime.now(UTC)) + timedelta(days=1)
    if moment is None or not FIRST_TWEET <= moment <= latest:
        return ""
    return moment.isoformat(timespec="seconds")


def _parse(text: str) -> datetime | None:
    try:
        if text.isascii() and text.isdigit() and len(text) in (10, 13):
            return datetime.fromtimestamp(int(text[:10]), UTC)  # seconds or milliseconds
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    for layout in _FORMATS:
        try:
            return _in_utc(datetime.strptime(text, layout))
        except (ValueError, OverflowError):
            continue
    return None


def _in_utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
