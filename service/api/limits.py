"""How often one key or address may ask. Counted in memory, or in Redis for several machines.

A Redis that is away costs no answer: each machine counts for itself until it is back.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from flask import Flask, Response, g, request
from limits import parse_many
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string

from service.api import problems
from service.api.keys import OPEN_ENDPOINTS
from service.config import ApiConfig
from service.errors import ConfigError, RateLimited

_PATIENCE_S = 1.0
"""How long a request waits for Redis, for a connection and for an answer."""


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
        storage_from_string(config.rate_storage, **_storage_options(config.rate_storage))
    except ConfigurationError as error:
        raise ConfigError(f"DOC2TWEET_API_RATE_STORAGE={config.rate_storage!r}: {error}") from None
    limiter = Limiter(
        app=app,
        key_func=lambda: str(g.caller),
        application_limits=[config.rate],
        application_limits_exempt_when=_is_open,
        storage_uri=config.rate_storage,
        storage_options=_storage_options(config.rate_storage),
        in_memory_fallback_enabled=True,
        swallow_errors=True,  # whoever is being counted while Redis goes away is let in
        strategy="fixed-window",
    )

    def _refused(error: RateLimitExceeded) -> Response:
        assert limiter.current_limit is not None
        wait: float = error.limit.limit.get_expiry()
        with suppress(StorageError):
            wait = max(1.0, limiter.current_limit.reset_at - time.time())
        told = f"At most {error.limit.limit}; wait {wait:.0f} s."
        return problems.render(RateLimited(told, retry_after=wait))

    def _tell(response: Response) -> Response:
        limit = limiter.current_limit
        if limit is not None:
            with suppress(StorageError):
                left, seconds = limit.remaining, int(limit.reset_at - time.time())
                response.headers["RateLimit-Limit"] = str(limit.limit.amount)
                response.headers["RateLimit-Remaining"] = str(max(0, left))
                response.headers["RateLimit-Reset"] = str(max(0, seconds))
        return response

    app.register_error_handler(RateLimitExceeded, _refused)
    app.after_request(_tell)


def _storage_options(uri: str) -> dict[str, Any]:
    """By its own defaults the Redis client waits for minutes."""
    if uri.startswith("memory:"):
        return {}
    patience = {"socket_connect_timeout": _PATIENCE_S, "socket_timeout": _PATIENCE_S}
    return {"wrap_exceptions": True, **patience}


def _is_open() -> bool:
    return request.endpoint is None or request.endpoint in OPEN_ENDPOINTS
