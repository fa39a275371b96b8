from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.engine.llm_engine import LLMEngine, TokenOutput
from service.engine.sampling_params import SamplingParams
from service.errors import PromptTooLong, ValidationFailed
from tests.fakes import EOS, FakeRunner

PARAMS = SamplingParams(max_tokens=12, temperature=1.0, seed=5, num_logprobs=2)


def make_engine(runner: FakeRunner | None = None, **limits: int) -> LLMEngine:
    limits = {"max_num_seqs": 8, "max_model_len": 256, "prefill_chunk_size": 16, **limits}
    return LLMEngine(runner or FakeRunner(), eos_ids=[EOS], **limits)


def run(engine: LLMEngine, max_steps: int = 2000) -> list[TokenOutput]:
    outputs: list[TokenOutput] = []
    for _ in range(max_steps):
        if not engine.has_work:
            return outputs
        outputs += engine.step()
    raise AssertionError("the engine does not come to an end")


def of(outputs: list[TokenOutput], request_id: str, index: int = 0) -> list[TokenOutput]:
    return [
        replace(o, request_id="") for o in outputs if (o.request_id, o.index) == (request_id, index)
    ]


def alone(prompt: list[int], params: SamplingParams, prefix: int = 0) -> list[TokenOutput]:
    engine = make_engine()
    engine.add_request("a", prompt, params, num_prefix_tokens=prefix)
    return run(engine)


requests = st.tuples(
    st.lists(st.integers(0, 255), min_size=1, max_size=70),
    st.builds(
        SamplingParams,
        temperature=st.sampled_from([0.0, 0.7, 1.5]),
        top_k=st.sampled_from([0, 5, 50]),
        repetition_penalty=st.sampled_from([1.0, 1.2]),
        seed=st.integers(0, 2**31),
        n=st.integers(1, 4),
        max_tokens=st.integers(1, 14),
        ignore_eos=st.booleans(),
    ),
    st.integers(0, 40),
)


@settings(deadline=None, max_examples=60)
@given(requests, st.lists(st.tuples(st.integers(0, 9), requests), max_size=12), st.integers(0, 12))
def test_a_request_gets_the_same_bits_in_any_company(
    mine: tuple[list[int], SamplingParams, int],
    company: list[tuple[int, tuple[list[int], SamplingParams, int]]],
    arrival: int,
) -> None:
    engine, outputs = make_engine(), list[TokenOutput]()
    coming = {f"other{i}": one for i, one in enumerate(company)}
    for step in range(14):
        if step == arrival:
            engine.add_request("a", mine[0], mine[1], num_prefix_tokens=mine[2])
        for name, (when, (prompt, params, prefix)) in coming.items():
            if when == step:
                engine.add_request(name, prompt, params, num_prefix_tokens=prefix)
        outputs += engine.step()
    outputs += run(engine)
    expected = alone(*mine)
    for index in range(mine[1].n):
        assert of(outputs, "a", index) == of(expected, "a", index)


def test_candidates_do_not_depend_on_how_many_there_are() -> None:
    prompt = list(range(40))
    one, eight = alone(prompt, PARAMS), alone(prompt, replace(PARAMS, n=8))
    assert of(one, "a", 0) == of(eight, "a", 0)
    assert len({tuple(o.token_id for o in of(eight, "a", i)) for i in range(8)}) == 8


def test_candidates_share_one_prefill() -> None:
    runner = FakeRunner()
    engine = make_engine(runner)
    engine.add_request("a", list(range(40)), replace(PARAMS, n=8))
    run(engine)
    assert [number for what, number in runner.calls if what == "prefill"] == [16, 16, 8]


def test_a_known_prefix_is_not_computed_again_and_changes_nothing() -> None:
    runner, prefix = FakeRunner(), list(range(20))
    engine = make_engine(runner)
    engine.add_request("first", [*prefix, 1, 2], PARAMS, num_prefix_tokens=20)
    run(engine)
    runner.calls.clear()
    engine.add_request("a", [*prefix, 7, 8, 9], PARAMS, num_prefix_tokens=20)
    outputs = run(engine)
    assert [number for what, number in runner.calls if what == "prefill"] == [3]
    assert engine.num_prefix_hits == 1
    assert of(outputs, "a") == of(alone([*prefix, 7, 8, 9], PARAMS, 20), "a")


def test_a_prompt_that_is_all_prefix_still_gets_logits() -> None:
    prompt = list(range(20))
    assert len(alone(prompt, replace(PARAMS, ignore_eos=True), prefix=20)) == 12


def test_running_streams_do_not_stall_while_a_long_prompt_comes_in() -> None:
    runner = FakeRunner()
    engine = make_engine(runner)
    engine.add_request("short", [1], replace(PARAMS, ignore_eos=True))
    engine.step()
    engine.add_request("long", list(range(160)), PARAMS)
    for _ in range(8):
        assert [o.request_id for o in engine.step()] == ["short"]


