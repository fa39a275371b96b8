"""How often one key or address may ask. Counted in memory, or in Redis for several machines."""

from __future__ import annotations

import time

from flask import Flask, Response, g, request
from limits import parse_many
from limits.errors import ConfigurationError
from limits.storage import storage_from_string

from service.api import problems
from service.api.keys import OPEN_ENDPOINTS
from service.config import ApiConfig
from service.errors import ConfigError, RateLimited


def install(app: Flask, config: ApiConfig) -> None:
    """Hold callers to the rate that is set.

    Raises:
        ConfigError: the rate cannot be read.
    """
    if not config.rate:
        return
    try:
        parse_many(config.rate)
    except ValueError:
        raise ConfigError(f"DOC2TWEET_API_RATE={config.rate!r}: write it as 60/minute") from None
    # Only here: it is slow to import, and most services need no rate.
    from flask_limiter import Limiter, RateLimitExceeded

    try:
        storage_from_string(config.rate_storage)
    except ConfigurationError as error:
        raise ConfigError(f"DOC2TWEET_API_RATE_STORAGE={config.rate_storage!r}: {error}") from None
    limiter = Limiter(
        app=app,
        key_func=lambda: str(g.caller),
        application_limits=[config.rate],
        application_limits_exempt_when=_is_open,
        storage_uri=config.rate_storage,
        in_memory_fallback=[config.rate],
        in_memory_fallback_enabled=True,  # where Redis is away, each machine counts for itself
        strategy="fixed-window",
    )

    def _refused(error: RateLimitExceeded) -> Response:
        assert limiter.current_limit is not None
        wait = max(1.0, limiter.current_limit.reset_at - time.time())
        told = f"At most {error.limit.limit}; wait {wait:.0f} s."
        return problems.render(RateLimited(told, retry_after=wait))

    def _tell(response: Response) -> Response:
        if limiter.current_limit is not None:
            limit = limiter.current_limit
            response.headers["RateLimit-Limit"] = str(limit.limit.amount)
            response.headers["RateLimit-Remaining"] = str(max(0, limit.remaining))
            response.headers["RateLimit-Reset"] = str(max(0, int(limit.reset_at - time.time())))
        return response

    app.register_error_handler(RateLimitExceeded, _refused)
    app.after_request(_tell)


def _is_open() -> bool:
    return request.endpoint is None or request.endpoint in OPEN_ENDPOINTS
