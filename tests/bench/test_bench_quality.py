"""The quality benches' own arithmetic, on invented articles and candidates; no model."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields, replace
from itertools import cycle
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import held_out, quality, tune_ranking
from bench.held_out import HeldOut
from service.articles.article import Article
from service.tweets.overlap import EMPTY, build_index
from service.tweets.tweet import Candidate, ScoreParts
from training.pairing.stage import PairOptions, make_pairs
from training.pairs import Pair, read_pairs, write_pairs
from training.workspace import Workspace

BENCH = Path(quality.__file__).parent
GOOD = "The lighthouse of Skagvik is for sale after forty quiet years"
FOREIGN = "Bergen sells 99 lighthouses, says @harbourmaster"


def row(number: int, texts: list[str]) -> HeldOut:
    text = (
        f"The lighthouse of Skagvik is for sale, said keeper number {number}. It has stood empty "
        "for forty quiet years. Nobody knows who will buy it."
    )
    samples = tuple(Candidate(i, t, -1.0 - i) for i, t in enumerate(texts))
    return HeldOut(Article("Lighthouse for sale", text), GOOD, samples[0], samples)


def kept_draws(rows: list[HeldOut], tmp_path: Path) -> list[str]:
    """Files as a user has them, and the arguments that name them."""
    pairs, draws = tmp_path / "pairs.jsonl", tmp_path / "draws.json"
    lines = [
        {"article": r.article.text, "tweet": r.tweet, "title": r.article.title, "split": part}
        for r, part in zip(rows, cycle(["dev", "test"]))
    ]
    pairs.write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "newsroom").mkdir()
    (tmp_path / "newsroom/model.toml").write_text("name")
    kept = [
        asdict(r) | {"article": [title, r.article.text]}
        for r in rows
        for title in ("", r.article.title)
    ]
    mark = hashlib.sha256(b"name").hexdigest()
    draws.write_text(json.dumps({"model": mark, "rows": kept}))
    return ["--pairs", str(pairs), "--draws", str(draws), "--models", str(tmp_path)]


@pytest.fixture
def rows() -> list[HeldOut]:
    return [row(i, [FOREIGN, GOOD, GOOD.upper(), "Skagvik", *["For sale"] * 12]) for i in range(12)]


def test_every_way_to_write_is_measured(rows: list[HeldOut]) -> None:
    table = quality.measure_all(rows, EMPTY)
    assert table["best of 4"].rouge_1 > table["one sample"].rouge_1
    assert (table["one sample, no rules"].handles, table["one sample"].handles) == (100.0, 0.0)
    assert table["best of 4"].names == table["best of 4"].numbers == 0.0
    assert table["best of 4"].duplicates == 25.0
    assert table["the outlets' own"].rouge_l == pytest.approx(100.0)
    assert table["headline"].echo == 100.0


def test_without_titles_there_is_no_headline_to_measure(rows: list[HeldOut]) -> None:
    untitled = [replace(r, article=replace(r.article, title="")) for r in rows]
    assert "headline" not in quality.measure_all(untitled, EMPTY)


def test_copies_of_training_tweets_are_counted(rows: list[HeldOut]) -> None:
    own = quality.measure_row(rows, build_index([GOOD]), lambda row, _: row.tweet, 0)
    assert own.copied == 100.0


def test_the_table_has_a_column_for_every_figure(rows: list[HeldOut]) -> None:
    lines = quality.as_markdown(quality.measure_all(rows, EMPTY)).splitlines()
    assert {line.count("|") for line in lines} == {len(fields(quality.Row)) + 2}


def test_a_figure_below_its_floor_is_named(rows: list[HeldOut]) -> None:
    found = quality.measure_row(rows, EMPTY, quality.best_of(4), 4)
    assert quality.below_floor(found, {"postable": 100.0}, {"names": 0.0}) == []
    worse = quality.below_floor(replace(found, names=3.0), {"rouge_1": 101.0}, {"names": 2.0})
    assert [line.split()[0] for line in worse] == ["rouge_1", "names"]


def test_the_command_fails_below_a_floor(
    rows: list[HeldOut], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = kept_draws(rows, tmp_path)
    floors = json.loads(quality.FLOORS.read_text("utf-8"))
    floors["corpus_sha256"] = held_out.digest(held_out.read(tmp_path / "pairs.jsonl", "dev")[0])
    floors["least"]["rouge_1"] = 100.1
    (tmp_path / "floors.json").write_text(json.dumps(floors))
    monkeypatch.setattr(quality, "FLOORS", tmp_path / "floors.json")
    result = CliRunner().invoke(quality.main, args)
    assert result.exit_code == 1
    assert "rouge_1" in result.output


def test_tuning_learns_what_makes_a_choice_good(rows: list[HeldOut]) -> None:
    options = [tune_ranking.options_of(row, EMPTY, row.samples[:4]) for row in rows]
    only_likely = replace(ScoreParts(*[0.0] * len(fields(ScoreParts))), likelihood=1.0)
    tuned = tune_ranking.tune(options)
    worst = tune_ranking.outcome(options, only_likely)
    assert worst.ungrounded == 100.0
    assert tune_ranking.outcome(options, tuned).ungrounded == 0.0
    assert tune_ranking.outcome(options, tuned).worth > worst.worth


def test_a_part_is_read_as_the_file_says(tmp_path: Path) -> None:
    lines = [{"article": f"about {s}", "tweet": s, "split": s} for s in ("train", "dev", "test")]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pairs, memory = held_out.read(tmp_path / "pairs.jsonl", "dev")
    assert [pair.tweet for pair in pairs] == ["dev"]
    assert memory.overlap("train").share == 1.0
    assert memory.overlap("dev").words == 0


def test_a_file_without_splits_is_split_as_the_recipe_does(tmp_path: Path) -> None:
    texts = [f"tale{i} of town{i} and its mayor{i} who sang{i}" for i in range(100)]
    pairs = [Pair(str(i), text, f"{text} at length") for i, text in enumerate(texts)]
    write_pairs(tmp_path / "source.jsonl", pairs)
    options = PairOptions(dev_share=held_out.SHARE, test_share=held_out.SHARE)
    make_pairs(Workspace(tmp_path), options, tmp_path / "source.jsonl")
    for part in ("dev", "test"):
        found, _ = held_out.read(tmp_path / "source.jsonl", part)
        assert len(found) == 8
        kept = read_pairs(Workspace(tmp_path).pairs, part)
        assert {pair.id for pair in found} == {pair.id for pair in kept}


def test_draws_of_another_model_are_not_taken(
    rows: list[HeldOut], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = kept_draws(rows, tmp_path)
    (tmp_path / "newsroom/model.toml").write_text("another adapter")
    drawn: list[int] = []

    def draw(pairs: list[Pair], *_: object) -> list[HeldOut]:
        drawn.append(len(pairs))
        return [
            HeldOut(Article(p.title, p.article), p.tweet, rows[0].greedy, rows[0].samples)
            for p in pairs
        ]

    monkeypatch.setattr(held_out, "draw", draw)
    for _ in range(2):
        assert CliRunner().invoke(quality.main, args).exit_code == 0
    assert drawn == [12]


def test_the_benches_run_on_kept_draws(rows: list[HeldOut], tmp_path: Path) -> None:
    args = kept_draws(rows, tmp_path)
    table = CliRunner().invoke(quality.main, args)
    assert table.exit_code == 0, table.output
    assert "| best of 4 |" in table.output
    assert "No floors" in table.output


def test_weights_are_tuned_on_drafts_and_tried_on_what_is_held_out(
    rows: list[HeldOut], tmp_path: Path
) -> None:
    _, _, *args = kept_draws(rows, tmp_path)
    drafts = tmp_path / "folds/0/drafts/000000.jsonl"
    drafts.parent.mkdir(parents=True)
    lines = [
        {"id": f"line-{number}", "drafts": list(map(asdict, r.samples))}
        for number, r in enumerate(rows[:4], start=1)
    ]
    drafts.write_text("\n".join(map(json.dumps, lines)))
    tuned = CliRunner().invoke(tune_ranking.main, ["--work", str(tmp_path), *args])
    assert tuned.exit_code == 0, tuned.output
    assert "tuned on 8, tried on 24 draws" in tuned.output
    assert "| best there is |" in tuned.output
