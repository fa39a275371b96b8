"""When an account posts: how far apart, and when not at all. Pure arithmetic."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Spacing:
    """Time between two posts: drawn anew each time, fixed where both are the same."""

    least: timedelta
    most: timedelta

    def draw(self, rng: random.Random) -> timedelta:
        return self.least + (self.most - self.least) * rng.random()


NO_SPACING = Spacing(timedelta(), timedelta())


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end`, local time; over midnight where `end` is the earlier one."""

    start: time
    end: time
    zone: ZoneInfo

    def after(self, moment: datetime) -> datetime:
        """The first moment from `moment` on that is not quiet, in UTC."""
        local = moment.astimezone(self.zone)
        if not self._holds(local.time()):
            return moment
        day = local.date() if local.time() < self.end else local.date() + timedelta(days=1)
        return datetime.combine(day, self.end, self.zone).astimezone(UTC)

    def _holds(self, at: time) -> bool:
        if self.start <= self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


def next_time(
    spacing: Spacing,
    quiet: QuietHours | None,
    last: datetime | None,
    now: datetime,
    rng: random.Random,
) -> datetime:
    """When the next post may go out.

    Args:
        last: the latest time that is planned or was used already.
    """
    moment = now if last is None else max(now, last + spacing.draw(rng))
    return moment if quiet is None else quiet.after(moment)
