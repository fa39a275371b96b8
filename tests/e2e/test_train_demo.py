"""From an archive to a voice that answers, by the commands alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from training.demo.__main__ import BASE, arguments, environment
from training.demo.archive import tweets, write_zip
from training.demo.site import serve
from training.demo.tiny_base import write_tiny_base
from training.demo.town import stories

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_the_demo_goes_all_the_way(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training.demo", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

    answer = json.loads(done.stdout[done.stdout.rindex("\n{") :])
    assert answer["model"] == "ellery"
    assert answer["tweets"][0]["text"].strip()
    reports = {path.stem: json.loads(path.read_text()) for path in tmp_path.glob("reports/*.json")}
    assert set(reports) >= {"import", "scrape", "pairs", "finetune"}
    learnt = reports["finetune"]["counts"]
    assert learnt["held-out loss"] < learnt["held-out loss, untrained"] / 2
    assert "how to use" in (tmp_path / "models" / "ellery" / "README.md").read_text().lower()


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "training", *arguments(folder)]
    return subprocess.Popen(
        command, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def kill_when(folder: Path, is_time: Callable[[], bool]) -> None:
    """Start `run` and end it as a lost machine would."""
    running = start(folder)
    while not is_time():
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.kill()
    running.communicate()


def num_tried(folder: Path) -> int:
    path = folder / "articles.sqlite"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(path)) as store:
        try:
            found: int = store.execute("SELECT count(*) FROM links").fetchone()[0]
        except sqlite3.OperationalError:  # its tables are not there yet
            return 0
    return found


def test_a_run_that_is_killed_twice_goes_on_where_it_was(tmp_path: Path) -> None:
    told = stories(130)
    write_tiny_base(tmp_path / "models" / BASE, told)
    with serve(told) as paper:
        write_zip(tmp_path / "archive.zip", tweets(told, paper))
        kill_when(tmp_path, lambda: num_tried(tmp_path) >= 20)
        tried = num_tried(tmp_path)
        kill_when(tmp_path, lambda: any(tmp_path.glob("finetune/checkpoint-*/trainer_state.json")))
    assert num_tried(tmp_path) > tried
    # The paper is gone: what was fetched must have been kept.
    last = start(tmp_path)
    problem = last.communicate()[1]
    assert last.returncode == 0, problem.decode()
    rows = map(json.loads, (tmp_path / "finetune/samples.jsonl").read_text().splitlines())
    begun = [row["article"] for row in rows if row["epoch"] == 0]
    assert len(begun) == len(set(begun))
    assert (tmp_path / "models/ellery/README.md").exists()
