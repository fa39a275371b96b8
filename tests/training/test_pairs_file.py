"""The files between stages: whole or not there, read strictly, named in errors."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import SetupError, TrainingDataError
from tests.tiny_models import model_spec
from training.files import atomic_writer
from training.model_card import Sources, make_card
from training.pairs import Pair, read_pairs, write_pairs
from training.reports import StageReport, as_table
from training.tweets import Tweet, read_tweets, write_tweets
from training.workspace import Workspace, fingerprint

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@given(st.lists(st.builds(Pair, id=TEXT.filter(bool), tweet=TEXT, article=TEXT), min_size=1))
def test_pairs_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[Pair]
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    write_pairs(path, pairs)
    assert read_pairs(path) == pairs


@given(st.lists(st.builds(Tweet, id=TEXT, text=TEXT, links=st.lists(TEXT).map(tuple))))
def test_tweets_come_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, tweets: list[Tweet]
) -> None:
    path = tmp_path_factory.mktemp("tweets") / "tweets.jsonl"
    write_tweets(path, tweets)
    assert list(read_tweets(path)) == tweets


def pairs_of(tmp_path: Path, *lines: str) -> list[Pair]:
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_pairs(path)


def test_article_and_tweet_are_enough(tmp_path: Path) -> None:
    (pair,) = pairs_of(tmp_path, '{"article": "A", "tweet": "T", "title": null, "platform": "x"}')
    assert pair == Pair(id="line-1", tweet="T", article="A")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"tweet": "T", "text": "A"}', "no 'article'; it has: text, tweet"),
        ('{"article": "A", "tweet": 3}', "no 'tweet'"),
        ('{"article": "A", "tweet": "T", "split": "valid"}', "split is 'valid'"),
        ('{"article": "A", "tweet": "T", "weight": -1}', "weight is -1"),
        ('{"article": "A", "tweet": "T", "weight": NaN}', "weight is nan"),
        ("[]", "no JSON object"),
        ("{", "no JSON"),
    ],
)
def test_a_line_that_is_no_pair_is_named(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(TrainingDataError, match=f"line 2: .*{why}|line 2: {why}"):
        pairs_of(tmp_path, '{"article": "A", "tweet": "T"}', line)


@pytest.mark.parametrize("lines", [(), ("",)])
def test_no_pairs_are_an_error(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(TrainingDataError, match="holds no pair"):
        pairs_of(tmp_path, *lines)


def test_one_split_may_be_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    write_pairs(path, [Pair("1", "T", split="train"), Pair("2", "T", split="dev")])
    assert [pair.id for pair in read_pairs(path, "dev")] == ["2"]
    with pytest.raises(TrainingDataError, match="of split 'test'"):
        read_pairs(path, "test")


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tweets.jsonl").write_bytes(b'{"id": "\xff"}')
    with pytest.raises(TrainingDataError, match="not UTF-8"):
        list(read_tweets(tmp_path / "tweets.jsonl"))


@pytest.mark.parametrize("half", [r"\ud83d", r"\uD83D", r"\udc4d"])
def test_half_an_emoji_is_left_out_where_a_file_is_read(tmp_path: Path, half: str) -> None:
    whole = r"\ud83d\udc4d"
    row = f'{{"id": "1{half}", "article": "A{half}", "tweet": "T{whole}{half}", "url": "{half}"}}'
    assert pairs_of(tmp_path, row) == [Pair(id="1", tweet="T\U0001f44d", article="A")]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_writer(path) as out:
        out.write(str(1 / 0))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="No space left"), atomic_writer(tmp_path / "file"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file/x.json", ".", "x" * 250])
def test_a_path_that_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot be written"), atomic_writer(tmp_path / name):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_stage_is_done_with_these_inputs_and_settings_only(tmp_path: Path) -> None:
    work, source = Workspace(tmp_path), tmp_path / "in"
    source.write_text("a")
    mark = fingerprint([source], {"rate": 1})
    work.record(StageReport("scrape", {"links": 1}, fingerprint=mark))
    assert work.is_done("scrape", mark)
    assert not work.is_done("scrape", fingerprint([source], {"rate": 2}))
    source.write_text("b")
    assert not work.is_done("scrape", fingerprint([source], {"rate": 1}))


def test_a_damaged_report_is_no_report(tmp_path: Path) -> None:
    work = Workspace(tmp_path)
    work.record(StageReport("import", {}))
    (tmp_path / "reports" / "import.json").write_text("{")
    assert not work.is_done("import", "")
    with pytest.raises(TrainingDataError, match="run this stage again"):
        work.report("import")


@pytest.mark.parametrize(
    "changed",
    [
        {"counts": {"kept": "82"}},
        {"counts": {"kept": True}},
        {"counts": [1]},
        {"settings": {"base": ["tiny"]}},
        {"settings": None},
        {"stage": 5},
        {"fingerprint": None},
    ],
)
def test_a_report_of_other_types_is_damaged(tmp_path: Path, changed: dict[str, object]) -> None:
    work = Workspace(tmp_path)
    work.record(StageReport("pairs", {"kept": 82}, {"target": "tweet"}))
    path = tmp_path / "reports" / "pairs.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(TrainingDataError, match="is damaged"):
        work.report("pairs")


def test_a_card_is_not_made_beside_a_damaged_report(tmp_path: Path) -> None:
    work = Workspace(tmp_path)
    work.record(StageReport("finetune", {"epochs": 1}))
    make_card(work, model_spec(), None, Sources("Invented.", "CC0"))
    (tmp_path / "reports" / "pairs.json").write_text('{"stage": "pairs", "counts": {"kept": "x"}}')
    with pytest.raises(TrainingDataError, match=r"pairs\.json is damaged"):
        make_card(work, model_spec(), None, Sources("Invented.", "CC0"))


def test_a_report_is_a_table_and_json(tmp_path: Path) -> None:
    report = StageReport("import", {"read": 3207, "share": 0.25})
    assert as_table(report) == "  read   3,207\n  share  0.250"
    Workspace(tmp_path).record(report)
    row = json.loads((tmp_path / "reports" / "import.json").read_text())
    assert row["counts"] == {"read": 3207, "share": 0.25}
