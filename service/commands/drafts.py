"""`doc2tweet drafts`: import candidates, look at them, choose, schedule, export."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.drafts.draft import Action, Change, Draft, DraftQuery, DraftState, NewDraft
from service.drafts.files import DELIMITER, BadRow, as_row, read_candidates

if TYPE_CHECKING:
    from service.desk import Desk

_STATES = click.Choice([state.value for state in DraftState])


@click.group()
def drafts() -> None:
    """Candidates, and what became of them."""


def _desk() -> AbstractContextManager[Desk]:
    from service.desk import desk_from_env  # a database's libraries, only when one is opened

    return desk_from_env()


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--state", "states", type=_STATES, multiple=True, help="Repeatable."),
        click.option("--account", help="Scheduled for this account."),
        click.option("--model", help="Written by this model."),
        click.option("--contains", help="With this in their text."),
    ):
        command = option(command)
    return command


@drafts.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def import_(files: tuple[Path, ...]) -> None:
    """Add the candidates of FILES: what `bulk` wrote, CSV with a column `text`, or text.

    Importing a file again adds only what is new.
    """
    bad: list[BadRow] = []
    with _desk() as desk:
        report = desk.store.add(_candidates(files, bad), actor="import")
    for row in bad:
        click.echo(f"doc2tweet: {row.place}: {row.reason}", err=True)
    click.echo(f"{report.added} added, {report.known} known, {len(bad)} unusable")


def _candidates(files: tuple[Path, ...], bad: list[BadRow]) -> Iterator[NewDraft]:
    for path in files:
        for row in read_candidates(path):
            if isinstance(row, BadRow):
                bad.append(row)
            else:
                yield row


@drafts.command("list")
@_filters
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
def list_(limit: int | None, **filters: Any) -> None:
    """One line a draft: number, state, time, account, text."""
    with _desk() as desk:
        for number, draft in enumerate(desk.store.each(_query(filters))):
            if number == limit:
                break
            click.echo(_line(draft))


@drafts.command()
@_filters
@click.option("-o", "--output", type=click.File("w", encoding="utf-8"), default="-")
@click.option("--format", "form", type=click.Choice(["jsonl", "text"]), default="jsonl")
def export(output: Any, form: str, **filters: Any) -> None:
    """Write drafts as JSON lines, or their texts alone with a line of `=` between two."""
    with _desk() as desk:
        for draft in desk.store.each(_query(filters)):
            text = json.dumps(as_row(draft), ensure_ascii=False)
            output.write(f"{draft.text}\n{DELIMITER}\n" if form == "text" else f"{text}\n")


@drafts.command()
def count() -> None:
    """How many drafts there are in each state."""
    with _desk() as desk:
        states = Counter(draft.state for draft in desk.store.each(DraftQuery(limit=200)))
    for state in DraftState:
        click.echo(f"{state.value}\t{states[state]}")


@drafts.command()
@click.argument("draft_id", metavar="NUMBER", type=int)
def history(draft_id: int) -> None:
    """Who did what to draft NUMBER, oldest first."""
    with _desk() as desk:
        for entry in desk.store.history(draft_id):
            told = " ".join((entry.note or entry.text).split())
            click.echo(f"{entry.at:%F %T}\t{entry.actor}\t{entry.action.value}\t{told}")


@drafts.command()
@click.argument("numbers", nargs=-1, required=True, type=int)
@click.option("--account", required=True, help="A name of the accounts file.")
@click.option("--at", type=click.DateTime(), help="Local time; default: the next free one.")
def schedule(numbers: tuple[int, ...], account: str, at: datetime | None) -> None:
    """Plan drafts NUMBERS, in this order, by the account's spacing and quiet hours."""
    from service.drafts.states import check_time  # with X's tables, which help does not need

    if at is not None:
        check_time(at)  # before the local zone is asked, which some years make fail
    with _desk() as desk:
        for number in numbers:
            when = at.astimezone() if at else desk.next_free(account)
            _apply(desk, number, Change(Action.SCHEDULE, account=account, at=when))


@drafts.command()
@click.argument("number", type=int)
@click.argument("text")
def edit(number: int, text: str) -> None:
    """Give draft NUMBER another TEXT, and keep it."""
    with _desk() as desk:
        _apply(desk, number, Change(Action.EDIT, text=text))


def _plain(action: Action, numbers: tuple[int, ...]) -> None:
    with _desk() as desk:
        for number in numbers:
            _apply(desk, number, Change(action))


for _action, _help in (
    (Action.KEEP, "Keep drafts NUMBERS."),
    (Action.DISCARD, "Discard drafts NUMBERS."),
    (Action.UNSCHEDULE, "Take drafts NUMBERS off the schedule."),
    (Action.UNDO, "Take back the last change to drafts NUMBERS."),
):
    _numbers = click.Argument(["numbers"], nargs=-1, required=True, type=int)
    drafts.add_command(
        click.Command(
            _action.value, params=[_numbers], callback=partial(_plain, _action), help=_help
        )
    )


def _apply(desk: Desk, number: int, change: Change) -> None:
    before = desk.store.get(number)
    after = desk.store.apply(number, change, version=before.version, actor="command line")
    click.echo(_line(after))


def _query(filters: dict[str, Any]) -> DraftQuery:
    states = tuple(DraftState(state) for state in filters.pop("states"))
    return DraftQuery(states=states, **filters)


def _line(draft: Draft) -> str:
    when = f"{draft.scheduled_at:%F %T}" if draft.scheduled_at else ""
    text = " ".join(draft.text.split())
    return "\t".join((str(draft.id), draft.state.value, when, draft.account or "", text))
