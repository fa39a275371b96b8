from __future__ import annotations

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from service.tracing import Tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def spans(status: int = 200, headers: dict[str, str] | None = None, **details: object) -> list:
    exporter = InMemorySpanExporter()
    tracing = Tracing(SimpleSpanProcessor(exporter))
    tracing.record("POST /tweet", 0.5, status, details, headers or {})
    tracing.close()
    return list(exporter.get_finished_spans())


def test_a_request_is_a_span_and_its_stages_are_below_it() -> None:
    *stages, whole = spans(model="tiny", fetch_ms=100.0, queue_ms=1.0, decode_ms=300.0)
    assert [stage.name for stage in stages] == ["fetch", "queue", "decode"]
    assert all(stage.parent.span_id == whole.context.span_id for stage in stages)
    assert whole.end_time - whole.start_time == 500_000_000
    assert all(whole.start_time <= s.start_time <= s.end_time <= whole.end_time for s in stages)
    assert whole.attributes["doc2tweet.model"] == "tiny"


def test_it_belongs_to_the_callers_trace() -> None:
    (span,) = spans(headers={"traceparent": PARENT})
    assert f"{span.context.trace_id:032x}" == PARENT.split("-")[1]


def test_a_failure_of_the_service_is_marked() -> None:
    (failed,) = spans(status=503)
    (refused,) = spans(status=422)
    assert (failed.status.is_ok, refused.status.is_ok) == (False, True)
