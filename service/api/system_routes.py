"""What operators and tools ask: `/livez /readyz /models /metrics /openapi.yaml`."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response

from service.api.parts import parts
from service.api.responses import as_json, json_response
from service.observability import METRICS_MEDIA_TYPE

system_routes = Blueprint("system", __name__)
_PACKAGE = Path(__file__).parent.parent


@system_routes.get("/livez")
def livez() -> Response:
    """The process answers. Says nothing of models or load: restarting would help neither."""
    return json_response({"status": "ok"})


@system_routes.get("/readyz")
def readyz() -> Response:
    """Whether new work would be taken now."""
    here = parts()
    if here.lifecycle.draining or here.pipeline.full():
        reason = "draining" if here.lifecycle.draining else "full"
        return json_response({"status": "unavailable", "reason": reason}, 503)
    return json_response({"status": "ok"})


@system_routes.get("/models")
def models() -> Response:
    return json_response({"models": as_json(parts().pipeline.models())})


@system_routes.get("/metrics")
def metrics() -> Response:
    return Response(parts().metrics.render(), content_type=METRICS_MEDIA_TYPE)


@system_routes.get("/openapi.yaml")
def openapi() -> Response:
    return Response(openapi_file().read_bytes(), mimetype="application/yaml")


def openapi_file() -> Path:
    """In the package once it is installed, beside it in a checkout."""
    packaged = _PACKAGE / "openapi.yaml"
    return packaged if packaged.is_file() else _PACKAGE.parent / "openapi.yaml"
