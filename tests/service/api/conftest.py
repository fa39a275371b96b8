"""An app over a model without weights: real routes, pipeline, admission and engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.api.parts import Parts
from service.app import make_app
from service.articles.reader import ArticleReader
from service.config import Config, EngineConfig, FetchConfig, ServerConfig
from tests.fake_service import ChatRunner, fake_parts
from tests.fakes import FakeRunner

CONFIG = Config(
    server=ServerConfig(max_body_bytes=10_000, request_timeout_s=20),
    engine=EngineConfig(max_num_seqs=4, max_queued=1),
    fetch=FetchConfig(extract_children=1, allowed_networks=("127.0.0.0/8",), allowed_ports=("*",)),
)


@pytest.fixture
def runner() -> FakeRunner:
    return ChatRunner()


@pytest.fixture(scope="session")
def reader() -> Iterator[ArticleReader]:
    reader = ArticleReader(CONFIG.fetch)
    yield reader
    reader.close()


@pytest.fixture
def config() -> Config:
    """Override it for other settings."""
    return CONFIG


@pytest.fixture
def parts(runner: FakeRunner, reader: ArticleReader, config: Config) -> Iterator[Parts]:
    parts = fake_parts(config, runner, reader)
    yield parts
    parts.close()


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
