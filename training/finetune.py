"""The stage `finetune`: a base model learns to write the tweets of a file of pairs.

LoRA (Hu et al. 2021) by default, all weights on request. Stopped at any moment, the next run with
the same pairs and settings goes on where this one was. Whether one process trains, or several on a
cluster, is the affair of a `Train`; each of them does what `train_here` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from transformers import set_seed

from service.errors import SetupError, TrainingDiverged
from training.pairs import read_pairs
from training.reports import StageReport
from training.tuning.checkpoints import last_checkpoint, open_run
from training.tuning.curve import Logs, held_out_losses
from training.tuning.options import Base, FinetuneOptions
from training.tuning.run import Data, Run, make_data
from training.tuning.torch_model import Hardware
from training.workspace import Workspace, fingerprint

_TORCH_FILE = re.compile("inline_container|PytorchStream")
"""What torch says, with no type of its own, of a file that it cannot write or read."""
Train = Callable[[Workspace, Base, FinetuneOptions], Logs]
"""Trains in the workspace's open run, or goes on there; returns the log of the whole run."""


def finetune(
    workspace: Workspace,
    base: Base,
    options: FinetuneOptions,
    *,
    fresh: bool = False,
    train: Train | None = None,
) -> StageReport:
    """Train on `pairs.jsonl`; the weights of the best epoch, or the last, are kept.

    A run that was stopped goes on, one that has ended is left as it is.

    Args:
        fresh: begin anew even so.
        train: default: in this process.

    Raises:
        TrainingDataError: there are no or too few pairs.
        TrainingDiverged: the loss became NaN; the last good checkpoint is kept.
        SetupError: the disk is full, the tokenizer lacks a marker of the prompt format, or the
            tracker is not installed.
        KeyboardInterrupt: Ctrl-C; the same command goes on.
    """
    options.check_tracker()
    with _one_line_errors(workspace.trained), workspace.locked():
        mark = run_mark(workspace, base, options)
        if not fresh and _is_finished(workspace, mark):
            return workspace.report("finetune")
        data = _load(workspace, base, options)
        open_run(workspace.trained, mark, fresh=fresh)
        logs = (train or train_here)(workspace, base, options)
        report = _report(base, data, logs, options, mark)
        workspace.record(report)
    return report


def _is_finished(workspace: Workspace, mark: str) -> bool:
    results = (workspace.trained / "adapter", workspace.trained / "weights")
    return workspace.is_done("finetune", mark) and any(path.is_dir() for path in results)


def train_here(workspace: Workspace, base: Base, options: FinetuneOptions) -> Logs:
    """A `Train`: in this process, alone or as one of several that torch has made a group of."""
    data = _load(workspace, base, options)
    set_seed(options.seed)
    run = Run(workspace.trained, base, data, options, Hardware.detect())
    run.train()
    run.save()
    return run.logs


def _load(workspace: Workspace, base: Base, options: FinetuneOptions) -> Data:
    train, dev = (read_pairs(workspace.pairs, split) for split in ("train", "dev"))
    return make_data(base, train, dev, options)


def run_mark(workspace: Workspace, base: Base, options: FinetuneOptions) -> str:
    """Digest of all that shapes the result; equal marks, equal runs."""
    settings = {**options.settings(), **base.settings(), "prompt": repr(base.spec.prompt)}
    return fingerprint([workspace.pairs], settings)


def _report(base: Base, data: Data, logs: Logs, options: FinetuneOptions, mark: str) -> StageReport:
    (_, untrained), *trained = held_out_losses(logs)
    best = min(trained, key=lambda point: point[1])
    epoch, loss = best if options.keep == "best" else trained[-1]
    counts = {
        "pairs trained on": len(data.train),
        "pairs left out": data.num_left_out,
        "pairs held out": len(data.dev),
        "held-out loss, untrained": untrained,
        "held-out loss": loss,
        "epoch kept": epoch,
        "epochs": trained[-1][0],
    }
    return StageReport("finetune", counts, {**base.settings(), **options.settings()}, mark)


@contextmanager
def _one_line_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except TrainingDiverged as error:
        checkpoint = last_checkpoint(folder)
        kept = f"the last good checkpoint is {checkpoint}" if checkpoint else "none was saved yet"
        raise TrainingDiverged(f"{error.detail}; {kept}. A lower --rate helps.") from None
    except OSError as error:
        raise SetupError(f"{folder} cannot be written: {error}; the same command goes on") from None
    except (SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _TORCH_FILE.search(str(error)):
            raise
        raise SetupError(
            f"A checkpoint in {folder} could not be written or read: {str(error).splitlines()[0]}; "
            "the same command goes on, or begins anew with --fresh"
        ) from None
