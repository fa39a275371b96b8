"""The quality gate: what comes out of pages written for this project, against floors in a file.

Whoever changes a page changes the digest; whoever lowers a floor does it in that file, in sight.
"""

from __future__ import annotations

import hashlib
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.shingles import overlap, score
from service.articles.article import Article, FetchedPage
from service.articles.extract import Extractor
from service.errors import ArticleError

PAGES = Path(__file__).parents[2] / "resources" / "pages"
EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((PAGES / "pages.toml").read_text("utf-8"))
FLOORS = tomllib.loads((PAGES / "floors.toml").read_text("utf-8"))
READ = sorted(name for name, wanted in EXPECTED.items() if "refused" not in wanted)
REFUSED = sorted(name for name, wanted in EXPECTED.items() if "refused" in wanted)
FIELDS = ("title", "authors", "published", "site_name", "language", "image_url")


@cache
def truth(name: str) -> str:
    return (PAGES / f"{name}.truth.txt").read_text("utf-8")


def read(extractor: Extractor, name: str) -> Article:
    wanted = EXPECTED[name]
    body = (PAGES / wanted["file"]).read_bytes()
    content_type = wanted.get("content_type", "text/html")
    return extractor.extract(FetchedPage(f"https://site.example/{name}", body, content_type))


@pytest.mark.parametrize("name", READ)
def test_the_article_is_read(extractor: Extractor, name: str) -> None:
    wanted, article = EXPECTED[name], read(extractor, name)
    found = {field: getattr(article, field) for field in FIELDS if field in wanted}
    found["authors"] = list(article.authors)
    assert found == {"authors": [], **{f: wanted[f] for f in FIELDS if f in wanted}}
    assert overlap(truth(name), article.text).both >= FLOORS["overlap_of_each"]
    for phrase in wanted.get("present", []):
        assert phrase in article.text
    for phrase in wanted.get("absent", []):
        assert phrase not in article.text + article.title


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_article_is_refused_by_name(extractor: Extractor, name: str) -> None:
    with pytest.raises(ArticleError, match=EXPECTED[name]["detail"]) as caught:
        read(extractor, name)
    assert caught.value.type == EXPECTED[name]["refused"]
    assert (caught.value.status, caught.value.retryable) == (422, False)


def test_the_floors_hold_for_all_pages_together(extractor: Extractor) -> None:
    found = score([overlap(truth(name), read(extractor, name).text) for name in READ])
    assert found.f1 >= FLOORS["f1"]
    assert found.precision >= FLOORS["precision"]
    assert found.recall >= FLOORS["recall"]


def test_the_pages_are_those_that_the_floors_were_set_for() -> None:
    digest = hashlib.sha256()
    for path in sorted(PAGES.iterdir()):
        if path.name != "floors.toml":
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    assert digest.hexdigest() == FLOORS["digest"], "pages changed: measure, then set the floors"
    assert len(EXPECTED) >= FLOORS["num_pages"]


def test_every_field_says_where_it_came_from(extractor: Extractor) -> None:
    article = read(extractor, "news-en")
    assert article.origins == {
        "title": "html",
        "text": "trafilatura",
        "authors": "json-ld",
        "published": "json-ld",
        "site_name": "open-graph",
        "language": "text",
        "image_url": "open-graph",
    }
