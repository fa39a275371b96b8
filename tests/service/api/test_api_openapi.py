"""`openapi.yaml` is the truth: compared with the routes and the schemas, both ways."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from marshmallow import fields, validate
from openapi_spec_validator import validate as validate_document

from service.api.fields import Flag, StopStrings
from service.api.openai_schemas import ChatCompletionSchema, CompletionSchema
from service.api.schemas import ChatSchema, DrawingSchema, GenerateSchema, TweetSchema
from service.engine.sampling_params import SamplingParams

DOCUMENT = yaml.safe_load((Path(__file__).parents[3] / "openapi.yaml").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
OWN = [
    ("GenerateRequest", GenerateSchema),
    ("TweetRequest", TweetSchema),
    ("ChatRequest", ChatSchema),
]


def properties(name: str) -> dict[str, Any]:
    """Those of a schema and of what it is made of."""
    schema = SCHEMAS[name]
    inherited = {} if "allOf" not in schema else properties("Drawing")
    return {**inherited, **schema.get("properties", {})}


def bounds(field: fields.Field[Any]) -> dict[str, Any]:
    """What the document should say of a field's bounds."""
    told: dict[str, Any] = {}
    for rule in field.validators:
        if isinstance(rule, validate.Range):
            told["minimum" if rule.min_inclusive else "exclusiveMinimum"] = rule.min
            told["maximum"] = rule.max
        elif isinstance(rule, validate.Length):
            items = isinstance(field, fields.List)
            told |= {("minItems" if items else "minLength"): rule.min or None}
            told |= {("maxItems" if items else "maxLength"): rule.max}
        elif isinstance(rule, validate.OneOf):
            told["enum"] = list(rule.choices)
    return {name: value for name, value in told.items() if value is not None}


def test_the_document_is_valid() -> None:
    validate_document(DOCUMENT)


def test_every_route_is_described_and_every_description_is_a_route(app: Flask) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if "drafts" not in item[method]["tags"]  # served where a setting says so; tested beside it
    }
    assert routes == described


@pytest.mark.parametrize(("name", "schema"), OWN)
def test_schemas_and_document_know_the_same_fields(name: str, schema: type[DrawingSchema]) -> None:
    assert set(schema().fields) == set(properties(name))


@pytest.mark.parametrize(("name", "schema"), OWN)
def test_schemas_and_document_agree_on_bounds(name: str, schema: type[DrawingSchema]) -> None:
    for field_name, field in schema().fields.items():
        told = properties(name)[field_name]
        kept = {k: v for k, v in told.items() if k.startswith(("min", "max", "excl", "enum"))}
        if not isinstance(field, StopStrings):
            assert kept == bounds(field), field_name
        if isinstance(field, Flag):
            assert told["type"] == "boolean"


@pytest.mark.parametrize(
    ("name", "schema"),
    [("CompletionRequest", CompletionSchema), ("ChatCompletionRequest", ChatCompletionSchema)],
)
def test_what_the_document_says_of_openais_routes_is_so(
    name: str, schema: type[DrawingSchema]
) -> None:
    for field_name, told in properties(name).items():
        field = schema().fields[field_name]
        known = bounds(field)
        for bound in ("minimum", "maximum"):
            assert told.get(bound) == known.get(bound), field_name


def test_defaults_are_those_of_the_engine() -> None:
    for name, told in SCHEMAS["Drawing"]["properties"].items():
        if "default" in told and name not in ("stream", "n"):
            assert told["default"] == getattr(SamplingParams(), name), name


def examples() -> list[Any]:
    found = []
    for path, item in DOCUMENT["paths"].items():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            for example in content.get("application/json", {}).get("examples", {}).values():
                found.append(pytest.param(path, example["value"], id=operation["operationId"]))
    return found


@pytest.mark.parametrize(("path", "asked"), examples())
def test_examples_run_and_their_answers_are_as_described(
    client: FlaskClient, path: str, asked: dict[str, Any]
) -> None:
    answer = client.post(path, json=asked)
    assert answer.status_code == 200
    content = DOCUMENT["paths"][path]["post"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
    jsonschema.validate(answer.get_json(), schema)
