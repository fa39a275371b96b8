"""`deploy/nginx.conf` in a real nginx, on loopback: only names, ports and folders are changed."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

CONF = Path(__file__).parent.parent / "deploy" / "nginx.conf"
_SCRATCH = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True)
class Nginx:
    """Its configuration for this machine, and where it listens."""

    command: list[str]
    url: str
    ca_file: Path

    def check(self) -> str:
        """What `nginx -t` says of it, errors and warnings; raises where it says no."""
        done = subprocess.run(
            [*self.command, "-t", "-q"], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stderr

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen([*self.command, "-g", "daemon off;"])
        try:
            _wait_for(self.url)
            yield
        finally:
            process.terminate()
            process.wait(30)


def adapted(folder: Path, upstream: str) -> Nginx:
    """The deployed configuration in front of `upstream` (host:port); skips where nginx is not."""
    executable = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if executable is None:
        assert "CI" not in os.environ, "CI must have nginx"
        pytest.skip("nginx is not installed: apt-get install nginx")
    ca, port = trustme.CA(), _free_port()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "own.pem"))
    text = CONF.read_text()
    for pattern, replacement in (
        (r"server 127\.0\.0\.1:8000;", f"server {upstream};"),
        (r"listen 443 ", f"listen 127.0.0.1:{port} "),
        (r"(ssl_certificate(?:_key)?) [^;]+;", rf"\1 {folder}/own.pem;"),
        (r"http \{", "\n    ".join(["http {", "access_log off;", *_scratch(folder)])),
    ):
        text, changed = re.subn(pattern, replacement, text)
        assert changed, f"{pattern} is not in the configuration"
    # Its workers must be able to write below a folder that is this user's alone.
    user = "user root;\n" if os.geteuid() == 0 else ""
    conf = folder / "nginx.conf"
    conf.write_text(f"{user}pid {folder}/pid;\nerror_log {folder}/error.log;\n{text}")
    command = [executable, "-c", str(conf), "-e", str(folder / "error.log")]
    return Nginx(command, f"https://localhost:{port}", folder / "ca.pem")


def _scratch(folder: Path) -> list[str]:
    return [f"{kind}_temp_path {folder}/{kind};" for kind in _SCRATCH]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _wait_for(url: str) -> None:
    address = ("127.0.0.1", int(url.rpartition(":")[2]))
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with suppress(ConnectionError):
            return socket.create_connection(address, timeout=5).close()
        time.sleep(0.05)
    raise AssertionError("nginx does not listen")
