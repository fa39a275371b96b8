"""`doc2tweet bulk` with real weights: killed half-way and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.serving import ROOT, environment

NUM = 96
ONE_OF_ITS_OWN = {"RAY_ADDRESS": "local"}
"""`--on ray` starts a cluster, whichever is there on this machine."""


def start(output: Path, *more: str, num: int = NUM) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "service.cli", "bulk", "--prompt", "My dream is"]
    command += ["--num", str(num), "--max-tokens", "8", "-o", str(output), *more]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(ONE_OF_ITS_OWN), stderr=subprocess.PIPE, text=True
    )


def test_a_killed_run_goes_on_and_draws_no_seed_twice(built_model: str, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with start(output, "--model", built_model) as run:
        while not output.exists() or output.read_bytes().count(b"\n") < NUM // 4:
            assert run.poll() is None
            time.sleep(0.01)
        run.kill()
    half = output.read_text().splitlines()
    with start(output, "--model", built_model) as again:
        _, said = again.communicate(timeout=120)
    assert again.returncode == 0, said
    lines = output.read_text().splitlines()
    seeds = {json.loads(line)["seed"] for line in lines}
    assert (len(lines), len(seeds)) == (NUM, NUM)
    assert len(half) < NUM
    assert "tokens/s" in said


def test_ctrl_c_ends_a_run_soon(built_model: str, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    with start(output, "--model", built_model, num=5_000) as run:
        while not output.exists() or not output.stat().st_size:
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert said.index("stopping") < said.index("goes on from there")


@pytest.mark.cluster
def test_a_cluster_writes_the_same_texts(built_model: str, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `cluster` is not installed")
    texts = []
    for name, where in (("here", ()), ("there", ("--on", "ray"))):
        output = tmp_path / name
        with start(output, "--model", built_model, "--seed", "5", *where, num=12) as run:
            _, said = run.communicate(timeout=120)
        assert run.returncode == 0, said
        rows = map(json.loads, output.read_text().splitlines())
        texts.append({row["seed"]: row["text"] for row in rows})
    assert len(texts[0]) == 12
    assert texts[0] == texts[1]
