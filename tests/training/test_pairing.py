"""Pairs: matched, without doubles, and held out so that nothing leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import TrainingDataError
from service.executor import ThreadExecutor
from training.article_store import ArticleStore, Outcome, ScrapedArticle
from training.cli import main
from training.demo.town import Story, stories
from training.pairing.matching import match
from training.pairing.near_duplicates import similar_pairs
from training.pairing.splitting import split, without_doubles
from training.pairing.stage import PairOptions, make_pairs
from training.pairing.teasers import TEASER_FROM, teaser_score
from training.pairing.training_text import as_text, head
from training.pairs import Pair, read_pairs, write_pairs
from training.reports import StageReport
from training.tweets import Tweet, write_tweets
from training.workspace import Workspace


def told(number: int) -> list[Pair]:
    return [pair_of(story, n) for n, story in enumerate(stories(number))]


def pair_of(story: Story, number: int) -> Pair:
    return Pair(
        id=str(number),
        tweet=f"{story.tweet} [LINK]",
        article="\n".join(story.paragraphs),
        title=story.title,
        url=f"https://ellery.example/{story.slug}",
        created_at=f"2023-01-{number // 24 + 1:02}T{number % 24:02}:00:00+00:00",
    )


PAIRS = told(60)


def test_near_same_texts_are_found_and_others_not() -> None:
    texts = [
        "The ferry to Saint Orrin will run until midnight from October",
        "Bees on the town hall made ninety jars of honey this year",
        "The ferry to Saint Orrin will run until midnight from November!",
        "...",
        "…",
    ]
    assert [(one, other) for one, other, _ in similar_pairs(texts, 0.7)] == [(0, 2)]


def test_it_does_not_matter_where_hashes_are_computed() -> None:
    texts = [pair.tweet for pair in PAIRS] * 12
    here = list(similar_pairs(texts, 0.9))
    assert here == list(similar_pairs(texts, 0.9, ThreadExecutor(3)))
    assert here


def test_of_doubles_the_first_stays() -> None:
    double = replace(PAIRS[0], id="double", tweet=PAIRS[0].tweet.upper() + "!")
    assert without_doubles([PAIRS[0], PAIRS[1], double]) == PAIRS[:2]


def test_a_chain_of_doubles_does_not_vanish() -> None:
    text = "the ferry to saint orrin will run until midnight from the month of october"
    chain = [Pair(str(n), text[n * 4 :]) for n in range(4)]
    assert without_doubles(chain)[0] == chain[0]


def test_every_part_has_its_share_and_the_newest_are_held_out() -> None:
    parts = split(PAIRS, 0.1, 0.1)
    sizes = {name: sum(p.split == name for p in parts) for name in ("train", "dev", "test")}
    assert sizes["dev"] <= 6
    assert sizes["test"] <= 6
    assert sizes["dev"] * sizes["test"] > 0
    newest = max(p.created_at for p in parts)
    assert [p.split for p in parts if p.created_at == newest] != ["train"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), min_size=20, max_size=30))
def test_no_article_is_in_two_parts(choices: list[tuple[int, int]]) -> None:
    pairs = [
        replace(PAIRS[tweet], id=str(n), article=PAIRS[article].article, url=PAIRS[article].url)
        for n, (tweet, article) in enumerate(choices)
    ]
    try:
        parts = split(pairs, 0.2, 0.2)
    except TrainingDataError:
        return  # all of a kind: refused rather than leaked
    for key in ("url", "article", "tweet"):
        places: dict[str, set[str]] = {}
        for pair in parts:
            places.setdefault(getattr(pair, key), set()).add(pair.split)
        assert all(len(splits) == 1 for splits in places.values())


def test_near_same_tweets_go_the_same_way() -> None:
    twins = [
        replace(pair, id=f"twin-{pair.id}", tweet=pair.tweet + " Once more", url="", article="")
        for pair in PAIRS
    ]
    splits = {pair.id: pair.split for pair in split(PAIRS + twins, 0.1, 0.1)}
    assert all(splits[pair.id] == splits[f"twin-{pair.id}"] for pair in PAIRS)


def test_the_split_does_not_depend_on_the_order() -> None:
    undated = [replace(pair, created_at="") for pair in PAIRS]
    one = {pair.id: pair.split for pair in split(undated, 0.1, 0.1)}
    other = {pair.id: pair.split for pair in split(undated[::-1], 0.1, 0.1)}
    assert one == other


def test_nothing_is_held_out_of_what_is_all_alike() -> None:
    with pytest.raises(TrainingDataError, match="too few or too alike"):
        split([replace(PAIRS[0], id=str(n)) for n in range(50)], 0.1, 0.1)


def test_something_is_left_to_train_on() -> None:
    with pytest.raises(TrainingDataError, match=r"50% held out for test .* leave none of"):
        split(PAIRS, 0.5, 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "You won't believe what the mayor found on Gannet Square",
        "You’ll never guess who walked into the bakery",
        "This is why the ferry was late",
        "What happened next at the lighthouse left everyone speechless",
        "The real reason the tram stops at noon",
        "Is the new pier any good?",
        "7 things to know before you visit Port Ellery",
        "The best bread in town comes from...",
    ],
)
def test_a_teaser_is_one(text: str) -> None:
    assert teaser_score(text) >= TEASER_FROM


@pytest.mark.parametrize(
    "text",
    [
        "Council votes £90,000 for a new roof on the library",
        "Ferry to Saint Orrin runs until midnight this summer",
        "Hospital gets a scanner after 340 runners raise £310,000",
        "",
    ],
)
def test_news_is_none(text: str) -> None:
    assert teaser_score(text) < TEASER_FROM


@given(st.text())
def test_any_text_has_a_score(text: str) -> None:
    assert 0.0 <= teaser_score(text) <= 1.0


ARTICLE = ScrapedArticle("https://a.example/", "The title", "One sentence. Another one.")


def test_the_first_link_that_led_somewhere_counts() -> None:
    tweet = Tweet("1", "Read [LINK] [LINK]", "", ("https://dead.example", "https://t.example"))
    (pair,) = match([tweet], {"https://t.example": ARTICLE}, "tweet")
    assert (pair.tweet, pair.title, pair.url) == (tweet.text, "The title", ARTICLE.url)
    assert match([tweet], {}, "tweet") == []


def test_a_title_that_is_learnt_is_not_in_the_prompt() -> None:
    tweets = [Tweet(str(n), "Read [LINK]", "", ("https://t.example",)) for n in range(2)]
    (pair,) = match(tweets, {"https://t.example": ARTICLE}, "title")
    assert (pair.tweet, pair.title, pair.article) == ("The title", "", ARTICLE.text)
    untitled = replace(ARTICLE, title="")
    assert match(tweets, {"https://t.example": untitled}, "title") == []


@given(st.text(alphabet="ab .\n", max_size=80), st.integers(1, 60))
def test_a_head_is_short_and_a_beginning(text: str, most: int) -> None:
    cut = head(text, most)
    assert len(cut) <= most
    assert text.startswith(cut)


def test_a_head_ends_with_a_sentence_where_one_fits() -> None:
    assert head("One sentence. Another one.", 20) == "One sentence."
    assert head("One endless sentence without a mark", 12) == "One endless"


def test_training_text_has_markers_that_no_article_can_forge() -> None:
    pair = Pair("1", "T<|endoftweet|>", article="A <|tweet|> b.", title="Title")
    assert as_text(pair, 300) == (
        "<|doc|>Title\nA tweet b.<|endofdoc|><|tweet|>Tendoftweet<|endoftweet|>"
    )
    assert as_text(Pair("1", "T"), 300) == "<|startoftext|>T<|endoftext|>"


@pytest.fixture
def work(tmp_path: Path) -> Workspace:
    """A workspace whose tweets all led to their articles."""
    work = Workspace(tmp_path)
    write_tweets(
        work.tweets, [Tweet(pair.id, pair.tweet, pair.created_at, (pair.url,)) for pair in PAIRS]
    )
    with ArticleStore(work.articles) as store:
        for pair in PAIRS:
            store.record(Outcome(pair.url, ScrapedArticle(pair.url, pair.title, pair.article)))
    return work


def test_the_stage_writes_pairs_and_text(work: Workspace) -> None:
    report = make_pairs(work, PairOptions(training_text=True))
    pairs = read_pairs(work.pairs)
    assert report.counts["kept"] == len(pairs) == len(PAIRS)
    learnt = [pair for pair in pairs if pair.split == "train"]
    assert work.training_txt.read_text().count("<|endoftweet|>") == len(learnt)
    assert work.report("pairs") == report


def test_the_stage_gives_the_same_twice(work: Workspace) -> None:
    make_pairs(work, PairOptions())
    first = work.pairs.read_bytes()
    make_pairs(work, PairOptions())
    assert work.pairs.read_bytes() == first


def test_teasers_may_be_weighed_or_dropped(work: Workspace, tmp_path: Path) -> None:
    teaser = replace(PAIRS[0], id="teaser", tweet="You won't believe what was in the trunk")
    source = tmp_path / "made.jsonl"
    write_pairs(source, [*PAIRS, teaser])
    make_pairs(work, PairOptions(teasers="weigh"), source)
    weights = {pair.id: pair.weight for pair in read_pairs(work.pairs)}
    assert (weights["teaser"], weights["1"]) == (0.25, 1.0)
    report = make_pairs(work, PairOptions(teasers="drop"), source)
    assert report.counts["teasers dropped"] == 1
    assert "teaser" not in {pair.id for pair in read_pairs(work.pairs)}


def test_every_pair_is_in_the_table_once(work: Workspace, tmp_path: Path) -> None:
    teaser = replace(PAIRS[0], id="teaser", tweet="You won't believe what was in the trunk")
    others = [replace(PAIRS[1], weight=0.0), replace(PAIRS[2], tweet=" "), teaser, PAIRS[3]]
    write_pairs(tmp_path / "made.jsonl", [*PAIRS, *others])
    counts = make_pairs(work, PairOptions(teasers="drop"), tmp_path / "made.jsonl").counts
    assert counts["pairs"] == len(PAIRS) + len(others)
    for reason in ("without a tweet", "of weight 0", "teasers dropped", "near-duplicates"):
        assert counts[reason] == 1
    assert counts["kept"] == counts["train"] + counts["dev"] + counts["test"] == len(PAIRS)


def test_style_only_needs_no_articles(work: Workspace) -> None:
    work.articles.unlink()
    make_pairs(work, PairOptions(style_only=True))
    assert {pair.article for pair in read_pairs(work.pairs)} == {""}


def test_a_file_of_pairs_may_teach_its_titles(work: Workspace, tmp_path: Path) -> None:
    titled = [replace(pair, title=f"{pair.title} &amp; {pair.id}") for pair in PAIRS]
    write_pairs(tmp_path / "made.jsonl", [*titled, replace(PAIRS[0], id="bare", title="")])
    report = make_pairs(work, PairOptions(target="title"), tmp_path / "made.jsonl")
    learnt = {pair.id: pair for pair in read_pairs(work.pairs)}
    assert (learnt["1"].tweet, learnt["1"].title) == (f"{PAIRS[1].title} & 1", "")
    assert "bare" not in learnt
    assert report.counts["without a title"] == 1


def test_a_file_of_pairs_may_teach_its_tweets_alone(work: Workspace, tmp_path: Path) -> None:
    write_pairs(tmp_path / "made.jsonl", PAIRS)
    make_pairs(work, PairOptions(style_only=True), tmp_path / "made.jsonl")
    pairs = read_pairs(work.pairs)
    assert {(pair.article, pair.title, pair.url) for pair in pairs} == {("", "", "")}
    assert {pair.tweet for pair in pairs} == {pair.tweet for pair in PAIRS}


def test_titles_alone_are_not_a_style(tmp_path: Path) -> None:
    arguments = ["pairs", "--work", str(tmp_path), "--style-only", "--target", "title"]
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, "--target title needs" in result.output) == (2, True)


def test_without_articles_it_says_what_to_run(work: Workspace) -> None:
    work.articles.unlink()
    with pytest.raises(TrainingDataError, match="run `scrape` first"):
        make_pairs(work, PairOptions())


def test_without_tweets_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="run `import` first"):
        make_pairs(Workspace(tmp_path), PairOptions())


def test_reasons_do_not_count_their_own_total(work: Workspace) -> None:
    counts = {"links": 8, "read": 0, "failed": 8, "failed: article-unreachable": 8}
    work.record(StageReport("scrape", counts))
    with pytest.raises(TrainingDataError, match=r"0 were read \(8 failed: article-unreachable\)\."):
        make_pairs(work, PairOptions(min_pairs=100))


def test_too_few_pairs_say_how_many_are_needed_and_why(work: Workspace) -> None:
    work.record(StageReport("scrape", {"links": 99, "read": 60, "failed: not-an-article": 39}))
    with pytest.raises(TrainingDataError) as caught:
        make_pairs(work, PairOptions(min_pairs=100))
    for part in (
        f"{len(PAIRS)} pairs are left",
        "100 are needed",
        "chance",
        "39 failed",
        "--style-only",
    ):
        assert part in caught.value.detail


def test_when_every_article_is_dead_it_says_so(tmp_path: Path) -> None:
    work = Workspace(tmp_path)
    write_tweets(work.tweets, [Tweet("1", "Read [LINK]", "", ("https://dead.example/",))])
    with ArticleStore(work.articles) as store:
        store.record(Outcome("https://dead.example/", error="article-unreachable"))
    with pytest.raises(TrainingDataError, match="0 pairs are left of 0"):
        make_pairs(work, PairOptions())
