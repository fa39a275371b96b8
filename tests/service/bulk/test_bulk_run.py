"""Runs on the real pipeline and engine: full, resumed, with dead URLs in between."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from service.api.parts import Parts
from service.api.schemas import GenerateSchema, TweetSchema, check
from service.bulk.jobs import Source
from service.bulk.rows import RowFile
from service.bulk.run import BulkReport, ErrorFile, run_bulk
from service.bulk.work import Asked, BulkWork, UntilStopped
from service.errors import SetupError
from service.executor import ThreadExecutor
from tests.fakes import FakeRunner

FLAGS = {"memorised", "ungrounded", "truncated", "fallback"}
NUM_PLACES = 5  # of the pipeline under test: four rows, one in the queue
TEXT = "The bridge over the river was opened again on Monday after two years of works. " * 8


def asked(**members: Any) -> Asked:
    drawing = check(GenerateSchema(), {"prompt": "-", "max_tokens": 8} | members).drawing
    tweet = check(TweetSchema(), {"text": "-", "max_tokens": 8} | members)
    return Asked(drawing, tweet, run="run")


def stopping_run(parts: Parts, folder: Path, stop: threading.Event) -> BulkReport:
    """Of many long texts."""
    with RowFile(folder / "out", "run") as rows:
        work = BulkWork(
            parts.pipeline, asked(max_tokens=400, ignore_eos=True), UntilStopped(stop.is_set)
        )
        executor = ThreadExecutor(NUM_PLACES, stop)
        jobs = Source(prompt="My", num=300).jobs(50)
        return run_bulk(jobs, work, executor, rows, ErrorFile(folder / "errors"))


def run(parts: Parts, folder: Path, source: Source, what: Asked) -> BulkReport:
    with RowFile(folder / "out", "run") as rows:
        jobs = source.jobs(50 if rows.base_seed is None else rows.base_seed)
        errors = ErrorFile(folder / "errors")
        return run_bulk(
            jobs, BulkWork(parts.pipeline, what), ThreadExecutor(NUM_PLACES), rows, errors
        )


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_row_has_its_seed_model_and_source(parts: Parts, tmp_path: Path) -> None:
    report = run(parts, tmp_path, Source(prompt="My dream is", num=20), asked())
    rows = read(tmp_path / "out")
    assert sorted(row["seed"] for row in rows) == list(range(50, 70))
    assert {(row["model"], row["prompt"], row["index"]) for row in rows} == {
        ("tiny", "My dream is", 0)
    }
    assert all(row["text"].startswith("My dream is") for row in rows)
    assert (report.num_rows, report.num_failed) == (20, 0)
    assert report.num_tokens > 20


def test_jobs_share_the_engines_steps(parts: Parts, runner: FakeRunner, tmp_path: Path) -> None:
    runner.gate.clear()  # nothing is computed until every place is taken
    with ThreadPoolExecutor(1) as pool:
        what = asked(ignore_eos=True)
        running = pool.submit(run, parts, tmp_path, Source(prompt="My dream is", num=40), what)
        while not parts.pipeline.full():
            sleep(0.01)
        runner.gate.set()
        running.result()
    assert max(rows for what, rows in runner.calls if what == "decode") == 4


def test_a_text_depends_on_its_seed_alone(parts: Parts, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    run(parts, tmp_path / "a", Source(prompt="My", num=12), asked())
    run(parts, tmp_path / "b", Source(prompt="My", num=5), asked())
    run(parts, tmp_path / "b", Source(prompt="My", num=12), asked())
    texts = [{r["seed"]: r["text"] for r in read(tmp_path / n / "out")} for n in ("a", "b")]
    assert texts[0] == texts[1]
    assert len(read(tmp_path / "b" / "out")) == 12


def test_what_is_written_is_never_drawn_again(
    parts: Parts, runner: FakeRunner, tmp_path: Path
) -> None:
    run(parts, tmp_path, Source(prompt="My", num=6), asked())
    runner.calls.clear()
    report = run(parts, tmp_path, Source(prompt="My", num=6), asked())
    assert (report.num_rows, runner.calls) == (0, [])


def test_several_candidates_of_a_job_are_all_there(parts: Parts, tmp_path: Path) -> None:
    run(parts, tmp_path, Source(prompt="My", num=3), asked(n=2))
    keys = [(row["seed"], row["index"]) for row in read(tmp_path / "out")]
    assert sorted(keys) == [(50, 0), (50, 1), (51, 0), (51, 1), (52, 0), (52, 1)]


def test_prefix_and_its_place_in_the_text(parts: Parts, tmp_path: Path) -> None:
    what = replace(asked(), prefix="Now: ")
    run(parts, tmp_path, Source(prompt="My", num=1), what)
    [row] = read(tmp_path / "out")
    assert row["text"].startswith("Now: My")
    (tmp_path / "out").unlink()
    run(parts, tmp_path, Source(prompt="My", num=1), replace(what, include_prefix=False))
    [bare] = read(tmp_path / "out")
    assert ("Now: My" + bare["text"]).replace(" ", "") == row["text"].replace(" ", "")


def test_a_dead_url_is_reported_and_the_others_are_done(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "urls").write_text("http://127.0.0.1:9/dead\nnonsense\n")
    (tmp_path / "articles").write_text(json.dumps({"text": TEXT, "title": "Bridge"}))
    report = run(parts, tmp_path, Source(urls=tmp_path / "urls"), asked())
    assert (report.num_rows, report.num_failed) == (0, 2)
    errors = {error["source"]: error["error"] for error in read(tmp_path / "errors")}
    assert errors == {
        "http://127.0.0.1:9/dead": "article-unreachable",
        "nonsense": "url-not-allowed",
    }


def test_a_row_of_a_url_keeps_what_the_model_read(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<title>Bridge</title><article><p>{TEXT * 4}</article>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        (tmp_path / "urls").write_text(f"http://127.0.0.1:{server.server_port}/page.html")
        report = run(parts, tmp_path, Source(urls=tmp_path / "urls"), asked())
        server.shutdown()
    [row] = read(tmp_path / "out")
    assert (report.num_failed, row["source"]) == (0, (tmp_path / "urls").read_text())
    assert TEXT.split(".")[0] in row["article_text"]


def test_articles_become_tweets_with_flags_and_title(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "articles").write_text(json.dumps({"text": TEXT, "title": "Bridge"}))
    report = run(parts, tmp_path, Source(articles=tmp_path / "articles", num=2), asked())
    rows = read(tmp_path / "out")
    assert (report.num_failed, len(rows)) == (0, 2)
    assert {row["article_title"] for row in rows} == {"Bridge"}
    assert all(row["overlap"] == {"words": 0, "share": 0.0} for row in rows)
    assert all(set(row["flags"]) <= FLAGS for row in rows)


def test_a_full_disk_ends_the_run(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: RowFile, rows: object) -> None:
        raise SetupError("the disk is full")

    monkeypatch.setattr(RowFile, "append", full)
    with pytest.raises(SetupError, match="full"):
        run(parts, tmp_path, Source(prompt="My", num=30), asked())


def test_a_stop_ends_what_is_under_way_and_calls_nothing_failed(
    parts: Parts, runner: FakeRunner, tmp_path: Path
) -> None:
    stop = threading.Event()
    runner.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(stopping_run, parts, tmp_path, stop)
        while not parts.pipeline.full():
            sleep(0.01)
        stop.set()
        report = running.result(10)  # although the model computes nothing more
        runner.gate.set()
    assert (report.num_rows, report.num_failed) == (0, 0)
    assert not (tmp_path / "errors").exists()
