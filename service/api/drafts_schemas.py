"""What requests about drafts may say: queries, imports, changes, posting runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, post_load
from werkzeug.datastructures import MultiDict

from service.api.fields import Flag, Real, Text, Whole, from_form
from service.api.schemas import check
from service.drafts.draft import Action, Change, DraftQuery, DraftState, NewDraft
from service.drafts.files import MAX_CHARACTERS, candidate
from service.errors import ValidationFailed

MAX_ID = 2**63 - 1
MAX_PAGE = 200
MAX_INDEX = 2**31 - 1
"""What PostgreSQL's integer holds."""


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class States(fields.Field[tuple[DraftState, ...]]):
    """Names of states."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[DraftState, ...]:
        try:
            return tuple(DraftState(name) for name in value)
        except ValueError:
            known = ", ".join(state.value for state in DraftState)
            raise ValidationError(f"Must be of: {known}.") from None


class Wanted(Text):
    """A string that a database can look for."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        if isinstance(text, str) and "\0" in text:
            raise ValidationError("Holds a character that no database takes.")
        return text


class QuerySchema(_Strict):
    state = States(attribute="states")
    account = Wanted(1, 100)
    model = Wanted(1, 200)
    source = Wanted(1, 2_048)
    contains = Wanted(1, 280)
    after = Whole(0, MAX_ID)
    limit = Whole(1, MAX_PAGE)

    @post_load
    def _freeze(self, data: dict[str, Any], **_: Any) -> DraftQuery:
        return DraftQuery(**data)


class OverlapSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    words = Whole(0, MAX_ID)
    share = Real(0.0, 1.0, required=True)


class CandidateSchema(Schema):
    """A row as `doc2tweet bulk` writes it; what else a row says is passed over."""

    class Meta:
        unknown = EXCLUDE

    text = Text(1, MAX_CHARACTERS, required=True)
    model = Text(0, 200, allow_none=True)
    seed = Whole(0, MAX_ID, allow_none=True)
    index = Whole(0, MAX_INDEX, allow_none=True)
    prompt = Text(allow_none=True)
    source = Text(allow_none=True)
    article_title = Text(allow_none=True)
    article_text = Text(allow_none=True)
    flags = fields.List(Text(), allow_none=True)
    overlap = fields.Nested(OverlapSchema, allow_none=True)


class ImportSchema(_Strict):
    drafts = fields.List(fields.Nested(CandidateSchema), required=True)

    @post_load
    def _freeze(self, data: dict[str, Any], **_: Any) -> list[NewDraft]:
        found, errors = [], {}
        for number, row in enumerate(data["drafts"]):
            try:
                found.append(candidate(row))
            except (TypeError, ValueError) as error:
                errors[number] = [str(error)]
        if errors:
            raise ValidationError({"drafts": errors})
        return found


class EditSchema(_Strict):
    text = Text(1, MAX_CHARACTERS, required=True)


class Moment(fields.AwareDateTime):
    """ISO 8601 with its offset."""

    def __init__(self) -> None:
        super().__init__(format="iso")


class ScheduleSchema(_Strict):
    account = Text(1, 100, required=True)
    at = Moment()


class NothingSchema(_Strict):
    """Nothing is to be said; `{}` may."""


class PostDueSchema(_Strict):
    dry_run = Flag(load_default=True)


CHANGES: dict[Action, type[_Strict]] = {
    Action.KEEP: NothingSchema,
    Action.EDIT: EditSchema,
    Action.DISCARD: NothingSchema,
    Action.SCHEDULE: ScheduleSchema,
    Action.UNSCHEDULE: NothingSchema,
    Action.UNDO: NothingSchema,
}


def query_of(args: MultiDict[str, str]) -> DraftQuery:
    """
    Raises:
        ValidationFailed: a parameter is unknown, given twice or out of bounds.
    """
    schema, data = QuerySchema(), {}
    for name, texts in args.lists():
        if name == "state":
            data[name] = texts
        elif len(texts) > 1:
            raise ValidationFailed({name[:100]: ["Given twice."]})
        else:
            data[name] = from_form(schema.fields.get(name), texts)
    query: DraftQuery = check(schema, data)
    return query


def change_of(action: Action, data: dict[str, Any], free: datetime | None) -> Change:
    """The change that a checked body asks for; `free` stands in where it names no time."""
    return Change(
        action,
        text=data.get("text"),
        account=data.get("account"),
        at=data.get("at", free),
    )
