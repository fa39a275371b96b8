"""What a bot account owes those who read it, by X's rules on automation and on parody.

X does not tell over its API whether the automated label is set; so the owner says so in the
accounts file, and this only reminds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.posting.accounts import Account
from service.posting.x_api import Profile

_BOT = re.compile(r"\b(bot|automated|generated|machine|model)\b", re.IGNORECASE)
_PARODY = re.compile(r"\b(parody|fake|fan|commentary)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that is owed, and whether it is done."""

    text: str
    done: bool


def duties(account: Account, profile: Profile) -> list[Duty]:
    """Everything that the account owes, as its profile stands."""
    about = f"{profile.name} {profile.description}"
    found = [
        Duty(
            f"the keys are those of @{account.username}",
            profile.username.lower() == account.username.lower(),
        ),
        Duty(
            "the automated label is set on X (Settings, Your account, Automation), and "
            "`automated_label = true` says so in the accounts file",
            account.automated_label,
        ),
        Duty("the profile says that this is a bot", bool(_BOT.search(about))),
        _maintainer(account, profile),
    ]
    return found + _parody(account, profile)


def _maintainer(account: Account, profile: Profile) -> Duty:
    if account.maintainer is None:
        return Duty("`maintainer` in the accounts file says whose bot it is", done=False)
    named = f"@{account.maintainer}".lower() in profile.description.lower()
    return Duty(f"the profile names @{account.maintainer}, who maintains it", named)


def _parody(account: Account, profile: Profile) -> list[Duty]:
    if account.parody_of is None:
        return []
    whom = account.parody_of
    return [
        Duty(f"the profile names {whom}, whom it parodies", _names(profile.description, whom)),
        Duty(
            "the account's name says `parody`, `fake`, `fan` or `commentary`",
            bool(_PARODY.search(profile.name)),
        ),
        Duty(f"the account's name is not {whom}, word for word", not _equal(profile.name, whom)),
    ]


def _names(text: str, whom: str) -> bool:
    return whom.casefold() in text.casefold()


def _equal(name: str, whom: str) -> bool:
    return name.split() == whom.split() or name.casefold().strip() == whom.casefold().strip()
