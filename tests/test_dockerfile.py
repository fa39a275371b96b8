"""No Docker engine runs in CI, so the image is judged by its file: its steps are `make`'s own."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
IGNORE = (ROOT / ".dockerignore").read_text().split()


def arguments(instruction: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(instruction + " ")]


def test_the_image_is_built_by_make_targets_that_exist() -> None:
    targets = [run.split()[1] for run in arguments("RUN") if run.startswith("make ")]
    makefile = (ROOT / "Makefile").read_text()
    assert targets == ["install", "build"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_everything_copied_exists_and_is_sent_to_the_engine() -> None:
    copied = [name for c in arguments("COPY") if "--from" not in c for name in c.split()[:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert all(f"!{name}" in IGNORE for name in copied)


def test_it_runs_without_root_and_says_how_it_is() -> None:
    assert arguments("USER") == ["10001"]
    assert "/readyz" in arguments("HEALTHCHECK")[0]


def test_it_never_installs_training() -> None:
    assert "torch" not in TEXT
    assert "[training]" not in TEXT
