"""A pipeline over a model without weights, as the routes' tests have it."""

from tests.service.api.conftest import config, parts, reader, runner

__all__ = ["config", "parts", "reader", "runner"]
