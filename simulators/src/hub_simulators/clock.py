"""Clocks of the simulators: time is always handed in, never read inside a check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the current instant as an aware UTC datetime."""

    def now(self) -> datetime:
        """Return the current instant (aware, UTC)."""
        ...


class SystemClock:
    """The machine's clock; the only place of the package that reads it."""

    def now(self) -> datetime:
        """Return the machine's time (aware, UTC)."""
        return datetime.now(UTC)


class OffsetClock:
    """A clock that runs `offset` ahead of (or behind) another one; the control plane moves it."""

    def __init__(self, base: Clock | None = None, offset: timedelta = timedelta()) -> None:
        self._base = base or SystemClock()
        self.offset = offset

    def now(self) -> datetime:
        """Return the base clock's time plus the offset (aware, UTC)."""
        return self._base.now() + self.offset
