"""Colours as CSS writes them, and whether text in one can be read on another. Pure."""

from __future__ import annotations

import re
from colorsys import hls_to_rgb

Colour = tuple[float, ...]
"""Red, green, blue and opacity, each 0 to 1; empty where no plain colour is known."""

NO_COLOUR: Colour = ()
WHITE: Colour = (1.0, 1.0, 1.0, 1.0)
MIN_CONTRAST = 1.2
"""By WCAG 2, which asks for 4.5 where text is to be read with ease."""
MAX_DISTANCE = 0.2
"""Of each of red, green and blue: some colours are as bright as each other and still differ."""

# Those that text is hidden with; other names are no less colours, but nothing is hidden by them.
_NAMES = {
    "white": "fff",
    "snow": "fffafa",
    "ivory": "fffff0",
    "ghostwhite": "f8f8ff",
    "floralwhite": "fffaf0",
    "whitesmoke": "f5f5f5",
    "mintcream": "f5fffa",
    "azure": "f0ffff",
    "aliceblue": "f0f8ff",
    "seashell": "fff5ee",
    "honeydew": "f0fff0",
    "oldlace": "fdf5e6",
    "lavenderblush": "fff0f5",
    "linen": "faf0e6",
    "cornsilk": "fff8dc",
    "beige": "f5f5dc",
    "lightyellow": "ffffe0",
    "lightcyan": "e0ffff",
    "gainsboro": "dcdcdc",
    "black": "000",
    "transparent": "0000",
}
_HEX = re.compile(r"#?([0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))(%|deg)?")


def colour(text: str) -> Colour:
    """Of `white`, `#fff`, `rgb(255 255 255/50%)`, `hsl(0,0%,100%)`, in lower case."""
    text = text.strip()
    if digits := _HEX.fullmatch(_NAMES.get(text, text)):
        return _of_digits(digits[1])
    function = _FUNCTION.fullmatch(text)
    parts = _NUMBER.findall(function[2]) if function else []
    if function is None or len(parts) not in (3, 4):
        return NO_COLOUR
    alpha = _part(*parts[3], whole=1.0) if len(parts) == 4 else 1.0
    if function[1] == "hsl":
        hue, saturation, lightness = (float(number) for number, _ in parts[:3])
        return *hls_to_rgb(
            hue % 360 / 360, _within(lightness / 100), _within(saturation / 100)
        ), alpha
    return *(_part(number, unit, whole=255.0) for number, unit in parts[:3]), alpha


def alike(text: Colour, ground: Colour) -> bool:
    """Whether letters of one colour cannot be told from an opaque ground of another."""
    if not text or not ground:
        return False
    alpha = text[3]
    seen = [alpha * t + (1 - alpha) * g for t, g in zip(text[:3], ground[:3], strict=True)]
    if max(abs(s - g) for s, g in zip(seen, ground[:3], strict=True)) > MAX_DISTANCE:
        return False
    dark, light = sorted((_luminance(seen), _luminance(ground[:3])))
    return (light + 0.05) / (dark + 0.05) < MIN_CONTRAST


def _luminance(parts: tuple[float, ...] | list[float]) -> float:
    """Relative luminance by WCAG 2, 0 to 1."""
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _of_digits(digits: str) -> Colour:
    if len(digits) < 6:
        digits = "".join(2 * digit for digit in digits)
    digits = digits.ljust(8, "f")
    return tuple(int(digits[at : at + 2], 16) / 255 for at in range(0, 8, 2))


def _part(number: str, unit: str, *, whole: float) -> float:
    return _within(float(number) / (100 if unit == "%" else whole))


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
