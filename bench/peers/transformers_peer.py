"""transformers on torch, float32, the weights read from the GGUF."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from bench.peers.common import measure_batches, report, startup_s
from bench.workload import MAX_TOKENS, prompts


def main(gguf: str) -> None:
    path = Path(gguf)
    torch.set_num_threads(2)
    source = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    tokenizer = AutoTokenizer.from_pretrained(**source, padding_side="left")
    tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32).eval()
    startup = startup_s()

    @torch.inference_mode()
    def run(texts: Sequence[str]) -> Iterator[list[int]]:
        batch = tokenizer(list(texts), return_tensors="pt", padding=True)
        mask, ids, past = batch["attention_mask"], batch["input_ids"], None
        everyone = list(range(len(texts)))
        for _ in range(MAX_TOKENS):
            out = model(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=past,
                use_cache=True,
                logits_to_keep=1,
            )
            past = out.past_key_values
            ids = torch.multinomial((out.logits[:, -1] / 0.7).softmax(-1), 1)
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
            yield everyone

    levels = measure_batches(run)
    report("transformers", "transformers", startup, len(tokenizer(prompts(1)[0]).input_ids), levels)


if __name__ == "__main__":
    main(*sys.argv[1:])
