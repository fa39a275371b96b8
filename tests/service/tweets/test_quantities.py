from __future__ import annotations

from decimal import Decimal

import pytest

from service.tweets.dates import calendar_name, days_of_year, names_of_day
from service.tweets.quantities import ordinals, quantities


def readings(text: str) -> list[set[tuple[float, str]]]:
    return [{(float(value), unit) for value, unit in q.readings} for q in quantities(text)]


@pytest.mark.parametrize(
    "text", ["3,000", "3000", "3 000", "three thousand", "3 thousand", "3000.0", "3'000"]
)
def test_one_number_in_many_forms(text: str) -> None:
    assert readings(text) == [{(3000, "")}]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1.2 million", 1_200_000, ""),
        ("1,200,000", 1_200_000, ""),
        ("$1.2 million", 1_200_000, "$"),
        ("1.2 million dollars", 1_200_000, "$"),
        ("US$5 billion", 5_000_000_000, "$"),
        ("£20", 20, "£"),
        ("$3.5bn", 3_500_000_000, "$"),
        ("$1.2M", 1_200_000, "$"),
        ("20k", 20_000, ""),
        ("A$5m", 5_000_000, "a$"),
        ("CHF 5m", 5_000_000, "chf"),
        ("Rs. 500", 500, "₹"),
        ("5 million US dollars", 5_000_000, "$"),
        ("50 rubles", 50, "₽"),
        ("half a percent", 0.5, "%"),
        ("2½", 2.5, ""),
        ("12km", 12, "km"),
        ("10-kilometre", 10, "km"),
        ("20mph", 20, "mph"),
        ("6PM", 6, "pm"),
        ("8 a.m.", 8, "am"),
        ("7-year", 7, "year"),
        ("40C", 40, "°c"),
        ("45%", 45, "%"),
        ("45 percent", 45, "%"),
        ("forty-five per cent", 45, "%"),
        ("twenty-one", 21, ""),
        ("one hundred and five", 105, ""),
        ("three hundred and five thousand", 305_000, ""),
        ("a dozen", 12, ""),
        ("half a million", 500_000, ""),
        ("1990s", 1990, "s"),
        ("21st", 21, ""),
        ("3.5", 3.5, ""),
        ("1,5", 1.5, ""),
        ("12,345,678.90", 12345678.9, ""),
    ],
)
def test_a_number_and_what_it_counts(text: str, value: float, unit: str) -> None:
    assert readings(text) == [{(value, unit)}]


def test_a_form_with_two_meanings_has_both() -> None:
    assert readings("3.000") == [{(3, ""), (3000, "")}]
    assert readings("5m") == [{(5_000_000, ""), (5, "m")}]
    assert readings("20 pounds") == [{(20, "£"), (20, "lb")}]
    assert readings("the '90s or nineties") == [{(90, ""), (1990, "s")}] * 2


def test_the_numbers_of_a_range_share_what_stands_behind_or_before() -> None:
    low, high = readings("between 5 and €10 million")
    assert (5_000_000, "€") in low
    assert high == {(10_000_000, "€")}
    assert (60, "$") in readings("$50-60")[1]
    assert (2020, "") in readings("in 2019-20")[1]


def test_a_sign_belongs_to_the_number_behind_it() -> None:
    assert readings("In 2016 $5m") == [{(2016, "")}, {(5_000_000, "$")}]


def test_figures_in_names_are_no_numbers() -> None:
    assert readings("The G20 met on iPhone5 hundreds of times") == []


def test_ordinals_in_words() -> None:
    assert ordinals("the third of the first") == {Decimal(3), Decimal(1)}


def test_a_bare_one_is_weak() -> None:
    assert [q.is_weak for q in quantities("one of 1 and one million")] == [True, False, False]


@pytest.mark.parametrize("noise", ["1,", "1.", "one ", "a million ", "$ ", "1 ", "%", "1-", "½"])
def test_noise_is_read_in_linear_time(noise: str) -> None:
    assert len(quantities(noise * 20_000)) <= 20_000


@pytest.mark.parametrize(
    "text",
    ["March 3, 2024", "3 March", "3rd of March", "Mar. 3rd", "2024-03-03", "3/3/2024", "03.03.24"],
)
def test_one_day_in_many_forms(text: str) -> None:
    assert [day.days for day in days_of_year(text)] == [frozenset({(3, 3)})]


@pytest.mark.parametrize("text", ["He may 5", "12 may die", "They march 3 miles"])
def test_a_verb_is_no_month(text: str) -> None:
    assert list(days_of_year(text)) == []


def test_a_slashed_day_may_be_two() -> None:
    assert next(days_of_year("4/3/2024")).days == {(3, 4), (4, 3)}


def test_the_span_of_a_day_leaves_the_year() -> None:
    day = next(days_of_year("on March 3, 2024"))
    assert (day.start, day.end) == (3, 10)


def test_calendar_names() -> None:
    assert [calendar_name(word) for word in ("sept", "tuesday", "bridge")] == ["sep", "tue", ""]
    assert names_of_day("2024-03-04T10:00:00Z") == {"mon", "mar"}
    assert names_of_day("soon") == names_of_day(None) == set()
