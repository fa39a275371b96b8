"""What the routes work with. Built once in `app.py`, handed down by the app itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from service.config import Config
from service.lifecycle import Lifecycle
from service.observability import Metrics
from service.pipeline import Pipeline

_NAME = "doc2tweet"
Trace = Callable[[str, float, int, Mapping[str, object], Mapping[str, str]], None]


@dataclass(frozen=True, slots=True)
class Parts:
    config: Config
    pipeline: Pipeline
    lifecycle: Lifecycle
    metrics: Metrics
    close: Callable[[], None]
    """Ends every thread and child process of the service."""
    trace: Trace | None = None
    """Told of each request that has ended: its name, seconds, status, details and headers."""

    def drain(self) -> None:
        """Let the requests in flight end, within the time that is set for it."""
        self.lifecycle.drain(self.config.server.drain_s)

    def attach(self, app: Flask) -> None:
        app.extensions[_NAME] = self


def parts() -> Parts:
    """Those of the app that serves this request."""
    return cast(Parts, current_app.extensions[_NAME])
