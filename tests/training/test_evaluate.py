from __future__ import annotations

import json
import math
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.errors import TrainingDataError
from service.prompts import article_example
from tests.tiny_voices import Workshop, invented_pair
from training.cli import main
from training.commands import evaluate as command_module
from training.evaluate import (
    EvaluateOptions,
    article_of,
    evaluate,
    first_sentence,
    held_out_loss,
)
from training.judging.metrics import Scores
from training.judging.review_sheet import review_sheet
from training.judging.served_model import GREEDY, ServedModel
from training.judging.table import (
    AS_IT_COMES,
    BODY,
    OTHER_TITLE,
    TITLE,
    Evaluation,
    Row,
    as_json,
    as_markdown,
)
from training.model_card import Sources, make_card, read_evaluation
from training.pairs import write_pairs
from training.tuning.greedy import greedy_ids
from training.tuning.trained_model import trained_model

PAIRS = [
    invented_pair(7),
    replace(invented_pair(15), title=""),
    replace(invented_pair(23), tweet="<b>Fish</b> & chips in Ostwick"),
]


@pytest.fixture(scope="module")
def voice(trained: Workshop) -> ServedModel:
    return ServedModel(trained.store.load("me"))


@pytest.fixture(scope="module")
def found(trained: Workshop, voice: ServedModel) -> Evaluation:
    trained.builder.build("tiny-gpt2")
    untrained = ServedModel(trained.store.load("tiny-gpt2"))
    return evaluate(voice, untrained, PAIRS, EvaluateOptions(best_of=2))


def test_every_way_is_measured_beside_its_baselines(found: Evaluation) -> None:
    names = [(row.name, row.given, row.scores.num) for row in found.rows]
    assert names == [
        ("first sentence", BODY, 3),
        ("untrained base", BODY, 3),
        ("greedy", BODY, 3),
        ("as served", BODY, 3),
        ("headline", TITLE, 2),
        ("untrained base", TITLE, 2),
        ("greedy", TITLE, 2),
        ("as served", TITLE, 2),
        ("headline, else first sentence", AS_IT_COMES, 3),
        ("greedy", AS_IT_COMES, 3),
        ("as served", AS_IT_COMES, 3),
    ]


def test_baselines_are_what_they_say(found: Evaluation) -> None:
    assert found.row("headline", TITLE).texts == (PAIRS[0].title, PAIRS[2].title)
    assert found.row("first sentence", BODY).texts[0] == first_sentence(PAIRS[0].article)


def test_as_it_comes_each_pair_is_told_from_what_it_has(found: Evaluation) -> None:
    baseline = found.row("headline, else first sentence", AS_IT_COMES).texts
    assert baseline == (PAIRS[0].title, first_sentence(PAIRS[1].article), PAIRS[2].title)
    for name in ("greedy", "as served"):
        one, other = found.row(name, TITLE).texts
        assert found.row(name, AS_IT_COMES).texts == (one, found.row(name, BODY).texts[1], other)


def test_where_all_have_a_title_nothing_is_told_twice(voice: ServedModel) -> None:
    rows = evaluate(voice, voice, [PAIRS[0]], EvaluateOptions(best_of=1)).rows
    assert {row.given for row in rows} == {BODY, TITLE}


def test_without_pairs_there_is_nothing_to_measure(voice: ServedModel) -> None:
    with pytest.raises(TrainingDataError, match="no held-out pair"):
        evaluate(voice, voice, [], EvaluateOptions(best_of=1))


def test_a_long_article_is_cut_to_the_room_of_the_model(voice: ServedModel) -> None:
    unlimited = replace(voice.spec.prompt, article_chars=0)
    short_of_room = copy(voice)
    short_of_room.spec = replace(voice.spec, prompt=unlimited)
    long = replace(PAIRS[0], article="The mayor of Ostwick opened one more bridge. " * 100)
    assert math.isfinite(held_out_loss(short_of_room, [long]))


