"""An app over a model without weights: real routes, pipeline, admission and engine."""

from __future__ import annotations

from collections.abc import Iterator

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


@pytest.fixture
def parts(runner: FakeRunner, reader: ArticleReader) -> Iterator[Parts]:
    engine = LLMEngine(runner, eos_ids=[EOS], max_num_seqs=4, max_model_len=512)
    worker = EngineWorker({"tiny": engine}, max_queued=CONFIG.engine.max_queued)
    worker.start()
    served = [ServedModel(SPEC, byte_tokenizer(), 512, 4)]
    pipeline = Pipeline(served, worker, Admission(worker), reader)
    yield Parts(CONFIG, pipeline, Lifecycle(), Metrics(), worker.close)
    worker.close()


@pytest.fixture
def app(parts: Parts) -> Flask:
    return make_app(parts)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
