"""`python -m training.demo [FOLDER]`: every stage from an archive to a served voice, in minutes.

The town's paper is served on loopback, the base is tiny; all else is what a user runs.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from service.config import child_environment
from training.demo.archive import tweets, write_zip
from training.demo.site import serve
from training.demo.tiny_base import write_tiny_base
from training.demo.town import Story, stories

BASE, VOICE = "tiny-gpt2", "ellery"
_SETTINGS = {
    "spacing": 0.01,
    "max-evaluated": 4,
    "method": "full",
    "format": "markers",
    "article-chars": 200,
    "max-tokens": 200,
    "rate": 0.003,
    "batch-size": 4,
    "epochs": 12,
    "patience": 3,
}
_STARTUP_S = 60.0


def main(folder: Path) -> None:
    """Raises CalledProcessError where a stage fails, and RuntimeError where no answer comes."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "models").mkdir(parents=True)
    told = stories(130)
    write_tiny_base(folder / "models" / BASE, told)
    with serve(told) as paper:
        write_zip(folder / "archive.zip", tweets(told, paper))
        _run("training", *arguments(folder), folder=folder)
        with _serving(folder) as service:
            print(_answer(service, told[-1], paper))  # noqa: T201


def arguments(folder: Path) -> list[str]:
    """What a user types, but for what a tiny base needs."""
    archive = ["--archive", str(folder / "archive.zip"), "--name", VOICE, "--work", str(folder)]
    settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    return ["run", *archive, "--base", BASE, *settings]


def environment(folder: Path) -> dict[str, str]:
    """The paper is on loopback, which the service would not fetch from otherwise."""
    settings = {
        "MODELS_DIR": folder / "models",
        "FETCH_ALLOWED_NETWORKS": "127.0.0.0/8",
        "FETCH_ALLOWED_PORTS": "*",
    }
    # So small a model only loses time by sharing its work among threads.
    return {**child_environment(settings), "OMP_NUM_THREADS": "1"}


def _run(module: str, *arguments: str, folder: Path) -> None:
    start = time.monotonic()
    print(f"\n$ doc2tweet-train {' '.join(arguments)}", flush=True)  # noqa: T201
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, check=True, env=environment(folder))  # noqa: S603
    print(f"  ({time.monotonic() - start:.1f} s)", flush=True)  # noqa: T201


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """The voice's base URL, while it is served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--model", VOICE]
    server = subprocess.Popen(command, env=environment(folder))  # noqa: S603
    try:
        base_url = f"http://127.0.0.1:{port}"
        _wait_until_ready(base_url, server)
        yield base_url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=_STARTUP_S)


def _wait_until_ready(base_url: str, server: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + _STARTUP_S
    while time.monotonic() < give_up and server.poll() is None:
        try:
            urlopen(f"{base_url}/readyz", timeout=5).close()  # noqa: S310
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the service did not become ready")


def _answer(service: str, story: Story, paper: str) -> str:
    """What the served voice says of a story, as JSON."""
    body = json.dumps({"url": f"{paper}/news/{story.slug}", "model": VOICE, "seed": 1}).encode()
    request = Request(  # noqa: S310
        f"{service}/tweet", data=body, headers={"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.dumps(json.load(answer), indent=2, ensure_ascii=False)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "work/demo").resolve())
