"""A pipeline whose only model runs on another server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from service.admission import Admission
from service.articles.reader import ArticleReader
from service.config import UpstreamConfig
from service.model_spec import ModelSpec, PromptSpec, UpstreamSpec
from service.pipeline import Pipeline
from service.upstream.worker import UpstreamWorker, upstream_model
from tests.service.api.conftest import config, parts, reader, runner

__all__ = ["config", "parts", "reader", "runner"]

MakePipeline = Callable[..., Pipeline]


@pytest.fixture
def pipeline_on(reader: ArticleReader) -> Iterator[MakePipeline]:
    """From a server's URL to a pipeline that has its model `away`."""
    stack = ExitStack()

    def make(url: str, *, timeout_s: float = 20.0, **members: object) -> Pipeline:
        upstream = UpstreamSpec(**({"url": url, "model": "tiny"} | members))  # type: ignore[arg-type]
        spec = ModelSpec(
            name="away",
            title="Away",
            description="On another server.",
            family="llama",
            licence="Apache-2.0",
            context_length=2048,
            tasks=("generate", "tweet"),
            prompt=PromptSpec(format="plain", article_cue="\nTweet:"),
            upstream=upstream,
        )
        config = UpstreamConfig(api_key="very-secret", timeout_s=timeout_s, max_open=8)
        worker = UpstreamWorker([spec], config)
        stack.callback(worker.close)
        return Pipeline([upstream_model(spec, config)], worker, Admission(worker), reader)

    yield make
    stack.close()
