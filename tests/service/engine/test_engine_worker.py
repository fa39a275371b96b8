from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from service.engine.llm_engine import LLMEngine, TokenOutput
from service.engine.request_stream import Aborted, RequestStream
from service.engine.sampling_params import SamplingParams
from service.engine.worker import EngineWorker
from service.errors import (
    DeadlineExceeded,
    EngineDraining,
    EngineFault,
    EngineOverloaded,
    PromptTooLong,
)
from tests.fakes import EOS, FakeRunner

PARAMS = SamplingParams(max_tokens=10, temperature=1.0, ignore_eos=True)


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture
def worker(runner: FakeRunner) -> Iterator[EngineWorker]:
    """Two models; the runner of `a` is the fixture. Two rows and a queue of two each."""
    worker = EngineWorker({"a": make_engine(runner), "b": make_engine(FakeRunner())}, max_queued=2)
    worker.start()
    yield worker
    runner.gate.set()
    worker.close()


def make_engine(runner: FakeRunner) -> LLMEngine:
    return LLMEngine(runner, eos_ids=[EOS], max_num_seqs=2, max_model_len=64)


def ids(stream: RequestStream) -> list[int]:
    return [event.token_id for event in stream if isinstance(event, TokenOutput)]


def wait_until(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < limit, "never came true"
        time.sleep(0.002)


def hold(runner: FakeRunner, worker: EngineWorker) -> RequestStream:
    """Start a request and stop the model in one of its steps."""
    runner.gate.clear()
    stream = worker.submit("a", [9], PARAMS)
    wait_until(lambda: worker.stats()["a"].num_waiting == 0 and worker.stats()["a"].num_open == 1)
    return stream


def test_a_stream_hands_out_every_token(worker: EngineWorker) -> None:
    stream = worker.submit("a", [1, 2, 3], PARAMS)
    events = list(stream)
    assert len(events) == 10
    assert isinstance(events[-1], TokenOutput)
    assert events[-1].finish_reason == "length"
    assert stream.num_prompt_tokens == 3


def test_models_answer_side_by_side_and_seeds_hold(worker: EngineWorker) -> None:
    streams = [worker.submit(model, [1, 2, 3], PARAMS) for model in ("a", "b", "a", "b")]
    assert len({tuple(ids(stream)) for stream in streams}) == 1


def test_timings_cover_the_phases(worker: EngineWorker) -> None:
    stream = worker.submit("a", [1, 2, 3], PARAMS)
    list(stream)
    timings = stream.timings
    assert timings.queue_ms >= 0
    assert timings.prefill_ms > 0
    assert timings.decode_ms > 0


def test_next_events_comes_back_empty_after_its_timeout(
    worker: EngineWorker, runner: FakeRunner
) -> None:
    stream = hold(runner, worker)
    assert stream.next_events(0.01) == []
    assert not stream.finished


def test_abort_ends_the_stream_and_frees_the_row(worker: EngineWorker, runner: FakeRunner) -> None:
    stream = hold(runner, worker)
    stream.abort()
    runner.gate.set()
    assert list(stream)[-1] == Aborted(0)
    wait_until(lambda: worker.stats()["a"].num_open == 0)
    assert worker.stats()["a"].num_running == 0


def test_abort_in_the_queue(worker: EngineWorker, runner: FakeRunner) -> None:
    held = hold(runner, worker)
    queued = [worker.submit("a", [i], PARAMS) for i in range(3)]
    queued[1].abort()
    runner.gate.set()
    assert list(queued[1]) == [Aborted(0)]
    assert [len(ids(stream)) for stream in (held, queued[0], queued[2])] == [10, 10, 10]


def test_abort_of_one_candidate_leaves_the_other(worker: EngineWorker, runner: FakeRunner) -> None:
    runner.gate.clear()
    stream = worker.submit("a", [1], replace(PARAMS, n=2))
    stream.abort(0)
    runner.gate.set()
    events = list(stream)
    assert Aborted(0) in events
    assert sum(isinstance(e, TokenOutput) and e.index == 1 for e in events) == 10


def test_abort_after_the_end_is_no_error(worker: EngineWorker) -> None:
    stream = worker.submit("a", [1], PARAMS)
    list(stream)
    stream.abort()
    assert len(ids(worker.submit("a", [1], PARAMS))) == 10


def test_a_deadline_passes_in_the_queue(worker: EngineWorker, runner: FakeRunner) -> None:
    held = hold(runner, worker)
    worker.submit("a", [1], PARAMS)
    late = worker.submit("a", [2] * 30, PARAMS, deadline=time.monotonic())
    runner.gate.set()
    with pytest.raises(DeadlineExceeded):
        list(late)
    assert len(ids(held)) == 10
    assert ("prefill", 30) not in runner.calls


def test_a_deadline_passes_while_running(worker: EngineWorker, runner: FakeRunner) -> None:
    runner.gate.clear()
    stream = worker.submit("a", [1], PARAMS, deadline=time.monotonic() + 0.1)
    time.sleep(0.15)
    runner.gate.set()
    with pytest.raises(DeadlineExceeded):
        list(stream)
    wait_until(lambda: worker.stats()["a"].num_running == 0)


def test_a_fault_fails_those_in_flight_and_the_next_request_runs(
    worker: EngineWorker, runner: FakeRunner
) -> None:
    runner.gate.clear()
    streams = [worker.submit("a", [i], PARAMS) for i in range(3)]
    other = worker.submit("b", [1], PARAMS)
    runner.fault = RuntimeError("secret detail of the machine")
    runner.gate.set()
    with pytest.raises(EngineFault) as caught:
        list(streams[0])
    assert "secret" not in str(caught.value)
    assert [len(ids(stream)) for stream in (*streams[1:], other)] == [10, 10, 10]


def test_tokens_that_came_before_an_error_are_handed_out_first() -> None:
    stream = RequestStream("r", 1, 1, lambda request_id, index: None)
    token = TokenOutput("r", 0, 65, -1.0, (), None)
    stream.put([token], 0.0)
    stream.close(EngineFault("it broke"))
    assert stream.next_events(0) == [token]
    with pytest.raises(EngineFault):
        stream.next_events(0)


def test_the_queue_is_bounded_and_says_when_to_come_back(
    worker: EngineWorker, runner: FakeRunner
) -> None:
    list(worker.submit("a", [1], PARAMS))
    held = [hold(runner, worker), *(worker.submit("a", [i], PARAMS) for i in range(3))]
    with pytest.raises(EngineOverloaded) as caught:
        worker.submit("a", [1], PARAMS)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 1
    held.append(worker.submit("b", [1], PARAMS))
    runner.gate.set()
    assert [len(ids(stream)) for stream in held] == [10] * 5


def test_what_can_never_run_is_refused_at_once(worker: EngineWorker) -> None:
    with pytest.raises(PromptTooLong):
        worker.submit("a", [1] * 60, PARAMS)
    assert worker.stats()["a"].num_open == 0


def test_drain_refuses_the_new_and_waits_for_the_old(
    worker: EngineWorker, runner: FakeRunner
) -> None:
    stream = hold(runner, worker)
    assert not worker.drain(timeout=0.01)
    with pytest.raises(EngineDraining):
        worker.submit("b", [1], PARAMS)
    runner.gate.set()
    assert worker.drain(timeout=10)
    assert len(ids(stream)) == 10


def test_close_tells_those_who_are_cut_off(worker: EngineWorker, runner: FakeRunner) -> None:
    stream = hold(runner, worker)
    closing = threading.Thread(target=worker.close)
    closing.start()
    wait_until(lambda: worker.draining)
    runner.gate.set()
    with pytest.raises(EngineDraining):
        list(stream)
    closing.join()
    assert not worker.alive


def test_a_defect_of_the_worker_leaves_nobody_waiting(
    worker: EngineWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    monkeypatch.setattr(worker, "_hand_out", broken)
    with pytest.raises(EngineDraining):
        list(worker.submit("a", [1], PARAMS))
    wait_until(lambda: not worker.alive)


def test_stats_count_up(worker: EngineWorker) -> None:
    for _ in range(2):
        list(worker.submit("a", [1, 2, 3, 4], PARAMS, num_prefix_tokens=3))
    wait_until(lambda: worker.stats()["a"].num_open == 0)
    stats = worker.stats()["a"]
    assert (stats.num_running, stats.num_waiting, stats.num_slots) == (0, 0, 2)
    assert (stats.num_prompt_tokens, stats.num_generated_tokens) == (5, 20)
    assert stats.num_prefix_hits == 1
    assert stats.tokens_per_second > 0
    assert stats.max_open == 4


def test_hundreds_who_leave_do_not_keep_the_next_one_waiting(
    worker: EngineWorker, runner: FakeRunner
) -> None:
    for i in range(200):
        worker.submit("a", [i % 256], replace(PARAMS, max_tokens=50)).abort()
        wait_until(lambda: worker.stats()["a"].num_open == 0)
    assert len(ids(worker.submit("a", [1], PARAMS))) == 10
    assert sum(what == "decode" for what, _ in runner.calls) < 210
