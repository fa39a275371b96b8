"""Opens a checkpoint in whichever of the known forms it lies there."""

from __future__ import annotations

from pathlib import Path

from service.errors import SetupError
from training.export.checkpoint import Checkpoint
from training.export.folder_reader import read_folder
from training.export.gguf_reader import read_gguf


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a GGUF file, a folder with one, or a folder as transformers saves it.

    Raises:
        SetupError: nothing there can be read; one line says what.
    """
    if path.suffix == ".gguf":
        return read_gguf(path)
    if (path / "config.json").is_file():
        return read_folder(path)
    files = sorted(path.glob("*.gguf"))
    if len(files) != 1:
        raise SetupError(f"{path} holds neither a config.json nor one .gguf file")
    return read_gguf(files[0])
