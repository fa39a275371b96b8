"""How a request wants its tokens drawn. A value, checked once at the edge, trusted behind it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Names and meaning as in vLLM and the OpenAI API.

    The order of the filters is fixed: penalties, temperature, top-k, top-p, min-p, draw.
    """

    temperature: float = 0.7
    """0 is greedy."""
    top_k: int = 50
    """Keep the k most likely tokens; 0 keeps all."""
    top_p: float = 0.95
    """Keep the smallest set of tokens whose probability reaches p (Holtzman et al. 2020)."""
    min_p: float = 0.0
    """Drop tokens less likely than min_p times the most likely one (Nguyen et al. 2024)."""
    repetition_penalty: float = 1.0
    """Divide (multiply, where negative) the logits of tokens seen, prompt included
    (Keskar et al. 2019)."""
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    """OpenAI's two, over generated tokens only."""
    max_tokens: int = 64
    min_tokens: int = 0
    """The end token cannot be drawn before this many tokens."""
    ignore_eos: bool = False
    """Go on after the end token, until max_tokens. For benchmarks."""
    seed: int = 0
    """Candidate i draws from a generator seeded by (seed, first_index + i)."""
    n: int = 1
    """Candidates that share one prefill."""
    first_index: int = 0
    """Number of the first candidate: whoever draws more later goes on where he stopped."""
    num_logprobs: int | None = 0
    """Alternatives reported a token, besides its own log-probability. None reports neither, and
    saves a pass over the vocabulary for each token."""
