"""Spacing and quiet hours, over midnight and over the changes of the clocks."""

from __future__ import annotations

import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.posting.hours import QuietHours, Spacing, next_time

BERLIN = ZoneInfo("Europe/Berlin")
moments = st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("start", "end", "at", "expected"),
    [
        (time(23), time(7), "2031-05-04T21:30:00", "2031-05-05T05:00:00"),
        (time(23), time(7), "2031-05-04T02:00:00", "2031-05-04T05:00:00"),
        (time(23), time(7), "2031-05-04T05:00:00", "2031-05-04T05:00:00"),
        (time(12), time(14), "2031-05-04T10:30:00", "2031-05-04T12:00:00"),
        (time(12), time(14), "2031-05-04T09:59:00", "2031-05-04T09:59:00"),
    ],
)
def test_quiet_hours_in_berlin(start: time, end: time, at: str, expected: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    ends = QuietHours(start, end, BERLIN).after(moment)
    assert ends == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(times, times, moments)
def test_what_comes_out_is_never_quiet_nor_far_off(
    start: time, end: time, moment: datetime
) -> None:
    quiet = QuietHours(start, end, BERLIN)
    free = quiet.after(moment)
    assert moment <= free <= moment + timedelta(hours=25)
    local = free.astimezone(BERLIN).time()
    # A clock that jumps may skip the very end of the quiet time; then it is over all the same.
    assert local == end or not quiet._holds(local) or free.astimezone(BERLIN).hour in {2, 3}


@given(st.floats(0, 300), st.floats(0, 300), moments, moments, st.integers(0, 9))
def test_the_next_time_keeps_its_distance(
    one: float, other: float, last: datetime, now: datetime, seed: int
) -> None:
    least, most = (timedelta(minutes=m) for m in sorted([one, other]))
    when = next_time(Spacing(least, most), None, last, now, random.Random(seed))
    assert when >= now
    assert when - last >= least
    assert when == now or when - last <= most + timedelta(seconds=1)


def test_a_first_post_goes_out_now() -> None:
    now = datetime(2031, 5, 4, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert next_time(Spacing(hour, hour), None, None, now, random.Random(1)) == now