def test_requests_begin_in_the_order_they_came() -> None:
    engine = make_engine(max_num_seqs=4)
    engine.add_request("wide", [1], replace(PARAMS, n=4))
    engine.add_request("wide2", [2], replace(PARAMS, n=4))
    for i in range(6):
        engine.add_request(f"small{i}", [3], PARAMS)
    seen = list(dict.fromkeys(o.request_id for o in run(engine)))
    assert seen == ["wide", "wide2", *(f"small{i}" for i in range(6))]


def test_the_end_token_ends_a_candidate() -> None:
    engine = make_engine(FakeRunner(script=lambda row: EOS if len(row) == 5 else 65))
    engine.add_request("a", [1, 2], replace(PARAMS, temperature=0))
    outputs = run(engine)
    assert [o.token_id for o in outputs] == [65, 65, 65, EOS]
    assert [o.finish_reason for o in outputs] == [None, None, None, "stop"]


def test_ignore_eos_goes_on_to_max_tokens() -> None:
    engine = make_engine(FakeRunner(script=lambda row: EOS))
    engine.add_request("a", [1, 2], replace(PARAMS, temperature=0, ignore_eos=True))
    outputs = run(engine)
    assert [o.token_id for o in outputs] == [EOS] * 12
    assert outputs[-1].finish_reason == "length"


def test_min_tokens_holds_the_end_back() -> None:
    engine = make_engine(FakeRunner(script=lambda row: EOS))
    engine.add_request("a", [1], replace(PARAMS, temperature=0, min_tokens=4))
    outputs = run(engine)
    assert [o.token_id == EOS for o in outputs] == [False] * 4 + [True]


def test_a_prompt_over_the_context_is_refused_with_both_counts() -> None:
    with pytest.raises(PromptTooLong) as caught:
        make_engine().add_request("a", [1] * 250, PARAMS)
    assert caught.value.extra["num_prompt_tokens"] == 250
    assert caught.value.extra["max_tokens"] == 12


def test_a_prompt_that_just_fits_runs() -> None:
    engine = make_engine()
    engine.add_request("a", [1] * 244, replace(PARAMS, ignore_eos=True))
    assert len(run(engine)) == 12


@pytest.mark.parametrize(("prompt", "n", "field"), [([], 1, "prompt"), ([1], 9, "n")])
def test_what_can_never_run_is_refused(prompt: list[int], n: int, field: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        make_engine().add_request("a", prompt, replace(PARAMS, n=n))
    assert field in caught.value.errors


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 6], ids=lambda s: f"after {s} steps")
def test_abort_frees_the_slots_before_the_next_step(steps: int) -> None:
    """The prompt takes three steps: queued, in prefill, just prefilled, decoding."""
    engine = make_engine(max_num_seqs=2)
    engine.add_request("a", list(range(40)), replace(PARAMS, n=2, ignore_eos=True))
    for _ in range(steps):
        engine.step()
    engine.abort("a")
    assert engine.num_used_slots == 0
    assert not engine.has_work
    assert engine.step() == []


def test_aborting_one_candidate_leaves_its_siblings_as_they_were() -> None:
    params = replace(PARAMS, n=3, ignore_eos=True)
    engine = make_engine()
    engine.add_request("a", list(range(40)), params)
    outputs = [o for _ in range(5) for o in engine.step()]
    engine.abort("a", 1)
    assert engine.num_used_slots == 2
    outputs += run(engine)
    expected = alone(list(range(40)), params)
    assert [of(outputs, "a", i) for i in (0, 2)] == [of(expected, "a", i) for i in (0, 2)]
    assert 0 < len(of(outputs, "a", 1)) < 12


def test_a_candidate_aborted_in_the_queue_never_runs() -> None:
    engine = make_engine()
    engine.add_request("a", [1, 2, 3], replace(PARAMS, n=2))
    engine.abort("a", 0)
    assert {o.index for o in run(engine)} == {1}


def test_aborting_what_is_not_there_is_no_error() -> None:
    make_engine().abort("nobody")


@pytest.mark.parametrize("steps", [0, 2, 6], ids=["prefill", "late prefill", "decode"])
def test_after_a_fault_those_who_waited_run_as_if_nothing_had_happened(steps: int) -> None:
    runner = FakeRunner()
    engine = make_engine(runner, max_num_seqs=2)
    prefix = list(range(20))
    engine.add_request("broken", [*prefix, *range(20)], replace(PARAMS, n=2), num_prefix_tokens=20)
    engine.add_request("a", [*prefix, 1], PARAMS, num_prefix_tokens=20)
    for _ in range(steps):
        engine.step()
    runner.fault = RuntimeError("out of memory")
    with pytest.raises(RuntimeError):
        engine.step()
    assert engine.fail() == ["broken"]
    assert engine.num_used_slots == 0
    assert of(run(engine), "a") == of(alone([*prefix, 1], PARAMS, 20), "a")


def test_counts_what_it_has_done() -> None:
    engine = make_engine()
    engine.add_request("a", [1, 2, 3], replace(PARAMS, n=2, ignore_eos=True))
    assert engine.num_open_tokens == 24
    run(engine)
    assert (engine.num_prompt_tokens, engine.num_generated_tokens) == (3, 24)
    assert engine.num_open_tokens == 0
