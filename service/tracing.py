"""Spans for OpenTelemetry: a request, and its stages below it. Only where the extra is installed.

Spans are made after the fact, of times that were measured anyway, so a service without traces pays
nothing for them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

STAGES = ("fetch", "extract", "queue", "prefill", "decode")
"""In the order of their turn."""


class Tracing:
    """Where spans go."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": "doc2tweet"}))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("doc2tweet")

    def record(
        self,
        name: str,
        seconds: float,
        status: int,
        details: Mapping[str, object],
        headers: Mapping[str, str],
    ) -> None:
        """Make the spans of a request that has just ended.

        Args:
            details: of the log line; `fetch_ms` and the like become spans, the rest attributes.
            headers: of the request; a `traceparent` among them makes it a part of that trace.
        """
        end = time.time_ns()
        start = end - int(seconds * 1e9)
        stages = {f"{stage}_ms" for stage in STAGES}
        attributes = {f"doc2tweet.{k}": str(v) for k, v in details.items() if k not in stages}
        span = self._tracer.start_span(
            name,
            context=TraceContextTextMapPropagator().extract(dict(headers)),
            kind=SpanKind.SERVER,
            start_time=start,
            attributes={"http.response.status_code": status, **attributes},
        )
        context = set_span_in_context(span)
        for stage in STAGES:
            duration = details.get(f"{stage}_ms")
            if isinstance(duration, float):
                child = self._tracer.start_span(stage, context=context, start_time=start)
                start += int(duration * 1e6)
                child.end(min(start, end))
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end(end)

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()


def to_collector() -> Tracing:
    """Spans by OTLP over HTTP, to where OpenTelemetry's own variables say."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    return Tracing(BatchSpanProcessor(OTLPSpanExporter()))
