"""Weights in, ONNX out: the public entry of the export. Torch-free; numpy to graph.

What the graph takes and gives is written in `training/export/decoder.py`; it changes together with
`service.models.GRAPH_VERSION`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from service.errors import SetupError
from service.model_spec import Precision
from service.models import PREFILL_FILE, ModelDims
from training.export.checkpoint import Architecture, Checkpoint, TensorTable
from training.export.decoder import Family, build_decoder
from training.export.formats import FORMATS, WeightFormat
from training.export.gpt2 import Gpt2Family
from training.export.graph import GraphBuilder, TensorFile
from training.export.llama import LlamaFamily

_DERIVED = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")
"""Endings of tensors that old checkpoints hold and nobody learns: masks and frequencies."""


def export_onnx(
    checkpoint: Checkpoint,
    path: Path,
    precision: Precision,
    on_layer: Callable[[], object] = lambda: None,
) -> list[Path]:
    """Write the graphs of a checkpoint.

    Where a precision multiplies prompts in another way than single tokens, there are two graphs
    over one cache: `path`, and `prefill.onnx` beside it for prompts.

    Args:
        path: of the graph; the weights of both go to `<path>.data` beside it.
        on_layer: called after each layer of the first graph.

    Returns:
        The files written.

    Raises:
        SetupError: a tensor is missing, or there is one that the family does not know, so that
            leaving it out would give another model.
    """
    formats = FORMATS[precision]
    with TensorFile(path.with_name(path.name + ".data")) as tensors:
        files = [_write(GraphBuilder(path, tensors), checkpoint, formats.decode, on_layer)]
        if formats.prefill is not None:
            graph = GraphBuilder(path.with_name(PREFILL_FILE), tensors)
            files.append(_write(graph, checkpoint, formats.prefill, lambda: None))
        return [*files, tensors.path]


def model_dims(checkpoint: Checkpoint) -> ModelDims:
    """What the engine must know of the graph."""
    arch = checkpoint.architecture
    return ModelDims(
        num_layers=arch.num_layers,
        num_kv_heads=arch.num_kv_heads,
        head_dim=arch.head_dim,
        vocab_size=arch.vocab_size,
        context_length=arch.context_length,
        eos_ids=checkpoint.eos_ids,
    )


def _write(
    graph: GraphBuilder,
    checkpoint: Checkpoint,
    fmt: WeightFormat,
    on_layer: Callable[[], object],
) -> Path:
    arch, tensors = checkpoint.architecture, checkpoint.tensors
    build_decoder(graph, _family(graph, arch, tensors, fmt), arch, on_layer)
    _check_all_taken(arch, tensors)
    return graph.save()


def _family(
    graph: GraphBuilder, arch: Architecture, tensors: TensorTable, fmt: WeightFormat
) -> Family:
    if arch.family == "gpt2":
        return Gpt2Family(graph, arch, tensors, fmt)
    return LlamaFamily(graph, arch, tensors, fmt)


def _check_all_taken(arch: Architecture, tensors: TensorTable) -> None:
    known = ("lm_head.weight",) if arch.tied_embeddings else ()  # a copy of the embedding
    rest = [name for name in tensors.untaken() if not name.endswith((*_DERIVED, *known))]
    if rest:
        raise SetupError(f"the weights hold {rest[0]}, which a {arch.family} model does not have")
