"""An X archive comes from outside: whole ones are read whole, all others refused in one line."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from service.errors import TrainingDataError
from training.importers import archive
from training.importers.archive import read_archive
from training.importers.cleaning import clean

TWEET = {
    "id_str": "7",
    "full_text": "Tea &amp; toast",
    "created_at": "Sun Dec 31 14:36:59 +0000 2023",
}


def as_js(rows: list[Any], name: str = "tweets") -> str:
    return f"window.YTD.{name}.part0 = {json.dumps([{'tweet': row} for row in rows])}"


def make_zip(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, body in files.items():
            out.writestr(name, body)
    return path


@pytest.mark.parametrize("name", ["data/tweets.js", "data/tweet.js", "twitter-me/data/tweets.js"])
def test_reads_old_and_new_names(tmp_path: Path, name: str) -> None:
    tweets = read_archive(make_zip(tmp_path / "a.zip", {name: as_js([TWEET])}))
    assert [tweet.id for tweet in tweets] == ["7"]


def test_reads_every_part(tmp_path: Path) -> None:
    parts = {
        "data/tweets.js": as_js([TWEET]),
        "data/tweets-part1.js": as_js([TWEET | {"id_str": "8"}]),
        "data/tweet-headers.js": as_js([TWEET | {"id_str": "9"}]),
    }
    ids = [tweet.id for tweet in read_archive(make_zip(tmp_path / "a.zip", parts))]
    assert sorted(ids) == ["7", "8"]


def test_reads_the_unpacked_folder_and_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "data" / "tweets.js"
    file.parent.mkdir()
    file.write_text("\ufeff" + as_js([TWEET]) + ";\n", encoding="utf-8")
    assert read_archive(tmp_path) == read_archive(file.parent) == read_archive(file)


def test_takes_the_real_link_and_drops_media(tmp_path: Path) -> None:
    row = TWEET | {
        "full_text": "Look &lt;here&gt;\nhttps://t.co/a https://t.co/b",
        "entities": {
            "urls": [{"url": "https://t.co/a", "expanded_url": "https://ellery.example/news?a=1"}],
            "media": [{"url": "https://t.co/b"}],
        },
    }
    (raw,) = read_archive(make_zip(tmp_path / "a.zip", {"data/tweets.js": as_js([row])}))
    tweet = clean(raw)
    assert tweet.text == "Look <here>\n[LINK]"
    assert tweet.links == ("https://ellery.example/news?a=1",)


def test_a_long_tweet_is_taken_whole_from_the_notes(tmp_path: Path) -> None:
    text = "We & they " + "walked along the quay and " * 15 + "home."
    note = {"core": {"text": text, "urls": []}}
    files = {
        "data/note-tweet.js": "window.YTD.note_tweet.part0 = " + json.dumps([{"noteTweet": note}]),
        "data/tweets.js": as_js(
            [TWEET | {"full_text": text.replace("&", "&amp;")[:270] + "… https://t.co/x"}]
        ),
    }
    (raw,) = read_archive(make_zip(tmp_path / "a.zip", files))
    assert clean(raw).text == text


@pytest.mark.parametrize(
    "entities", [{"urls": 5}, {"urls": True, "media": True}, {"media": {"url": "x"}}, 3]
)
def test_entities_that_are_none_cost_no_tweet(tmp_path: Path, entities: object) -> None:
    files = {"data/tweets.js": as_js([TWEET | {"entities": entities}])}
    (raw,) = read_archive(make_zip(tmp_path / "a.zip", files))
    assert (raw.id, raw.links, raw.media) == ("7", (), ())


@pytest.mark.parametrize("note", [{}, {"core": 3}, {"core": {"text": "Tea & toast", "urls": 5}}])
def test_a_note_that_is_none_costs_no_tweet(tmp_path: Path, note: object) -> None:
    files = {
        "data/note-tweet.js": json.dumps([{"noteTweet": note}]),
        "data/tweets.js": as_js([TWEET, TWEET | {"full_text": ""}]),
    }
    raws = read_archive(make_zip(tmp_path / "a.zip", files))
    assert [clean(raw).text for raw in raws] == ["Tea & toast", ""]


def test_a_reply_is_known_by_its_field(tmp_path: Path) -> None:
    rows = [TWEET | {"in_reply_to_status_id_str": "3"}, TWEET]
    tweets = read_archive(make_zip(tmp_path / "a.zip", {"data/tweets.js": as_js(rows)}))
    assert [tweet.is_reply for tweet in tweets] == [True, False]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("window.YTD.tweets.part0 = []", "no tweets"),
        ("", "no list of tweets"),
        ("alert(1)", "no list of tweets"),
        (as_js([TWEET])[:-1], "cut short"),
        (as_js([TWEET])[:-20], "cut short or damaged"),
        ("window.YTD.tweets.part0 = [1]", "no object"),
        ("window.YTD.tweets.part0 = [{}]", "no full_text"),
        ("window.YTD.tweets.part0 = " + "[" * 100_000, "no object|damaged"),
    ],
)
def test_what_holds_no_tweets_is_refused(tmp_path: Path, body: str, why: str) -> None:
    path = make_zip(tmp_path / "a.zip", {"data/tweets.js": body})
    with pytest.raises(TrainingDataError, match=why):
        read_archive(path)


def test_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tweets.js"
    path.write_bytes(as_js([TWEET]).encode() + b"\xff")
    with pytest.raises(TrainingDataError, match="not UTF-8"):
        read_archive(path)


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"data/tweets.js": as_js([TWEET] * 99)})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(TrainingDataError, match="no whole zip"):
        read_archive(path)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"data/tweets.js": as_js([TWEET] * 99)})
    body = bytearray(path.read_bytes())
    body[60:70] = b"\0" * 10
    path.write_bytes(body)
    with pytest.raises(TrainingDataError, match="no whole zip"):
        read_archive(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_damaged_in_another_compression_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as out:
        out.writestr("data/tweets.js", as_js([TWEET] * 99))
    body = bytearray((tmp_path / "a.zip").read_bytes())
    body[53:70] = b"\xff" * 17
    (tmp_path / "a.zip").write_bytes(body)
    with pytest.raises(TrainingDataError, match="no whole zip"):
        read_archive(tmp_path / "a.zip")


def test_a_name_in_no_encoding_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"data/tweets.js": as_js([TWEET]), "data/ü.js": ""})
    path.write_bytes(path.read_bytes().replace("ü".encode(), b"\xff\xff"))
    with pytest.raises(TrainingDataError, match="no whole zip"):
        read_archive(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"data/tweets.js": " " * 30_000_000})
    with pytest.raises(TrainingDataError, match="no archive of tweets"):
        read_archive(path)


def test_many_large_files_together_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 400)
    files = {f"data/tweets-part{n}.js": as_js([TWEET]) for n in range(9)}
    with pytest.raises(TrainingDataError, match="more than"):
        read_archive(make_zip(tmp_path / "a.zip", files))


def test_nothing_is_written_whatever_the_names_are(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    names = ["../../data/tweets.js", "/etc/tweets.js", "../tweets.js"]
    path = make_zip(inner / "a.zip", {name: as_js([TWEET]) for name in names})
    assert len(read_archive(path)) == 3
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"data/tweets.js": as_js([TWEET])})
    body = bytearray(path.read_bytes())
    body[6] |= 1  # the flag in the local header and in the directory
    body[body.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(body)
    with pytest.raises(TrainingDataError, match="encrypted"):
        read_archive(path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.js"
    outside.write_text(as_js([TWEET]))
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "tweets.js").symlink_to(outside)
    with pytest.raises(TrainingDataError, match="no tweets"):
        read_archive(folder)


def test_a_folder_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "tweets.js").write_text(as_js([TWEET]))
    folder = tmp_path / "archive"
    folder.mkdir()
    (folder / "data").symlink_to(outside)
    with pytest.raises(TrainingDataError, match="no tweets"):
        read_archive(folder)


def test_a_link_in_a_zip_is_read_as_the_text_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "secret.js").write_text(as_js([TWEET]))
    link = zipfile.ZipInfo("data/tweets.js")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr(link, str(tmp_path / "secret.js"))
    with pytest.raises(TrainingDataError, match="no list of tweets"):
        read_archive(tmp_path / "a.zip")


def test_a_folder_named_as_the_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tweets.js").mkdir()
    (tmp_path / "tweet.js").write_text(as_js([TWEET]))
    assert [tweet.id for tweet in read_archive(tmp_path)] == ["7"]
