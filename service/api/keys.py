"""Who may call: names and hashes of API keys, from a file, compared in constant time.

A line of the file is `name:sha256`, the hash in hexadecimal; `#` begins a comment. A key is random
and long, so a plain hash of it cannot be searched.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import threading
from pathlib import Path

from flask import Flask, g, request

from service.errors import ConfigError, Unauthenticated

_log = logging.getLogger("doc2tweet.keys")
_Stamp = tuple[int, int, int]
_LINE = re.compile(r"([A-Za-z0-9._-]{1,64}):([0-9a-f]{64})")
OPEN_ENDPOINTS = frozenset(
    {"system.livez", "system.readyz", "system.metrics", "system.openapi", "page.page", "page.asset"}
)
"""Those that need no key and count towards no rate; whatever is added later needs one."""


class KeyRing:
    """The keys of one file."""

    def __init__(self, hashes: dict[str, bytes]) -> None:
        self._hashes = hashes

    @classmethod
    def from_file(cls, path: Path) -> KeyRing:
        """Read a file of keys.

        Raises:
            ConfigError: it cannot be read, holds no key, a wrong line, or a name twice.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from None
        hashes: dict[str, bytes] = {}
        for number, line in enumerate(lines, start=1):
            text = line.partition("#")[0].strip()
            match = _LINE.fullmatch(text)
            if match and match[1] in hashes:
                raise ConfigError(f"{path}, line {number}: {match[1]} stands above already")
            if match:
                hashes[match[1]] = bytes.fromhex(match[2])
            elif text:
                raise ConfigError(f"{path}, line {number}: use name:sha256, in hexadecimal")
        if not hashes:
            raise ConfigError(f"{path} holds no key")
        return cls(hashes)

    def name_of(self, authorization: str) -> str:
        """Whose key an `Authorization` header holds. Takes the same time whoever's it is.

        Raises:
            Unauthenticated: nobody's.
        """
        scheme, _, key = authorization.partition(" ")
        digest = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).digest()
        found = [name for name, known in self._hashes.items() if hmac.compare_digest(known, digest)]
        if scheme.lower() != "bearer" or not found:
            raise Unauthenticated("Send `Authorization: Bearer KEY` with a key of this service.")
        return found[0]


class KeyFile:
    """The keys of a file as it is now. Thread-safe.

    A file that went wrong while the service runs must neither end it nor open it: the keys that
    were read last go on.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            ConfigError: the file is no good from the start.
        """
        self._path = path
        self._lock = threading.Lock()
        self._stamp = _stamp(path)  # before reading: what is written meanwhile is seen next time
        self._ring = KeyRing.from_file(path)

    def ring(self) -> KeyRing:
        """The newest keys that could be read. Costs one `stat` while nothing changes."""
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._stamp = stamp
                self._read_again()
            return self._ring

    def _read_again(self) -> None:
        try:
            self._ring = KeyRing.from_file(self._path)
        except ConfigError as error:
            _log.error("The keys stay as they were: %s", error)
        else:
            _log.info("The keys were read again.")


def _stamp(path: Path) -> _Stamp | None:
    """Differs when the file does; None while it is away."""
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size, told.st_ino


def install(app: Flask, path: Path | None) -> None:
    """Ask for a key before every endpoint that is not open, where there is a file of keys."""
    keys = KeyFile(path) if path else None

    def _authenticate() -> None:
        g.caller = f"address:{request.remote_addr}"
        if keys and request.endpoint and request.endpoint not in OPEN_ENDPOINTS:
            name = keys.ring().name_of(request.headers.get("Authorization", ""))
            g.caller = f"key:{name}"
            g.record.details["key"] = name

    app.before_request(_authenticate)
