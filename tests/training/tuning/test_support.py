from __future__ import annotations

from training.tuning.support import num_claims, unsupported_spans

SOURCE = "The mayor of Ostwick opened the bridge. It cost 3,000 crowns."


def spans(tweet: str) -> list[str]:
    data = tweet.encode()
    return [data[a:b].decode() for a, b in unsupported_spans(tweet, SOURCE)]


def test_what_the_source_does_not_hold_is_found() -> None:
    assert spans("The mayor of Zembla spent 9,000 crowns in Ostwick") == ["Zembla", "9,000"]


def test_what_the_source_holds_is_not() -> None:
    assert spans("Ostwick spent 3,000 crowns") == []


def test_spans_count_bytes() -> None:
    assert spans("A café in Zembla: 9,000 crowns") == ["Zembla", "9,000"]


def test_claims_are_counted_without_an_article() -> None:
    assert num_claims("Anna Brandt paid 9,000 crowns") == 2
    assert num_claims("nothing to see here") == 0
