from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.engine.llm_engine import LLMEngine
from service.engine.request_stream import RequestStream
from service.engine.sampling_params import SamplingParams
from service.engine.worker import EngineWorker
from service.errors import RequestAborted
from service.generation import (
    Candidate,
    Pause,
    StopFinder,
    TextDelta,
    collect,
    gather,
    stream_text,
)
from tests.fakes import EOS, FakeRunner, byte_tokenizer

TOKENIZER = byte_tokenizer()
GREEDY = SamplingParams(max_tokens=60, temperature=0, seed=3)


def saying(text: str) -> FakeRunner:
    """A model that answers a one-token prompt with `text`, a byte a token, and the end."""
    answer = [*text.encode(), EOS]
    return FakeRunner(script=lambda row: answer[min(len(row), len(answer)) - 1])


@contextmanager
def submitted(runner: FakeRunner, params: SamplingParams = GREEDY) -> Iterator[RequestStream]:
    worker = EngineWorker(
        {"m": LLMEngine(runner, eos_ids=[EOS], max_num_seqs=8, max_model_len=128)}
    )
    worker.start()
    try:
        yield worker.submit("m", [0], params)
    finally:
        runner.gate.set()
        worker.close()


def answer(text: str, *stop: str, params: SamplingParams = GREEDY) -> Candidate:
    with submitted(saying(text), params) as stream:
        return collect(stream, TOKENIZER, stop)[0]


def shown(text: str, *stop: str) -> list[str]:
    with submitted(saying(text)) as stream:
        return [d.text for d in stream_text(stream, TOKENIZER, stop) if isinstance(d, TextDelta)]


def test_an_answer_ends_with_the_models_end_token() -> None:
    candidate = answer("Good day.")
    assert (candidate.text, candidate.finish_reason, candidate.stop_reason) == (
        "Good day.",
        "stop",
        None,
    )
    assert candidate.num_tokens == 10
    assert -0.01 < candidate.mean_logprob < 0


def test_an_answer_ends_at_max_tokens() -> None:
    candidate = answer("Good day.", params=SamplingParams(max_tokens=4, temperature=0))
    assert (candidate.text, candidate.finish_reason) == ("Good", "length")


def test_a_stop_string_over_token_borders_ends_it_and_is_not_shown() -> None:
    candidate = answer("one two three", " two")
    assert (candidate.text, candidate.finish_reason) == ("one", "stop")
    assert candidate.stop_reason == " two"
    assert candidate.num_tokens == len("one two")


def test_text_that_might_become_a_stop_is_held_back_and_then_shown() -> None:
    assert "".join(shown("a#b##c", "###")) == "a#b##c"
    assert not any(piece.endswith("#") for piece in shown("a#b##c", "###"))


def test_half_a_stop_at_the_end_is_shown() -> None:
    assert answer("wait #", "##").text == "wait #"
    assert answer("wait ##", "###", params=SamplingParams(max_tokens=7, temperature=0)).text == (
        "wait ##"
    )


def test_multibyte_stops_and_text() -> None:
    candidate = answer("Grüße 👋🏽 — ende", "— e")
    assert candidate.text == "Grüße 👋🏽 "


@pytest.mark.parametrize("text", ["👩‍👩‍👧 family", "日本語のテキスト", "é à ñ", "🇩🇪"])
def test_no_delta_holds_half_a_character(text: str) -> None:
    pieces = shown(text)
    assert "".join(pieces) == text
    assert not any("�" in piece for piece in pieces)


def test_a_cut_in_the_middle_of_a_character_shows_nothing_of_it() -> None:
    params = SamplingParams(max_tokens=4, temperature=0)
    assert answer("ab👋", params=params).text == "ab"


