"""What every route that gives text does: count the request in, answer whole or as a stream."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from typing import Any

from flask import Response, g, request

from service.api import sse
from service.api.hooks import RequestRecord
from service.api.parts import Parts, parts
from service.api.responses import prefers_stream
from service.errors import Doc2TweetError
from service.generation import Pause
from service.shapes import GenerateResult, TweetResult

Result = GenerateResult | TweetResult


def answer(
    open_events: Callable[[Parts], Generator[Any, None, None]],
    whole: Callable[[Any], Response],
    frames: sse.Frame,
    failure: Callable[[Doc2TweetError], bytes],
    *,
    stream: bool,
) -> Response:
    """Run the pipeline's events to the end, or hand them on as they come.

    However the request ends, its events are closed, which frees its place and its rows.
    """
    here, record = parts(), g.record
    with ExitStack() as ending:
        ending.callback(here.lifecycle.enter())
        events = ending.enter_context(closing(open_events(here)))
        watched = _observed(events, record, here)
        if not stream:
            return whole(_last(watched))
        response = sse.respond(watched, frames, failure, here.config.api.heartbeat_s)
        response.call_on_close(ending.pop_all().close)
        return response


def _observed(events: Iterator[Any], record: RequestRecord, here: Parts) -> Iterator[Any]:
    """The same events; the result is noted for the log and the metrics."""
    try:
        for event in events:
            if isinstance(event, Result):
                record.note_result(event, here.metrics)
            yield event
    except Doc2TweetError as error:
        record.note_error(error)
        raise


def _last(events: Iterator[Any]) -> Any:
    last = None
    for event in events:
        if not isinstance(event, Pause):
            last = event
    return last


def wants_stream(given: bool | None) -> bool:
    """By the request's own field; by its `Accept` where it has none."""
    return prefers_stream(request) if given is None else given
