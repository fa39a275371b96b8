"""The accounts that may be posted to, from a TOML file. Knows nothing of X's API.

[news_bot]                         # the name that drafts are scheduled under
username = "example_news_bot"      # on X
maintainer = "anna_example"        # whose bot it is, on X
parody_of = "The Daily Example"    # where it is one
automated_label = true             # you have set it on X, whose API does not tell
spacing_minutes = [45, 120]        # drawn from this range; or one number
quiet_hours = "23:00-07:00"
timezone = "Europe/Berlin"
[news_bot.oauth1]
consumer_key = "…"                 # and consumer_secret, access_token, access_token_secret;
[other_bot.oauth2]                 # in the place of oauth1
client_id = "…"                    # and client_secret, if the app has one
refresh_token = "…"                # or access_token alone, which X ends after two hours
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.errors import ConfigError
from service.posting.hours import NO_SPACING, QuietHours, Spacing

_OAUTH1 = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
_OAUTH2 = ("access_token", "refresh_token", "client_id", "client_secret")
_KNOWN = {
    "username",
    "maintainer",
    "parody_of",
    "automated_label",
    "spacing_minutes",
    "quiet_hours",
    "timezone",
    "oauth1",
    "oauth2",
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """OAuth 1.0a with the first four; OAuth 2 with `refresh_token` and `client_id`, or with
    `access_token` alone."""

    access_token: str | None = field(default=None, repr=False)
    access_token_secret: str | None = field(default=None, repr=False)
    consumer_key: str | None = field(default=None, repr=False)
    consumer_secret: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    client_id: str | None = field(default=None, repr=False)
    client_secret: str | None = field(default=None, repr=False)

    @property
    def is_oauth1(self) -> bool:
        return self.consumer_key is not None


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    username: str
    """On X, without the @."""
    credentials: Credentials
    maintainer: str | None = None
    parody_of: str | None = None
    automated_label: bool = False
    spacing: Spacing = NO_SPACING
    quiet: QuietHours | None = None


def load_accounts(path: Path) -> dict[str, Account]:
    """Every account of the file, by name.

    Raises:
        ConfigError: the file cannot be read, everybody can read it, or an account is incomplete.
    """
    try:
        if path.stat().st_mode & 0o007:
            raise ConfigError(f"{path} holds secrets that everybody can read: chmod 600 {path}")
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the accounts file cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from None
    return {name: _account(path, name, table) for name, table in tables.items()}


def _account(path: Path, name: str, table: Any) -> Account:
    try:
        return _read(name, table)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: [{name}]: {error}") from None


def _read(name: str, table: Any) -> Account:
    if not isinstance(table, dict):
        raise TypeError("must be a table")
    if unknown := sorted(set(table) - _KNOWN):
        raise ValueError(f"{unknown[0]} is no setting of an account")
    return Account(
        name=name,
        username=_text(table, "username").removeprefix("@"),
        credentials=_credentials(table),
        maintainer=_text(table, "maintainer").removeprefix("@") if "maintainer" in table else None,
        parody_of=_text(table, "parody_of") if "parody_of" in table else None,
        automated_label=table.get("automated_label") is True,
        spacing=_spacing(table.get("spacing_minutes", 0)),
        quiet=_quiet(table) if "quiet_hours" in table else None,
    )


def _credentials(table: Mapping[str, Any]) -> Credentials:
    if "oauth1" in table:
        return Credentials(**{key: _text(table["oauth1"], key) for key in _OAUTH1})
    if "oauth2" in table:
        given = table["oauth2"]
        keys = Credentials(**{key: _text(given, key) for key in _OAUTH2 if key in given})
        needed = "access_token" if keys.refresh_token is None else "client_id"
        _text(given, needed)
        return keys
    raise ValueError("needs a table oauth1 or oauth2 with its keys")


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be a text")
    return value.strip()


def _spacing(value: Any) -> Spacing:
    both = value if isinstance(value, list) else [value, value]
    numbers = [v for v in both if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(both) != 2 or len(numbers) != 2 or not 0 <= numbers[0] <= numbers[1] <= 10_080:
        raise ValueError("spacing_minutes must be a number of minutes, or [least, most]")
    return Spacing(timedelta(minutes=numbers[0]), timedelta(minutes=numbers[1]))


def _quiet(table: Mapping[str, Any]) -> QuietHours:
    start, _, end = _text(table, "quiet_hours").partition("-")
    try:
        zone = ZoneInfo(table.get("timezone", "UTC"))
        hours = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(
            "quiet_hours must be like 23:00-07:00, timezone like Europe/Berlin"
        ) from None
    return QuietHours(*hours, zone)
