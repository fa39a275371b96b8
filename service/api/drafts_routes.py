"""`/drafts`: list, import, choose, schedule, post. Only where `DOC2TWEET_DRAFTS_SERVE` says so.

A change names the version it was made from in `If-Match`; so that two reviewers never undo each
other's work unseen. Bodies are JSON alone: a form may come from any page that a reviewer looks at,
without the browser asking first.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, g, request
from marshmallow import Schema

from service.api.drafts_schemas import (
    CHANGES,
    MAX_ID,
    ImportSchema,
    PostDueSchema,
    change_of,
    query_of,
)
from service.api.parts import parts
from service.api.responses import json_response
from service.api.schemas import check, load_json
from service.desk import Desk
from service.drafts.draft import Action, Draft, HistoryEntry, NewDraft
from service.drafts.files import as_row
from service.drafts.states import COPIED
from service.errors import ChangeRefused, DraftChanged, VersionMissing
from service.tweets.length import weighted_length
from service.tweets.overlap import is_memorised
from service.tweets.tweet import MAX_LENGTH, TweetRules

drafts_routes = Blueprint("drafts", __name__, url_prefix="/drafts")
_NAME = "doc2tweet-desk"
_ONE = f"/<int(max={MAX_ID}):draft_id>"
_CHANGE = f"/<any({', '.join(CHANGES)}):action>"


def install(app: Flask, desk: Desk) -> None:
    app.extensions[_NAME] = desk
    app.register_blueprint(drafts_routes)


@drafts_routes.get("")
def find() -> Response:
    page = _desk().store.find(query_of(request.args))
    return json_response(
        {
            "drafts": [as_row(draft) for draft in page.items],
            "total": page.total,
            "next_after": page.next_after,
        }
    )


@drafts_routes.post("")
def add() -> Response:
    drafts = map(_compared, _said(ImportSchema()))
    return json_response(asdict(_desk().store.add(drafts, actor=g.caller)), 201)


@drafts_routes.get("/accounts")
def accounts() -> Response:
    """Names to schedule under; nothing that is secret."""
    known = _desk().accounts() if _may_post() else {}
    return json_response(
        {"accounts": [{"name": a.name, "username": a.username} for a in known.values()]}
    )


@drafts_routes.post("/post-due")
def post_due() -> Response:
    asked = _said(PostDueSchema())
    if not _may_post():
        raise ChangeRefused("This service has no accounts to post from.")
    run = _desk().posting_run()
    reports = run.preview() if asked["dry_run"] else list(run.post_due())
    return json_response({"dry_run": asked["dry_run"], "reports": [asdict(r) for r in reports]})


@drafts_routes.get(_ONE)
def get(draft_id: int) -> Response:
    response = _answer(_desk().store.get(draft_id))
    return cast(Response, response.make_conditional(request.environ))


@drafts_routes.get(f"{_ONE}/history")
def history(draft_id: int) -> Response:
    entries = _desk().store.history(draft_id)
    return json_response({"history": [_entry(entry) for entry in entries]})


@drafts_routes.post(_ONE + _CHANGE)
def change(draft_id: int, action: str) -> Response:
    wanted, version = Action(action), _version()
    data, desk = _said(CHANGES[wanted]()), _desk()
    free = None
    if wanted is Action.SCHEDULE:
        if not _may_post():
            raise ChangeRefused("This service has no accounts to post from.")
        free = desk.next_free(data["account"])
    asked = change_of(wanted, data, free)
    return _answer(desk.store.apply(draft_id, asked, version=version, actor=g.caller))


def _desk() -> Desk:
    return cast(Desk, current_app.extensions[_NAME])


def _may_post() -> bool:
    return parts().config.posting.accounts_file is not None


def _said(schema: Schema) -> Any:
    """What the body says; no body says nothing, as long as it is not called another kind."""
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if has_body or (request.content_type and not request.is_json):
        return load_json(schema, request, parts().config.server.max_body_bytes)
    return check(schema, {})


def _version() -> int:
    """The version in `If-Match`.

    Raises:
        VersionMissing: there is none.
        DraftChanged: it is no version of ours.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in {"", "*"}:
        raise VersionMissing("A change must name the version it was made from.")
    digits = header.removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise DraftChanged("The draft never had such a version.")
    return int(digits)


def _compared(new: NewDraft) -> NewDraft:
    """The candidate with what it shares with training tweets, where nobody looked yet and its
    model is served here."""
    pipeline = parts().pipeline
    if new.overlap is not None or new.model not in {model.id for model in pipeline.models()}:
        return new
    overlap = pipeline.overlap(new.model, new.text)
    copied = is_memorised(overlap, TweetRules()) and COPIED not in new.flags
    return replace(new, overlap=overlap, flags=(*new.flags, COPIED) if copied else new.flags)


def _answer(draft: Draft) -> Response:
    length = weighted_length(draft.text)
    response = json_response(as_row(draft) | {"length": length, "remaining": MAX_LENGTH - length})
    response.set_etag(str(draft.version))
    return response


def _entry(entry: HistoryEntry) -> dict[str, Any]:
    moments = {"at": entry.at, "scheduled_at": entry.scheduled_at}
    return asdict(entry) | {
        name: None if moment is None else moment.isoformat() for name, moment in moments.items()
    }
