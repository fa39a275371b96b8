"""What a stage tells of its work: one small table, on the screen and as JSON.

The model card reads these files, so the names of the counts are part of the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from service.errors import TrainingDataError
from training.files import atomic_writer

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class StageReport:
    stage: str
    counts: Mapping[str, int | float]
    """In the order to show."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """The options that shaped the result."""
    fingerprint: str = ""
    """Of the inputs and settings: a stage whose report has the present one is done."""


def as_table(report: StageReport) -> str:
    """Names left, figures right."""
    figures = {name: _figure(value) for name, value in report.counts.items()}
    left = max((len(name) for name in figures), default=0)
    right = max((len(text) for text in figures.values()), default=0)
    return "\n".join(f"  {name:<{left}}  {text:>{right}}" for name, text in figures.items())


def _figure(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def write_report(path: Path, report: StageReport) -> None:
    with atomic_writer(path) as out:
        json.dump(asdict(report), out, ensure_ascii=False, indent=2)
        out.write("\n")


def read_report(path: Path) -> StageReport:
    """Raises TrainingDataError where the stage has not been run, or its report is damaged."""
    try:
        report = StageReport(**json.loads(path.read_text(encoding="utf-8")))
        _check_types(report)
    except FileNotFoundError:
        raise TrainingDataError(f"There is no {path}: run this stage first") from None
    except (OSError, ValueError, TypeError) as error:
        raise TrainingDataError(f"{path} is damaged ({error}); run this stage again") from None
    return report


def _check_types(report: StageReport) -> None:
    """Raises TypeError for what no stage writes."""
    for table in (report.counts, report.settings):
        if not isinstance(table, dict):
            raise TypeError(f"{table!r} is no table")
    for text in (report.stage, report.fingerprint):
        if not isinstance(text, str):
            raise TypeError(f"{text!r} is no text")
    for name, count in report.counts.items():
        check_number(name, count)
    for name, value in report.settings.items():
        if not isinstance(value, Value):
            raise TypeError(f"{name} is {value!r}, which is no setting")


def check_number(name: str, value: object) -> None:
    """Raises TypeError for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is {value!r}, not a number")
