"""onnxruntime-genai, on the folder that its own builder made (see `bench/convert.py`)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import onnxruntime_genai as og

from bench.peers.common import measure_batches, report, startup_s
from bench.workload import MAX_MODEL_LEN, MAX_TOKENS, prompts


def main(folder: str) -> None:
    model = og.Model(folder)
    tokenizer = og.Tokenizer(model)
    startup = startup_s()

    def run(texts: Sequence[str]) -> Iterator[list[int]]:
        ids = tokenizer.encode_batch(list(texts))
        length = ids.shape()[1] if hasattr(ids, "shape") else len(ids[0])
        params = og.GeneratorParams(model)
        params.set_search_options(
            batch_size=len(texts),
            max_length=MAX_MODEL_LEN,
            min_length=length + MAX_TOKENS,
            do_sample=True,
            temperature=0.7,
            top_k=50,
        )
        generator = og.Generator(model, params)
        generator.append_tokens(ids)
        for _ in range(MAX_TOKENS):
            generator.generate_next_token()
            yield list(range(len(texts)))

    num_prompt_tokens = len(tokenizer.encode(prompts(1)[0]))
    report(
        "onnxruntime-genai", "onnxruntime-genai", startup, num_prompt_tokens, measure_batches(run)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
