"""Greedy text from a torch model: to look at while training, and to compare the export with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from peft import PeftModel
from transformers import PreTrainedModel

MAX_TOKENS = 60


@torch.inference_mode()
def greedy_ids(
    model: PreTrainedModel | PeftModel,
    prompt: Sequence[int],
    end_ids: Sequence[int],
    max_tokens: int = MAX_TOKENS,
) -> list[int]:
    """The likeliest token after each other, until an end marker, which is left out, or the end of
    the model's context."""
    max_tokens = min(max_tokens, model.config.max_position_embeddings - len(prompt))
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    ids, cache, answer = torch.tensor([prompt], device=device), None, []
    for _ in range(max_tokens):
        outputs = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache, token = outputs.past_key_values, int(outputs.logits[0, -1].argmax())
        if token in end_ids:
            break
        answer.append(token)
        ids = torch.tensor([[token]], device=device)
    model.train(was_training)
    return answer
