"""Whatever charset, however declared or not: text, never a failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.articles.reading.decode import decode_page

TEXTS = {
    "ru": "В посёлке Заречье в субботу открылся музей часов под открытым небом. На площади стоят "
    "двадцать восемь солнечных, водяных и песочных часов, которые построили ученики школы.",
    "ja": "海沿いの小さな町で、六十年前に役目を終えた灯台が図書館として生まれ変わった。",
    "zh": "在海拔两千米的山村里，一所小学把一节旧火车车厢改建成了天文台，第一次向村民开放。",
    "ko": "바닷가의 작은 마을에서 육십 년 전에 문을 닫은 등대가 도서관으로 다시 태어났다.",
    "el": "Στο μικρό νησί λειτουργεί από την Κυριακή ένας ραδιοφωνικός σταθμός των μαθητών.",
    "de": "Die Bürgermeisterin sagte, die Straße über den Markt bleibe für Fußgänger geöffnet.",
    "he": "בכפר הקטן על ההר נפתחה ספרייה חדשה שפתוחה לכל התושבים בכל שעות היום והלילה.",
    "ar": "افتتحت القرية دارا للموسيقى في مبنى مدرستها القديمة الذي ظل مغلقا منذ عشرين عاما.",
    "zh-tw": "山村小學用舊火車車廂建起天文臺，第一次向村民開放，當晚有兩百多人排隊。",
}
CHARSETS = [
    *(("ru", "cp1251"), ("ru", "koi8-r"), ("ru", "iso-8859-5"), ("ru", "cp866"), ("ru", "utf-16")),
    *(
        ("ja", "shift_jis"),
        ("ja", "euc_jp"),
        ("ja", "iso2022_jp"),
        ("zh", "gb18030"),
        ("zh", "gbk"),
    ),
    *(("ko", "euc_kr"), ("el", "iso-8859-7"), ("el", "cp1253"), ("de", "iso-8859-1")),
    *(("de", "cp1252"), ("he", "cp1255"), ("ar", "cp1256"), ("zh-tw", "big5"), ("ru", "utf-8")),
]


def page(text: str, charset: str) -> str:
    head = f'<head><meta charset="{charset}"><title>x</title></head>'
    return f"<html>{head}<body><p>{text}</p></body></html>"


@pytest.mark.parametrize(("language", "charset"), CHARSETS)
def test_a_meta_tag_is_believed(language: str, charset: str) -> None:
    text = TEXTS[language]
    body = page(text, charset).encode(charset)
    assert text in decode_page(body, "text/html")


@pytest.mark.parametrize(("language", "charset"), CHARSETS)
def test_a_header_is_believed(language: str, charset: str) -> None:
    text = TEXTS[language]
    assert text in decode_page(f"<p>{text}</p>".encode(charset), f'text/html; charset="{charset}"')


@pytest.mark.parametrize(
    ("language", "charset"),
    [("ru", "cp1251"), ("ru", "koi8-r"), ("ja", "shift_jis"), ("ja", "euc_jp"), ("zh", "gb18030")],
)
def test_a_charset_that_nobody_declares_is_found(language: str, charset: str) -> None:
    text = TEXTS[language] * 4
    assert text in decode_page(f"<p>{text}</p>".encode(charset), "text/html")


@pytest.mark.parametrize(
    "label", ["iso-8859-1", "windows-1251", "shift_jis", "us-ascii", "nonsense"]
)
@pytest.mark.parametrize("language", TEXTS)
def test_utf8_under_a_wrong_label_is_utf8(language: str, label: str) -> None:
    body = page(TEXTS[language], label).encode()
    assert TEXTS[language] in decode_page(body, f"text/html; charset={label}")


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_beats_every_label(charset: str) -> None:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(charset, b"")
    body = mark + page(TEXTS["ru"], "iso-8859-1").encode(charset)
    text = decode_page(body, "text/html; charset=iso-8859-1")
    assert TEXTS["ru"] in text
    assert "\ufeff" not in text


def test_a_few_broken_bytes_cost_only_themselves() -> None:
    body = TEXTS["ru"].encode() * 5 + b"\xff\xfe\xc3("
    assert TEXTS["ru"] in decode_page(body, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    "label", ["utf-7", "unicode_escape", "rot13", "zip", "hex", "idna", "punycode", "undefined", ""]
)
def test_what_is_no_charset_of_pages_is_not_used(label: str) -> None:
    assert "<p>+ADw-" in decode_page(b"<p>+ADw-script+AD4- caf\xe9", f"text/html; charset={label}")


@given(st.binary(max_size=400), st.sampled_from(["", "utf-8", "gb18030", "utf-16", "shift_jis"]))
def test_no_bytes_fail(body: bytes, label: str) -> None:
    assert isinstance(decode_page(body, f"text/html; charset={label}"), str)
