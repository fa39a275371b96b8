"""X's API v2 on loopback, as far as posting needs it, with bad days on demand."""

from __future__ import annotations

import html
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LINK = re.compile(r"https?://\S+")
FORBIDDEN = "You are not allowed to create a Tweet with duplicate content."


@dataclass
class FakeX:
    """Its state. `moods` says how the next posts go, one each; then all goes well.

    `before` and `after` are about the moment at which the tweet is out: `drop after` posts and
    breaks off without an answer.
    """

    moods: deque[str] = field(default_factory=deque)
    read_moods: deque[str] = field(default_factory=deque)
    tweets: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    authorization: set[str] = field(default_factory=set)
    refuses_duplicates: bool = True
    token_moods: deque[str] = field(default_factory=deque)
    """How the next renewals of a user's token go."""
    access_token: str | None = None
    """The only one that is taken, once it is set; `expire` ends it."""
    refresh_token: str = "refresh-0"
    num_renewals: int = 0
    client: str = ""
    """Who renewed last: the Authorization header, or the id in the form."""
    profile: dict[str, str] = field(default_factory=dict)
    latency_s: float = 0.0
    stalled: threading.Event = field(default_factory=threading.Event)
    """A request has come to where it stalls."""
    hold: threading.Event = field(default_factory=threading.Event)
    """Ends every stall."""

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.fake = self  # type: ignore[attr-defined]
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def texts(self) -> list[str]:
        """What is out, as it was sent."""
        return [tweet["sent"] for tweet in self.tweets]

    def expire(self) -> None:
        self.access_token = "none that anybody has"

    def renew(self, refresh_token: str) -> dict[str, Any] | None:
        """New tokens, both; the old refresh token is worth nothing from now on."""
        with self.lock:
            if refresh_token != self.refresh_token:
                return None
            self.num_renewals += 1
            self.access_token = f"access-{self.num_renewals}"
            self.refresh_token = f"refresh-{self.num_renewals}"
            tokens = {"access_token": self.access_token, "refresh_token": self.refresh_token}
            return tokens | {"token_type": "bearer", "expires_in": 7200}

    def publish(self, text: str) -> dict[str, Any]:
        with self.lock:
            tweet = {"id": str(1000 + len(self.tweets)), "sent": text} | as_x_shows(text)
            self.tweets.append(tweet)
        return tweet

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


def as_x_shows(text: str) -> dict[str, Any]:
    """Links shortened, markup escaped."""
    links = list(dict.fromkeys(LINK.findall(text)))
    shown, urls = html.escape(LINK.sub("\0", text), quote=False), []
    for link in LINK.findall(text):
        short = f"https://t.co/{links.index(link):010x}"
        shown = shown.replace("\0", short, 1)
        urls.append({"url": short, "expanded_url": link})
    return {"text": shown, "entities": {"urls": urls}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    @property
    def fake(self) -> FakeX:
        return self.server.fake  # type: ignore[attr-defined,no-any-return]

    def do_GET(self) -> None:
        self._note()
        mood = self.fake.read_moods.popleft() if self.fake.read_moods else "ok"
        if not self._is_known():
            mood = "401"
        if mood != "ok":
            self._refuse(mood)
        elif urlsplit(self.path).path == "/2/users/me":
            me = {"id": "7", "username": "bot", "name": "Bot", "description": ""}
            self._answer(200, {"data": me | self.fake.profile})
        else:
            self._answer(200, self._timeline())

    def do_POST(self) -> None:
        self._note()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.fake.latency_s)
        if self.path == "/2/oauth2/token":
            self._renew({k: v[0] for k, v in parse_qs(body.decode()).items()})
        elif not self._is_known():
            self._refuse("401")
        else:
            self._post(json.loads(body)["text"])

    def _is_known(self) -> bool:
        wanted = self.fake.access_token
        return wanted is None or self.headers.get("Authorization") == f"Bearer {wanted}"

    def _renew(self, form: dict[str, str]) -> None:
        self.fake.client = self.headers.get("Authorization") or form["client_id"]
        mood = self.fake.token_moods.popleft() if self.fake.token_moods else "ok"
        if mood.isdigit():
            self._answer(int(mood), {"title": "Refused"})
        elif mood.startswith("drop"):
            self.close_connection = True
        elif (tokens := self.fake.renew(form["refresh_token"])) is None:
            self._answer(400, {"error": "invalid_request"})
        else:
            self._answer(200, ["surprise"] if mood == "garbage" else tokens)

    def _post(self, text: str) -> None:
        mood = self.fake.moods.popleft() if self.fake.moods else "ok"
        if mood == "ok" and self.fake.refuses_duplicates and text in self.fake.texts:
            self._answer(403, {"title": "Forbidden", "detail": FORBIDDEN})
        elif mood.endswith("before"):
            self._break(mood)
        elif mood.isdigit() or mood == "day limit":
            self._refuse(mood)
        else:
            self._publish(text, mood)

    def _publish(self, text: str, mood: str) -> None:
        tweet = self.fake.publish(text)
        data = {"data": {key: tweet[key] for key in ("id", "text")}}
        if mood.endswith("after"):
            self._break(mood)
        elif mood == "garbage":
            self._answer(201, ["surprise"])
        elif mood == "another":
            self._answer(201, {"data": {"id": "999", "text": "Another tweet altogether"}})
        else:
            for _ in range(2 if mood == "twice" else 1):
                self._answer(201, data)

    def _break(self, mood: str) -> None:
        how = mood.split()[0]
        if how == "stall":
            self.fake.stalled.set()
            self.fake.hold.wait(20)
        elif how.isdigit():
            self._answer(int(how), {"title": "Server Error"})
        self.close_connection = True

    def _refuse(self, mood: str) -> None:
        headers = {}
        if mood == "429":
            headers = {"x-rate-limit-reset": str(int(time.time()) + 600)}
        elif mood == "day limit":
            mood = "429"
            headers = {
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": str(int(time.time()) + 40_000),
                "x-rate-limit-reset": str(int(time.time()) + 60),
            }
        self._answer(int(mood), {"title": "Refused", "detail": f"mood {mood}"}, headers)

    def _timeline(self) -> dict[str, Any]:
        query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        since, start = int(query.get("since_id", 0)), int(query.get("pagination_token", 0))
        newest_first = [t for t in reversed(self.fake.tweets) if int(t["id"]) > since]
        size = int(query["max_results"])
        page = [{k: v for k, v in t.items() if k != "sent"} for t in newest_first]
        more = {"next_token": str(start + size)} if len(page) > start + size else {}
        return {"data": page[start : start + size], "meta": more}

    def _answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        payload = json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _note(self) -> None:
        self.fake.requests.append(f"{self.command} {urlsplit(self.path).path}")
        self.fake.authorization.add(self.headers.get("Authorization", "none").split()[0])
