"""The loss of a run as a picture and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

Logs = Sequence[Mapping[str, float]]
"""The Trainer's `log_history`."""


def draw_curve(logs: Logs, path: Path) -> None:
    """Training and held-out loss over the epochs, as a PNG."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for key, label, style in (("loss", "training", "-"), ("eval_loss", "held out", "o-")):
        points = [(log["epoch"], log[key]) for log in logs if key in log]
        if points:
            axes.plot(*zip(*points, strict=True), style, label=label)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss a token (nats)")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)


def held_out_losses(logs: Logs) -> list[tuple[float, float]]:
    """(epoch, held-out loss), the untrained model's first."""
    return [(log["epoch"], log["eval_loss"]) for log in logs if "eval_loss" in log]


def epochs_without_gain(logs: Logs) -> int:
    """Since the epoch with the least held-out loss; the untrained model's does not count."""
    losses = [loss for epoch, loss in held_out_losses(logs) if epoch > 0]
    return len(losses) - 1 - losses.index(min(losses)) if losses else 0
