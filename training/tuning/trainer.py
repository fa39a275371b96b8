"""The Trainer with this project's loss: answer tokens only, each by its own weight.

Everything else is the library's: accelerate, checkpoints, schedules, logging.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from transformers import Trainer

from service.errors import TrainingDiverged
from training.tuning.batches import GroupedSampler, collate
from training.tuning.examples import PairDataset


class TweetTrainer(Trainer):
    """Trains on `PairDataset`; batches are made by `collate`."""

    def __init__(self, train: PairDataset, dev: PairDataset, **options: Any) -> None:
        super().__init__(data_collator=collate, train_dataset=train, eval_dataset=dev, **options)
        self._train, self._dev = train, dev
        # The loss below divides by the tokens of the whole step, so the Trainer must not divide
        # by the number of its parts.
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> Any:
        """Mean weighted loss of a token.

        Raises:
            TrainingDiverged: it is not a number.
        """
        outputs = model(
            input_ids=inputs["input_ids"],
            logits_to_keep=inputs["logits_to_keep"],
            use_cache=False,
        )
        total = (token_losses(outputs.logits, inputs["labels"]) * inputs["weights"]).sum()
        num_items = inputs["labels"].numel() if num_items_in_batch is None else num_items_in_batch
        loss = total / num_items
        if not torch.isfinite(loss):
            raise TrainingDiverged(
                f"the loss became {loss.item()} at step {self.state.global_step}"
            )
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Held-out loss a token, which batches of unlike size would blur."""
        metrics = {"eval_loss": self._held_out_loss()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _held_out_loss(self) -> float:
        size = self.args.per_device_eval_batch_size
        assert isinstance(self.model, nn.Module)
        return held_out_loss(self.model, self._dev, size, bf16=self.args.bf16)

    def _get_train_sampler(self, *_: Any) -> GroupedSampler:
        at_once = self.args.train_batch_size * self.args.world_size
        size = at_once * self.args.gradient_accumulation_steps
        return GroupedSampler(self._train, size, self.args.seed)


def token_losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of each label in nats; logits [tokens, vocab]."""
    return cross_entropy(logits.float(), labels, reduction="none")


@torch.inference_mode()
def held_out_loss(model: nn.Module, dataset: PairDataset, batch_size: int, *, bf16: bool) -> float:
    """Mean loss a token of the answers, every token alike."""
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    device = next(model.parameters()).device
    # A generator of its own: measuring must not shift the draws of the training around it.
    loader = DataLoader(dataset, batch_size, collate_fn=collate, generator=torch.Generator())
    for batch in loader:
        inputs = {name: tensor.to(device) for name, tensor in batch.items()}
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = model(
                input_ids=inputs["input_ids"],
                logits_to_keep=inputs["logits_to_keep"],
                use_cache=False,
            ).logits
        total += token_losses(logits, inputs["labels"]).sum().item()
        count += inputs["labels"].numel()
    model.train(was_training)
    return total / count
