"""The town's paper, served on loopback, with what real sites have: redirects, robots, dead ends."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from training.demo.town import Story

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} | Ellery Post
</title><meta property="og:title" content="{title}"></head><body><nav><a href="/">Home</a></nav>
<main><article><h1>{title}</h1>{paragraphs}</article></main>
<footer>The Ellery Post is a paper that does not exist.</footer></body></html>"""


@contextmanager
def serve(stories: Sequence[Story]) -> Iterator[str]:
    """The base URL, `http://127.0.0.1:PORT`, while the paper is up.

    `/news/SLUG` is a story, `/s/SLUG` a short link to it, `/gone/…` 404, `/busy/…` 503, and
    `/private/…` closed to machines.
    """
    pages = {f"/news/{story.slug}": _page(story) for story in stories}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(pages))
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _page(story: Story) -> bytes:
    paragraphs = "".join(f"<p>{html.escape(text)}</p>" for text in story.paragraphs)
    return _PAGE.format(title=html.escape(story.title), paragraphs=paragraphs).encode()


def _handler(pages: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/robots.txt":
                self._answer(200, b"User-agent: *\nDisallow: /private/\n", "text/plain")
            elif path.startswith("/s/"):
                self._answer(301, b"", location="/news/" + path.removeprefix("/s/"))
            elif path in pages:
                self._answer(200, pages[path])
            else:
                self._answer(503 if path.startswith("/busy/") else 404, b"<p>Nothing here.</p>")

        def _answer(
            self,
            status: int,
            body: bytes,
            kind: str = "text/html; charset=utf-8",
            location: str = "",
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the stages have their own reports."""

    return Handler
