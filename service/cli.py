"""`doc2tweet serve | tweet | generate | models`: the pipeline at the terminal.

Results go to stdout, progress and errors to stderr; an error is one line and exit code 1. Heavy
imports wait until a command needs them, so that `serve` reaches gunicorn at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.commands import LAZY
from service.config import Config, child_environment
from service.errors import Doc2TweetError, SetupError
from service.model_spec import Task
from service.models import default_for
from service.served import model_store, served_names

if TYPE_CHECKING:
    from service.pipeline import Pipeline, Watch
    from service.shapes import GenerateRequest, GenerateResult, TweetRequest, TweetResult

F = TypeVar("F", bound=Callable[..., Any])
_REQUEST_ID = "cli"
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


class _Cli(click.Group):
    """Errors of the project's own kind end in one line; others are defects and keep their trace."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *LAZY})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in LAZY:
            return super().get_command(ctx, name)
        module, _, attribute = LAZY[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Doc2TweetError as error:
            hint = f" {error.hint}" if error.hint else ""
            click.echo(f"doc2tweet: {error.detail}{hint}".replace("\n", " "), err=True)
            ctx.exit(1)


def _drawing(command: F) -> F:
    """Add the options of how text is drawn."""
    for name, kind, text in reversed(_DRAWING):
        flag = f"-{name}" if len(name) == 1 else f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=text)(command)
    command = click.option("--stop", multiple=True, help="End before this text; repeatable.")(
        command
    )
    command = click.option("--model", help="A name that `doc2tweet models` lists.")(command)
    return click.option("--json", "as_json", is_flag=True, help="Everything, as the API gives it.")(
        command
    )


@click.group(cls=_Cli, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doc2tweet")
def main() -> None:
    """Articles to tweets, with a small language model on this machine."""


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--model", "models", multiple=True, help="Serve this model; repeatable.")
def serve(host: str | None, port: int | None, models: tuple[str, ...]) -> None:
    """Serve the API; builds the models first where they are not built."""
    given = {"HOST": host, "PORT": port, "MODELS": ",".join(models) or None}
    environment = child_environment(given)
    config = Config.from_env(environment)
    _build_missing(config, served_names(config))
    _become_gunicorn(environment)


@main.command()
@click.argument("url", required=False)
@click.option("--text", help="The article's text, in place of a URL; `-` reads stdin.")
@click.option("--title", help="The article's title; goes with --text.")
@_drawing
def tweet(as_json: bool, **options: Any) -> None:
    """Write a tweet about the article at URL."""
    from service.api.schemas import TweetSchema, check

    if options["text"] == "-":
        options["text"] = sys.stdin.read()
    asked: TweetRequest = check(TweetSchema(), _given(options))
    with _pipeline(asked.drawing.model, "tweet") as (pipeline, patient):
        _say(f"reading {asked.url or 'the text'}")
        _print(pipeline.tweet(asked, _REQUEST_ID, patient), as_json=as_json)


@main.command()
@click.argument("prompt")
@_drawing
def generate(as_json: bool, **options: Any) -> None:
    """Go on with PROMPT."""
    from service.api.schemas import GenerateSchema, check

    asked: GenerateRequest = check(GenerateSchema(), _given(options))
    with _pipeline(asked.drawing.model, "generate") as (pipeline, patient):
        _print(pipeline.generate(asked, _REQUEST_ID, patient), as_json=as_json)


@main.command()
def models() -> None:
    """List the models, and whether each is built."""
    config = Config.from_env()
    store = model_store(config)
    for name in store.names():
        state = "built" if store.is_built(name) else "not built"
        click.echo(f"{name}\t{state}\t{store.spec(name).description}")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Options that were given, as the body of a request would have them."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    return given | {"stop": list(given["stop"])} if "stop" in given else given


@contextmanager
def _pipeline(model: str | None, task: Task) -> Iterator[tuple[Pipeline, Watch]]:
    """The pipeline with the one model that is needed, and someone who waits for it."""
    config = Config.from_env()
    name = (
        model or default_for(task, [model_store(config).spec(n) for n in served_names(config)]).name
    )
    one = child_environment({"MODELS": name, "FETCH_EXTRACT_CHILDREN": 1})
    config = Config.from_env(one)
    _build_missing(config, served_names(config))
    _say(f"loading {name}")

    from service.app import build_parts
    from service.pipeline import Patient

    parts = build_parts(config)
    try:
        yield parts.pipeline, Patient()
    finally:
        parts.close()


def _print(result: GenerateResult | TweetResult, *, as_json: bool) -> None:
    from service.api.responses import as_json as members
    from service.api.responses import bare_text

    text = json.dumps(members(result), ensure_ascii=False, indent=2)
    click.echo(text if as_json else bare_text(result))


def _say(progress: str) -> None:
    click.echo(f"doc2tweet: {progress} …", err=True)


def _build_missing(config: Config, names: list[str]) -> None:
    """Run the build command for each model that is not built. `service` itself cannot build."""
    store = model_store(config)
    for name in names:
        if not store.is_built(name):
            command = [sys.executable, "-m", "training", "build", name]
            if subprocess.run(command, stdout=sys.stderr, check=False).returncode:  # noqa: S603
                raise SetupError(f"{name} could not be built")


def _become_gunicorn(environment: dict[str, str]) -> None:
    """Replace this process, so that signals reach gunicorn itself."""
    settings = str(Path(__file__).with_name("gunicorn.conf.py"))
    os.execve(  # noqa: S606
        sys.executable, [sys.executable, "-m", "gunicorn", "--config", settings], environment
    )


if __name__ == "__main__":
    main()
