"""What a run comes to. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Answer:
    """One request: seconds to the first token and to the end, and how many tokens came."""

    first: float
    whole: float
    num_tokens: int

    @property
    def per_token(self) -> float:
        """TPOT: seconds a token after the first one."""
        return (self.whole - self.first) / max(1, self.num_tokens - 1)


@dataclass(frozen=True)
class Level:
    """So many clients at once, each sending its next request when it has its answer."""

    clients: int
    tokens_per_s: float
    """Answered tokens over the whole time, prefill included."""
    ttft_p50_ms: float
    ttft_p95_ms: float
    tpot_p50_ms: float
    tpot_p95_ms: float


@dataclass(frozen=True)
class SystemResult:
    name: str
    over_http: bool
    version: str
    startup_s: float
    """From the start of the process until it can answer."""
    peak_mb: float
    """Largest resident memory, children included."""
    num_prompt_tokens: int
    levels: tuple[Level, ...]

    @property
    def prefill_tokens_per_s(self) -> float:
        return self.num_prompt_tokens / (self.levels[0].ttft_p50_ms / 1e3)

    @property
    def decode_tokens_per_s(self) -> float:
        return 1e3 / self.levels[0].tpot_p50_ms

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> SystemResult:
        raw = json.loads(text)
        return cls(**{**raw, "levels": tuple(Level(**level) for level in raw["levels"])})


def level_of(clients: int, seconds: float, answers: Sequence[Answer]) -> Level:
    """Sum up the answers that came within `seconds`."""
    firsts = [answer.first * 1e3 for answer in answers]
    per_token = [answer.per_token * 1e3 for answer in answers]
    return Level(
        clients=clients,
        tokens_per_s=sum(answer.num_tokens for answer in answers) / seconds,
        ttft_p50_ms=percentile(firsts, 50),
        ttft_p95_ms=percentile(firsts, 95),
        tpot_p50_ms=percentile(per_token, 50),
        tpot_p95_ms=percentile(per_token, 95),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(percent / 100 * (len(ranked) - 1)))]
