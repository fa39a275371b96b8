"""An app over a model without weights: real routes, pipeline, admission and engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.admission import Admission
from service.api.parts import Parts
from service.app import make_app
from service.articles.reader import ArticleReader
from service.config import ApiConfig, Config, EngineConfig, FetchConfig, ServerConfig
from service.engine.llm_engine import LLMEngine
from service.engine.worker import EngineWorker
from service.lifecycle import Lifecycle
from service.model_spec import FolderSource, ModelSpec, PromptSpec
from service.observability import Metrics
from service.pipeline import Pipeline, ServedModel
from service.tokenizer import Tokenizer
from tests.fakes import EOS, FakeRunner, byte_tokenizer

CONFIG = Config(
    server=ServerConfig(max_body_bytes=10_000, request_timeout_s=20),
    engine=EngineConfig(max_num_seqs=4, max_queued=1),
    fetch=FetchConfig(extract_children=1, allowed_networks=("127.0.0.0/8",), allowed_ports=("*",)),
    api=ApiConfig(),
)
SPEC = ModelSpec(
    name="tiny",
    title="Tiny",
    description="A model without weights.",
    family="gpt2",
    licence="Apache-2.0",
    context_length=512,
    tasks=("generate", "tweet"),
    prompt=PromptSpec(format="plain", article_cue="\nTweet:"),
    sources=(FolderSource(path="."),),
)


@pytest.fixture
def runner() -> FakeRunner:
    return FakeRunner()


@pytest.fixture(scope="session")
def reader() -> Iterator[ArticleReader]:
    reader = ArticleReader(CONFIG.fetch)
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return byte_tokenizer()


@pytest.fixture
def config() -> Config:
    """Override it for other settings."""
    return CONFIG


@pytest.fixture
def parts(
    runner: FakeRunner, reader: ArticleReader, tokenizer: Tokenizer, config: Config
) -> Iterator[Parts]:
    engine = LLMEngine(runner, eos_ids=[EOS], max_num_seqs=4, max_model_len=512)
    worker = EngineWorker({"tiny": engine}, max_queued=config.engine.max_queued)
    worker.start()
    served = [ServedModel(SPEC, tokenizer, 512, 4)]
    pipeline = Pipeline(served, worker, Admission(worker), reader)
    yield Parts(config, pipeline, Lifecycle(), Metrics(), worker.close)
    worker.close()


class _Client(FlaskClient):
    """Reads answers to their end, as a server does."""

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> Any:
        return super().open(*args, buffered=buffered, **kwargs)


@pytest.fixture
def app(parts: Parts) -> Flask:
    app = make_app(parts)
    app.test_client_class = _Client
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
