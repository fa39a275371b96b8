"""Server-sent events: an answer piece by piece, each event one line of JSON.

A stream ends with `done` or with `error`, never in silence: a stream that ends otherwise was cut by
the network.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from flask import Response

from service.api import problems
from service.errors import Doc2TweetError, RequestAborted
from service.generation import Pause

_HEARTBEAT = b":\n\n"
Frame = Callable[[Any], Iterator[bytes]]
"""The events, as bytes, that one event of the pipeline becomes."""


def frame(data: Any, event: str | None = None) -> bytes:
    """One event. JSON escapes line breaks, so no text can end an event or begin another."""
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def respond(
    events: Iterator[Any],
    frames: Frame,
    failure: Callable[[Doc2TweetError], bytes],
    heartbeat_s: float,
) -> Response:
    """Stream the events.

    What fails before the first event, a `Pause` included, is raised and answered with a status of
    its own; what fails later becomes `failure`'s event.
    """
    first = next(events)
    body = _body(chain([first], events), frames, failure, heartbeat_s)
    headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    return Response(body, mimetype="text/event-stream", headers=headers)


def _body(
    events: Iterator[Any],
    frames: Frame,
    failure: Callable[[Doc2TweetError], bytes],
    heartbeat_s: float,
) -> Iterator[bytes]:
    spoke = time.monotonic()
    try:
        for event in events:
            if not isinstance(event, Pause):
                yield from frames(event)
            elif time.monotonic() - spoke < heartbeat_s:
                continue
            else:
                yield _HEARTBEAT
            spoke = time.monotonic()
    except RequestAborted:
        return  # nobody reads it
    except Exception as error:
        yield failure(problems.shown(error))
