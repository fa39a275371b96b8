"""The engine on the real weights: nobody's neighbours change anybody's bits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.config import Config
from service.engine.llm_engine import NUM_PREFILL_SLOTS, LLMEngine, TokenOutput
from service.engine.model_runner import OnnxModelRunner
from service.engine.sampling_params import SamplingParams
from service.served import model_store
from service.tokenizer import Tokenizer
from tests.e2e.serving import environment

PARAMS = SamplingParams(max_tokens=12, temperature=0.9, seed=11, num_logprobs=3, ignore_eos=True)
TEXT = "The ferry to the island was late again, and the mayor said on Monday that a bridge "


@pytest.fixture(scope="module")
def parts(built_model: str) -> tuple[OnnxModelRunner, Tokenizer]:
    model = model_store(Config.from_env(environment({}))).load(built_model)
    runner = OnnxModelRunner(model, num_slots=16 + NUM_PREFILL_SLOTS, max_model_len=256)
    return runner, Tokenizer.from_file(model.tokenizer)


def answers(
    parts: tuple[OnnxModelRunner, Tokenizer], params: SamplingParams, num_others: int
) -> list[TokenOutput]:
    """The request's tokens, with so many others before, beside and behind it."""
    runner, tokenizer = parts
    engine = LLMEngine(runner, eos_ids=[], max_num_seqs=16, max_model_len=256)
    outputs: list[TokenOutput] = []
    for number in range(num_others):
        prompt = tokenizer.encode(TEXT * (number % 3 + 1) + str(number))
        other = SamplingParams(max_tokens=5 + number, seed=number, ignore_eos=True)
        engine.add_request(f"other{number}", prompt, other, num_prefix_tokens=number % 2 * 18)
        outputs += engine.step()
    engine.add_request("mine", tokenizer.encode(TEXT * 8), params, num_prefix_tokens=18)
    while engine.has_work:
        outputs += engine.step()
    return [output for output in outputs if output.request_id == "mine"]


def test_a_request_gets_the_same_bits_alone_and_among_fifteen(
    parts: tuple[OnnxModelRunner, Tokenizer],
) -> None:
    alone = answers(parts, PARAMS, num_others=0)
    assert len(alone) == 12
    assert answers(parts, PARAMS, num_others=15) == alone


def test_a_candidate_is_the_same_among_eight_as_alone(
    parts: tuple[OnnxModelRunner, Tokenizer],
) -> None:
    alone = answers(parts, PARAMS, num_others=0)
    eight = answers(parts, replace(PARAMS, n=8), num_others=3)
    assert [output for output in eight if output.index == 0] == alone
