from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from service.engine.sampler import Sampler, top_ids
from service.engine.sampling_params import SamplingParams
from service.engine.sequence import Request, Sequence

EOS = 3


def sequence(seed: int = 0, prompt: tuple[int, ...] = (1, 2), **params: float) -> Sequence:
    return Request("r", prompt, SamplingParams(seed=seed, **params)).sequences[0]  # type: ignore[arg-type]


def draw(logits: NDArray[np.float32], **params: float) -> int:
    return Sampler(frozenset({EOS})).sample(logits, sequence(**params)).token_id


def draws(logits: NDArray[np.float32], number: int = 400, **params: float) -> set[int]:
    sampler, one = Sampler(frozenset({EOS})), sequence(**params)
    return {sampler.sample(logits, one).token_id for _ in range(number)}


def random_logits(seed: int, size: int = 5000) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(size, dtype=np.float32) * 3


@given(st.integers(0, 2**32), st.integers(1, 300), st.sampled_from([70, 640, 5000, 5001]))
def test_top_ids_are_those_of_a_full_sort(seed: int, k: int, size: int) -> None:
    logits = np.round(random_logits(seed, size), 1)  # rounded, so that there are equals
    assert top_ids(logits, k).tolist() == np.argsort(-logits, kind="stable")[:k].tolist()


def test_zero_temperature_takes_the_likeliest() -> None:
    logits = random_logits(1)
    assert draw(logits, temperature=0) == logits.argmax()


@pytest.mark.parametrize("temperature", [1e-12, 1e-300, 5e-324])
def test_tiny_temperature_is_greedy_and_not_nan(temperature: float) -> None:
    logits = random_logits(2)
    assert draws(logits, 20, temperature=temperature) == {int(logits.argmax())}


def test_top_k_leaves_the_k_likeliest() -> None:
    logits = np.array([0, 5, 4, 0, 3, 0], dtype=np.float32)
    assert draws(logits, temperature=2, top_k=3, top_p=1) == {1, 2, 4}


def test_top_p_leaves_the_smallest_set_that_reaches_p() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))
    assert draws(logits, temperature=1, top_k=0, top_p=0.75) == {0, 1}


def test_min_p_is_relative_to_the_likeliest() -> None:
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))
    assert draws(logits, temperature=1, top_k=0, top_p=1, min_p=0.2) == {0, 1, 2}


def test_top_p_of_a_flat_distribution_looks_past_the_first_few() -> None:
    logits = np.zeros(2000, dtype=np.float32)
    assert max(draws(logits, 3000, temperature=1, top_k=0, top_p=0.9)) > 1500


def test_unfiltered_draws_follow_the_distribution() -> None:
    probabilities = np.array([0.6, 0.1, 0.3], dtype=np.float32)
    sampler, one = Sampler(frozenset()), sequence(temperature=1, top_k=0, top_p=1)
    drawn = [sampler.sample(np.log(probabilities), one).token_id for _ in range(4000)]
    assert np.bincount(drawn) / 4000 == pytest.approx(probabilities, abs=0.03)


def test_top_k_draws_follow_the_distribution_at_a_temperature() -> None:
    logits = np.array([1, 0, 2, -9], dtype=np.float32)
    expected = np.exp(logits[:3] / 0.5) / np.exp(logits[:3] / 0.5).sum()
    sampler, one = Sampler(frozenset()), sequence(temperature=0.5, top_k=3, top_p=1)
    drawn = [sampler.sample(logits, one).token_id for _ in range(4000)]
    assert np.bincount(drawn) / 4000 == pytest.approx(expected, abs=0.03)


def test_repetition_penalty_covers_prompt_and_answer() -> None:
    logits = np.array([1.0, 2.0, 1.9, 0, -1], dtype=np.float32)
    one = sequence(prompt=(1,), temperature=0, repetition_penalty=1.5)
    sampler = Sampler(frozenset())
    first = sampler.sample(logits, one).token_id
    one.append(first)
    assert (first, sampler.sample(logits, one).token_id) == (2, 1)


def test_presence_and_frequency_penalties_leave_the_prompt_alone() -> None:
    logits = np.array([0, 2.0, 1.5], dtype=np.float32)
    one = sequence(prompt=(1, 1, 1), temperature=0, presence_penalty=0.3, frequency_penalty=0.3)
    sampler, drawn = Sampler(frozenset()), []
    for _ in range(3):
        drawn.append(sampler.sample(logits, one).token_id)
        one.append(drawn[-1])
    assert drawn == [1, 2, 1]


def test_the_end_cannot_be_drawn_before_min_tokens() -> None:
    logits = np.array([0, 0, 1, 9], dtype=np.float32)
    one = sequence(temperature=0, min_tokens=1)
    sampler = Sampler(frozenset({EOS}))
    first = sampler.sample(logits, one).token_id
    one.append(first)
    assert (first, sampler.sample(logits, one).token_id) == (2, EOS)


def test_logprobs_are_of_the_model_alone() -> None:
    logits = random_logits(5)
    one = sequence(temperature=0.3, top_k=2, min_tokens=9, num_logprobs=3, presence_penalty=1)
    sampled = Sampler(frozenset({EOS})).sample(logits, one)
    expected = logits - np.log(np.exp(logits.astype(np.float64)).sum())
    assert sampled.logprob == pytest.approx(expected[sampled.token_id], abs=1e-5)
    assert [i for i, _ in sampled.top_logprobs] == np.argsort(-logits)[:3].tolist()
    assert dict(sampled.top_logprobs) == pytest.approx(
        {i: expected[i] for i, _ in sampled.top_logprobs}, abs=1e-5
    )


def test_a_token_is_the_same_where_no_logprob_is_wanted() -> None:
    logits = random_logits(6)
    told, untold = (
        Sampler(frozenset()).sample(logits, sequence(num_logprobs=n)) for n in (0, None)
    )
    assert told.token_id == untold.token_id
    assert (math.isnan(told.logprob), math.isnan(untold.logprob)) == (False, True)


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(0, 11))
def test_a_row_is_sampled_to_the_same_bits_wherever_it_lies(seed: int, rows: int, row: int) -> None:
    batch = random_logits(seed, rows * 4160).reshape(rows, 4160)
    logits = batch[row % rows]
    kinds = [{}, {"top_k": 0}, {"top_k": 0, "top_p": 1.0}, {"repetition_penalty": 1.2}]
    for params in kinds:
        sampled = [
            Sampler(frozenset({EOS})).sample(lying, sequence(seed=7, **params))
            for lying in (logits, logits.copy())
        ]
        assert sampled[0] == sampled[1]


def test_logits_stay_as_they_are() -> None:
    logits = random_logits(6)
    before = logits.copy()
    draw(logits, repetition_penalty=1.3, min_tokens=4)
    assert np.array_equal(before, logits)
