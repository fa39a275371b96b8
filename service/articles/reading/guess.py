"""What a library says of a page it did not foresee: nothing, and the page is read without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def guess(ask: Callable[[], T], otherwise: T) -> T:
    """The library's answer, or `otherwise` where it fails: on a page that strangers wrote, in any
    way."""
    try:
        return ask()
    except Exception:
        return otherwise
