"""One streamed completion from an OpenAI-compatible server. Knows text; no tokens, no requests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from service.engine.sampling_params import SamplingParams
from service.errors import EngineFault, EngineOverloaded, RequestAborted
from service.model_spec import UpstreamSpec

_CONNECT_S = 5.0
_CHUNK, _MAX_LINE = 65_536, 1 << 20
_OPENAIS = ("temperature", "top_p", "max_tokens", "presence_penalty", "frequency_penalty")


@dataclass(frozen=True, slots=True)
class Piece:
    """More text; the last piece says why it is the last."""

    text: str
    finish_reason: str | None = None


class UpstreamClient:
    """Thread-safe. Connections are kept and reused."""

    def __init__(self, spec: UpstreamSpec, api_key: str | None, timeout_s: float) -> None:
        """
        Args:
            timeout_s: how long the server may stay silent.
        """
        self._spec = spec
        headers = {"Content-Type": "application/json"}
        if api_key is not None:
            headers["Authorization"] = f"Bearer {api_key}"
        timeout = urllib3.Timeout(connect=_CONNECT_S, read=timeout_s)
        self._pool = urllib3.PoolManager(
            headers=headers, timeout=timeout, retries=False, maxsize=64
        )

    def open(self, prompt: str, params: SamplingParams, index: int) -> UpstreamAnswer:
        """Ask for one candidate.

        Raises:
            EngineOverloaded: the server is busy.
            EngineFault: it does not answer, or refuses.
        """
        is_chat = self._spec.api == "chat"
        url = self._spec.url.rstrip("/") + ("/chat/completions" if is_chat else "/completions")
        asked = (
            {"messages": [{"role": "user", "content": prompt}]} if is_chat else {"prompt": prompt}
        )
        body = asked | {"model": self._spec.model, "stream": True} | self._sampling(params, index)
        try:
            response = self._pool.request(
                "POST", url, body=json.dumps(body), preload_content=False, redirect=False
            )
        except HTTPError:
            raise EngineFault("The model's server does not answer.", status=502) from None
        if response.status != 200:
            raise _refusal(response)
        return UpstreamAnswer(response, is_chat)

    def close(self) -> None:
        self._pool.clear()

    def _sampling(self, params: SamplingParams, index: int) -> dict[str, object]:
        names = (*_OPENAIS, *self._spec.also_takes)
        return {name: getattr(params, name) for name in names} | {"seed": seed_of(params, index)}


class UpstreamAnswer:
    """A stream of pieces; `abort` from any thread ends it."""

    def __init__(self, response: urllib3.BaseHTTPResponse, is_chat: bool) -> None:
        self._response = response
        self._is_chat = is_chat
        self._aborted = False

    def __iter__(self) -> Iterator[Piece]:
        """
        Raises:
            RequestAborted: `abort` was called.
            EngineFault: the answer broke off, or is none.
        """
        try:
            yield from self._pieces()
        except (HTTPError, OSError, EOFError, ValueError, LookupError, TypeError, AttributeError):
            if self._aborted:
                raise RequestAborted("The request was ended.") from None
            raise EngineFault("The model's server broke off its answer.", status=502) from None
        finally:
            self._response.close()

    def abort(self) -> None:
        self._aborted = True
        with suppress(OSError, ValueError):  # it was over already
            self._response.shutdown()

    def _pieces(self) -> Iterator[Piece]:
        reason = None
        for data in _events(self._response):
            if data == "[DONE]":
                break
            for choice in json.loads(data)["choices"]:
                reason = choice.get("finish_reason") or reason
                text = choice["delta"].get("content") if self._is_chat else choice.get("text")
                if text:
                    yield Piece(text)
        if self._aborted or reason is None:
            raise EOFError
        yield Piece("", reason)


def seed_of(params: SamplingParams, index: int) -> int:
    """Of candidate `index`: servers take one seed a request, and few take more than 31 bits."""
    name = f"{params.seed}:{params.first_index + index}".encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:4]) >> 1


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """The data of each server-sent event."""
    buffer = b""
    while chunk := response.read1(_CHUNK):
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        if len(buffer) > _MAX_LINE:
            raise ValueError("a line without an end")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip().decode()


def _refusal(response: urllib3.BaseHTTPResponse) -> EngineFault | EngineOverloaded:
    wait = response.headers.get("Retry-After", "")
    status = response.status
    response.close()
    if status in {429, 503}:
        after = float(wait) if wait.isdigit() else 1.0
        return EngineOverloaded("The model's server is busy.", retry_after=after)
    return EngineFault(
        f"The model's server answered {status}.", status=502, retryable=status >= 500
    )
