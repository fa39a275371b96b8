"""Builds every part of the service; the only module that knows them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.admission import Admission
from service.api import cors, hooks, keys, limits, problems
from service.api.openai_routes import openai_routes
from service.api.page_routes import page_routes
from service.api.parts import Parts
from service.api.system_routes import system_routes
from service.api.text_routes import text_routes
from service.articles.reader import ArticleReader
from service.config import Config
from service.engine.llm_engine import NUM_PREFILL_SLOTS, LLMEngine
from service.engine.model_runner import OnnxModelRunner
from service.engine.worker import EngineWorker
from service.errors import ConfigError
from service.lifecycle import Lifecycle
from service.models import LoadedModel
from service.observability import Metrics, log_to_stderr
from service.pipeline import Pipeline, ServedModel
from service.served import model_store, served_names
from service.tokenizer import Tokenizer
from service.tweets.overlap import FILE_NAME as OVERLAP_FILE
from service.tweets.overlap import read_index
from service.upstream.worker import UpstreamWorker, upstream_model
from service.workers import Workers

if TYPE_CHECKING:
    from service.tracing import Tracing


def create_app(config: Config) -> Flask:
    """The app that gunicorn serves.

    Raises:
        SetupError: a setting, or a model that is missing or damaged.
    """
    log_to_stderr(config.log.level, user_text=config.log.user_text)
    return make_app(build_parts(config))


def build_parts(config: Config) -> Parts:
    """Load the models, start the engine's thread."""
    store = model_store(config)
    specs = [store.spec(name) for name in served_names(config)]
    loaded = [store.load(spec.name) for spec in specs if spec.upstream is None]
    engines = EngineWorker(
        {model.spec.name: _engine(model, config) for model in loaded},
        max_queued=config.engine.max_queued,
    )
    engines.start()
    away = [spec for spec in specs if spec.upstream is not None]
    worker = Workers(engines, UpstreamWorker(away, config.upstream))
    reader = ArticleReader(config.fetch)
    here = {model.spec.name: _served(model, config) for model in loaded}
    models = [here.get(spec.name) or upstream_model(spec, config.upstream) for spec in specs]
    pipeline = Pipeline(models, worker, Admission(worker), reader)

    tracing = _tracing(config)

    def close() -> None:
        worker.close()
        reader.close()
        if tracing:
            tracing.close()

    trace = tracing.record if tracing else None
    return Parts(config, pipeline, Lifecycle(), Metrics(), close, trace)


def make_app(parts: Parts) -> Flask:
    """The routes over the parts."""
    app = Flask("doc2tweet", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.merge_slashes = False  # a redirect would be a page of HTML
    parts.attach(app)
    hooks.install(app)
    cors.install(app, parts.config.api.cors_origins)
    keys.install(app, parts.config.api.keys_file)
    limits.install(app, parts.config.api)
    problems.install(app)
    parts.metrics.watch(parts.pipeline.stats, parts.pipeline.reader_stats, parts.lifecycle)
    app.register_blueprint(text_routes)
    app.register_blueprint(openai_routes)
    app.register_blueprint(system_routes)
    app.register_blueprint(page_routes)
    if parts.config.drafts.serve:
        _serve_drafts(app, parts.config)
    if parts.config.api.num_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=parts.config.api.num_proxies)  # type: ignore[method-assign]
    return app


def _tracing(config: Config) -> Tracing | None:
    if not config.log.traces:
        return None
    try:
        from service.tracing import to_collector
    except ImportError:
        raise ConfigError("DOC2TWEET_LOG_TRACES needs: pip install 'doc2tweet[otel]'") from None
    return to_collector()


def _serve_drafts(app: Flask, config: Config) -> None:
    # Only here does a server load a database's libraries.
    from service.api import drafts_routes
    from service.desk import open_desk

    drafts_routes.install(app, open_desk(config))


def _engine(model: LoadedModel, config: Config) -> LLMEngine:
    max_num_seqs, max_model_len = config.engine.max_num_seqs, _max_model_len(model, config)
    runner = OnnxModelRunner(
        model,
        num_slots=max_num_seqs + NUM_PREFILL_SLOTS,
        max_model_len=max_model_len,
        num_threads=config.engine.num_threads,
    )
    return LLMEngine(
        runner,
        eos_ids=model.dims.eos_ids,
        max_num_seqs=max_num_seqs,
        max_model_len=max_model_len,
    )


def _served(model: LoadedModel, config: Config) -> ServedModel:
    tokenizer = Tokenizer.from_file(model.tokenizer, model.dims.eos_ids)
    return ServedModel(
        model.spec,
        tokenizer,
        _max_model_len(model, config),
        config.engine.max_num_seqs,
        read_index(model.folder / OVERLAP_FILE),
    )


def _max_model_len(model: LoadedModel, config: Config) -> int:
    return min(config.engine.max_model_len, model.dims.context_length)
