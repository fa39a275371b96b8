"""How well and how fast pages are read: this project beside its two parts alone, in one run.

    python bench/extraction.py [DATA]

DATA holds `ground-truth.json` ({id: {articleBody, url}}) and `html/<id>.html.gz`, as in
scrapinghub's article-extraction-benchmark. Exit code 1 where a goal is missed.

That data says nothing of titles. A title counts as sure where two of JSON-LD's headline, `og:title`
and the only `<h1>` agree in their letters and digits; what is found must agree with it likewise.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.simplefilter("ignore")

import newspaper  # noqa: E402
import trafilatura  # noqa: E402
from lxml import html as lxml_html  # noqa: E402

from bench.shingles import overlap, score  # noqa: E402
from service.articles.article import FetchedPage  # noqa: E402
from service.articles.extract import Extractor  # noqa: E402
from service.articles.reading.reader import read_page  # noqa: E402
from service.config import FetchConfig  # noqa: E402
from service.errors import ArticleError  # noqa: E402

MIN_F1, MAX_P95_MS, MIN_TITLES = 0.95, 60.0, 0.95
WARM_UP_PAGES = 10


@dataclass(frozen=True, slots=True)
class Sample:
    page: FetchedPage
    true_text: str
    sure_title: str
    """Empty where there is none."""


@dataclass(frozen=True, slots=True)
class Reading:
    title: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    f1: float
    precision: float
    recall: float
    titles: float
    p50_ms: float
    p95_ms: float
    num_sockets: int


def load(folder: Path) -> list[Sample]:
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    samples = []
    for name, fields in truth.items():
        body = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        page = FetchedPage(fields["url"], body, "text/html; charset=utf-8")
        samples.append(Sample(page, fields["articleBody"], sure_title(body)))
    return samples


def sure_title(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    tree = plain(text)
    headings = [" ".join(h.text_content().split()) for h in tree.iter("h1")]
    headlines = re.findall(r'"headline"\s*:\s*("(?:[^"\\]|\\.)+")', text)
    places = [
        unquoted(headlines[0]) if headlines else "",
        next(iter(tree.xpath('//meta[@property="og:title"]/@content')), ""),
        headings[0] if len(headings) == 1 else "",
    ]
    keys = [letters(place) for place in places]
    agreed = [place for place, key in zip(places, keys, strict=True) if key and keys.count(key) > 1]
    return agreed[-1] if agreed else ""


def unquoted(headline: str) -> str:
    """A JSON string's text, its HTML entities read; empty where it is no JSON."""
    try:
        text = json.loads(headline, strict=False)
    except ValueError:
        return ""
    return str(plain(text).text_content()) if text.strip() else ""


def plain(text: str) -> Any:
    return lxml_html.fromstring(text.encode(), parser=lxml_html.HTMLParser(encoding="utf-8"))


def letters(title: str) -> str:
    return re.sub(r"[\W_]+", "", title.casefold())


def with_project(page: FetchedPage, extractor: Extractor) -> Reading:
    try:
        article = extractor.extract(page)
    except ArticleError:
        return Reading()
    return Reading(article.title, article.text)


def with_project_here(page: FetchedPage) -> Reading:
    """The same without the child, so that sockets can be counted."""
    try:
        article = read_page(page, FetchConfig().min_text_chars)
    except ArticleError:
        return Reading()
    return Reading(article.title, article.text)


def with_newspaper(page: FetchedPage) -> Reading:
    article = newspaper.Article(page.url, fetch_images=False)
    article.set_html(page.body.decode("utf-8", "replace"))
    article.parse()
    return Reading(article.title, article.text)


def with_trafilatura(page: FetchedPage) -> Reading:
    document = trafilatura.bare_extraction(
        page.body.decode("utf-8", "replace"), page.url, include_comments=False, with_metadata=True
    )
    return Reading(document.title or "", document.text or "") if document else Reading()


def measure(
    samples: list[Sample], read: Callable[[FetchedPage], Reading], num_sockets: int
) -> Result:
    for sample in samples[:WARM_UP_PAGES]:
        read(sample.page)
    readings, costs = [], []
    for sample in samples:
        start = time.perf_counter()
        readings.append(read(sample.page))
        costs.append(1000 * (time.perf_counter() - start))
    pairs = list(zip(samples, readings, strict=True))
    found = score([overlap(sample.true_text, reading.text) for sample, reading in pairs])
    right = [letters(s.sure_title) == letters(r.title) for s, r in pairs if s.sure_title]
    p95 = statistics.quantiles(costs, n=20)[-1]
    return Result(
        *(found.f1, found.precision, found.recall, statistics.mean(right or [False])),
        *(statistics.median(costs), p95, num_sockets),
    )


@contextmanager
def counting_sockets() -> Iterator[list[str]]:
    """An audit hook cannot be taken off again; outside of the block it only stops counting."""
    seen: list[str] = []
    active = [True]

    def hook(event: str, _: object) -> None:
        if active and event.startswith("socket."):
            seen.append(event)

    sys.addaudithook(hook)
    yield seen
    active.clear()


def sockets_of(samples: list[Sample], read: Callable[[FetchedPage], Reading]) -> int:
    with counting_sockets() as seen:
        for sample in samples:
            read(sample.page)
    return len(seen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[1] / ".." / "shared" / "data" / "articles"
    parser.add_argument("data", nargs="?", type=Path, default=default)
    samples = load(parser.parse_args().data)
    logging.disable(logging.CRITICAL)
    extractor = Extractor(FetchConfig(extract_children=1, extract_timeout_s=20))
    results = {
        "doc2tweet": measure(
            samples,
            lambda page: with_project(page, extractor),
            sockets_of(samples, with_project_here),
        ),
        "newspaper3k": measure(samples, with_newspaper, sockets_of(samples[:20], with_newspaper)),
        "trafilatura": measure(
            samples, with_trafilatura, sockets_of(samples[:20], with_trafilatura)
        ),
    }
    extractor.close()
    num_titles = sum(bool(sample.sure_title) for sample in samples)
    print(f"{len(samples)} pages, {num_titles} of them with a sure title")
    heads = ("F1", "prec.", "recall", "titles", "p50 ms", "p95 ms", "sockets")
    print(" " * 14 + "".join(f"{head:>8}" for head in heads))
    for name, r in results.items():
        print(
            f"{name:14}{r.f1:8.3f}{r.precision:8.3f}{r.recall:8.3f}{r.titles:8.3f}"
            f"{r.p50_ms:8.1f}{r.p95_ms:8.1f}{r.num_sockets:8d}"
        )
    own = results["doc2tweet"]
    met = own.f1 >= MIN_F1 and own.p95_ms <= MAX_P95_MS and own.titles >= MIN_TITLES
    met = met and own.num_sockets == 0
    print(f"goals (F1 {MIN_F1}, titles {MIN_TITLES}, p95 {MAX_P95_MS:.0f} ms, no socket):", met)
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
