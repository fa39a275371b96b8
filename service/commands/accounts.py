"""`doc2tweet accounts check`: whether the accounts can be posted to, and what they owe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from service.errors import PostingError
from service.posting.accounts import Account

if TYPE_CHECKING:
    from service.desk import Desk
    from service.posting.checks import Duty


@click.group()
def accounts() -> None:
    """The accounts that drafts are posted from."""


@accounts.command()
def check() -> None:
    """Ask X for each account, and say what a bot account owes its readers.

    Ends with code 1 where something is missing.
    """
    from service.desk import desk_from_env

    done = True
    with desk_from_env() as desk:
        for account in desk.accounts().values():
            for duty in _duties(desk, account):
                done &= duty.done
                click.echo(f"{account.name}\t{'ok' if duty.done else 'MISSING'}\t{duty.text}")
    sys.exit(0 if done else 1)


def _duties(desk: Desk, account: Account) -> Iterator[Duty]:
    from service.posting.checks import Duty, duties

    try:
        yield from duties(account, desk.client(account).profile())
    except PostingError as error:
        yield Duty(error.detail, done=False)
