"""A PostgreSQL server of the tests' own, for whatever keeps its data in one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest


def _binaries() -> Path | None:
    """Debian keeps them off the PATH, one folder a version."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(newest[-1]) if newest else shutil.which("initdb")
    return Path(found).parent if found else None


@dataclass
class PostgresServer:
    """Databases in a folder of their own; stopped and started at will."""

    binaries: Path
    folder: Path
    port: int

    def __post_init__(self) -> None:
        self._names = count()

    def run(self, program: str, *args: str) -> None:
        # PostgreSQL refuses to run as root; its package brings a user for it.
        user = "postgres" if os.geteuid() == 0 else None
        command = [str(self.binaries / program), *args]
        subprocess.run(
            command, check=True, user=user, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=60
        )

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def new_database(self) -> str:
        """URL of an empty one."""
        name = f"drafts_{next(self._names)}"
        host = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        self.run("createdb", *host, name)
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="doc2tweet-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = PostgresServer(binaries, folder, port)
    server.run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", "postgres", "-N")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)
