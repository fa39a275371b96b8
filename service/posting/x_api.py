"""X's API v2 for one account, by tweepy: post, look back, who am I. The only module that knows it.

Every failure is one of four, because only these ask for different deeds: this text is refused,
this account is refused, wait, or nobody knows whether the tweet is out. Nothing is sent twice,
but for what X refused because the user's token had expired: that is certainly not out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from service.drafts.tokens import TokenBook
from service.errors import (
    AccountRefused,
    ExtraMissing,
    PostDuplicate,
    PostingError,
    PostingPaused,
    PostRefused,
    PostUncertain,
)
from service.posting.accounts import Account, Credentials
from service.posting.posted import PostedTweet, is_same

try:
    import requests
    import tweepy
    from urllib3.exceptions import NewConnectionError

    from service.posting.user_tokens import UserTokens
    from service.posting.x_session import XSession
except ModuleNotFoundError:
    raise ExtraMissing("Posting", "drafts") from None

_MAX_PAGES = 5
DEFAULT_PAUSE_S = 900.0
"""X counts in windows of a quarter of an hour."""
UNREACHABLE_PAUSE_S = 60.0
_ACCOUNT_WORDS = ("permission", "suspended", "locked", "access", "client-forbidden", "oauth")


@dataclass(frozen=True, slots=True)
class Profile:
    """What X says of the account itself."""

    id: str
    username: str
    name: str
    description: str


class XClient:
    """One account. Not thread-safe; each method is one request, but for `latest`, one a page."""

    def __init__(
        self,
        account: Account,
        api_url: str,
        timeout_s: float,
        book: TokenBook | None = None,
    ) -> None:
        """
        Args:
            book: where the account's tokens are kept, if it has a refresh token.
        """
        keys, self._session = account.credentials, XSession(api_url, timeout_s)
        self._keys, self._user_auth = keys, keys.is_oauth1
        self._tokens = UserTokens(keys, book, self._session) if book else None

    def post(self, text: str) -> PostedTweet:
        """
        Raises:
            PostDuplicate: X says that the account posted this already.
            PostRefused: X refuses this text.
            AccountRefused: X refuses this account.
            PostingPaused: not posted; `retry_after` says for how long to wait.
            PostUncertain: posted or not, nobody knows.
        """
        with _named_failures():
            answer = self._ask(lambda x: x.create_tweet(text=text, user_auth=self._user_auth))
            tweet = PostedTweet(id=str(answer["data"]["id"]), text=str(answer["data"]["text"]))
        if not is_same(text, tweet):
            raise PostUncertain("X's answer is about another tweet.")
        return tweet

    def latest(self, since_id: str | None) -> list[PostedTweet]:
        """The account's tweets after `since_id`, newest first, at most 500.

        Raises:
            PostingError: they cannot be read now.
        """
        found: list[PostedTweet] = []
        page: str | None = None
        user_id = self.profile().id
        for _ in range(_MAX_PAGES):
            answer = self._tweets(user_id, since_id, page)
            found += [_as_tweet(data) for data in answer.get("data", [])]
            page = answer.get("meta", {}).get("next_token")
            if page is None:
                break
        return found

    def profile(self) -> Profile:
        """
        Raises:
            PostingError: it cannot be read now.
        """
        with _named_failures():
            fields = ["description"]
            answer = self._ask(lambda x: x.get_me(user_auth=self._user_auth, user_fields=fields))
            data = answer["data"]
            return Profile(
                id=str(data["id"]),
                username=str(data["username"]),
                name=str(data["name"]),
                description=str(data.get("description", "")),
            )

    def _tweets(self, user_id: str, since_id: str | None, page: str | None) -> dict[str, Any]:
        given = {"since_id": since_id, "pagination_token": page}
        with _named_failures():
            return self._ask(
                lambda x: x.get_users_tweets(
                    user_id,
                    max_results=100,
                    tweet_fields=["entities"],
                    user_auth=self._user_auth,
                    **{name: value for name, value in given.items() if value is not None},
                )
            )

    def _ask(self, call: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Once more with a new token, where X no longer takes the one we had."""
        if self._tokens is None:
            return call(self._client(self._keys))
        token = self._tokens.access_token()
        try:
            return call(self._client(replace(self._keys, access_token=token)))
        except tweepy.Unauthorized:
            token = self._tokens.renewed(token)
        return call(self._client(replace(self._keys, access_token=token)))

    def _client(self, keys: Credentials) -> Any:
        client = _tweepy_client(keys)
        client.session = self._session
        return client


def _tweepy_client(keys: Credentials) -> Any:
    if not keys.is_oauth1:
        return tweepy.Client(bearer_token=keys.access_token, return_type=dict)
    return tweepy.Client(
        consumer_key=keys.consumer_key,
        consumer_secret=keys.consumer_secret,
        access_token=keys.access_token,
        access_token_secret=keys.access_token_secret,
        return_type=dict,
    )


def _as_tweet(data: Mapping[str, Any]) -> PostedTweet:
    urls = data.get("entities", {}).get("urls", [])
    links = {u["url"]: u["expanded_url"] for u in urls if "expanded_url" in u}
    return PostedTweet(id=str(data["id"]), text=str(data["text"]), links=links)


@contextmanager
def _named_failures() -> Iterator[None]:
    try:
        yield
    except tweepy.HTTPException as error:
        raise _of_status(error) from None
    except requests.ConnectionError as error:
        raise _of_connection(error) from None
    except (tweepy.TweepyException, requests.RequestException) as error:
        raise PostUncertain(f"X's answer broke off ({type(error).__name__}).") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise PostUncertain("X's answer cannot be read.") from None


def _of_connection(error: requests.ConnectionError) -> PostingError:
    """Where no connection came about, nothing was sent; later, nobody knows."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return PostingPaused("X cannot be reached.", retry_after=UNREACHABLE_PAUSE_S)
    return PostUncertain("The connection to X broke before its answer.")


def _of_status(error: Any) -> PostingError:
    status: int = error.response.status_code
    said = " ".join(str(error).split())[:300]
    if status == 429:
        return PostingPaused("X asks to wait.", retry_after=_wait_s(error.response.headers))
    if status < 400 or status == 408 or status >= 500:
        wait = error.response.headers.get("Retry-After")
        return PostUncertain(f"X answered {said}.", retry_after=_seconds(wait))
    if status == 401:
        return AccountRefused(f"The account's token is expired or revoked: {said}.")
    if status == 403 and "duplicate" in said.lower():
        return PostDuplicate(said)
    if status == 402 or (status == 403 and any(word in said.lower() for word in _ACCOUNT_WORDS)):
        return AccountRefused(f"X refuses the account: {said}.")
    return PostRefused(said)


def _wait_s(headers: Mapping[str, str]) -> float:
    """Seconds to wait, reckoned by X's own clock: ours may be wrong."""
    if (told := _seconds(headers.get("Retry-After"))) is not None:
        return told
    day_is_full = headers.get("x-user-limit-24hour-remaining") == "0"
    name = "x-user-limit-24hour-reset" if day_is_full else "x-rate-limit-reset"
    reset = _seconds(headers.get(name))
    try:
        now = parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return DEFAULT_PAUSE_S
    return DEFAULT_PAUSE_S if reset is None else max(1.0, reset - now)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.strip().isdigit() else None
