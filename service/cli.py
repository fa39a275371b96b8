"""`doc2tweet serve | tweet | generate | models`: the pipeline at the terminal.

Results go to stdout, progress and errors to stderr; an error is one line and exit code 1. Heavy
imports wait until a command needs them, so that `serve` reaches gunicorn at once.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.commands import LAZY
from service.commands.drawing import F, build_missing, drawing, given, loaded, say
from service.config import Config, child_environment
from service.errors import ConfigError, Doc2TweetError
from service.served import model_store, served_names

if TYPE_CHECKING:
    from service.shapes import GenerateRequest, GenerateResult, TweetRequest, TweetResult

_REQUEST_ID = "cli"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""What the world does to an output."""


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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for text in args:
            _check_text(text)
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            _say_error(f"the output cannot be written: {error.strerror}")
            _drop_what_cannot_be_written()
            sys.exit(1)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except Doc2TweetError as error:
            _say_error(f"{error.detail} {error.hint or ''}".rstrip())
            ctx.exit(1)
        return result


def _say_error(text: str) -> None:
    click.echo(f"doc2tweet: {text}".replace("\n", " "), err=True)


def _drop_what_cannot_be_written() -> None:
    """What is left in the buffer would fail once more when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_text(text: str) -> None:
    """Bytes of another encoding reach Python as half characters, which no model can read."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise click.ClickException(f"{text!r} is not UTF-8.") from None


def _writing(command: F) -> F:
    """Add the options of a command that writes one answer."""
    command = drawing(command)
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
    settings = {"HOST": host, "PORT": port, "MODELS": ",".join(models) or None}
    environment = child_environment(settings)
    config = Config.from_env(environment)
    build_missing(config, served_names(config))
    _become_gunicorn(environment)


@main.command()
@click.argument("url", required=False)
@click.option("--text", help="The article's text, in place of a URL; `-` reads stdin.")
@click.option("--title", help="The article's title; goes with --text.")
@_writing
def tweet(as_json: bool, **options: Any) -> None:
    """Write a tweet about the article at URL."""
    from service.api.schemas import TweetSchema, check
    from service.pipeline import Patient

    if options["url"] is None and options["text"] is None:
        raise click.UsageError("Give the article's URL, or its text with --text.")
    if options["text"] == "-":
        options["text"] = _stdin()
    asked: TweetRequest = check(TweetSchema(), given(options))
    with loaded(asked.drawing.model, "tweet") as parts:
        say(f"reading {asked.url or 'the text'}")
        _print(parts.pipeline.tweet(asked, _REQUEST_ID, Patient()), as_json=as_json)


@main.command()
@click.argument("prompt")
@_writing
def generate(as_json: bool, **options: Any) -> None:
    """Go on with PROMPT."""
    from service.api.schemas import GenerateSchema, check
    from service.pipeline import Patient

    asked: GenerateRequest = check(GenerateSchema(), given(options))
    with loaded(asked.drawing.model, "generate") as parts:
        _print(parts.pipeline.generate(asked, _REQUEST_ID, Patient()), as_json=as_json)


@main.command()
def models() -> None:
    """List the models, and whether each is built."""
    config = Config.from_env()
    store = model_store(config)
    for name in store.names():
        state = "built" if store.is_built(name) else "not built"
        click.echo(f"{name}\t{state}\t{store.spec(name).description}")


def _stdin() -> str:
    """All of it. Raises: ConfigError: there is none, or it is no text."""
    if sys.stdin is None:
        raise ConfigError("there is no stdin to read the text from")
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("what stdin brings is not UTF-8") from None


def _print(result: GenerateResult | TweetResult, *, as_json: bool) -> None:
    from service.api.responses import as_json as members
    from service.api.responses import bare_text

    text = json.dumps(members(result), ensure_ascii=False, indent=2)
    click.echo(text if as_json else bare_text(result))


def _become_gunicorn(environment: dict[str, str]) -> None:
    """Replace this process, so that signals reach gunicorn itself."""
    settings = str(Path(__file__).with_name("gunicorn.conf.py"))
    os.execve(  # noqa: S606
        sys.executable, [sys.executable, "-m", "gunicorn", "--config", settings], environment
    )


if __name__ == "__main__":
    main()
