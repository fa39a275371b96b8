"""One built model, one service and one site for as many tests as possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.browsing import launched
from tests.e2e.serving import LOOPBACK, MODEL, ROOT, Service, Site, environment, running, site
from tests.service.posting.fake_x import FakeX

SMALL = {
    "DOC2TWEET_ENGINE_MAX_NUM_SEQS": 4,
    "DOC2TWEET_ENGINE_MAX_QUEUED": 4,
    "DOC2TWEET_SOCKET_TIMEOUT_S": 2,
    "DOC2TWEET_MAX_BODY_BYTES": 100_000,
}
ACCOUNTS = '[bot]\nusername = "bot_on_x"\n[bot.oauth2]\naccess_token = "very-secret"\n'
ARTICLE = (Path(__file__).parent.parent / "resources" / "bridge.html").read_text()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def built_model() -> str:
    """The default model, built into the checkout's `models/` unless it is there already."""
    build = [sys.executable, "-m", "training", "build", MODEL]
    subprocess.run(build, check=True, cwd=ROOT, env=environment({}), timeout=170)
    return MODEL


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        assert "CI" not in os.environ, "CI must have a browser"
        pytest.skip("chromium is not installed")
    with launched(executable) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def pages() -> Iterator[Site]:
    with site({"/article.html": ARTICLE, "/fresh.html": ARTICLE}) as here:
        yield here


@pytest.fixture(scope="session")
def start(
    built_model: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Mapping[str, object]], AbstractContextManager[Service]]:
    """Start a service with settings of its own."""

    def started(settings: Mapping[str, object]) -> AbstractContextManager[Service]:
        return running(tmp_path_factory.mktemp("service") / "log", settings)

    return started


@pytest.fixture(scope="session")
def start_fake(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Mapping[str, object]], AbstractContextManager[Service]]:
    """The same over a model without weights, whose steps take 10 ms: 4 rows, a queue of 4."""

    def started(settings: Mapping[str, object]) -> AbstractContextManager[Service]:
        log = tmp_path_factory.mktemp("fake") / "log"
        return running(log, {**LOOPBACK, **SMALL, **settings}, fake_step_s=0.01)

    return started


@pytest.fixture(scope="session")
def quick(
    start_fake: Callable[[Mapping[str, object]], AbstractContextManager[Service]],
) -> Iterator[Service]:
    with start_fake({}) as here:
        yield here


@pytest.fixture(scope="session")
def service(
    start: Callable[[Mapping[str, object]], AbstractContextManager[Service]],
) -> Iterator[Service]:
    """The service as anybody would start it, allowed to fetch from loopback."""
    with start(LOOPBACK) as here:
        yield here


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Real gunicorn over a model without weights that loses no time; drafts are served, and an
    account to post from."""
    folder, x = tmp_path_factory.mktemp("swift"), FakeX()
    accounts = folder / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o600)
    settings = {
        "DOC2TWEET_DRAFTS_SERVE": "true",
        "DOC2TWEET_DRAFTS_DATABASE_URL": f"sqlite:///{folder}/drafts.db",
        "DOC2TWEET_POSTING_ACCOUNTS_FILE": accounts,
        "DOC2TWEET_X_API_URL": x.url,
    }
    with running(folder / "log", settings, fake_step_s=0.0) as here:
        drafts = [{"text": f"Tweet {number}", "seed": number} for number in range(5)]
        here.post("/drafts", json={"drafts": drafts}).raise_for_status()
        yield here
    x.close()
