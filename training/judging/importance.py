"""How much each setting decides, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw_importance(importance: Mapping[str, float], path: Path) -> None:
    """Bars, the longest on top, as a PNG."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    rising = sorted(importance.items(), key=lambda item: item[1])
    axes.barh([name for name, _ in rising], [share for _, share in rising])
    axes.set_xlabel("share of the difference in held-out loss")
    figure.savefig(path, dpi=120)
