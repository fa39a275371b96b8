"""The project's engine without HTTP: `python -m bench.in_process MODELS_DIR MODEL` prints a result
as JSON."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from bench.clients import measure
from bench.memory import peak_mb
from bench.results import Answer, SystemResult
from bench.workload import MAX_MODEL_LEN, MAX_TOKENS, prompts
from service.engine.llm_engine import NUM_PREFILL_SLOTS, LLMEngine
from service.engine.model_runner import OnnxModelRunner
from service.engine.sampling_params import SamplingParams
from service.engine.worker import EngineWorker
from service.models import LoadedModel, ModelStore
from service.tokenizer import Tokenizer

_SLOTS = 16
PARAMS = SamplingParams(max_tokens=MAX_TOKENS, ignore_eos=True, num_logprobs=None)
"""As `/generate` asks."""


def make_engine(model: LoadedModel, max_num_seqs: int, max_model_len: int) -> LLMEngine:
    runner = OnnxModelRunner(
        model, num_slots=max_num_seqs + NUM_PREFILL_SLOTS, max_model_len=max_model_len
    )
    return LLMEngine(
        runner,
        eos_ids=model.dims.eos_ids,
        max_num_seqs=max_num_seqs,
        max_model_len=max_model_len,
    )


def main(models_dir: str, model_name: str) -> None:
    # The parent says when it started this process: imports are part of starting up.
    began = float(os.environ.get("BENCH_BEGAN", time.time()))
    model = ModelStore(Path(models_dir)).load(model_name)
    tokenizer = Tokenizer.from_file(model.tokenizer)
    worker = EngineWorker({"m": make_engine(model, _SLOTS, MAX_MODEL_LEN)})
    worker.start()
    startup_s = time.time() - began

    def ask(prompt: str) -> Answer:
        began = time.perf_counter()
        stream = worker.submit("m", tokenizer.encode(prompt), PARAMS)
        stamps = [time.perf_counter() - began for _ in stream]
        return Answer(stamps[0], stamps[-1], len(stamps))

    levels = measure(ask)
    worker.close()
    result = SystemResult(
        name="doc2tweet",
        over_http=False,
        version="this checkout",
        startup_s=startup_s,
        peak_mb=peak_mb(os.getpid()),
        num_prompt_tokens=len(tokenizer.encode(prompts(1)[0])),
        levels=levels,
    )
    print(result.to_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
