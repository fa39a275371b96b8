"""What a block of CSS declarations does to the text of its element. Pure; knows no page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.articles.reading.colours import NO_COLOUR, Colour, colour

MIN_OPACITY = 0.1
MIN_FONT_PX = 2.0
MIN_SCALE = 0.1
FAR_AWAY = 100.0
"""Pixels, or parts of the screen in hundredths, by which what stands before it is out of sight."""
FAR_BEHIND = 2000.0

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_SPACES = re.compile(r"\s*([:;,()/!])\s*|\s+")
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_LENGTH = re.compile(rf"(?<![\w.#-])({_NUMBER})([a-z]+|%)?(?![\w.])")
_FONT_SIZE = re.compile(rf"(?:^| )(?:({_NUMBER})([a-z]+|%)|([-+]?0*\.?0+)())(?=$|[ /])")
# Of a font whose size is the usual 16 pixels, on a screen of 800.
_PIXELS = {
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "q": 0.945,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
    "lh": 16.0,
    "rlh": 16.0,
    "vw": 8.0,
    "vh": 8.0,
    "vmin": 8.0,
    "vmax": 8.0,
    "%": 0.16,
}
_RELATIVE_AWAY = 300.0
"""Pixels for lengths that follow the font: ten `em` are a wide margin, fifty are out of sight."""
_GONE = {
    "display": re.compile(r"none\b"),
    "visibility": re.compile(r"hidden|collapse"),
    "content-visibility": re.compile("hidden"),
    "clip": re.compile(r"rect\([01](px)?[ ,][01]"),
    "clip-path": re.compile(
        r"inset\((50|\d{3,})%|(circle|ellipse)\(0|polygon\((0(px|%)?[ ,]?)+\)|path\((\"\"|'')"
    ),
}
_GONE["-webkit-clip-path"] = _GONE["clip-path"]
_OFFSETS = re.compile(r"left|top|right|bottom|text-indent|letter-spacing|(margin|inset)(-.*)?")
_SIZES = re.compile(r"(max-)?(height|width|block-size|inline-size)")
_SCALE = re.compile(r"scale(?:x|y|3d)?\(([^)]*)")
_MATRIX = re.compile(r"matrix\(([^,)]*),([^,)]*),([^,)]*),([^,)]*)")
_MOVE = re.compile(r"translate(?:x|y|3d)?\(([^)]*)")
_EDGEWISE = re.compile(r"rotate[xy]\([-+]?90deg")
_FAINT = re.compile(rf"opacity\(({_NUMBER}%?)")


def declared(block: str) -> Iterator[tuple[str, str]]:
    """(property, value) of each declaration, in lower case, with as few spaces as possible."""
    text = _ESCAPE.sub(_unescaped, _COMMENT.sub("", block)).lower()
    for part in _SPACES.sub(lambda match: match[1] or " ", text).split(";"):
        name, _, value = part.partition(":")
        if value:
            yield name.strip(), value.strip()


def hides(block: str) -> bool:
    """Whether text is out of sight by these declarations alone, whatever else is stated."""
    found = list(declared(block))
    if any(_gone(name, value.partition("!")[0]) for name, value in found):
        return True
    values = dict(found)
    clipped = re.match("hidden|clip", values.get("overflow", values.get("overflow-y", "")))
    if clipped and any(_SIZES.fullmatch(name) and _pixels(value) <= 1 for name, value in found):
        return True
    return _transparent(values)


def _gone(name: str, value: str) -> bool:
    if name in _GONE:
        return bool(_GONE[name].match(value))
    if name == "opacity":
        return _share(value) < MIN_OPACITY
    if name in ("font", "font-size"):
        return _tiny(value)
    if name == "filter":
        return any(_share(found) < MIN_OPACITY for found in _FAINT.findall(value))
    if _OFFSETS.fullmatch(name) or name == "translate":
        return _far(value, before_only=name.startswith(("margin", "inset", "letter", "top")))
    if _SIZES.fullmatch(name):
        return _pixels(value) == 0
    if name == "scale":
        return _flat(value)
    return name in ("transform", "-webkit-transform") and _moved(value)


def _moved(value: str) -> bool:
    if any(_flat(numbers) for numbers in _SCALE.findall(value)) or _EDGEWISE.search(value):
        return True
    if any(_flat(f"{x},{y}") for a, b, c, d in _MATRIX.findall(value) for x, y in [(a + b, c + d)]):
        return True
    return any(_far(lengths, before_only=False) for lengths in _MOVE.findall(value))


def _transparent(values: dict[str, str]) -> bool:
    """Letters without a colour, unless a picture is seen through them."""
    backgrounds = "".join(value for name, value in values.items() if "background" in name)
    if "text" in backgrounds and "gradient(" in backgrounds:
        return False
    stated = (values.get("-webkit-text-fill-color", ""), values.get("color", ""))
    return any(len(c) == 4 and c[3] < MIN_OPACITY for c in map(stated_colour, filter(None, stated)))


def stated_colour(value: str) -> Colour:
    """The colour of a value that may end in `!important`; empty where it is none."""
    return colour(value.partition("!")[0]) if value else NO_COLOUR


def _unescaped(match: re.Match[str]) -> str:
    return chr(min(int(match[1], 16), 0x10FFFF)) if match[1] else match[2]


def _share(value: str) -> float:
    """0 to 1; 1 for what is no number."""
    found = _LENGTH.match(value)
    return float(found[1]) / (100 if found[2] == "%" else 1) if found else 1.0


def _flat(numbers: str) -> bool:
    return any(_share(n) < MIN_SCALE for n in re.split("[ ,]", numbers) if n and "-" not in n)


def _tiny(value: str) -> bool:
    """The size in `font-size` or in the shorthand, where numbers without a unit are weights."""
    found = _FONT_SIZE.search(value)
    if found is None:
        return False
    number, unit = found[1] or found[3], found[2] or "px"
    return float(number) * _PIXELS.get(unit, 1e9) < MIN_FONT_PX


def _pixels(value: str) -> float:
    """The length that a value begins with; a large one where it begins with none."""
    found = _LENGTH.match(value)
    if found is None or (found[2] or "px") not in _PIXELS:
        return 1e9
    return float(found[1]) * _PIXELS[found[2] or "px"]


def _far(value: str, *, before_only: bool) -> bool:
    for number, unit in _LENGTH.findall(value):
        length = float(number)
        if unit in ("em", "rem", "ex", "ch", "cm", "mm", "in", "pc", "q", "lh", "rlh"):
            length *= _PIXELS[unit]
            away = _RELATIVE_AWAY
        else:
            away = FAR_AWAY
        if length <= -away or (length >= FAR_BEHIND and not before_only):
            return True
    return False
