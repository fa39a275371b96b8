"""One training run: a model, its data, a Trainer, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import EarlyStoppingCallback, PreTrainedModel, TrainingArguments

from service.errors import TrainingDataError
from service.prompts import end_id
from service.tokenizer import Tokenizer
from training.pairs import Pair
from training.tuning.casing import Casing
from training.tuning.checkpoints import last_checkpoint, logs_of
from training.tuning.curve import Logs, draw_curve, epochs_without_gain, held_out_losses
from training.tuning.examples import ExampleMaker, PairDataset, require_kind, training_pairs
from training.tuning.greedy import greedy_ids
from training.tuning.options import Base, FinetuneOptions
from training.tuning.torch_model import LORA_MODULES, Hardware, save_weights, torch_model
from training.tuning.trainer import TweetTrainer
from training.tuning.watch import StopOnBadGradient, StopOnInterrupt, WriteSamples

_NUM_SAMPLES = 8
_WARMUP_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Data:
    tokenizer: Tokenizer
    end_id: int
    train: PairDataset
    dev: PairDataset
    num_left_out: int
    """Of the pairs to train on: those that only tease, and tweets that have no room."""


def make_data(base: Base, train: list[Pair], dev: list[Pair], options: FinetuneOptions) -> Data:
    """Held-out pairs are seen as a stranger would send them: always without a title.

    No example is longer than the base's context.

    Raises:
        TrainingDataError: too few pairs, or without articles where those are asked for.
        SetupError: the tokenizer lacks a marker of the prompt format.
    """
    require_kind([*train, *dev], style_only=bool(base.spec.prompt.start))
    room = min(options.examples.max_tokens, base.checkpoint.architecture.context_length)
    wanted, tokenizer = replace(options.examples, max_tokens=room), base.tokenizer()
    corpus = Casing(pair.article for pair in train)
    maker = ExampleMaker(tokenizer, base.spec, wanted, corpus)
    judge = ExampleMaker(tokenizer, base.spec, wanted.as_given(), corpus)
    kept = training_pairs(maker.fitting(train), wanted.max_teaser)
    held_out = judge.fitting(dev)
    if not held_out:
        raise TrainingDataError(f"No held-out tweet has room in {room} tokens beside its prompt")
    return Data(
        tokenizer,
        end_id(tokenizer, base.spec),
        PairDataset(kept, maker, title_drop=wanted.title_drop, seed=options.seed),
        PairDataset(held_out, judge, title_drop=1.0),
        len(train) - len(kept),
    )


def make_model(
    base: Base, options: FinetuneOptions, hardware: Hardware
) -> PreTrainedModel | PeftModel:
    """The base with an empty adapter on it, or the base itself in float32."""
    if options.method == "full":
        return torch_model(base.checkpoint)
    frozen = torch_model(base.checkpoint, torch.bfloat16 if hardware.bf16 else torch.float32)
    config = LoraConfig(
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(LORA_MODULES[base.spec.family]),
        fan_in_fan_out=base.spec.family == "gpt2",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(frozen, config)  # the adapter's own weights stay in float32


class Run:
    def __init__(
        self, folder: Path, base: Base, data: Data, options: FinetuneOptions, hardware: Hardware
    ) -> None:
        self._folder, self._base, self._data = folder, base, data
        self._options, self._hardware = options, hardware
        self._checkpoint = last_checkpoint(folder)
        before = logs_of(self._checkpoint) if self._checkpoint else []
        self._interrupt = StopOnInterrupt()
        self._model = make_model(base, options, hardware)
        self._trainer = TweetTrainer(
            model=self._model,
            args=_arguments(folder, options, hardware, before),
            train=data.train,
            dev=data.dev,
            callbacks=[
                self._interrupt,
                StopOnBadGradient(),
                *([_early_stopping(options, before)] if options.keep == "best" else []),
                WriteSamples(folder / "samples.jsonl", _shown(data.dev), self._answer),
            ],
        )

    @property
    def logs(self) -> Logs:
        return self._trainer.state.log_history

    def train(self) -> None:
        """Go on from the last checkpoint, if there is one.

        Raises:
            KeyboardInterrupt: after Ctrl-C, when what was done has been saved.
        """
        checkpoint = str(self._checkpoint) if self._checkpoint else None
        with self._interrupt.listening():
            self._trainer.train(resume_from_checkpoint=checkpoint)
        if self._interrupt.interrupted:
            raise KeyboardInterrupt

    def save(self) -> None:
        """`adapter/` as peft saves it, or `weights/` as transformers does; and the loss curve.

        Of several processes the first does it, since all have the same weights.
        """
        if not self._trainer.is_world_process_zero():
            return
        draw_curve(self.logs, self._folder / "loss.png")
        if isinstance(self._model, PeftModel):
            self._model.save_pretrained(str(self._folder / "adapter"))
        else:
            tokenizer_json = self._base.checkpoint.tokenizer_json
            save_weights(self._model, tokenizer_json, self._folder / "weights")

    def _answer(self, index: int) -> str:
        example = self._data.dev[index]
        prompt = example.token_ids[: example.num_prompt_tokens]
        with torch.autocast("cpu", torch.bfloat16, enabled=self._hardware.bf16):
            ids = greedy_ids(self._model, prompt, [self._data.end_id])
        return self._data.tokenizer.decode(ids)


def _early_stopping(options: FinetuneOptions, before: Logs) -> EarlyStoppingCallback:
    """The library's counts from nothing again where a run goes on."""
    stopping = EarlyStoppingCallback(options.patience)
    stopping.early_stopping_patience_counter = epochs_without_gain(before)
    return stopping


def _num_epochs(options: FinetuneOptions, before: Logs) -> int:
    """Those that are asked for, or those that a run had that had ended early."""
    if options.keep == "best" and epochs_without_gain(before) >= options.patience:
        return len(held_out_losses(before)) - 1
    return options.epochs


def _arguments(
    folder: Path, options: FinetuneOptions, hardware: Hardware, before: Logs
) -> TrainingArguments:
    """`before` is the log of the part that this run goes on from; empty where it begins."""
    args = TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=_num_epochs(options, before),
        learning_rate=options.rate,
        lr_scheduler_type="cosine",
        warmup_steps=_WARMUP_SHARE,
        adam_beta2=0.99,
        max_grad_norm=1.0,
        bf16=hardware.bf16,
        use_cpu=hardware.cpu_only,
        seed=options.seed,
        eval_strategy="epoch",
        eval_on_start=not before,  # a run that goes on has it in its history
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=options.keep == "best",
        metric_for_best_model="eval_loss",
        logging_steps=10,
        logging_nan_inf_filter=False,
        report_to=options.report_to,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=False,
    )
    # Only now it is known how many processes there are; a step is of as many pairs with any number.
    micro = min(options.micro_batch_size, max(1, options.batch_size // args.world_size))
    args.per_device_train_batch_size = args.per_device_eval_batch_size = micro
    rounds = round(options.batch_size / (micro * args.world_size))
    args.gradient_accumulation_steps = max(1, rounds)
    return args


def _shown(dev: PairDataset) -> list[tuple[str, str]]:
    pairs = dev.pairs[:_NUM_SAMPLES]
    return [(" ".join(pair.article.split()[:30]), pair.tweet) for pair in pairs]
