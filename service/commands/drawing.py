"""What the commands that write text share: the options of drawing, and the pipeline.

Heavy imports wait until a model is needed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.config import Config, child_environment
from service.errors import SetupError
from service.model_spec import Task
from service.models import default_for
from service.served import model_store, served_names

if TYPE_CHECKING:
    from service.api.parts import Parts

F = TypeVar("F", bound=Callable[..., Any])
_DRAWING: list[tuple[str, Any, str]] = [
    ("n", int, "How many to draw."),
    ("temperature", float, "0 takes the likeliest token every time."),
    ("top_k", int, "Keep the k likeliest tokens; 0 keeps all."),
    ("top_p", float, "Keep the smallest set of tokens with this probability."),
    ("min_p", float, "Drop tokens less likely than this share of the likeliest."),
    ("repetition_penalty", float, "Above 1 discourages repetition."),
    ("max_tokens", int, "Longest answer."),
    ("seed", int, "Same seed, same text."),
]


def drawing(command: F) -> F:
    """Add the options of how text is drawn."""
    for name, kind, text in reversed(_DRAWING):
        flag = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=text)(command)
    command = click.option("--stop", multiple=True, help="End before this text; repeatable.")(
        command
    )
    return click.option("--model", help="A name that `doc2tweet models` lists.")(command)


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Options that were given, as the body of a request would have them."""
    found = {name: value for name, value in options.items() if value not in (None, ())}
    return found | {"stop": list(found["stop"])} if "stop" in found else found


@contextmanager
def loaded(model: str | None, task: Task, **settings: object) -> Iterator[Parts]:
    """Every part of the service, with the one model that is needed."""
    config = Config.from_env()
    name = (
        model or default_for(task, [model_store(config).spec(n) for n in served_names(config)]).name
    )
    one = child_environment({"MODELS": name, **settings})
    config = Config.from_env(one)
    build_missing(config, served_names(config))
    say(f"loading {name}")

    from service.app import build_parts

    parts = build_parts(config)
    try:
        yield parts
    finally:
        parts.close()


def say(progress: str) -> None:
    click.echo(f"doc2tweet: {progress} …", err=True)


def build_missing(config: Config, names: list[str]) -> None:
    """Run the build command for each model that is not built. `service` itself cannot build."""
    store = model_store(config)
    for name in names:
        if not store.is_built(name):
            command = [sys.executable, "-m", "training", "build", name]
            if subprocess.run(command, stdout=sys.stderr, check=False).returncode:  # noqa: S603
                raise SetupError(f"{name} could not be built")
