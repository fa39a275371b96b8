"""The accounts file: read, refused, kept secret."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import ConfigError
from service.posting.accounts import Account, load_accounts

KEYS = '[bot.oauth2]\naccess_token = "very-secret"\n'


def load(tmp_path: Path, text: str) -> dict[str, Account]:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    path.chmod(0o600)
    return load_accounts(path)


def test_an_account_is_read(tmp_path: Path) -> None:
    text = (
        '[bot]\nusername = "@bot"\nmaintainer = "@anna"\nspacing_minutes = [45, 120]\n'
        'quiet_hours = "23:00-07:00"\ntimezone = "Europe/Berlin"\n'
    )
    bot = load(tmp_path, text + KEYS)["bot"]
    assert (bot.username, bot.maintainer, bot.credentials.is_oauth1) == ("bot", "anna", False)
    assert bot.spacing.least == timedelta(minutes=45)
    assert bot.quiet is not None


def test_a_user_token_that_can_be_renewed_is_read(tmp_path: Path) -> None:
    keys = '[bot.oauth2]\nrefresh_token = "r"\nclient_id = "c"\n'
    bot = load(tmp_path, '[bot]\nusername = "bot"\n' + keys)["bot"]
    assert (bot.credentials.refresh_token, bot.credentials.access_token) == ("r", None)


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    assert "very-secret" not in repr(load(tmp_path, '[bot]\nusername = "bot"\n' + KEYS))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bot = 1", "must be a table"),
        ("[bot]\n" + KEYS, "username"),
        ('[bot]\nusername = "bot"', "oauth1 or oauth2"),
        ('[bot]\nusername = "bot"\n[bot.oauth1]\nconsumer_key = "k"', "consumer_secret"),
        ('[bot]\nusername = "bot"\nusrname = 1\n' + KEYS, "usrname"),
        ('[bot]\nusername = "bot"\nspacing_minutes = [9, 3]\n' + KEYS, "spacing_minutes"),
        ('[bot]\nusername = "bot"\nspacing_minutes = "x"\n' + KEYS, "spacing_minutes"),
        ('[bot]\nusername = "bot"\nquiet_hours = "late"\n' + KEYS, "quiet_hours"),
        ('[bot]\nusername = "bot"\nquiet_hours = "1:00-2:00"\n' + KEYS, "quiet_hours"),
        ('[bot]\nusername = "bot"\n[bot.oauth2]\nclient_id = "c"', "access_token"),
        ('[bot]\nusername = "bot"\n[bot.oauth2]\nrefresh_token = "r"', "client_id"),
        ("[bot", "accounts.toml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(tmp_path, text)


def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text('[bot]\nusername = "bot"\n' + KEYS)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_accounts(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_accounts(tmp_path / "none.toml")
