"""An account's tweets from the X API v2, page by page, each kept on the disk as it comes.

Calls are paid and limited, so no page is asked for twice: a stopped import goes on at its page,
and a finished one asks only for what is newer.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import requests
import tweepy
from requests.adapters import HTTPAdapter

from service.config import XConfig
from service.errors import ConfigError, SetupError, SourceUnavailable, TrainingDataError
from training.files import read_jsonl
from training.importers.raw import RawTweet

_FIELDS = ["created_at", "entities", "referenced_tweets", "note_tweet"]
_MAX_TRIES = 6
_LONGEST_WAIT_S = 16 * 60
"""The API's windows are 15 minutes; more is a wrong clock."""


@dataclass(frozen=True, slots=True)
class _Page:
    since_id: str
    """Only newer tweets were asked for; empty: all."""
    next_token: str
    """Empty on the last page."""
    tweets: tuple[Mapping[str, Any], ...]


class Timeline:
    """The timeline of one account, mirrored in the file `pages`."""

    def __init__(
        self,
        config: XConfig,
        pages: Path,
        *,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises ConfigError where no token is set."""
        if not config.bearer_token:
            raise ConfigError("The X API needs a token: set DOC2TWEET_X_BEARER_TOKEN")
        self._client = tweepy.Client(config.bearer_token, return_type=dict)
        adapter = _Rebase(config.api_url.rstrip("/"), config.timeout_s)
        self._client.session.mount("https://", adapter)
        self._pages, self._say, self._sleep = pages, say, sleep

    def read(self, username: str) -> list[RawTweet]:
        """All tweets of the account that the API gives (the newest 3,200).

        Raises:
            SourceUnavailable: the API refuses, or does not answer.
            TrainingDataError: there is no such account, or `pages` is another's, or damaged.
            SetupError: a page cannot be kept (no room on the disk), or those kept not read.
        """
        pages = _load(self._pages, username)
        user_id = self._user_id(username)
        since_id = _since(pages)
        token = pages[-1].next_token if pages else ""
        asking = True
        while asking:
            page = self._page(user_id, since_id, token)
            token = page.next_token
            asking = bool(token)
            if page.tweets or token:
                _append(self._pages, username, page)
                pages.append(page)
            self._say(f"{sum(len(page.tweets) for page in pages):,} tweets")
        return [_raw(row) for page in pages for row in page.tweets]

    def _user_id(self, username: str) -> str:
        answer = self._call(self._client.get_user, username=username)
        if not isinstance(answer.get("data"), dict):
            raise TrainingDataError(f"X knows no account {username!r}")
        return str(answer["data"]["id"])

    def _page(self, user_id: str, since_id: str, token: str) -> _Page:
        answer = self._call(
            self._client.get_users_tweets,
            id=user_id,
            max_results=100,
            tweet_fields=_FIELDS,
            **({"since_id": since_id} if since_id else {}),
            **({"pagination_token": token} if token else {}),
        )
        next_token = (answer.get("meta") or {}).get("next_token") or ""
        return _Page(since_id, next_token, tuple(answer.get("data") or ()))

    def _call(self, method: Callable[..., Any], **arguments: Any) -> Mapping[str, Any]:
        """Waits as the API says, and longer each time where it does not say."""
        reason = ""
        for number in range(_MAX_TRIES):
            try:
                answer: Mapping[str, Any] = method(**arguments)
            except tweepy.TooManyRequests as error:
                reason, wait = "it asks to wait", _until(error.reset_time)
            except (tweepy.TwitterServerError, requests.RequestException) as error:
                reason, wait = type(error).__name__, 2.0**number
            except tweepy.HTTPException as error:
                raise SourceUnavailable(f"The X API refuses: {_one_line(error)}") from None
            else:
                return answer
            if number + 1 < _MAX_TRIES:
                self._say(f"waiting {wait:.0f} s for the X API ({reason})")
                self._sleep(wait)
        raise SourceUnavailable(f"The X API does not answer ({reason}); run the same command later")


class _Rebase(HTTPAdapter):
    """Sends to `base` what tweepy addresses to the one host it knows, and never waits for ever."""

    def __init__(self, base: str, timeout_s: float) -> None:
        super().__init__()
        self._base, self._timeout_s = base, timeout_s

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        path = str(request.url).removeprefix("https://api.twitter.com")
        request.url = self._base + path
        return super().send(request, **{**kwargs, "timeout": self._timeout_s})


def _until(reset_time: int | None) -> float:
    wait = 60.0 if reset_time is None else reset_time - time.time() + 1
    return min(max(wait, 1.0), _LONGEST_WAIT_S)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _since(pages: list[_Page]) -> str:
    """What the next pass asks from: the same while one is under way, else the newest id."""
    if not pages or pages[-1].next_token:
        return pages[-1].since_id if pages else ""
    ids = [int(row["id"]) for page in pages for row in page.tweets]
    return str(max(ids)) if ids else ""


def _append(path: Path, username: str, page: _Page) -> None:
    row = asdict(page) | {"username": username.casefold()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from None


def _load(path: Path, username: str) -> list[_Page]:
    """The pages kept so far; a last line that was cut off by a crash is asked for again."""
    if not path.exists():
        return []
    try:
        body = path.read_bytes()
        os.truncate(path, body.rfind(b"\n") + 1)
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from None
    return [_kept(path, number, row, username) for number, row in read_jsonl(path)]


def _kept(path: Path, number: int, row: Mapping[str, Any], username: str) -> _Page:
    try:
        owner, since_id, token = (str(row[key]) for key in ("username", "since_id", "next_token"))
        for tweet in row["tweets"]:
            int(_raw(tweet).id)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingDataError(
            f"{path}, line {number}: no page of tweets ({error!r}); without the file all pages are "
            "asked for again"
        ) from None
    if owner != username.casefold():
        raise TrainingDataError(f"{path} holds the tweets of another account; use another folder")
    return _Page(since_id, token, tuple(row["tweets"]))


def _raw(row: Mapping[str, Any]) -> RawTweet:
    note = row.get("note_tweet") or {}
    entities = note.get("entities") or row.get("entities") or {}
    kinds = {item.get("type") for item in row.get("referenced_tweets") or ()}
    return RawTweet(
        id=str(row["id"]),
        text=str(note.get("text") or row["text"]),
        created_at=str(row.get("created_at") or ""),
        links=tuple(
            (url["url"], str(url.get("unwound_url") or url.get("expanded_url") or url["url"]))
            for url in entities.get("urls") or ()
        ),
        is_reply="replied_to" in kinds,
        is_retweet="retweeted" in kinds,
    )
