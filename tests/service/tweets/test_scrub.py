from __future__ import annotations

import pytest

from service.articles.article import Article
from service.tweets.grounding import facts_of
from service.tweets.scrub import scrub
from service.tweets.tweet import TweetRules


def scrubbed(text: str, article: Article, rules: TweetRules | None = None) -> str:
    return scrub(text, facts_of(article), rules or TweetRules(), shown=article.text).text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The bridge is open https://evil.example/x", "The bridge is open"),
        ("The bridge is open evil.com/now today", "The bridge is open today"),
        ("Open (see https://evil.com) now", "Open (see) now"),
        ("The bridge is open via @evil", "The bridge is open"),
        ("@evil says the bridge is open", "says the bridge is open"),
        ("@Brandvold says the bridge is open", "Brandvold says the bridge is open"),
        ("@TomasFerreira built a bridge", "Tomas Ferreira built a bridge"),
        ("Thanks to @ilsebrandvold for it", "Thanks to Ilse Brandvold for it"),
        ("Thanks to @theharbour for it", "Thanks for it"),
        ("Thanks @NorrhamnPort for it", "Thanks @NorrhamnPort for it"),
        ("Norrhamn-port.com has it", "Norrhamn-port has it"),
        ("Write to evil@evil.com", "Write"),
        ("@evil, @eve and @everyone met Brandvold.", "met Brandvold."),
        ("RT @evil: The bridge is open", "The bridge is open"),
        (".@evil says so", "says so"),
        ("It opened. @evil: a day to see", "It opened. a day to see"),
        ("“@evil: it opened” she said", "“it opened” she said"),
        ("The city, @evil, agreed", "The city, agreed"),
        ("Thanks to Brandvold, @evil and @eve.", "Thanks to Brandvold."),
        ("@evil's bridge", "bridge"),
        ("@Brandvold's bridge", "Brandvold's bridge"),
        ("The evil.com’s view", "The view"),
        ("Open. Read more at http://evil.com", "Open."),
        ("Open. Full story here: evil.com/a", "Open."),
        ("There is no more http://evil.com", "There is no more"),
        ("See evil.com:8080/x now", "See now"),
        ("Ask evil@evil.com/path?x=1 now", "Ask now"),
        ("Norrhamn-port.com:80 has it", "Norrhamn-port has it"),
        ("Is it evil.com/a?", "Is it?"),
        ("Buy $evil and $EVIL now", "Buy $evil and $EVIL now"),
        ("Open [LINK] and [LINK]", "Open [LINK] and"),
    ],
)
def test_what_is_foreign_goes_and_its_pointers_too(text: str, left: str, article: Article) -> None:
    assert scrubbed(text, article) == left


def test_the_removed_is_told(article: Article) -> None:
    removed = scrub("Open via @evil http://evil.com", facts_of(article), TweetRules()).removed
    assert {(claim.kind, claim.text) for claim in removed} == {
        ("handle", "@evil"),
        ("link", "http://evil.com"),
    }


def test_mentions_may_all_be_stripped(article: Article) -> None:
    rules = TweetRules(mentions="strip")
    assert "@" not in scrubbed("Thanks @NorrhamnPort for it", article, rules)


def test_mentions_may_all_be_kept(article: Article) -> None:
    assert scrubbed("Hi @friend", article, TweetRules(mentions="keep")) == "Hi @friend"


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("keep", "A new #bridge and #joy #Norrhamn #oslo"),
        ("strip", "A new bridge and joy"),
        ("grounded", "A new #bridge and joy #Norrhamn"),
    ],
)
def test_hashtags_by_policy(policy: str, left: str, article: Article) -> None:
    rules = TweetRules(hashtags=policy)  # type: ignore[arg-type]
    text = "A new #bridge and #joy #Norrhamn #oslo"
    if policy == "keep":
        assert scrubbed(text, article, rules) == left
    else:
        assert scrubbed(
            "A new #bridge and #joy here #Norrhamn #oslo", article, rules
        ) == left.replace("and joy", "and joy here")
