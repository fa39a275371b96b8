"""What the operator sees: one JSON line a request, and numbers for Prometheus.

No text of a user or a page goes into a log unless `DOC2TWEET_LOG_USER_TEXT` asks for it. JSON
escapes control characters, so a CR, LF or ANSI code from outside cannot forge a line or colour a
terminal.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from service.errors import SetupError

if TYPE_CHECKING:  # gunicorn's own process reads this file, and needs none of these
    from service.articles.reader import ReaderStats
    from service.engine.lane import EngineStats
    from service.generation import Usage
    from service.lifecycle import Lifecycle

METRICS_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TOKEN_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1)


def request_id(given: str | None) -> str:
    """The caller's own id where it is harmless, else a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return secrets.token_hex(12)


class JsonFormatter(logging.Formatter):
    """One JSON object a line. `extra={"fields": {...}}` of a log call becomes members."""

    def __init__(self, *, user_text: bool = False) -> None:
        super().__init__()
        self._user_text = user_text

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = self._exception(record.exc_info[1])
        return json.dumps(line, default=str)

    def _exception(self, error: BaseException) -> dict[str, Any]:
        """Kind and frames; the message only on request, since it may quote a user.

        What is wrong with the installation is said in the project's own words, to the operator.
        """
        frames = traceback.extract_tb(error.__traceback__)
        told: dict[str, Any] = {
            "kind": type(error).__qualname__,
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        if self._user_text or isinstance(error, SetupError):
            told["message"] = str(error)
        return told


def log_to_stderr(level: str, *, user_text: bool = False) -> None:
    """Send every log line of the process to stderr, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(user_text=user_text))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class Metrics:
    """All numbers of one app. A registry of its own, so that two apps can live in one process."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"doc2tweet_{name}", text, labels, registry=registry)

        def seconds(
            name: str, text: str, *labels: str, buckets: Iterable[float] = _SECONDS
        ) -> Histogram:
            return Histogram(
                f"doc2tweet_{name}_seconds", text, labels, registry=registry, buckets=tuple(buckets)
            )

        self.requests = counter("requests", "Answers sent.", "route", "status")
        self.refusals = counter("refusals", "Requests refused or failed.", "type")
        self.tokens = counter("tokens", "Tokens read and written.", "model", "kind")
        self.request_time = seconds("request", "Whole time of a request.", "route")
        self.stages = seconds("stage", "Time in one stage of a request.", "stage")
        self.ttft = seconds("time_to_first_token", "Admission to first token.", "model")
        self.tpot = seconds(
            "time_per_output_token",
            "Between two tokens of a candidate.",
            "model",
            buckets=_TOKEN_SECONDS,
        )

    def observe(self, model: str, usage: Usage, times: Mapping[str, float]) -> None:
        """Count one finished answer.

        Args:
            times: stage -> milliseconds, as `Timings` names them.
        """
        self.tokens.labels(model, "prompt").inc(usage.prompt_tokens)
        self.tokens.labels(model, "completion").inc(usage.completion_tokens)
        for stage, ms in times.items():
            self.stages.labels(stage.removesuffix("_ms")).observe(ms / 1e3)
        self.ttft.labels(model).observe((times["queue_ms"] + times["prefill_ms"]) / 1e3)
        if usage.num_steps:
            self.tpot.labels(model).observe(times["decode_ms"] / 1e3 / usage.num_steps)

    def watch(
        self,
        engine: Callable[[], Mapping[str, EngineStats]],
        reader: Callable[[], ReaderStats],
        lifecycle: Lifecycle,
    ) -> None:
        """Read these, too, whenever the numbers are asked for."""
        self.registry.register(_Gauges(engine, reader))
        in_flight = Gauge(
            "doc2tweet_requests_in_flight", "Requests for text now.", registry=self.registry
        )
        in_flight.set_function(lambda: lifecycle.in_flight)

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)


class _Gauges(Collector):
    """What the engine and the reader know of themselves."""

    def __init__(
        self, engine: Callable[[], Mapping[str, EngineStats]], reader: Callable[[], ReaderStats]
    ) -> None:
        self._engine, self._reader = engine, reader

    def collect(self) -> Iterator[Metric]:
        stats = self._engine()
        for name, text in _ENGINE_GAUGES.items():
            gauge = GaugeMetricFamily(f"doc2tweet_engine_{name}", text, labels=["model"])
            for model, values in stats.items():
                gauge.add_metric([model], getattr(values, name))
            yield gauge
        hits = CounterMetricFamily(
            "doc2tweet_engine_prefix_hits",
            "Prompt beginnings found in the cache.",
            labels=["model"],
        )
        for model, values in stats.items():
            hits.add_metric([model], values.num_prefix_hits)
        yield hits
        reader = self._reader()
        for name, text, value in (
            ("article_cache_hits", "Articles that were at hand.", reader.cache.hits),
            ("article_cache_misses", "Articles that had to be fetched.", reader.cache.misses),
            ("pages_extracted", "Pages read.", reader.extract.pages),
            ("extractors_killed", "Reading processes that overran.", reader.extract.killed),
        ):
            yield CounterMetricFamily(f"doc2tweet_{name}", text, value=value)


_ENGINE_GAUGES = {
    "num_running": "Candidates that hold a row: the size of a batch.",
    "num_waiting": "Requests in the queue.",
    "num_slots": "Rows there are.",
    "num_open": "Requests in the engine's hands.",
    "max_open": "Requests it takes at most.",
    "tokens_per_second": "Speed of drawing, lately.",
}
