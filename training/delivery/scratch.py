"""A build in a folder of its own, for a measurement: the models folder does not learn of it."""

from __future__ import annotations

from pathlib import Path

from service.model_spec import ModelSpec, Precision
from service.models import GRAPH_FILE, PREFILL_FILE, TOKENIZER_FILE, LoadedModel
from training.build import write_build
from training.export.checkpoint import Checkpoint


def scratch_build(
    checkpoint: Checkpoint, spec: ModelSpec, folder: Path, precision: Precision
) -> LoadedModel:
    """Build into `folder`, which is the caller's to delete.

    Raises:
        SetupError: the weights are not those of the model's family.
    """
    dims, files = write_build(checkpoint, folder, precision, spec.name)
    has_prefill = folder / PREFILL_FILE in files
    return LoadedModel(
        spec=spec,
        dims=dims,
        precision=precision,
        folder=folder,
        graph=folder / GRAPH_FILE,
        prefill_graph=folder / (PREFILL_FILE if has_prefill else GRAPH_FILE),
        tokenizer=folder / TOKENIZER_FILE,
        num_bytes=sum(file.stat().st_size for file in files),
    )
