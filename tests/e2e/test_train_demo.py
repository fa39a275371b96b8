"""From an archive to a voice that answers, by the commands alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
