"""OpenVINO GenAI with continuous batching, the weights read from the GGUF."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import openvino_genai as genai

from bench.peers.common import measure_batches, report, startup_s
from bench.workload import MAX_TOKENS, prompts


def main(gguf: str) -> None:
    scheduler = genai.SchedulerConfig()
    scheduler.max_num_seqs = 16
    scheduler.max_num_batched_tokens = 2048
    scheduler.cache_size = 2
    pipeline = genai.ContinuousBatchingPipeline(gguf, scheduler, "CPU")
    config = genai.GenerationConfig(
        max_new_tokens=MAX_TOKENS, ignore_eos=True, do_sample=True, temperature=0.7, top_k=50
    )
    startup = startup_s()
    numbers = iter(range(1_000_000))

    def run(texts: Sequence[str]) -> Iterator[list[int]]:
        handles = [pipeline.add_request(next(numbers), text, config) for text in texts]
        while pipeline.has_non_finished_requests():
            pipeline.step()
            yield [i for i, h in enumerate(handles) for _ in range(_num_new(h))]

    num_prompt_tokens = pipeline.get_tokenizer().encode(prompts(1)[0]).input_ids.shape[1]
    report("openvino-genai", "openvino-genai", startup, num_prompt_tokens, measure_batches(run))


def _num_new(handle: genai.GenerationHandle) -> int:
    """Tokens that have come since the last look."""
    if not handle.can_read():
        return 0
    return sum(len(output.generated_ids) for output in handle.read().values())


if __name__ == "__main__":
    main(*sys.argv[1:])
