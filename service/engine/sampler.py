"""From logits to a token. Every row is worked on alone, so its neighbours cannot change its bits.

The order is fixed: penalties, temperature, top-k, top-p, min-p, draw. Log-probabilities are the
model's own, before all of these. Knows no cache, no queue and no text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.engine.sampling_params import SamplingParams
from service.engine.sequence import Sequence

_GROUP = 64
"""Logits of which only the largest is looked at, to find a floor under the k largest."""
_FIRST_NUCLEUS = 256
"""Tokens sorted at first for top-p; nearly always enough."""

Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SampledToken:
    token_id: int
    logprob: float = math.nan
    top_logprobs: tuple[tuple[int, float], ...] = ()


class Sampler:
    """Draws one token a row.

    `eos_ids` end a text; before `min_tokens` they cannot be drawn.
    """

    def __init__(self, eos_ids: frozenset[int]) -> None:
        self._eos_ids = sorted(eos_ids)

    def sample(self, logits: Row, sequence: Sequence) -> SampledToken:
        """Draw a sequence's next token from `logits`, float32 [vocab], which stays unchanged."""
        params = sequence.request.params
        token_id = self._choose(self._penalised(logits, sequence), params, sequence.generator)
        if params.num_logprobs is None:
            return SampledToken(token_id)
        log_total = _log_sum_exp(logits)
        top = [(int(i), float(logits[i]) - log_total) for i in top_ids(logits, params.num_logprobs)]
        return SampledToken(token_id, float(logits[token_id]) - log_total, tuple(top))

    def _penalised(self, logits: Row, sequence: Sequence) -> Row:
        params = sequence.request.params
        masks_eos = not params.ignore_eos and len(sequence.token_ids) < params.min_tokens
        if not masks_eos and not sequence.request.counts_tokens:
            return logits
        logits = logits.copy()
        if sequence.request.counts_tokens:
            _penalise(logits, sequence)
        if masks_eos:
            logits[self._eos_ids] = -np.inf
        return logits

    def _choose(self, logits: Row, params: SamplingParams, generator: np.random.Generator) -> int:
        if params.temperature == 0:
            return int(logits.argmax())
        ids, weights = _candidates(logits, params)
        cumulative = np.cumsum(weights)
        drawn = np.searchsorted(cumulative, generator.random() * cumulative[-1], side="right")
        return int(ids[min(int(drawn), len(ids) - 1)])


def top_ids(logits: Row, k: int) -> NDArray[np.int64]:
    """The k largest, falling; of equals the smaller id first.

    The k-th largest of the groups' maxima is a floor under the k largest of all, so that only few
    need sorting. A group is a column of [64, groups], so that its maximum is found lane by lane.
    """
    if k <= 0:
        return np.empty(0, dtype=np.int64)
    num_groups = logits.size // _GROUP
    if k < num_groups:
        maxima = logits[: num_groups * _GROUP].reshape(_GROUP, num_groups).max(axis=0)
        floor = np.partition(maxima, num_groups - k)[num_groups - k]
        ids = np.flatnonzero(logits >= floor)
    else:
        ids = np.arange(logits.size)
    return ids[np.argsort(-logits[ids], kind="stable")[:k]]


def _penalise(logits: Row, sequence: Sequence) -> None:
    """Repetition (Keskar et al. 2019) on prompt and answer; OpenAI's two on the answer."""
    params = sequence.request.params
    drawn = np.fromiter(sequence.counts.keys(), dtype=np.int64, count=len(sequence.counts))
    if sequence.request.prompt_ids is not None:
        seen = np.union1d(sequence.request.prompt_ids, drawn)
        values, penalty = logits[seen], np.float32(params.repetition_penalty)
        logits[seen] = np.where(values > 0, values / penalty, values * penalty)
    counts = np.fromiter(sequence.counts.values(), dtype=np.float32, count=len(sequence.counts))
    logits[drawn] -= counts * np.float32(params.frequency_penalty)
    logits[drawn] -= np.float32(params.presence_penalty)


def _candidates(
    logits: Row, params: SamplingParams
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Ids that may be drawn and their weights (not normalised), float64."""
    if params.top_k > 0:
        ids = top_ids(logits, params.top_k)
        weights = _weights(logits[ids], params.temperature)
        total = float(weights.sum())
    elif params.top_p < 1 or params.min_p > 0:
        ids, weights, total = _nucleus(logits, params)
    else:
        return np.arange(logits.size), _weights(logits, params.temperature)
    keep = _num_kept(weights, total, params)
    return ids[:keep], weights[:keep]


def _nucleus(
    logits: Row, params: SamplingParams
) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    """Enough of the most likely tokens to hold whatever top-p or min-p leaves."""
    total = float(_weights(logits, params.temperature).sum())
    number = _FIRST_NUCLEUS
    while True:
        ids = top_ids(logits, number)
        weights = _weights(logits[ids], params.temperature)
        if number >= logits.size or _num_kept(weights, total, params) < number:
            return ids, weights, total
        number *= 8


def _num_kept(weights: NDArray[np.float64], total: float, params: SamplingParams) -> int:
    """How many of the falling `weights`, which are parts of `total`, top-p and min-p leave."""
    by_p = int(np.searchsorted(np.cumsum(weights), params.top_p * total, side="left")) + 1
    by_min = int(np.count_nonzero(weights >= params.min_p * weights[0]))
    return max(1, min(by_p, by_min, len(weights)))


def _weights(values: Row, temperature: float) -> NDArray[np.float64]:
    """exp((v - max) / T) in float64: the largest is 1, so that no temperature gives NaN."""
    shifted = values.astype(np.float64) - float(values.max())
    with np.errstate(over="ignore", under="ignore"):
        weights: NDArray[np.float64] = np.exp(shifted / temperature)
    return weights


def _log_sum_exp(logits: Row) -> float:
    largest = logits.max()
    with np.errstate(under="ignore"):
        return float(largest) + float(np.log(np.exp(logits - largest).sum(dtype=np.float32)))
