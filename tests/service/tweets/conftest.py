"""One invented article, and what a request of it would share."""

from __future__ import annotations

import pytest

from service.articles.article import Article
from service.tweets.postprocess import Context, context_for
from service.tweets.tweet import TweetRules

LINK = "https://news.example.com/harbour/bridge-opens"

ARTICLE = Article(
    title="Harbour bridge opens after seven years",
    text=(
        "Mayor Ilse Brandvold opened the new harbour bridge in Norrhamn on 3 March 2024, seven "
        "years after work began. The bridge cost $1.2 million less than planned, the city said. "
        "About 3,000 people walked across on the first day.\n"
        "Engineer Tomás Ferreira called it the quietest bridge in Europe. Trams of the N.H.T. "
        "will cross it every ten minutes, and 45% of the deck belongs to cyclists. The United "
        "Rail Union had asked for more. Follow @NorrhamnPort or visit norrhamn-port.com for the "
        "timetable."
    ),
    url=LINK,
    authors=("Petra Quist",),
    published="2024-03-04",
)


@pytest.fixture
def article() -> Article:
    return ARTICLE


@pytest.fixture
def context(article: Article) -> Context:
    return context_for(article, TweetRules(link_url=LINK))
