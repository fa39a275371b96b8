from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from service.admission import Admission
from service.engine.llm_engine import LLMEngine
from service.engine.worker import EngineWorker
from service.errors import EngineDraining, EngineOverloaded
from tests.fakes import EOS, FakeRunner


@pytest.fixture
def worker() -> Iterator[EngineWorker]:
    def engine() -> LLMEngine:
        return LLMEngine(FakeRunner(), eos_ids=[EOS], max_num_seqs=2, max_model_len=64)

    worker = EngineWorker({"a": engine(), "b": engine()}, max_queued=1)
    worker.start()
    yield worker
    worker.close()


def test_there_are_as_many_places_as_rows_and_queue(worker: EngineWorker) -> None:
    admission = Admission(worker)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(admission.place("a"))
        assert admission.is_full("a")
        refused = admission.place("a")
        with pytest.raises(EngineOverloaded) as caught:
            stack.enter_context(refused)
        assert caught.value.retry_after == 1
        stack.enter_context(admission.place("b"))
    assert admission.num_taken("a") == 0
    assert not admission.is_full("a")


def test_a_place_is_given_back_when_the_block_fails(worker: EngineWorker) -> None:
    admission = Admission(worker)
    taken = []

    def work() -> None:
        with admission.place("a"):
            taken.append(admission.num_taken("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert taken == [1]
    assert admission.num_taken("a") == 0


def test_nobody_comes_in_while_the_service_shuts_down(worker: EngineWorker) -> None:
    admission = Admission(worker)
    worker.drain(timeout=0)
    with pytest.raises(EngineDraining), admission.place("a"):
        pass
