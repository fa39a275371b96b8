"""A user's OAuth 2 access token, renewed when X no longer takes it (RFC 6749, section 6).

X lets an access token live for two hours, and answers a renewal with a new refresh token; the old
one is then worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.drafts.tokens import TokenBook, TokenPair
from service.errors import AccountRefused, ExtraMissing, PostingError, PostingPaused
from service.posting.accounts import Credentials
from service.posting.x_session import XSession

try:
    import requests
except ModuleNotFoundError:
    raise ExtraMissing("Posting", "drafts") from None

_PATH = "/2/oauth2/token"
_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class UserTokens:
    """Of one account."""

    credentials: Credentials
    book: TokenBook
    session: XSession

    def access_token(self) -> str:
        """What X took last, or a first one.

        Raises:
            As `renewed`.
        """
        return self.book.current().access_token or self.renewed(None)

    def renewed(self, refused: str | None) -> str:
        """A new access token in place of the one that X refused.

        Raises:
            AccountRefused: X does not take the refresh token either; a person must sign in again.
            PostingPaused: X cannot be asked now.
            StoreUnavailable: the database is away.
        """
        token = self.book.renew(refused, self._ask).access_token
        assert token is not None
        return token

    def _ask(self, refresh_token: str) -> TokenPair:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        keys = self.credentials
        assert keys.client_id is not None
        auth = None
        if keys.client_secret is None:
            form["client_id"] = keys.client_id
        else:
            auth = (keys.client_id, keys.client_secret)
        try:
            answer = self.session.request("POST", _PATH, data=form, auth=auth)
            if answer.status_code != 200:
                raise _refusal(answer)
            said = answer.json()
            return TokenPair(str(said.get("refresh_token") or refresh_token), said["access_token"])
        except (requests.RequestException, KeyError, TypeError, AttributeError, ValueError):
            raise PostingPaused(
                "X's answer to the renewal of the token broke off.", retry_after=_PAUSE_S
            ) from None


def _refusal(answer: requests.Response) -> PostingError:
    if answer.status_code == 429 or answer.status_code >= 500:
        told = answer.headers.get("Retry-After", "")
        wait = float(told) if told.isdigit() else _PAUSE_S
        return PostingPaused("X does not renew the account's token now.", retry_after=wait)
    return AccountRefused(
        "The account's token is expired or revoked, and X refused to renew it "
        f"({answer.status_code}): sign in again, and put the new refresh_token into the accounts "
        "file."
    )