@pytest.mark.parametrize(
    ("pushes", "stops", "expected"),
    [
        (["abcd"], ["cd", "bc"], ("a", "bc")),
        (["xabc"], ["bc", "abc"], ("x", "abc")),
        (["a", "a", "a", "b"], ["aab"], ("a", "aab")),
        (["one STOP two STOP"], ["STOP"], ("one ", "STOP")),
        (["ab"], ["b", "a"], ("", "a")),
    ],
    ids=["first complete", "longer of two", "overlapping", "two in one push", "inside a push"],
)
def test_which_stop_wins(pushes: list[str], stops: list[str], expected: tuple[str, str]) -> None:
    finder, text = StopFinder(stops), ""
    for push in pushes:
        piece, stop = finder.push(push)
        text += piece
    assert (text, stop) == expected


@given(st.text("ab", max_size=12), st.lists(st.text("ab", min_size=1, max_size=4), max_size=4))
def test_pieces_of_any_size_give_what_the_whole_text_gives(text: str, stops: list[str]) -> None:
    ends = [(text.find(s) + len(s), -len(s), s) for s in stops if s in text]
    end, _, winner = min(ends, default=(len(text), 0, ""))
    finder, out = StopFinder(stops), ""
    for character in text:
        piece, stop = finder.push(character)
        out += piece
        if stop:
            break
    assert out + finder.flush() == text[: end - len(winner)]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.lists(st.text(min_size=1, max_size=2), max_size=3))
def test_streamed_and_collected_are_the_same(seed: int, stops: list[str]) -> None:
    params = SamplingParams(max_tokens=20, temperature=1.5, seed=seed, n=3, num_logprobs=1)
    with submitted(FakeRunner(), params) as stream:
        collected = collect(stream, TOKENIZER, stops)
    with submitted(FakeRunner(), params) as stream:
        events = list(stream_text(stream, TOKENIZER, stops))
    assert gather(e for e in events if isinstance(e, TextDelta)) == collected
    assert [c.index for c in collected] == [0, 1, 2]


def test_a_stop_frees_the_row_of_its_candidate_alone() -> None:
    params = SamplingParams(max_tokens=40, temperature=0, n=2, ignore_eos=True)
    runner = saying("one two " * 9)
    with submitted(runner, params) as stream:
        candidates = collect(stream, TOKENIZER, ["two"])
    assert [c.text for c in candidates] == ["one ", "one "]
    assert sum(what == "decode" for what, _ in runner.calls) < 40


def test_a_candidate_aborted_from_outside_says_so() -> None:
    runner = saying("one two")
    runner.gate.clear()
    with submitted(runner) as stream:
        stream.abort()
        runner.gate.set()
        (candidate,) = collect(stream, TOKENIZER)
    assert (candidate.text[:1], candidate.finish_reason) in [("", "abort"), ("o", "abort")]
    assert candidate.mean_logprob <= 0


def test_without_tokens_the_mean_logprob_is_the_worst() -> None:
    assert Candidate(0, "", "abort", None, ()).mean_logprob == -math.inf


def test_a_pause_is_reported_while_nothing_comes() -> None:
    runner = saying("hello")
    runner.gate.clear()
    with submitted(runner) as stream:
        events = stream_text(stream, TOKENIZER, wait_s=0.01)
        assert next(events) == Pause()
        runner.gate.set()
        text = "".join(e.text for e in events if isinstance(e, TextDelta))
    assert text == "hello"


def test_what_check_raises_ends_the_request() -> None:
    def leave() -> None:
        raise RequestAborted("gone")

    runner = saying("x" * 100)
    params = SamplingParams(max_tokens=100, temperature=0)
    with submitted(runner, params) as stream:
        with pytest.raises(RequestAborted):
            collect(stream, TOKENIZER, check=leave)
        limit = time.monotonic() + 10
        while not stream.finished and time.monotonic() < limit:
            stream.next_events(1)
        assert stream.finished


def test_closing_the_iterator_aborts() -> None:
    runner = saying("x" * 100)
    with submitted(runner, SamplingParams(max_tokens=100, temperature=0)) as stream:
        events = stream_text(stream, TOKENIZER)
        next(events)
        events.close()
        remaining = list(stream)
    assert len(remaining) < 100
