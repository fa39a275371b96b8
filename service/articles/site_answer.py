"""What a site's status means for whoever asked for its page."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from service.errors import ArticleUnreachable, BlockedBySite

MAX_RETRY_AFTER_S = 86_400.0


def refuse_status(status: int, retry_after: str | None) -> None:
    """Let 200 and 203 pass.

    Raises:
        BlockedBySite: 401, 402, 403, 407, 451.
        ArticleUnreachable: all others; retryable, with 502, for 408, 425, 429 and 5xx alone.
    """
    if status in (200, 203):
        return
    detail = f"The site answered with status {status}."
    if status in (401, 402, 403, 407, 451):
        raise BlockedBySite(detail, extra={"site_status": status})
    temporary = status in (408, 425, 429) or status >= 500
    raise ArticleUnreachable(
        detail,
        status=502 if temporary else 422,
        retryable=temporary,
        retry_after=seconds_to_wait(retry_after) if temporary else None,
        extra={"site_status": status},
    )


def seconds_to_wait(header: str | None) -> float | None:
    """A Retry-After header, a number of seconds or a date, as seconds from now."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER_S)
    try:
        seconds = parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
