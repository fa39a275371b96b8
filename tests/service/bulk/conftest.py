"""A pipeline over a model without weights, as the routes' tests have it."""

from tests.service.api.conftest import parts, reader, runner

__all__ = ["parts", "reader", "runner"]
