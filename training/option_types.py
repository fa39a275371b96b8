"""What numbers a command's options take."""

from __future__ import annotations

import math
from typing import Any

import click

SEED = click.IntRange(0, 2**32 - 1)
"""What every generator of random numbers here takes."""


class FiniteRange(click.FloatRange):
    """A range of numbers without `nan`, which passes any comparison, and without `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