def test_a_tweet_that_no_room_holds_is_left_out_and_told(
    voice: ServedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = replace(PAIRS[0], id="endless", tweet="Ostwick rejoices over bridges " * 100)
    assert held_out_loss(voice, [*PAIRS, endless]) == held_out_loss(voice, PAIRS)
    assert "1 tweets, first that of endless" in capsys.readouterr().err
    with pytest.raises(TrainingDataError, match="endless"):
        held_out_loss(voice, [endless])


def test_pairs_without_titles_leave_out_what_needs_them(voice: ServedModel) -> None:
    rows = evaluate(voice, voice, [PAIRS[1]], EvaluateOptions(best_of=1)).rows
    assert {row.given for row in rows} == {BODY}


def test_headlines_that_are_not_the_tweet_are_measured_apart(voice: ServedModel) -> None:
    posted = replace(PAIRS[0], tweet=PAIRS[0].title)
    found = evaluate(voice, voice, [posted, PAIRS[2]], EvaluateOptions(best_of=1))
    assert found.row("headline", OTHER_TITLE).texts == (PAIRS[2].title,)
    assert found.row("greedy", OTHER_TITLE).texts == found.row("greedy", TITLE).texts[1:]
    assert review_sheet(found, [posted, PAIRS[2]]).count(f"({OTHER_TITLE})") == 0


def test_the_loss_is_that_of_the_trained_model(trained: Workshop, voice: ServedModel) -> None:
    model = trained_model(trained.store, trained.builder, "me")
    losses = []
    for pair in PAIRS:
        example = article_example(voice.tokenizer, voice.spec, "", pair.article, pair.tweet, 250)
        losses += _torch_losses(model, example.token_ids, example.num_prompt_tokens)
    assert held_out_loss(voice, PAIRS) == pytest.approx(sum(losses) / len(losses), abs=0.02)


def _torch_losses(model: object, ids: tuple[int, ...], num_prompt: int) -> list[float]:
    import torch

    with torch.inference_mode():
        logits = model(torch.tensor([ids])).logits[0].log_softmax(-1)  # type: ignore[operator]
    return [-float(logits[i - 1, ids[i]]) for i in range(num_prompt, len(ids))]


def test_the_engine_draws_what_torch_would(trained: Workshop, voice: ServedModel) -> None:
    article = article_of(PAIRS[0], BODY)
    drawn = voice.draw([article] * 3, GREEDY, "test")
    model = trained_model(trained.store, trained.builder, "me")
    ids = greedy_ids(model, voice.prompt(article).token_ids, [0], GREEDY.max_tokens)
    assert {row[0].text for row in drawn} == {voice.tokenizer.decode(ids)}


def test_figures_survive_json(found: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(as_json(found))
    assert read_evaluation(path) == found
    assert json.loads(as_json(found))["perplexity"] == pytest.approx(math.exp(found.loss))


SCORES = Scores(*range(1, 13))


@pytest.mark.parametrize("text", ['"str"', "5", "null", "[]", "{}", "{", '{"rows": 3}', "\x00"])
def test_what_is_no_evaluation_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(TrainingDataError, match=r"e\.json is no evaluation"):
        read_evaluation(tmp_path / "e.json")


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("whole", {"loss": "x"}),
        ("whole", {"model": None}),
        ("whole", {"rows": [3]}),
        ("row", {"texts": "abc"}),
        ("row", {"name": 1}),
        ("row", {"scores": None}),
        ("scores", {"rouge_1": None}),
        ("scores", {"num": 3.5}),
        ("scores", {"more": 1}),
    ],
)
def test_figures_that_are_none_are_one_line(
    tmp_path: Path, part: str, changed: dict[str, object]
) -> None:
    row = Row("greedy", BODY, SCORES, ("A tweet",))
    raw = json.loads(as_json(Evaluation("me", 1.0, 2.7, (row,))))
    {"whole": raw, "row": raw["rows"][0], "scores": raw["rows"][0]["scores"]}[part].update(changed)
    (tmp_path / "e.json").write_text(json.dumps(raw))
    with pytest.raises(TrainingDataError, match=r"e\.json is no evaluation"):
        read_evaluation(tmp_path / "e.json")


def test_the_table_has_a_line_a_row(found: Evaluation) -> None:
    assert len(as_markdown(found).splitlines()) == 2 + len(found.rows)


def test_the_sheet_shows_text_as_text(found: Evaluation) -> None:
    sheet = review_sheet(found, PAIRS)
    assert "&lt;b&gt;Fish&lt;/b&gt; &amp; chips" in sheet
    assert sheet.count("<article>") == 3
    assert "<script" not in sheet


def test_pairs_of_one_id_keep_their_own_texts(found: Evaluation) -> None:
    same = [replace(pair, id="1") for pair in PAIRS]
    assert review_sheet(found, same) == review_sheet(found, PAIRS)


def test_a_target_that_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path: Path,
) -> None:
    write_pairs(tmp_path / "p.jsonl", PAIRS)
    arguments = ["evaluate", "--model", "none", "--pairs", tmp_path / "p.jsonl"]
    for option in ("--json", "--html"):
        target = (option, tmp_path / "p.jsonl" / "x")
        result = CliRunner().invoke(main, [str(text) for text in (*arguments, *target)])
        assert (result.exit_code, result.output.count("\n")) == (1, 1)
        assert "p.jsonl/x cannot be written" in result.output


def test_the_sheet_is_written_though_the_figures_fail(
    trained: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the disk fills, or a folder appears where the file was to be."""
    write_pairs(tmp_path / "p.jsonl", PAIRS[:1])
    figures, sheet = tmp_path / "f.json", tmp_path / "s.html"
    monkeypatch.setenv("DOC2TWEET_MODELS_DIR", str(trained.store.models_dir))
    measure = command_module.evaluate

    def measure_and_block(*given: Any) -> Evaluation:
        figures.mkdir()
        return measure(*given)

    monkeypatch.setattr(command_module, "evaluate", measure_and_block)
    arguments = ["--model", "me", "--pairs", tmp_path / "p.jsonl", "--best-of", "1"]
    targets = ["--json", figures, "--html", sheet]
    result = CliRunner().invoke(main, ["evaluate", *map(str, [*arguments, *targets])])
    assert (result.exit_code, "f.json cannot be written" in result.output) == (1, True)
    assert sheet.read_text().startswith("<!doctype html>")


def test_the_card_tells_what_a_reader_must_know(trained: Workshop, found: Evaluation) -> None:
    spec = trained.store.spec("me")
    card = make_card(trained.workspace, spec, found, Sources("Invented tweets.", "CC0"))
    assert card.data.base_model == "tiny-gpt2"
    for text in ("Invented tweets.", "pairs trained on", "as served", "made by a machine", "CC0"):
        assert text in card.content


def test_a_first_sentence_of_nothing_is_nothing() -> None:
    assert first_sentence(" \n ") == ""
