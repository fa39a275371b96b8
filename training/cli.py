"""`doc2tweet-train`: a subcommand for each module in `training/commands/`, imported when used.

torch is slow to import and not always there, so a command pays for what it uses alone.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import click

import training.commands
from service.errors import Doc2TweetError


class _Commands(click.Group):
    """Finds its commands by their files; `import_.py` is `import`, `a_b.py` is `a-b`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = _modules().get(cmd_name)
        if module is None:
            return None
        try:
            command: click.Command = import_module(module).command
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(("service", "training")):
                raise
            return _needs_extra(cmd_name, error.name or "")
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Doc2TweetError as error:
            raise click.ClickException(error.detail) from None


def _modules() -> dict[str, str]:
    """Name of a command -> its module."""
    names = (module.name for module in pkgutil.iter_modules(training.commands.__path__))
    return {n.rstrip("_").replace("_", "-"): f"training.commands.{n}" for n in names}


def _needs_extra(name: str, missing: str) -> click.Command:
    """Stands in for a command that a serving install cannot run."""
    text = f"needs {missing.split('.')[0]}: pip install 'doc2tweet[training]'"

    @click.command(name, help=text[0].upper() + text[1:], add_help_option=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:  # noqa: ARG001  whatever was typed
        raise click.ClickException(f"{name} {text}")

    command.context_settings = {"ignore_unknown_options": True}
    return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="doc2tweet")
def main() -> None:
    """Make models: build them, train them in your own voice, judge them."""
