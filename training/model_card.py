"""The stage `card`: what a reader must know of a voice before using it, as a model card.

Every figure is read from what the stages wrote; none is typed in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData

from service.errors import TrainingDataError
from service.model_spec import ModelSpec
from training.judging.metrics import Scores
from training.judging.table import Evaluation, Row, as_markdown
from training.reports import StageReport, as_table, check_number
from training.workspace import Workspace

_STAGES = ("import", "scrape", "pairs", "self-train", "finetune", "export")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the data is from; only the one who trains knows."""

    data: str
    data_licence: str


def make_card(
    workspace: Workspace, spec: ModelSpec, evaluation: Evaluation | None, sources: Sources
) -> ModelCard:
    """Put the reports of a run together.

    Raises:
        TrainingDataError: nothing was trained there yet, or a stage's report is damaged.
    """
    reports = {stage: _report(workspace, stage) for stage in _STAGES}
    if reports["finetune"] is None:
        raise TrainingDataError(f"There is no training in {workspace.root}: run `finetune` first")
    data = ModelCardData(
        language="en",
        license=spec.licence.lower(),
        library_name="doc2tweet",
        base_model=spec.base,
        pipeline_tag="text-generation",
        tags=["doc2tweet", "onnx", "lora", "tweet"],
    )
    sections = [
        _opening(spec),
        _data(reports, sources),
        _training(reports["finetune"]),
        _results(evaluation, reports["export"]),
        _usage(spec),
        _limits(spec, sources),
    ]
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n")


def read_evaluation(path: Path) -> Evaluation:
    """What `evaluate --json` wrote.

    Raises:
        TrainingDataError: the file is missing or something else.
    """
    try:
        return _evaluation(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingDataError(f"{path} is no evaluation: {error}") from None


def _evaluation(
    *, model: str, loss: float, perplexity: float, rows: Sequence[Mapping[str, Any]]
) -> Evaluation:
    """Raises TypeError: it is none."""
    _check_text(model)
    check_number("loss", loss)
    check_number("perplexity", perplexity)
    return Evaluation(model, loss, perplexity, tuple(_row(**row) for row in rows))


def _row(*, name: str, given: str, scores: Mapping[str, Any], texts: Sequence[str]) -> Row:
    """Raises TypeError: it is none."""
    if not isinstance(texts, list):
        raise TypeError(f"texts are {texts!r}")
    for text in (name, given, *texts):
        _check_text(text)
    found = Scores(**scores)
    for field, value in asdict(found).items():
        check_number(field, value)
    if not isinstance(found.num, int):
        raise TypeError(f"num is {found.num!r}, not a whole number")
    return Row(name, given, found, tuple(texts))


def _check_text(value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")


def _report(workspace: Workspace, stage: str) -> StageReport | None:
    """None where the stage was not run: a ready file of pairs needs no import and no scrape."""
    return workspace.report(stage) if workspace.has_report(stage) else None


def _opening(spec: ModelSpec) -> str:
    return f"# {spec.title}\n\n{spec.description}\n\nA {spec.family} model for doc2tweet." + (
        f" It is an adapter on `{spec.base}`." if spec.base else ""
    )


def _data(reports: Mapping[str, StageReport | None], sources: Sources) -> str:
    lines = ["## Data", "", f"{sources.data} Licence: {sources.data_licence}.", ""]
    lines += ["| stage | what | number |", "|---|---|---:|"]
    for stage in ("import", "scrape", "pairs", "self-train"):
        report = reports[stage]
        counts = report.counts if report else {}
        lines += [f"| {stage} | {name} | {value:,} |" for name, value in counts.items()]
    return "\n".join(lines)


def _training(report: StageReport | None) -> str:
    assert report is not None
    settings = [f"| {name} | {value} |" for name, value in report.settings.items()]
    table = "\n".join(["| setting | value |", "|---|---|", *settings])
    return f"## Training\n\n{table}\n\n```\n{as_table(report)}\n```"


def _results(evaluation: Evaluation | None, export: StageReport | None) -> str:
    parts = ["## Results"]
    if evaluation is not None:
        parts += [
            "On tweets held out from training, by the served model. Shares in per cent; "
            "*ungrounded* is the share of names and numbers that the article does not have.",
            as_markdown(evaluation),
            f"Held-out loss {evaluation.loss:.3f}, perplexity {evaluation.perplexity:.2f} a token.",
        ]
    if export is not None:
        parts.append(
            f"The exported graph beside the trained model:\n\n```\n{as_table(export)}\n```"
        )
    return "\n\n".join(parts)


def _usage(spec: ModelSpec) -> str:
    return f"""## How to use

```sh
doc2tweet-train build {spec.name}
doc2tweet serve --model {spec.name}
curl -s localhost:8000/tweet -d url=https://example.com/article -H 'Accept: text/plain'
```

```python
import json, urllib.request

body = json.dumps({{"title": "…", "text": "…"}}).encode()
request = urllib.request.Request(
    "http://localhost:8000/tweet", body, {{"Content-Type": "application/json"}}
)
print(json.load(urllib.request.urlopen(request)))
```"""


def _limits(spec: ModelSpec, sources: Sources) -> str:
    points: Sequence[str] = (
        "It is small. It can put a wrong verb between right names, and no rule here sees that.",
        "It reads the head of an article only; what stands further down it cannot know.",
        "It has the habits and the bias of the accounts it was trained on, and of the web text "
        "that its base was trained on.",
        "It knows English only.",
        "It learned from the tweets of others, and may come close to one. The service compares "
        "every tweet with an index of them and does not show copies.",
    )
    limits = "\n".join(f"- {point}" for point in points)
    return f"""## Limits and bias

{limits}

## Disclosure

What it writes is made by a machine. Say so where you post it, and read it before you do.

## Licences

The adapter and its base: {spec.licence}. The data: {sources.data_licence}."""
