"""Downloads one file over HTTP, with resume and a progress bar. Knows nothing of models."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import urllib3
from tqdm import tqdm

from service.errors import SetupError
from service.model_spec import file_sha256

_TIMEOUT = urllib3.Timeout(connect=10, read=60)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 18


def download(url: str, target: Path, label: str) -> None:
    """Fetch `url` into `target` unless it is there.

    A download that was cut off goes on where it stopped, as long as the server's file is the same.

    Raises:
        SetupError: it cannot be fetched, or what came is not what the server announced.
    """
    if target.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib3.PoolManager(timeout=_TIMEOUT, retries=urllib3.Retry(3, redirect=5)) as pool:
            _download(pool, url, target, label)
    except urllib3.exceptions.HTTPError as error:
        raise SetupError(f"{label}: {target.name} cannot be fetched ({_reason(error)})") from None


def _download(pool: urllib3.PoolManager, url: str, target: Path, label: str) -> None:
    etag = _etag(pool, url, target, label)
    # Named after the content, so that a part of another revision is never gone on with.
    part = target.with_name(f"{target.name}.{hashlib.sha256(etag.encode()).hexdigest()[:12]}.part")
    _fetch_rest(pool, url, part, label)
    # For large files the hub's tag is their digest.
    if _SHA256.fullmatch(etag) and file_sha256(part) != etag:
        part.unlink()
        raise SetupError(f"{label}: {target.name} came damaged; try again")
    part.rename(target)


def _etag(pool: urllib3.PoolManager, url: str, target: Path, label: str) -> str:
    response = pool.request("HEAD", url, redirect=False)
    if response.status >= 400:
        raise SetupError(f"{label}: {target.name}: the hub answered {response.status}")
    tag = response.headers.get("X-Linked-Etag") or response.headers.get("ETag") or ""
    return tag.removeprefix("W/").strip('"')


def _fetch_rest(pool: urllib3.PoolManager, url: str, part: Path, label: str) -> None:
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    response = pool.request("GET", url, headers=headers, preload_content=False)
    try:
        if response.status == 416:  # the part is already whole
            return
        if response.status not in (200, 206):
            raise SetupError(f"{label}: the hub answered {response.status}")
        _append(response, part, have if response.status == 206 else 0)
    finally:
        response.release_conn()


def _append(response: urllib3.BaseHTTPResponse, part: Path, have: int) -> None:
    length = int(response.headers.get("Content-Length", 0))
    bar = tqdm(
        total=have + length, initial=have, desc=part.name.split(".")[0], unit="B", unit_scale=True
    )
    with bar, part.open("ab" if have else "wb") as file:
        for chunk in response.stream(_CHUNK, decode_content=True):
            file.write(chunk)
            bar.update(len(chunk))


def _reason(error: BaseException) -> str:
    return str(getattr(error, "reason", None) or error)
