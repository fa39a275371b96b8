"""From what a model wrote to what a person would have typed. No article, no length: only form."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from service.sentences import split_sentences
from service.tweets.balance import balance
from service.tweets.characters import is_emoji_like, normalise
from service.tweets.entities import HASHTAG, LINK_MARK

MAX_CHARS = 2_000
"""More of a model's text than this is not looked at: no tweet is as long."""

_MARKER = re.compile(r"<\|[^<>]{0,40}\|?>|<\|\w*$|</?s>|\[/?INST\]")
_TAG_NAMES = (
    r"a|b|i|u|p|br|hr|em|strong|strike|del|ins|mark|small|sub|sup|span|div|h[1-6]|ul|ol|li|img|pre|"
    r"blockquote|q|code|font|cite|time|title|head|body|html|article|section|table|t[dhr]|script|style"
)
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:\s*/?>|\s+[a-z\-]+\s*=[^<>]*(?:>|\Z))", re.I)
_BLOCK_TAG = re.compile(r"</?(?:p|br|div|li|ul|ol|h[1-6]|blockquote)\b", re.I)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_LABELS = r"tweet|post|headline|title|caption|answer|response|output|article|user|assistant|system"
_NUMBERED = r"tweet ?#?\d{1,2}(?:/\d{1,2})?"
_HERE_IS = (
    r"(?:(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|yes)[!,.]*\s+)?here"
    r"(?:['’]s| is| are) (?:a|an|the|your|my|one|some|\d+) (?:[\w\-]+,? ){0,4}?"
    r"(?:tweet|post|headline|caption)s?(?: (?:about|for|on|of|from|based|in|under|within|with|to|"
    r"using|summari[sz]ing|that summari[sz]es|you can)\b[^.!?:\n]{0,100})?"
)
_LABEL = re.compile(
    rf"^(?:[*_#\s]*(?:(?:{_LABELS}|{_HERE_IS})[*_ ]*:|{_NUMBERED}[*_ ]*:(?!\d)|"
    rf"(?:{_HERE_IS}|{_NUMBERED}|tweet|headline|title|caption|answer|response|output)[*_ ]*\n|"
    rf"(?:{_NUMBERED}|tweet) +[–—\-](?= ))[*_]*\s*)+",
    re.I,
)
_NEW_LABEL = re.compile(rf"\n[*_#\s]*(?:{_LABELS}|{_NUMBERED})[*_ ]*:", re.I)
_QUOTES = (
    *(('"', '"'), ("'", "'"), ("`", "`"), ("**", "**"), ("‘", "’"), ("“", "”")),
    *(("„", "“"), ("„", "”"), ("”", "”"), ("«", "»"), ("»", "«"), ("»", "»")),
)
_MISSING_SPACE = re.compile(r"(?<=[a-z]{2}[.!?])(?=[A-Z][a-z])")
_MANY_DOTS = re.compile(r"\.{4,}|…{2,}")
_MAX_DOTS = 8
"""Full stops in a word: one with more is noise, and slow to search for links."""
_ENDED = re.compile(r"[.!?…。！？｡؟۔।][\"'“”’«»)\]」』]*$")


@dataclass(frozen=True, slots=True)
class Cleaned:
    text: str
    cut: bool
    """Whether an unfinished sentence was taken off, or is all there is."""


def clean(raw: str, *, complete: bool = True) -> Cleaned:
    """What the model meant to post.

    Args:
        complete: False where the token limit ended the text, and maybe its last word.
    """
    text = settle(raw[:MAX_CHARS])
    if complete and len(raw) <= MAX_CHARS:
        return Cleaned(text, cut=False)
    return _drop_half_sentence(text)


def tidy(text: str) -> str:
    """Space, brackets and quotes as typed; also for a text from which something was taken out."""
    # Each round only takes away; what it takes away may have been what another rule looked at.
    while (shorter := _tidy_once(text)) != text:
        text = shorter
    return text


