"""`POST /tweet` and `POST /generate`."""

from __future__ import annotations

from flask import Blueprint, Response, g, request

from service.api.parts import parts
from service.api.responses import answer
from service.api.schemas import GenerateSchema, TweetSchema, load
from service.api.watch import watch

text_routes = Blueprint("text", __name__)


@text_routes.post("/tweet")
def tweet() -> Response:
    here = parts()
    asked = load(TweetSchema(), request, here.config.server.max_body_bytes)
    return answer(here.pipeline.tweet(asked, g.request_id, watch(request, here)), request)


@text_routes.post("/generate")
def generate() -> Response:
    here = parts()
    asked = load(GenerateSchema(), request, here.config.server.max_body_bytes)
    return answer(here.pipeline.generate(asked, g.request_id, watch(request, here)), request)
