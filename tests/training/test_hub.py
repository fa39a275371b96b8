"""Downloads from a hub on loopback: whole, resumed, redirected, damaged, refused."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.errors import SetupError
from training.hub import download

DATA = bytes(range(256)) * 4000


@dataclass
class Hub:
    """What the server does, and what it was asked."""

    url: str = ""
    data: bytes = DATA
    etag: str = hashlib.sha256(DATA).hexdigest()
    cut_after: int | None = None
    """Bytes of a body after which the connection is closed."""
    status: int = 200
    takes_ranges: bool = True
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(302 if state.status == 200 else state.status)
            self.send_header("X-Linked-Etag", f'"{state.etag}"')
            self.send_header("Location", "/cdn")
            self.end_headers()

        def do_GET(self) -> None:
            if self.path != "/cdn":
                self.send_response(302)
                self.send_header("Location", "/cdn")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            wanted = self.headers.get("Range")
            state.ranges.append(wanted)
            start = int(wanted[6:-1]) if wanted and state.takes_ranges else 0
            if start >= len(state.data):
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            body = state.data[start:]
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.cut_after])

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/owner/model/resolve/main/file.bin"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_once(hub: Hub, tmp_path: Path) -> None:
    for _ in range(2):
        download(hub.url, tmp_path / "sub" / "file.bin", "hub")
    assert (tmp_path / "sub" / "file.bin").read_bytes() == DATA
    assert hub.ranges == [None]
    assert [f.name for f in (tmp_path / "sub").iterdir()] == ["file.bin"]


def test_a_cut_download_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    target, hub.cut_after = tmp_path / "file.bin", 600_000
    with pytest.raises(SetupError, match=r"file\.bin cannot be fetched"):
        download(hub.url, target, "hub")
    assert not target.exists()
    hub.cut_after = None
    download(hub.url, target, "hub")
    assert target.read_bytes() == DATA
    (first, second) = hub.ranges
    assert first is None
    assert second is not None
    assert int(second[6:-1]) > 0


def test_a_whole_part_only_needs_its_name(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "file.bin"
    part = f"file.bin.{hashlib.sha256(hub.etag.encode()).hexdigest()[:12]}.part"
    (tmp_path / part).write_bytes(DATA)
    download(hub.url, target, "hub")
    assert target.read_bytes() == DATA


def test_a_server_without_ranges_sends_all_again(hub: Hub, tmp_path: Path) -> None:
    target, hub.cut_after, hub.takes_ranges = tmp_path / "file.bin", 600_000, False
    with pytest.raises(SetupError):
        download(hub.url, target, "hub")
    hub.cut_after = None
    download(hub.url, target, "hub")
    assert target.read_bytes() == DATA


def test_the_part_of_another_revision_is_not_gone_on_with(hub: Hub, tmp_path: Path) -> None:
    target, hub.cut_after = tmp_path / "file.bin", 600_000
    with pytest.raises(SetupError):
        download(hub.url, target, "hub")
    hub.cut_after, hub.data = None, DATA[::-1]
    hub.etag = hashlib.sha256(hub.data).hexdigest()
    download(hub.url, target, "hub")
    assert target.read_bytes() == DATA[::-1]


def test_damaged_content_is_refused_and_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.data = DATA[:-1] + b"x"
    with pytest.raises(SetupError, match="came damaged"):
        download(hub.url, tmp_path / "file.bin", "hub")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_reported(hub: Hub, tmp_path: Path, status: int) -> None:
    hub.status = status
    with pytest.raises(SetupError, match=f"hub: file.bin: the hub answered {status}"):
        download(hub.url, tmp_path / "file.bin", "hub")


def test_no_hub_there(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be fetched"):
        download("http://127.0.0.1:9/file.bin", tmp_path / "file.bin", "hub")
