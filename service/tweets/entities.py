"""Links, handles, hashtags and cashtags in a text: where they are. Links are judged twice, by X's
rules and by a plainer one that also sees what X would leave unlinked, such as `http://evil.example`.
"""

from __future__ import annotations

import re

from service.tweets import twitter_text

LINK_MARK = "[LINK]"
"""What a model writes where the link to the article belongs."""

_SCHEME_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.\-]{1,15}:/{2,}|(?<![^\W_])www\.(?=\w))"
    r"(?:[^\s<>\"“”]*[^\s<>\"“”.,;:!?'’)\]…])?",
    re.IGNORECASE,
)
# The look-behinds let a run match once, at its start: "@@@@" costs one step, not n².
HANDLE = re.compile(r"(?<![@＠])[@＠]++(\w++)")
EMAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]++[@＠][\w\-]++(?:\.[\w\-]++)++")
HASHTAG = re.compile(r"(?<![\w&])[#＃](?=\w*[^\W\d_])(\w+)")
CASHTAG = re.compile(r"(?<![\w$])\$([A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?)(?!\w)")
_MARKED = (EMAIL, HANDLE, HASHTAG, CASHTAG)


def link_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of everything that is a link or looks like one, ascending, none overlapping."""
    spans = sorted(
        [*(m.span() for m in _SCHEME_LINK.finditer(text)), *twitter_text.link_spans(text)]
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def entity_spans(text: str) -> list[tuple[int, int]]:
    """Links, handles, hashtags, cashtags and the mark for the link; may overlap."""
    found = [m.span() for pattern in _MARKED for m in pattern.finditer(text)]
    mark = re.escape(LINK_MARK)
    return [*link_spans(text), *found, *(m.span() for m in re.finditer(mark, text))]


def blank_entities(text: str) -> str:
    """The same text with its entities as blanks, so that offsets stay."""
    chars = list(text)
    for start, end in entity_spans(text):
        chars[start:end] = " " * (end - start)
    return "".join(chars)
