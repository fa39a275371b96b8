"""What can be chosen about a training run. Values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from typing import Literal

from tokenizers import Tokenizer as BackendTokenizer

from service.errors import SetupError
from service.model_spec import ModelSpec
from service.tokenizer import Tokenizer
from training.export.checkpoint import Checkpoint
from training.reports import Value
from training.tuning.examples import ExampleOptions

Method = Literal["lora", "full"]
Keep = Literal["best", "last"]
Tracker = Literal["none", "tensorboard", "trackio", "wandb"]
_TRACKER_MODULES: dict[Tracker, tuple[str, ...]] = {
    "none": (),
    "tensorboard": ("tensorboardX", "tensorboard"),
    "trackio": ("trackio",),
    "wandb": ("wandb",),
}
"""Any of them will do."""


@dataclass(frozen=True, slots=True)
class FinetuneOptions:
    method: Method = "lora"
    rate: float = 4e-4
    """Peak learning rate; after a short warm-up it falls as a cosine."""
    rank: int = 16
    alpha: int = 32
    """LoRA's change is scaled by alpha / rank."""
    dropout: float = 0.0
    epochs: int = 3
    batch_size: int = 16
    """Pairs a step."""
    micro_batch_size: int = 4
    """Of which so many are computed at once."""
    patience: int = 1
    """Epochs without a lower held-out loss before the training ends."""
    keep: Keep = "best"
    """Which epoch: the one with the least held-out loss, or, without an early end, the last."""
    seed: int = 0
    report_to: Tracker = "none"
    examples: ExampleOptions = field(default_factory=ExampleOptions)

    def check_tracker(self) -> None:
        """Raises SetupError where the tracker asked for is not installed."""
        modules = _TRACKER_MODULES[self.report_to]
        if modules and not any(map(find_spec, modules)):
            raise SetupError(f"--report-to {self.report_to}: pip install {modules[0]}")

    def settings(self) -> dict[str, Value]:
        """What shapes the result, flat."""
        flat = asdict(self)
        del flat["report_to"]
        return {**flat.pop("examples"), **flat}


@dataclass(frozen=True, slots=True)
class Base:
    """What is trained."""

    name: str
    spec: ModelSpec
    """Of the model to be: the prompt format is its own."""
    checkpoint: Checkpoint

    def settings(self) -> dict[str, Value]:
        """What `training.bases` needs to find it again."""
        prompt = self.spec.prompt
        return {
            "base": self.name,
            "prompt_format": prompt.format,
            "article_chars": prompt.article_chars,
            "style_only": bool(prompt.start),
        }

    def tokenizer(self) -> Tokenizer:
        backend = BackendTokenizer.from_str(self.checkpoint.tokenizer_json)
        return Tokenizer(backend, self.checkpoint.eos_ids)
