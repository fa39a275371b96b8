"""JSON-LD says what it means, whether it is written as text or as HTML."""

from __future__ import annotations

import json

import pytest

from service.articles.article import Article, FetchedPage
from service.articles.reading.markup import plain_line, plain_text
from service.articles.reading.reader import read_page
from service.articles.text import normal_text

SENTENCES = [
    "The council of Vastra Hamn voted to bring back its trams & ferries on Monday evening.",
    "Ilse Quist, who chairs the harbour board, called it the end of a long detour by bus.",
    "The first line is to open in six years and will lead from the market to the lighthouse.",
]


def read(**stated: object) -> Article:
    data = json.dumps({"@type": "NewsArticle", **stated}).replace("</", r"<\/")
    script = f'<script type="application/ld+json">{data}</script>'
    page = f"<html><head>{script}</head><body><h1>Trams are back</h1></body></html>"
    return read_page(FetchedPage("https://bridge.example/1", page.encode(), "text/html"), 200)


def test_a_headline_and_a_name_are_decoded() -> None:
    article = read(
        headline="Council &amp; harbour board&#8217;s <b>trams</b>",
        author={"name": "Jo O&#039;Neill"},
        articleBody=" ".join(SENTENCES),
    )
    assert article.title == "Council & harbour board’s trams"
    assert article.authors == ("Jo O'Neill",)


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"<p>{s.replace('&', '&amp;')}</p>" for s in SENTENCES),
        "".join(f"&lt;p&gt;{s.replace('&', '&amp;amp;')}&lt;/p&gt;" for s in SENTENCES),
        "<br>\n<br/>".join(SENTENCES) + "<script>let hidden = 1;</script>",
        "".join(f"<div>\n{s}\n</div>" for s in SENTENCES) + '<p style="display:none">SECRET</p>',
        "\n\n".join(SENTENCES).replace("&", "&amp;"),
    ],
    ids=["paragraphs", "written twice", "line breaks", "hidden", "text"],
)
def test_a_bodys_paragraphs_stay_paragraphs(body: str) -> None:
    assert read(headline="Trams are back", articleBody=body).text == "\n".join(SENTENCES)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Why 3 < 5 and 5 > 3", "Why 3 < 5 and 5 > 3"),
        ("How &lt;div&gt; came to be", "How <div> came to be"),
        ("R&D at AT&T, &notes and &timestamps", "R&D at AT&T, &notes and &timestamps"),
        ("Bed &amp;amp; breakfast", "Bed & breakfast"),
    ],
)
def test_what_is_no_markup_stays(text: str, line: str) -> None:
    assert plain_line(text) == line


def test_a_plain_body_is_left_alone() -> None:
    assert normal_text(plain_text("One < two.\nTwo > one.")) == "One < two.\nTwo > one."
