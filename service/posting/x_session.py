"""Requests to X, each once and alone: no retries, no redirects, a new connection for every one.

So a second answer to one request is never taken for the answer to the next.
"""

from __future__ import annotations

from typing import Any

from service.errors import ExtraMissing

try:
    import requests
except ModuleNotFoundError:
    raise ExtraMissing("Posting", "drafts") from None

_TWEEPYS_HOST = "https://api.twitter.com"
_CONNECT_S = 10.0


class XSession:
    """What tweepy sends, to where we say, with a limit on silence, once.

    Each request has a session, and so a connection, of its own: asking the server to close is not
    enough, since one that does not say so in its answer would be taken for still open.
    """

    def __init__(self, api_url: str, timeout_s: float) -> None:
        self._api_url, self._timeout_s = api_url.rstrip("/"), timeout_s

    def request(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # a .netrc would replace the account's token
            session.headers["Connection"] = "close"
            return session.request(
                method,
                self._api_url + url.removeprefix(_TWEEPYS_HOST),
                timeout=(_CONNECT_S, self._timeout_s),
                allow_redirects=False,
                **kwargs,
            )
