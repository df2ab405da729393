"""Moments and days, compared so that no clock of an LGO and no extreme date makes the hub fail."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far an LGO's clock may be from the hub's, and two moments of one act from each other."""
_ONE_DAY = timedelta(days=1)
_PARIS = ZoneInfo("Europe/Paris")


def is_after(moment: datetime, limit: datetime) -> bool:
    """Later than `limit` beyond the tolerance of the clocks; both are aware. Any moment will do, year 9999 too."""
    return moment - limit > CLOCK_TOLERANCE


def is_before_day(moment: datetime, born: date) -> bool:
    """Before that day, wherever one is: the day may differ by the offset. `born` is no extreme date."""
    return moment.date() < born - _ONE_DAY


def latest_day(moment: datetime) -> date:
    """The day of that moment in its own offset or in Paris, the later one: software may send UTC."""
    if moment.utcoffset() is None:
        return moment.date()
    try:
        return max(moment.date(), moment.astimezone(_PARIS).date())
    except OverflowError:  # the first or the last day of the calendar
        return moment.date()
