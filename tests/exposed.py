"""The names of all numbers that the service shows, read from its own `/metrics`."""

from __future__ import annotations

from contextlib import closing
from functools import cache

from prometheus_client.parser import text_string_to_metric_families

from service.app import make_app
from service.articles.reader import ArticleReader
from service.config import Config
from tests.fake_service import ChatRunner, fake_parts

_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}


@cache
def metric_names() -> frozenset[str]:
    """Names as a query writes them."""
    config = Config()
    with closing(ArticleReader(config.fetch)) as reader:
        parts = fake_parts(config, ChatRunner(), reader)
        with closing(parts):
            told = make_app(parts).test_client().get("/metrics").text
    return frozenset(
        family.name + suffix
        for family in text_string_to_metric_families(told)
        for suffix in _SUFFIXES[family.type]
    )
