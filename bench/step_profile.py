"""Where a step's time goes, and what rows and context cost: `python -m bench.step_profile`.

Prints two tables in Markdown and, given a path, draws the second one (`--plot docs/steps.svg`).
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from bench.in_process import make_engine
from bench.workload import prompts
from service.config import Config
from service.engine.llm_engine import NUM_PREFILL_SLOTS, LLMEngine
from service.engine.model_runner import OnnxModelRunner
from service.engine.sampling_params import SamplingParams
from service.models import LoadedModel
from service.served import model_store
from service.tokenizer import Tokenizer

MODEL = "smollm2-135m-instruct"
ROWS = (1, 2, 4, 8, 16, 32)
CONTEXTS = (128, 256, 512, 1024, 2048)
_SLOTS, _STEPS = 16, 40
Point = tuple[int, int, float]
"""Rows, tokens of context in each, milliseconds a step."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.step_profile", description=__doc__)
    parser.add_argument("--plot", type=Path, help="where to draw the step times")
    options = parser.parse_args()
    model = model_store(Config.from_env()).load(MODEL)
    print_shares(model)
    points = list(step_times(model))
    print_steps(model, points)
    if options.plot:
        draw(points, options.plot)


def print_shares(model: LoadedModel) -> None:
    """The shares of model, sampler and the rest in a step with 16 rows."""
    engine = _full_engine(model)
    plain = [_milliseconds(engine.step) for _ in range(_STEPS)]
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(_STEPS):
        engine.step()
    profile.disable()
    spent = pstats.Stats(profile).get_stats_profile().func_profiles
    whole = spent["step"].cumtime
    print(f"A step of 16 rows takes {median(plain):.1f} ms.\n\n| part | share |\n|---|---|")
    for part, name in (("model", "decode"), ("sampler", "sample"), ("all of the step", "step")):
        print(f"| {part} | {spent[name].cumtime / whole:.1%} |")
    print()


def _full_engine(model: LoadedModel) -> LLMEngine:
    """All rows decoding, at the default settings of a request."""
    engine = make_engine(model, _SLOTS, 512)
    tokenizer = Tokenizer.from_file(model.tokenizer)
    for number, text in enumerate(prompts(_SLOTS)):
        params = SamplingParams(max_tokens=300, ignore_eos=True, seed=number, num_logprobs=None)
        engine.add_request(str(number), tokenizer.encode(text), params)
    while engine.num_used_slots < _SLOTS:
        engine.step()
    for _ in range(5):
        engine.step()
    return engine


def step_times(model: LoadedModel) -> Iterator[Point]:
    """Decode steps of the model alone."""
    num_slots = max(ROWS) + NUM_PREFILL_SLOTS
    runner = OnnxModelRunner(model, num_slots=num_slots, max_model_len=max(CONTEXTS))
    for _ in range(_STEPS):  # the first steps find cold caches and a slow clock
        runner.decode([5] * _SLOTS, [CONTEXTS[0]] * _SLOTS)
    for context in CONTEXTS:
        for rows in ROWS:
            lengths = [context - 1] * rows
            times = [
                _milliseconds(lambda r=rows, n=lengths: runner.decode([5] * r, n))
                for _ in range(_STEPS)
            ]  # type: ignore[misc]
            yield rows, context, median(times[2:])


def print_steps(model: LoadedModel, points: list[Point]) -> None:
    runner = OnnxModelRunner(model, num_slots=1, max_model_len=1)
    per_token = runner.cache_shape.bytes_per_token
    print("| rows | " + " | ".join(f"{c} tokens" for c in CONTEXTS) + " |")
    print("|---" * (len(CONTEXTS) + 1) + "|")
    for rows in ROWS:
        cells = [
            f"{ms:.1f} ms, {rows * context * per_token / 1e6:,.0f} MB"
            for r, context, ms in points
            if r == rows
        ]
        print(f"| {rows} | " + " | ".join(cells) + " |")


def draw(points: list[Point], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    for context in CONTEXTS:
        line = [(rows, ms) for rows, c, ms in points if c == context]
        axes.plot(*zip(*line, strict=True), marker="o", label=f"{context} tokens")
    axes.set(xlabel="rows", ylabel="milliseconds a step", xscale="log", yscale="log")
    axes.set_xticks(ROWS, [str(rows) for rows in ROWS])
    axes.legend(title="context of each row")
    axes.grid(visible=True, alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


if __name__ == "__main__":
    main()
