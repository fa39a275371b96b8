"""CSV, JSONL and plain text as people have them."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import TrainingDataError
from training.importers.encodings import decode, repair
from training.importers.sources import read_source


def texts(path: Path, body: str | bytes, **options: str) -> list[str]:
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return [tweet.text for tweet in read_source(path, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize("header", ["tweets", "text", "Tweet"])
def test_one_column_with_a_header(tmp_path: Path, header: str) -> None:
    body = f'{header}\n"One, with a comma"\n"Two\nlines"\n'
    assert texts(tmp_path / "a.csv", body) == ["One, with a comma", "Two\nlines"]
    assert texts(tmp_path / "a.csv", f"{header}\nBare, comma\n") == ["Bare, comma"]


def test_one_column_without_header_or_quotes(tmp_path: Path) -> None:
    body = "Just a line of text\nAnother, with commas, unquoted\n"
    assert texts(tmp_path / "a.csv", body) == [
        "Just a line of text",
        "Another, with commas, unquoted",
    ]


@pytest.mark.parametrize("column", ["", "mytweets", "1"])
def test_one_column_keeps_its_commas_however_it_is_named(tmp_path: Path, column: str) -> None:
    body = 'mytweets\nHello, world, "they" said\n"Quoted, too"\n'
    found = texts(tmp_path / "a.csv", body, column=column)
    assert found[-2:] == ['Hello, world, "they" said', "Quoted, too"]


@pytest.mark.parametrize(
    ("body", "column"),
    [
        ("A ferry, late\nNone\nOne, two, three\n", "1"),
        ("One, two, three\nNone\n", "1"),
        ("id,text\n1,A ferry, late\n", "text"),
    ],
)
def test_tweets_that_their_own_commas_cut_are_refused(
    tmp_path: Path, body: str, column: str
) -> None:
    with pytest.raises(TrainingDataError, match="cells and no quotes"):
        texts(tmp_path / "a.csv", body, column=column)


def test_one_column_whose_first_line_is_quoted_keeps_its_commas(tmp_path: Path) -> None:
    body = '"One, two"\nThree, four\n'
    assert texts(tmp_path / "a.csv", body) == ["One, two", "Three, four"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    body = f'id{delimiter}text{delimiter}created_at\n1{delimiter}"a, b; c | d"{delimiter}2020-01-01'
    assert texts(tmp_path / "a.csv", body) == ["a, b; c | d"]


def test_a_column_may_be_named_or_counted(tmp_path: Path) -> None:
    body = "first,second\none,two\n"
    assert texts(tmp_path / "a.csv", body, column="second") == ["two"]
    assert texts(tmp_path / "a.csv", body, column="2") == ["second", "two"]


@pytest.mark.parametrize("column", ["", "words", "²", "9" * 5000])
def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path, column: str) -> None:
    with pytest.raises(TrainingDataError, match="it has: when, what"):
        texts(tmp_path / "a.csv", "when,what\n1,2\n", column=column)


@pytest.mark.parametrize("column", ["", "text"])
def test_of_two_columns_of_one_name_the_first_counts(tmp_path: Path, column: str) -> None:
    assert texts(tmp_path / "a.csv", "id,text,text\n1,first,last\n", column=column) == ["first"]


@pytest.mark.parametrize("body", ['1,"open\n2,two\n', '1,"open\n2,"two"\n3,three\n'])
def test_a_quote_that_is_not_closed_is_refused_with_its_line(tmp_path: Path, body: str) -> None:
    with pytest.raises(TrainingDataError, match="row that begins in line 3"):
        texts(tmp_path / "a.csv", "id,text\n0,fine\n" + body)


def test_a_cell_of_more_than_a_csv_may_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="is no CSV: field larger"):
        texts(tmp_path / "a.csv", "x" * 200_000)


def test_a_quote_that_swallows_rows_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = 'id,text\n1,"Two lines,\nno, really, two"\n2,"\nNone"\n'
    with caplog.at_level(logging.WARNING):
        assert len(texts(tmp_path / "a.csv", whole)) == 2
        assert not caplog.records
        assert len(texts(tmp_path / "a.csv", 'id,text\n1,"open\n2,two\n3,three"\n')) == 1
    assert "row 2 goes on over lines that look like rows ('2,two')" in caplog.text


def test_a_column_past_the_last_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="2 columns"):
        texts(tmp_path / "a.csv", "a,b\n1,2\n", column="3")


def test_id_date_and_link_come_along(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "created_at,text,url,link\n"
        "10/16/17 22:59,Hello there,https://x.com/ada/status/42,https://ellery.example/a\n"
    )
    (tweet,) = read_source(path)
    assert (tweet.id, tweet.created_at) == ("42", "10/16/17 22:59")
    assert ("", "https://ellery.example/a") in tweet.links


@pytest.mark.parametrize("body", ["", "\n\n", "text\n"])
def test_an_empty_table_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(TrainingDataError, match="holds no tweets"):
        texts(tmp_path / "a.csv", body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_known_by_its_mark(tmp_path: Path, encoding: str) -> None:
    assert texts(tmp_path / "a.csv", "text\nCafé – naïve\n".encode(encoding)) == ["Café – naïve"]


def test_windows_1252_is_read_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert texts(tmp_path / "a.csv", "text\n“Café”\n".encode("cp1252")) == ["“Café”"]
    assert "not UTF-8" in caplog.text


def test_another_encoding_must_be_named(tmp_path: Path) -> None:
    body = "text\nПривет\n".encode("cp1251")
    assert texts(tmp_path / "a.csv", body, encoding="cp1251") == ["Привет"]
    with pytest.raises(TrainingDataError, match="name its encoding"):
        texts(tmp_path / "b.csv", b"text\nab\x81\x8d\n")
    with pytest.raises(TrainingDataError, match="no encoding 'klingon'"):
        texts(tmp_path / "a.csv", body, encoding="klingon")


@pytest.mark.parametrize("encoding", ["", "utf-8", "utf-8-sig", "utf-16-le"])
def test_a_mark_at_the_beginning_is_no_part_of_the_header(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffid,text\n7,Hello\n".encode(encoding.removesuffix("-sig") or "utf-8"))
    (tweet,) = read_source(path, encoding=encoding)
    assert (tweet.id, tweet.text) == ("7", "Hello")


@pytest.mark.parametrize("encoding", ["undefined", "punycode", "idna", "hex", "ascii"])
def test_an_encoding_that_does_not_fit_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(TrainingDataError, match=r"There is no encoding|is not"):
        texts(tmp_path / "a.csv", "text\nCafé\n", encoding=encoding)


@given(st.lists(st.sampled_from(["word", " ", "—", "–", "’", "“", "→", "✓"])).map("".join))
def test_what_a_spreadsheet_broke_twice_is_undone(text: str) -> None:
    once = text.encode("utf-8").decode("cp1252")
    broken = once.encode("mac_roman").decode("cp1252")
    assert repair(broken) == text


def test_a_damaged_file_is_repaired_and_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        text = decode(Path("a.csv"), b"text\ncommon good\xe4\xf3\xeethe end\xe4\xf3_\n")
    assert text == "text\ncommon good—the end…\n"
    assert "damaged" in caplog.text


def test_jsonl_takes_objects_strings_and_archive_rows(tmp_path: Path) -> None:
    rows = [
        {"text": "An object"},
        "A string",
        {"tweet": {"full_text": "From an archive", "entities": {"urls": []}}},
    ]
    body = "\n".join(json.dumps(row) for row in rows)
    assert texts(tmp_path / "a.jsonl", body) == ["An object", "A string", "From an archive"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2: no JSON"),
        ("3", "neither"),
        ('{"a": 1}', "it has: a"),
        ('{"text": {"a": 1}}', "line 2: text is no text"),
        ('{"text": ["a"]}', "line 2: text is no text"),
    ],
)
def test_a_bad_line_of_jsonl_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(TrainingDataError, match=why):
        texts(tmp_path / "a.jsonl", f'{{"text": "fine"}}\n{line}\n')


def test_plain_text_is_a_tweet_a_line(tmp_path: Path) -> None:
    assert texts(tmp_path / "a.txt", "One\u2028still one\n\nTwo\n") == ["One\u2028still one", "Two"]


def test_an_unknown_kind_is_refused_and_may_be_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="--format"):
        texts(tmp_path / "a.dat", "One\n")
    assert texts(tmp_path / "a.dat", "One\n", layout="lines") == ["One"]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="There is no"):
        read_source(tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["a" * 300 + ".csv", "file.csv/a.csv"])
def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.csv").touch()
    with pytest.raises(TrainingDataError, match="cannot be read"):
        read_source(tmp_path / name)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1), max_size=5))
def test_any_text_survives_a_csv(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    kept = [line for line in lines if line.strip()]
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["text", "n"], *([line, "1"] for line in kept)])
    if kept:
        assert [tweet.text for tweet in read_source(path)] == kept
