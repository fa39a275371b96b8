from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import TrainingDataError
from service.models import ModelStore
from service.tweets.tweet import Candidate
from tests.tiny_voices import invented_pair, write_gpt2
from training import finetune
from training import self_training as stage
from training.bases import find_base
from training.pairing.splitting import folds
from training.pairing.stage import PairOptions, make_pairs
from training.pairs import Pair, read_pairs, write_pairs
from training.self_training import SelfTrainOptions, best_draft, self_train
from training.tuning.options import Base, FinetuneOptions
from training.workspace import Workspace

QUICK = FinetuneOptions(epochs=1, rate=1e-2, micro_batch_size=16)
TWO = SelfTrainOptions(num_drafts=2)
PAIR = Pair(
    "1",
    tweet="The old bridge opens again after the flood",
    article="The old bridge of Ostwick opens again on Monday. The flood had closed it for weeks.",
)


def drafts(*texts: str, complete: bool = True) -> list[Candidate]:
    return [
        Candidate(index, text, mean_logprob=-1.0, complete=complete)
        for index, text in enumerate(texts)
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    models_dir = tmp_path_factory.mktemp("models")
    write_gpt2(models_dir)
    return find_base(ModelStore(models_dir), "tiny-gpt2")


def unlike_pairs() -> list[Pair]:
    """Pairs of which no two articles are alike."""
    rng = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        replace(
            pair,
            tweet=f"{pair.tweet} {''.join(rng.choices(letters, k=30))}",
            article=" ".join("".join(rng.choices(letters, k=5)) for _ in range(30)) + ".",
        )
        for pair in map(invented_pair, range(64))
    ]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path / "work")
    write_pairs(made.pairs, unlike_pairs())
    return made


def test_the_draft_most_like_the_tweet_is_kept() -> None:
    found = best_draft(PAIR, drafts("Rain in Ostwick", "The bridge opens after the flood"))
    assert found == "The bridge opens after the flood"


def test_a_draft_with_a_foreign_name_teaches_nothing() -> None:
    assert best_draft(PAIR, drafts("The old bridge opens again, says Bob Stone")) == ""


def test_a_draft_that_was_cut_off_teaches_nothing() -> None:
    assert best_draft(PAIR, drafts("The old bridge opens again", complete=False)) == ""


def test_the_place_of_the_link_is_learnt_too() -> None:
    assert best_draft(PAIR, drafts("The bridge opens [LINK]")) == "The bridge opens [LINK]"


def test_drafts_join_the_pairs_and_are_marked(
    workspace: Workspace, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = read_pairs(workspace.pairs)
    monkeypatch.setattr(stage, "_draw", lambda _, wanted, __: [drafts("Rain")] * len(wanted))
    report = self_train(workspace, base, QUICK, TWO)
    pairs = read_pairs(workspace.pairs)
    assert pairs[: len(own)] == own
    added = pairs[len(own) :]
    assert report.counts == {"articles": 48, "with a good draft": 48}
    assert len(added) == 48
    assert all(pair.drawn and pair.split == "train" and not pair.title for pair in added)


def test_each_article_is_drawn_for_by_a_model_that_did_not_see_it(
    workspace: Workspace, base: Base
) -> None:
    self_train(workspace, base, QUICK, TWO)
    seen = [
        {pair.id for pair in read_pairs(workspace.root / "folds" / n / "pairs.jsonl", "train")}
        for n in ("0", "1")
    ]
    train = {pair.id for pair in read_pairs(workspace.pairs, "train") if not pair.drawn}
    assert seen[0] | seen[1] == train
    assert not seen[0] & seen[1]


def test_run_again_it_draws_nothing_twice(
    workspace: Workspace, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    self_train(workspace, base, QUICK, TWO)
    first = workspace.pairs.read_bytes()
    monkeypatch.delattr(finetune, "finetune")
    monkeypatch.delattr(stage, "_draw")
    self_train(workspace, base, QUICK, TWO)
    assert workspace.pairs.read_bytes() == first


def test_stopped_while_drawing_it_goes_on_where_it_was(
    workspace: Workspace, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def draw(_: object, wanted: list[Pair], __: object) -> list[list[Candidate]]:
        if len(drawn) == 2:
            drawn.append(0)
            raise KeyboardInterrupt
        drawn.append(len(wanted))
        return [drafts("Rain")] * len(wanted)

    monkeypatch.setattr(stage, "_draw", draw)
    monkeypatch.setattr(stage, "_ARTICLES_A_FILE", 10)
    with pytest.raises(KeyboardInterrupt):
        self_train(workspace, base, QUICK, TWO)
    assert self_train(workspace, base, QUICK, TWO).counts["with a good draft"] == 48
    assert sum(drawn) == 48


def test_new_pairs_forget_what_was_drawn_for_the_old(workspace: Workspace, base: Base) -> None:
    self_train(workspace, base, QUICK, TWO)
    source = workspace.root / "source.jsonl"
    write_pairs(source, [replace(pair, split="") for pair in unlike_pairs()])
    make_pairs(workspace, PairOptions(), source)
    assert not any(pair.drawn for pair in read_pairs(workspace.pairs))
    with pytest.raises(TrainingDataError, match="run this stage first"):
        workspace.report("self-train")


def test_other_settings_draw_anew(
    workspace: Workspace, base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "_draw", lambda _, wanted, __: [drafts("Rain")] * len(wanted))
    self_train(workspace, base, QUICK, TWO)
    monkeypatch.setattr(stage, "_draw", lambda _, wanted, __: [drafts("Sun")] * len(wanted))
    self_train(workspace, base, QUICK, replace(TWO, temperature=0.5))
    assert {pair.tweet for pair in read_pairs(workspace.pairs) if pair.drawn} == {"Sun"}


def test_tweets_without_articles_are_refused(workspace: Workspace, base: Base) -> None:
    write_pairs(workspace.pairs, [replace(invented_pair(n), article="") for n in range(64)])
    with pytest.raises(TrainingDataError, match="no article"):
        self_train(workspace, base, QUICK, TWO)


def test_folds_keep_what_belongs_together() -> None:
    pairs = [replace(p, url=f"https://a.example/{n // 2}") for n, p in enumerate(unlike_pairs())]
    parts = folds(pairs, 2)
    assert sorted(pair.id for part in parts for pair in part) == sorted(pair.id for pair in pairs)
    urls = [{pair.url for pair in part} for part in parts]
    assert not urls[0] & urls[1]


def test_pairs_that_are_all_alike_cannot_be_parted() -> None:
    with pytest.raises(TrainingDataError, match="too alike"):
        folds([replace(PAIR, id=str(n)) for n in range(4)], 2)
