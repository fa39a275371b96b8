"""How good the tweets are: the model's, beside the headline and the first sentence, one table.

    python -m bench.quality --pairs pairs.jsonl --models models --model newsroom

Two tables: from the body alone, as most articles of such a corpus come, and with the title, where
there is one. Every row goes through the service's own rules, as a request would. On the corpus and
the model of bench/quality_floors.json the command fails where a figure is below its floor.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from bench.held_out import DRAWS, NUM_SAMPLES, HeldOut, body_alone, digest, load_or_draw, read
from service.errors import Doc2TweetError
from service.tweets import ranking
from service.tweets.fallback import make_fallback
from service.tweets.grounding import ungrounded
from service.tweets.length import is_postable, weighted_length
from service.tweets.overlap import OverlapIndex, is_memorised
from service.tweets.postprocess import Context
from service.tweets.ranking import WEIGHTS
from service.tweets.selection import choose
from service.tweets.tweet import Candidate, TweetRules
from training.judging.metrics import Told, measure
from training.pairs import Split

FLOORS = Path(__file__).with_name("quality_floors.json")
GATED = "best of 8"
_COLUMNS = (
    *("R-1", "R-2", "R-L", "BLEU", "postable", "handles", "numbers", "names"),
    *("copied", "duplicates", "echo", "length"),
)

Writer = Callable[[HeldOut, Context], str]


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one way to write the tweets; shares in per cent of the tweets."""

    rouge_1: float
    rouge_2: float
    rouge_l: float
    bleu: float
    postable: float
    handles: float
    """With a handle that the article does not have; so for numbers (dates too) and names."""
    numbers: float
    names: float
    copied: float
    duplicates: float
    """Of the candidates drawn, those that nearly repeat another."""
    echo: float
    """Of the tweets whose article has a headline."""
    length: float


def headline(row: HeldOut, _: Context) -> str:
    return row.article.title


def first_sentence(row: HeldOut, context: Context) -> str:
    untitled = replace(context, article=replace(row.article, title=""))
    return make_fallback(untitled).text


def raw_sample(row: HeldOut, _: Context) -> str:
    """What the model wrote, before any rule."""
    return row.samples[0].text


def greedy(row: HeldOut, context: Context) -> str:
    return _choose([row.greedy], context)


def best_of(k: int) -> Writer:
    return lambda row, context: _choose(row.samples[:k], context)


def _choose(candidates: Sequence[Candidate], context: Context) -> str:
    chosen = choose(
        context,
        lambda k, first: candidates[first : first + k],
        best_of=len(candidates),
        max_redraws=0,
    )
    return chosen.tweets[0].text


def measure_row(
    rows: Sequence[HeldOut], memory: OverlapIndex, write: Writer, num_drawn: int
) -> Row:
    """Write every tweet one way and measure them."""
    contexts = [row.context(memory, WEIGHTS) for row in rows]
    texts = [write(row, context) for row, context in zip(rows, contexts, strict=True)]
    scores = measure(
        [Told(t, row.tweet, row.article) for t, row in zip(texts, rows, strict=True)], memory
    )
    kinds = [
        {claim.kind for claim in ungrounded(text, context.facts)}
        for text, context in zip(texts, contexts, strict=True)
    ]
    titled = [
        (t, row.article.title) for t, row in zip(texts, rows, strict=True) if row.article.title
    ]
    return Row(
        rouge_1=scores.rouge_1,
        rouge_2=scores.rouge_2,
        rouge_l=scores.rouge_l,
        bleu=scores.bleu,
        postable=_percent([is_postable(text) for text in texts]),
        handles=_percent(["handle" in found for found in kinds]),
        numbers=_percent([bool({"number", "date"} & found) for found in kinds]),
        names=_percent(["name" in found for found in kinds]),
        copied=_percent([is_memorised(memory.overlap(text), TweetRules()) for text in texts]),
        duplicates=_percent([d for row in rows for d in _duplicates(row.samples[:num_drawn])]),
        echo=_percent([ranking.headline_overlap(*pair) >= ranking.BARE_ECHO for pair in titled]),
        length=sum(map(weighted_length, texts)) / len(texts),
    )


def _duplicates(candidates: Sequence[Candidate]) -> list[bool]:
    texts = [candidate.text for candidate in candidates]
    return [
        any(ranking.is_duplicate(text, other) for other in texts[:i])
        for i, text in enumerate(texts)
    ]


def _percent(found: Sequence[bool]) -> float:
    return 100 * sum(found) / max(1, len(found))


def measure_all(rows: Sequence[HeldOut], memory: OverlapIndex) -> dict[str, Row]:
    """Every way to write, by its name; the headline where all have one."""
    costless = {"first sentence": measure_row(rows, memory, first_sentence, 0)}
    if all(row.article.title for row in rows):
        costless["headline"] = measure_row(rows, memory, headline, 0)
    return costless | {
        "greedy": measure_row(rows, memory, greedy, 0),
        "one sample, no rules": measure_row(rows, memory, raw_sample, 1),
        "one sample": measure_row(rows, memory, best_of(1), 1),
        "best of 4": measure_row(rows, memory, best_of(4), 4),
        "best of 8": measure_row(rows, memory, best_of(8), 8),
        "the outlets' own": measure_row(rows, memory, lambda row, _: row.tweet, 0),
    }


def as_markdown(table: dict[str, Row]) -> str:
    lines = ["| | " + " | ".join(_COLUMNS) + " |", "|---" * (len(_COLUMNS) + 1) + "|"]
    for name, row in table.items():
        lines.append(f"| {name} | " + " | ".join(f"{v:.1f}" for v in asdict(row).values()) + " |")
    return "\n".join(lines)


def below_floor(row: Row, floors: dict[str, float], ceilings: dict[str, float]) -> list[str]:
    """What is worse than it may be, in words."""
    figures = asdict(row)
    return [
        *(f"{k} {figures[k]:.2f} < {v}" for k, v in floors.items() if figures[k] < v),
        *(f"{k} {figures[k]:.2f} > {v}" for k, v in ceilings.items() if figures[k] > v),
    ]


@click.command()
@click.option("--pairs", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--split", "part", type=click.Choice(["dev", "test"]), default="dev")
@click.option("--models", type=click.Path(path_type=Path), default=Path("models"))
@click.option("--model", default="newsroom")
@click.option("--draws", type=click.Path(path_type=Path), default=DRAWS)
def main(pairs: Path, part: Split, models: Path, model: str, draws: Path) -> None:
    """Print the tables of docs/quality.md."""
    try:
        held_out, memory = read(pairs, part)
        titled = [pair for pair in held_out if pair.title]
        wanted = [*body_alone(held_out), *titled]
        rows = load_or_draw(draws, wanted, models, model, NUM_SAMPLES)
    except Doc2TweetError as error:
        raise click.ClickException(error.detail) from error
    from_body, with_title = rows[: len(held_out)], rows[len(held_out) :]
    table = measure_all(from_body, memory)
    _show(f"{model}, {part} ({digest(held_out)[:12]}), body alone: {len(held_out)} articles", table)
    if titled:
        _show(f"with the title: {len(titled)} of them", measure_all(with_title, memory))
    floors = json.loads(FLOORS.read_text("utf-8"))
    if (floors["corpus_sha256"], floors["model"]) == (digest(held_out), model):
        sys.exit("\n".join(below_floor(table[GATED], floors["least"], floors["most"])) or 0)
    click.echo("No floors: they were taken on another corpus or model.")


def _show(title: str, table: dict[str, Row]) -> None:
    click.echo(f"{title}\n\n{as_markdown(table)}\n")


if __name__ == "__main__":
    main()
