from __future__ import annotations

import pytest

from service.tweets.entities import EMAIL, HANDLE, entity_spans


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("by @ilse and @@tomas", [(3, 8), (13, 20)]),
        ("write to a.b+c@port.example.com", [(9, 31), (14, 19)]),
        ("@ alone", []),
    ],
)
def test_handles_and_addresses_are_found(text: str, spans: list[tuple[int, int]]) -> None:
    assert set(spans) <= set(entity_spans(text))
    assert bool(spans) == bool(entity_spans(text))


@pytest.mark.parametrize("noise", ["@", "a", "a.", "@.", "a@"])
def test_long_runs_are_read_in_linear_time(noise: str) -> None:
    text = noise * 60_000
    assert len(HANDLE.findall(text)) + len(EMAIL.findall(text)) <= 60_000
