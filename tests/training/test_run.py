from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.articles.article import Article
from service.errors import ArticleUnreachable
from service.executor import ThreadExecutor
from service.models import ModelStore
from tests.tiny_voices import invented_pair, write_gpt2
from training import finetune as stage
from training.bases import builder, find_base
from training.importers.raw import RawTweet
from training.pairing.stage import PairOptions
from training.run import RunOptions, Tools, run
from training.scrape import ScrapeOptions
from training.tuning.options import FinetuneOptions
from training.workspace import Workspace

NUM = 60
QUICK = FinetuneOptions(epochs=1, rate=1e-2, micro_batch_size=16)


def raw_tweet(number: int) -> RawTweet:
    link = f"https://paper.example/{number}"
    text = invented_pair(number).tweet.replace("[LINK]", f"and {_words(number)} t{number} {link}")
    return RawTweet(str(number), text, f"2024-01-{number % 28 + 1:02}T10:00:00Z", ((link, link),))


def _words(number: int) -> str:
    """Different enough that no two tweets count as doubles."""
    return " ".join(f"{a}{number * k % 97}" for k, a in ((7, "oak"), (13, "elm"), (29, "ash")))


def read(url: str) -> Article:
    number = int(url.rpartition("/")[2])
    if number == 3:
        raise ArticleUnreachable("gone")
    pair = invented_pair(number)
    return Article(pair.title, f"{pair.article} {_words(number)} {_words(number + 1)}", url)


class Bench:
    def __init__(self, root: Path) -> None:
        write_gpt2(root / "models")
        self.store, self.workspace = ModelStore(root / "models"), Workspace(root / "work")
        self.said = io.StringIO()

    def run(
        self,
        *,
        style_only: bool = False,
        self_train: bool = False,
        read: Callable[[str], Article] = read,
    ) -> str:
        options = RunOptions(
            name="me",
            scrape=ScrapeOptions(spacing_s=0.0),
            pairs=PairOptions(style_only=style_only, min_pairs=20),
            finetune=QUICK,
            self_train=self_train,
            max_evaluated=2,
        )
        tools = Tools(
            self.store,
            builder(self.store),
            read,
            ThreadExecutor(4),
            lambda text: print(text, file=self.said),
        )
        run(
            self.workspace,
            lambda: [raw_tweet(number) for number in range(NUM)],
            lambda: find_base(self.store, "tiny-gpt2", style_only=style_only),
            options,
            tools,
        )
        return self.said.getvalue()


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("run"))
    bench.run()
    return bench


def test_every_stage_says_what_it_did(done: Bench) -> None:
    said = done.said.getvalue()
    stages = ["import", "scrape", "pairs", "finetune", "export", "evaluate", "card"]
    assert [name for name in stages if f". {name}\n" in said] == stages


def test_the_voice_can_be_loaded(done: Bench) -> None:
    assert done.store.load("me").spec.base == "tiny-gpt2"


def test_what_a_reader_needs_is_written(done: Bench) -> None:
    figures = json.loads((done.workspace.root / "evaluation.json").read_text())
    assert figures["model"] == "me"
    assert (done.workspace.root / "review.html").read_text().count("<article>") == 2
    assert "| import | read | 60 |" in (done.store.folder("me") / "README.md").read_text()


def test_a_second_run_neither_fetches_nor_trains(
    done: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("done already")

    monkeypatch.setattr(stage, "finetune", never)
    assert "7. card" in done.run(read=never)


def test_tweets_alone_make_a_voice_for_free_prompts(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    said = bench.run(style_only=True)
    assert ". scrape\n" not in said
    assert bench.store.spec("me").prompt.start == "<|endoftext|>"
    assert "generate" in bench.store.spec("me").tasks


def test_drafts_are_learnt_from_where_asked(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    said = bench.run(self_train=True)
    assert said.index("4. self-train") < said.index("5. finetune") < said.index("8. card")
    assert "| self-train | articles |" in (bench.store.folder("me") / "README.md").read_text()