def _tidy_once(text: str) -> str:
    text = _MANY_DOTS.sub("…", text)
    text = " ".join(word for word in text.split(" ") if word.count(".") <= _MAX_DOTS)
    text = balance(text)
    text = re.sub(r"\"\s+\"", " ", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    text = re.sub(r" +(?=[,;:!?.](?:\s|$)|\)(?:[\s.,]|$))|(?<=\() +", "", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def tidy_quoted(text: str) -> str:
    """Only characters and space: for the article's own words, of which a label or a marker of a
    prompt ("Title: IX at fifty") is a part like any other."""
    return tidy(normalise(text[:MAX_CHARS]))


def settle(text: str) -> str:
    """Apply the rules until none finds anything; each only takes away or parts two words."""
    text = normalise(text)
    for _ in range(len(text) + 1):
        shorter = _LABEL.sub("", _until_marker(normalise(_without_html(text))).strip(), count=1)
        shorter = tidy(_drop_repeated_hashtags(_unquote(shorter)))
        shorter = _MISSING_SPACE.sub(" ", shorter)
        if shorter == text:
            break
        text = shorter
    return text


def _without_html(text: str) -> str:
    """Tags away, references (`&amp;`) as their characters."""
    text = _TAG.sub(lambda tag: "\n" if _BLOCK_TAG.match(tag[0]) else "", text)
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)


def _until_marker(text: str) -> str:
    """The first part between markers that has a word, or anything, up to where a new label
    begins."""
    parts = [_NEW_LABEL.split(part.strip())[0] for part in _MARKER.split(text)]
    with_words = (part for part in parts if any(map(str.isalnum, part)))
    return next(with_words, next(filter(str.strip, parts), ""))


def _unquote(text: str) -> str:
    """Take off quotes that enclose the whole and not only its beginning and its end."""
    if text.endswith(LINK_MARK) and text != LINK_MARK:
        body = text.removesuffix(LINK_MARK).rstrip()
        bare = _unquote(body)
        return text if bare == body else f"{bare} {LINK_MARK}"
    for opening, closing in _QUOTES:
        inner = text[len(opening) : len(text) - len(closing)]
        if (
            len(text) > len(opening) + len(closing)
            and text.startswith(opening)
            and text.endswith(closing)
            and opening not in inner
            and (closing not in inner or opening == "‘")
        ):
            return inner.strip()
    return text


def _drop_repeated_hashtags(text: str) -> str:
    """A tag that stands twice loses its sign the second time, or goes where it ends a line."""
    seen: set[str] = set()
    pieces, start = [], 0
    for match in HASHTAG.finditer(text):
        tag = match.group(1).casefold()
        if tag in seen:
            rest = text[match.end() :].split("\n")[0]
            is_last = HASHTAG.sub("", rest).strip() == ""
            pieces += [text[start : match.start()], "" if is_last else match.group(1)]
            start = match.end()
        seen.add(tag)
    return "".join([*pieces, text[start:]])


def _drop_half_sentence(text: str) -> Cleaned:
    """Keep the finished sentences; where there is none, all but the last word."""
    text = text.removesuffix(LINK_MARK).rstrip()
    if is_finished(text):
        return Cleaned(text, cut=False)
    whole = "".join(split_sentences(text)[:-1]).rstrip()
    if whole and is_finished(whole):
        return Cleaned(settle(whole), cut=True)
    head, _, _ = text.rpartition(" ")
    return Cleaned(settle(head if head.count(" ") >= 2 else text), cut=True)


def is_finished(text: str) -> bool:
    """Whether a text ends as a whole one does: with an end mark, an emoji or a hashtag."""
    last_word = text.split()[-1] if text.split() else ""
    return bool(_ENDED.search(text[-12:])) or bool(
        last_word and (HASHTAG.fullmatch(last_word) or is_emoji_like(text[-1]))
    )
