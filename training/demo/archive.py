"""The X archive of the town's invented account, in the shape of a real export."""

from __future__ import annotations

import html
import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from training.demo.town import Story

_START = datetime(2023, 1, 2, 8, tzinfo=UTC)
_CHATTER: tuple[tuple[str, dict[str, str]], ...] = (
    ("RT @elleryrovers: Two of us & a ball on the pitch, who joins?", {}),
    ("@adaquillan thank you, that made my evening", {"in_reply_to_status_id_str": "1"}),
    ("Good morning!", {}),
    ("The gulls have opinions today.\n\nSo have I. Tea first, then the news.", {}),
    ("The gulls have opinions today!\n\nSo have I: tea first, then the news…", {}),
)


def tweets(stories: Sequence[Story], base_url: str) -> list[dict[str, Any]]:
    """A tweet a story, every third by a short link, with dead links and chatter in between."""
    rows = []
    for number, story in enumerate(stories):
        way = "s" if number % 3 == 2 else "news"
        rows.append(_linking(story.tweet, f"{base_url}/{way}/{story.slug}"))
    rows += [
        _linking("This one is gone, and was about the old cinema", f"{base_url}/gone/cinema"),
        _linking("Their site is down again, so take my word for it", f"{base_url}/busy/market"),
        _linking("Members only, but the title says it all really", f"{base_url}/private/club"),
    ]
    rows += [{"full_text": text, **fields} for text, fields in _CHATTER]
    return [_numbered(row, number) for number, row in enumerate(rows)]


def write_zip(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """`data/tweets.js`, its second part, and the files beside them that no stage reads."""
    half = len(rows) // 2
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/manifest.js", "window.__THAR_CONFIG = {}")
        archive.writestr("data/account.js", "window.YTD.account.part0 = []")
        archive.writestr("data/tweets.js", as_js(rows[:half], "tweets.part0"))
        archive.writestr("data/tweets-part1.js", as_js(rows[half:], "tweets.part1"))


def as_js(rows: Iterable[dict[str, Any]], name: str) -> str:
    items = [{"tweet": row} for row in rows]
    return f"window.YTD.{name} = {json.dumps(items, indent=1)}"


def _linking(text: str, url: str) -> dict[str, Any]:
    entities = {"urls": [{"url": "https://t.co/LINK", "expanded_url": url}], "media": []}
    return {"full_text": f"{text} https://t.co/LINK", "entities": entities}


def _numbered(row: dict[str, Any], number: int) -> dict[str, Any]:
    """As exports have it: every number a string, text HTML-escaped, a short link of its own."""
    moment = _START + timedelta(hours=5 * number)
    text = json.dumps(row).replace("t.co/LINK", f"t.co/{number:010d}")
    return {
        **json.loads(text),
        "full_text": html.escape(json.loads(text)["full_text"], quote=False),
        "id_str": str(1_600_000_000_000_000_000 + number),
        "created_at": moment.strftime("%a %b %d %H:%M:%S +0000 %Y"),
    }
