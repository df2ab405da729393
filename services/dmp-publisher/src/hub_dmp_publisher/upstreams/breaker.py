"""A circuit breaker for the DMP as a whole: while it is down nobody spends a call on it, one probe finds it back."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

MAX_PAUSE_SECONDS = 60.0


class BreakerState(StrEnum):
    """Closed: calls go; open: none goes; half open: one goes, to see."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts failures in a row of the DMP itself (not refusals of one document). One per process.

    `monotonic` gives seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float], failures: int, pause_seconds: float) -> None:
        self._monotonic = monotonic
        self._limit = failures
        self._first_pause = pause_seconds
        self._pause = pause_seconds
        self._failures = 0
        self._open_until: float | None = None
        self._probing = False

    @property
    def state(self) -> BreakerState:
        """The present state."""
        if self._open_until is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._monotonic() >= self._open_until else BreakerState.OPEN

    def try_pass(self) -> float | None:
        """None: make the call, then say `succeeded` or `failed`. Else the seconds to wait before trying again."""
        state = self.state
        if state is BreakerState.CLOSED:
            return None
        if state is BreakerState.HALF_OPEN and not self._probing:
            self._probing = True
            return None
        assert self._open_until is not None
        return max(self._open_until - self._monotonic(), self._first_pause)

    def succeeded(self) -> None:
        """The DMP answered."""
        self._failures, self._open_until, self._probing, self._pause = 0, None, False, self._first_pause

    def failed(self) -> None:
        """The DMP did not answer, or not sensibly."""
        self._failures += 1
        if self._probing:
            self._pause = min(self._pause * 2, MAX_PAUSE_SECONDS)
        elif self._failures < self._limit or self._open_until is not None:
            return
        self._probing = False
        self._open_until = self._monotonic() + self._pause

    def abandoned(self) -> None:
        """The call ended without telling anything about the DMP (cancelled): another may probe."""
        self._probing = False
