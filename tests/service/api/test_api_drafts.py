"""`/drafts` over HTTP: pages, versions, choices, posting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.api.parts import Parts
from service.app import make_app
from service.config import DraftsConfig, PostingConfig, XConfig
from service.tweets.overlap import build_index
from tests.service.posting.fake_x import FakeX

ACCOUNTS = '[bot]\nusername = "bot_on_x"\n[bot.oauth2]\naccess_token = "very-secret"\n'


@pytest.fixture
def x() -> Iterator[FakeX]:
    fake = FakeX()
    yield fake
    fake.close()


def client_of(parts: Parts, tmp_path: Path, *, x_url: str, accounts: Path | None) -> FlaskClient:
    config = replace(
        parts.config,
        drafts=DraftsConfig(serve=True, database_url=f"sqlite:///{tmp_path}/drafts.db"),
        posting=PostingConfig(accounts_file=accounts),
        x=XConfig(api_url=x_url),
    )
    return make_app(replace(parts, config=config)).test_client()


@pytest.fixture
def desk(parts: Parts, tmp_path: Path, x: FakeX) -> FlaskClient:
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    accounts.chmod(0o600)
    return client_of(parts, tmp_path, x_url=x.url, accounts=accounts)


def add(client: FlaskClient, *texts: str) -> None:
    rows = [{"text": text} for text in texts]
    assert client.post("/drafts", json={"drafts": rows}).status_code == 201


def do(client: FlaskClient, number: int, action: str, **body: object) -> TestResponse:
    etag = client.get(f"/drafts/{number}").headers["ETag"]
    return client.post(f"/drafts/{number}/{action}", json=body or None, headers={"If-Match": etag})


def test_without_the_setting_there_are_no_drafts(client: FlaskClient) -> None:
    assert client.get("/drafts").status_code == 404


def test_imported_drafts_are_listed_page_by_page(desk: FlaskClient) -> None:
    add(desk, *[f"Tweet {i}" for i in range(5)])
    page = desk.get("/drafts?limit=3").get_json()
    rest = desk.get(f"/drafts?after={page['next_after']}").get_json()
    assert [d["text"] for d in page["drafts"] + rest["drafts"]] == [f"Tweet {i}" for i in range(5)]
    assert (page["total"], rest["next_after"]) == (5, None)


def test_importing_again_adds_nothing(desk: FlaskClient) -> None:
    add(desk, "One")
    again = desk.post("/drafts", json={"drafts": [{"text": "One"}, {"text": "Two"}]})
    assert again.get_json() == {"added": 1, "known": 1}


def test_filters(desk: FlaskClient) -> None:
    add(desk, "One goal", "Two goals", "None")
    do(desk, 1, "keep")
    answer = desk.get("/drafts?state=kept&state=candidate&contains=GOAL").get_json()
    assert [d["state"] for d in answer["drafts"]] == ["kept", "candidate"]


def test_a_change_answers_with_the_draft_and_its_next_version(desk: FlaskClient) -> None:
    add(desk, "One")
    answer = do(desk, 1, "edit", text="One!")
    assert answer.headers["ETag"] == '"2"'
    assert (answer.get_json()["state"], answer.get_json()["text"]) == ("edited", "One!")


def test_one_draft_comes_with_the_length_that_x_counts(desk: FlaskClient) -> None:
    add(desk, "Rain 🌧 https://example.com/a/long/way/to/the/rain")
    answer = desk.get("/drafts/1").get_json()
    assert (answer["length"], answer["remaining"]) == (31, 249)


def test_a_training_tweet_is_recognised_where_nobody_looked_yet(
    desk: FlaskClient, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "The ferry to the island leaves an hour later from Monday on."
    models = parts.pipeline._models
    monkeypatch.setitem(models, "tiny", replace(models["tiny"], memory=build_index([text])))
    rows = [{"text": text, "model": name} for name in ("tiny", "plain", "elsewhere")]
    desk.post("/drafts", json={"drafts": rows})
    drafts = [desk.get(f"/drafts/{number}").get_json() for number in (1, 2, 3)]
    assert [d["flags"] for d in drafts] == [["memorised"], [], []]
    assert [d["overlap"] and d["overlap"]["words"] for d in drafts] == [12, 0, None]
    assert do(desk, 1, "keep").status_code == 409


def test_the_second_of_two_reviewers_is_told(desk: FlaskClient) -> None:
    add(desk, "One")
    etag = {"If-Match": desk.get("/drafts/1").headers["ETag"]}
    assert desk.post("/drafts/1/keep", headers=etag).status_code == 200
    late = desk.post("/drafts/1/discard", headers=etag)
    assert (late.status_code, late.get_json()["type"]) == (412, "draft-changed")
    assert desk.get("/drafts/1").get_json()["state"] == "kept"


@pytest.mark.parametrize(
    ("header", "status"),
    [(None, 428), ("*", 428), ("", 428), ('"x"', 412), ('"9"', 412), ('W/"1"', 200), ("1", 200)],
)
def test_a_change_needs_a_version(desk: FlaskClient, header: str | None, status: int) -> None:
    add(desk, "One")
    headers = {} if header is None else {"If-Match": header}
    assert desk.post("/drafts/1/keep", headers=headers).status_code == status


def test_what_is_known_already_is_not_sent_again(desk: FlaskClient) -> None:
    add(desk, "One")
    assert desk.get("/drafts/1", headers={"If-None-Match": '"1"'}).status_code == 304


def test_history_and_undo(desk: FlaskClient) -> None:
    add(desk, "One")
    do(desk, 1, "discard")
    assert do(desk, 1, "undo").get_json()["state"] == "candidate"
    entries = desk.get("/drafts/1/history").get_json()["history"]
    assert [e["action"] for e in entries] == ["import", "discard", "undo"]
    assert {e["actor"] for e in entries} == {"address:127.0.0.1"}


def test_from_keeping_to_posting(desk: FlaskClient, x: FakeX) -> None:
    add(desk, "One")
    do(desk, 1, "keep")
    assert do(desk, 1, "schedule", account="bot").get_json()["account"] == "bot"
    dry = desk.post("/drafts/post-due").get_json()
    assert (dry["dry_run"], dry["reports"][0]["outcome"]) == (True, "would post")
    assert x.requests == []
    wet = desk.post("/drafts/post-due", json={"dry_run": False}).get_json()
    assert (wet["reports"][0]["outcome"], x.texts) == ("posted", ["One"])
    assert desk.get("/drafts/1").get_json()["tweet_id"] == "1000"


def test_a_time_of_ones_own(desk: FlaskClient) -> None:
    add(desk, "One")
    do(desk, 1, "keep")
    answer = do(desk, 1, "schedule", account="bot", at="2031-05-04T12:00:00+02:00")
    assert answer.get_json()["scheduled_at"] == "2031-05-04T10:00:00+00:00"


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+14:00",
        "1999-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
        "9999-12-31T23:59:00Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_that_can_only_be_a_slip_is_refused(desk: FlaskClient, at: str) -> None:
    add(desk, "One")
    do(desk, 1, "keep")
    answer = do(desk, 1, "schedule", account="bot", at=at)
    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["at"])
    assert do(desk, 1, "schedule", account="bot").status_code == 200


def test_accounts_are_named_without_their_secrets(desk: FlaskClient) -> None:
    answer = desk.get("/drafts/accounts")
    assert answer.get_json() == {"accounts": [{"name": "bot", "username": "bot_on_x"}]}


def test_without_an_accounts_file_nothing_is_scheduled_or_posted(
    parts: Parts, tmp_path: Path, x: FakeX
) -> None:
    client = client_of(parts, tmp_path, x_url=x.url, accounts=None)
    add(client, "One")
    do(client, 1, "keep")
    assert client.get("/drafts/accounts").get_json() == {"accounts": []}
    assert do(client, 1, "schedule", account="bot").status_code == 409
    assert client.post("/drafts/post-due", json={"dry_run": False}).status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/drafts/1/edit", {}, 422),
        ("/drafts/1/edit", {"text": ""}, 422),
        ("/drafts/1/edit", {"text": " "}, 422),
        ("/drafts/1/edit", {"text": "x" * 4001}, 422),
        ("/drafts/1/edit", {"text": "a\0b"}, 422),
        ("/drafts/1/keep", {"text": "One"}, 422),
        ("/drafts/1/schedule", {"account": "else"}, 422),
        ("/drafts/1/schedule", {"account": "bot", "at": "tomorrow"}, 422),
        ("/drafts/1/schedule", {"account": "bot", "at": "2031-05-04T12:00:00"}, 422),
        ("/drafts/1/schedule", {"account": "bot"}, 409),
        ("/drafts/1/claim", {}, 404),
        ("/drafts/2/keep", {}, 404),
        ("/drafts/99999999999999999999/keep", {}, 404),
        ("/drafts", {}, 422),
        ("/drafts", {"drafts": [{"text": ""}]}, 422),
        ("/drafts", {"drafts": 5}, 422),
        ("/drafts/post-due", {"dry_run": "no"}, 422),
    ],
)
def test_bad_requests(desk: FlaskClient, path: str, body: object, status: int) -> None:
    add(desk, "One")
    answer = desk.post(path, json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert desk.get("/drafts/1").get_json()["version"] == 1


@pytest.mark.parametrize(
    "query",
    [
        "state=none",
        "limit=0",
        "limit=x",
        "after=-1",
        "limit=1&limit=2",
        "unknown=1",
        "contains=%00",
    ],
)
def test_bad_queries(desk: FlaskClient, query: str) -> None:
    assert desk.get(f"/drafts?{query}").status_code == 422


DOCUMENT = yaml.safe_load((Path(__file__).parents[3] / "openapi.yaml").read_text())


def test_the_document_and_the_routes_agree(desk: FlaskClient) -> None:
    routes = {
        (re.sub(r"<(?:[^<>]+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in desk.application.url_map.iter_rules()
        if rule.endpoint.startswith("drafts.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if "drafts" in item[method]["tags"]
    }
    assert routes == described


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/drafts", "DraftPage"),
        ("/drafts/1", "Draft"),
        ("/drafts/1/history", "DraftHistory"),
        ("/drafts/accounts", "DraftAccounts"),
    ],
)
def test_answers_are_as_the_document_says(desk: FlaskClient, path: str, schema: str) -> None:
    add(desk, "One")
    do(desk, 1, "keep")
    do(desk, 1, "schedule", account="bot")
    whole = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    jsonschema.validate(desk.get(path).get_json(), whole)


def test_reports_are_as_the_document_says(desk: FlaskClient) -> None:
    add(desk, "One")
    do(desk, 1, "keep")
    do(desk, 1, "schedule", account="bot")
    whole = {"$ref": "#/components/schemas/PostReports", "components": DOCUMENT["components"]}
    jsonschema.validate(desk.post("/drafts/post-due").get_json(), whole)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"text": "One", "seed": "7"}, "seed"),
        ({"text": "One", "index": 2**31}, "index"),
        ({"text": "One", "model": "m" * 201}, "model"),
        ({"text": "One", "flags": "memorised"}, "flags"),
        ({"text": "One", "overlap": {"share": 2}}, "overlap.share"),
        ({"text": 1}, "text"),
        ("One", ""),
    ],
)
def test_a_wrong_candidate_is_named(desk: FlaskClient, row: object, field: str) -> None:
    answer = desk.post("/drafts", json={"drafts": [{"text": "Fine"}, row]})
    assert answer.status_code == 422
    assert list(answer.get_json()["errors"]) == [f"drafts.1.{field}".rstrip(".")]


def test_what_bulk_writes_beside_a_candidate_is_passed_over(desk: FlaskClient) -> None:
    row = {"text": "One", "seed": None, "created_at": "2031-05-04T12:00:00Z", "score": 0.5}
    assert desk.post("/drafts", json={"drafts": [row]}).get_json() == {"added": 1, "known": 0}


def test_a_draft_only_takes_what_can_be_done_to_it(desk: FlaskClient) -> None:
    add(desk, "One")
    answer = desk.post("/drafts/1/history")
    assert (answer.status_code, set(answer.allow)) == (405, {"GET", "HEAD"})


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/drafts", FORM, "drafts=One"),
        ("/drafts", "text/plain", '{"drafts": [{"text": "Two"}]}'),
        ("/drafts/post-due", FORM, "dry_run=false"),
        ("/drafts/post-due", FORM, ""),
        ("/drafts/post-due", "multipart/form-data", ""),
        ("/drafts/post-due", "text/plain", '{"dry_run": false}'),
        ("/drafts/post-due", None, '{"dry_run": false}'),
        ("/drafts/1/edit", FORM, "text=Two"),
        ("/drafts/1/discard", FORM, ""),
        ("/drafts/1/keep", "text/plain", ""),
        ("/drafts/1/keep", "text/plain", "{}"),
    ],
)
def test_what_a_foreign_page_may_send_unasked_changes_nothing(
    desk: FlaskClient, path: str, kind: str | None, body: str
) -> None:
    add(desk, "One")
    answer = desk.post(path, data=body, content_type=kind, headers={"If-Match": '"1"'})
    assert answer.status_code == 415
    assert "application/json" in answer.get_json()["hint"]
    page = desk.get("/drafts").get_json()
    assert (page["total"], page["drafts"][0]["version"]) == (1, 1)
