"""What watches over a training run: stops it when asked or when it fails, and shows what it does.

Callbacks of the Trainer. They know the model only as something that can be asked for a text.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from service.errors import TrainingDiverged


class StopOnInterrupt(TrainerCallback):
    """Ctrl-C ends the step at hand and saves; a second one ends at once."""

    def __init__(self) -> None:
        self.interrupted = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Signals can be heard in the main thread alone; elsewhere somebody else listens."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002  the library's signature, here and below
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,
        **_: Any,
    ) -> None:
        if self.interrupted:
            control.should_save = control.should_training_stop = True


class StopOnBadGradient(TrainerCallback):
    """Weights changed by a gradient that is no number could never be mended, nor be saved."""

    def on_pre_optimizer_step(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **parts: Any,
    ) -> None:
        for parameter in parts["model"].parameters():
            if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
                raise TrainingDiverged(f"a gradient is not finite at step {state.global_step}")


class WriteSamples(TrainerCallback):
    """After each epoch, the tweets that the model makes of a few held-out articles."""

    def __init__(
        self, path: Path, articles: Sequence[tuple[str, str]], answer: Callable[[int], str]
    ) -> None:
        """`articles` are (first words, true tweet); `answer(i)` is the model's for article i."""
        self._path, self._articles, self._answer = path, articles, answer

    def on_evaluate(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        if not state.is_world_process_zero:
            return
        with self._path.open("a", encoding="utf-8") as out:
            for i, (article, tweet) in enumerate(self._articles):
                row = {
                    "epoch": round(state.epoch or 0.0, 2),
                    "article": article,
                    "tweet": tweet,
                    "model": self._answer(i),
                }
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
