"""What a bot account owes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.posting.checks import duties
from service.posting.x_api import Profile
from tests.service.posting.conftest import BOT

ACCOUNT = replace(BOT, maintainer="anna", automated_label=True)
PARODY = replace(ACCOUNT, parody_of="The Daily Example")
GOOD = Profile("7", "Bot", "News bot", "A bot, run by @Anna.")
GOOD_PARODY = replace(
    GOOD, name="Daily Example parody", description=GOOD.description + " Parodies The Daily Example"
)


def missing(account: object, profile: Profile) -> list[str]:
    return [duty.text for duty in duties(account, profile) if not duty.done]  # type: ignore[arg-type]


def test_a_good_account_owes_nothing() -> None:
    assert missing(ACCOUNT, GOOD) == []
    assert missing(PARODY, GOOD_PARODY) == []


@pytest.mark.parametrize(
    ("account", "profile", "said"),
    [
        (replace(ACCOUNT, automated_label=False), GOOD, "automated label"),
        (replace(ACCOUNT, maintainer=None), GOOD, "whose bot"),
        (ACCOUNT, replace(GOOD, username="else"), "keys"),
        (ACCOUNT, replace(GOOD, description="A bot."), "@anna"),
        (ACCOUNT, Profile("7", "bot", "News", "By @anna"), "is a bot"),
        (PARODY, replace(GOOD_PARODY, description=GOOD.description), "whom it parodies"),
        (PARODY, replace(GOOD_PARODY, name="Daily Example bot"), "`parody`"),
        (
            replace(PARODY, parody_of="Fan bot"),
            replace(GOOD, name="FAN BOT", description="A bot by @anna on Fan bot"),
            "word for word",
        ),
    ],
)
def test_what_is_missing_is_said(account: object, profile: Profile, said: str) -> None:
    [text] = missing(account, profile)
    assert said in text
