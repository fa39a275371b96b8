"""Bytes of a page to text, whatever it says about its charset. Never fails."""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from service.articles.reading.guess import guess

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([\w.:-]+)", re.IGNORECASE)
# Charsets that pages are written in; Python knows others (UTF-7, unicode_escape) that hide markup.
_TEXT = re.compile(
    r"ascii|utf-8|utf-16(-[lb]e)?|iso8859-\d+|cp125\d|cp8(66|74)|cp9(32|49|50)|tis-620|koi8-[rut]"
    r"|mac-(roman|cyrillic)|gb(2312|k|18030)|hz|big5(hkscs)?|euc_(jp|kr|jis_2004|jisx0213)"
    r"|shift_jis(_2004|x0213)?|iso2022_(jp|kr).*|johab"
)
_MARKUP = re.compile(rb"<(script|style)\b.*?</\1|<[^>]*>", re.DOTALL | re.IGNORECASE)
_META_WITHIN = 4096
_SAMPLE = 50_000
# What browsers read under these labels (WHATWG Encoding): the wider set of the same family.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_MAX_DAMAGE = 0.02
"""Share of characters that a declared charset may fail on before it counts as a wrong one."""


def decode_page(body: bytes, content_type: str) -> str:
    """By byte order mark, then UTF-8 where it fits, then header, meta and XML declaration, then by
    the bytes themselves; what fits nothing is replaced."""
    for bom, charset in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(charset, "replace")
    # Text of another charset that is valid UTF-8 by chance is pure ASCII in practice, so valid
    # UTF-8 beats a wrong label. ISO-2022-JP is all ASCII bytes, so it must be asked first.
    declared = _declared(body, content_type)
    if "iso2022_jp" not in declared and (text := _strictly(body, "utf-8")) is not None:
        return text
    for charset in declared:
        text = body.decode(charset, "replace")
        if text.count("\ufffd") <= _MAX_DAMAGE * len(text):
            return text
    return _guessed(body)


def _strictly(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except UnicodeDecodeError:
        return None


def _declared(body: bytes, content_type: str) -> list[str]:
    head = body[:_META_WITHIN]
    found = _HEADER.findall(content_type)[:1]
    found += [match.decode("ascii", "replace") for match in _META.findall(head)[:1]]
    found += [match.decode("ascii", "replace") for match in _XML.findall(head)[:1]]
    return list(dict.fromkeys(filter(None, map(_known, found))))


def _known(label: str) -> str:
    """Python's name of a text charset, or the empty string."""
    try:
        info = codecs.lookup(label.strip().lower())
    except (LookupError, ValueError):
        return ""
    if not _TEXT.fullmatch(info.name):
        return ""
    return _WIDER.get(info.name, info.name)


def _guessed(body: bytes) -> str:
    # A few broken bytes in a page of UTF-8 are no reason to guess.
    text = body.decode("utf-8", "replace")
    if text.count("\ufffd") <= _MAX_DAMAGE * len(text):
        return text
    # Markup is ASCII in nearly every charset and drowns the letters that tell.
    best = guess(lambda: from_bytes(_MARKUP.sub(b" ", body)[:_SAMPLE]).best(), None)
    return body.decode(best.encoding, "replace") if best else text
