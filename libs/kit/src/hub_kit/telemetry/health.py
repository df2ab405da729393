"""Alive (restart me if not) and ready (send me work): named checks, each with its own time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub_kit.clock import MAX_SKEW_SECONDS, Clock, measure_skew, skew_problem
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from hub_kit.db.pool import Connection

Check = Callable[[], Awaitable[str | None]]
"""Returns None when well, else a short sentence for the operator (no value, no person)."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """`problems`: name → sentence of each check that fails; `degraded`: the same for checks that don't decide."""

    problems: dict[str, str]
    degraded: dict[str, str]

    @property
    def ready(self) -> bool:
        """True when nothing decisive fails."""
        return not self.problems


class Health:
    """The checks of one process. Results are kept for `keep_seconds`, so that probes can't wear the database out."""

    def __init__(
        self, clock: Clock, metrics: Metrics | None = None, *, keep_seconds: float = 1.0, limit_seconds: float = 2.0
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._keep = keep_seconds
        self._limit = limit_seconds
        self._checks: dict[str, tuple[Check, bool]] = {}
        self._report: HealthReport | None = None
        self._report_at = 0.0
        self._dying: str | None = None
        self._stopping = False

    def add(self, name: str, check: Check, *, decisive: bool = True) -> None:
        """Register a check; one that is not decisive shows in the report and leaves the process ready."""
        if name in self._checks:
            raise ValueError(f"health check {name} is registered twice")
        self._checks[name] = (check, decisive)
        self._report = None

    def stopping(self) -> None:
        """Ordered stop has begun: not ready any more, still alive."""
        self._stopping = True

    def dying(self, reason: str) -> None:
        """Something can't be repaired: not alive any more, the platform should restart the process."""
        self._dying = reason

    @property
    def alive(self) -> str | None:
        """None while alive, else why not."""
        return self._dying

    async def report(self) -> HealthReport:
        """The state of all checks, run together; a check that raises or is slow fails with a sentence of its own."""
        if self._stopping:
            return self._publish(HealthReport({"process": "stopping"}, {}))
        fresh = self._report is not None and self._clock.monotonic() - self._report_at < self._keep
        if not fresh or self._report is None:
            names = list(self._checks)
            outcomes = await asyncio.gather(*(self._run(self._checks[name][0]) for name in names))
            failed = {name: text for name, text in zip(names, outcomes, strict=True) if text is not None}
            self._report = HealthReport(
                {name: text for name, text in failed.items() if self._checks[name][1]},
                {name: text for name, text in failed.items() if not self._checks[name][1]},
            )
            self._report_at = self._clock.monotonic()
        return self._publish(self._report)

    def _publish(self, report: HealthReport) -> HealthReport:
        if self._metrics is not None:
            self._metrics.set(defs.READY, 1 if report.ready else 0)
        return report

    async def _run(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._limit):
                return await check()
        except TimeoutError:
            return f"no answer within {self._limit:g} s"
        except Exception as error:
            return f"failed: {type(error).__name__}"


def skew_check(
    acquire: Callable[[], AbstractAsyncContextManager[Connection]],
    clock: Clock,
    metrics: Metrics | None = None,
    limit: float = MAX_SKEW_SECONDS,
) -> Check:
    """A check that the database answers and that its clock and ours agree within `limit` seconds (design rule 17)."""

    async def check() -> str | None:
        async with acquire() as conn:
            skew = await measure_skew(conn, clock)
        if metrics is not None:
            metrics.set(defs.DATABASE_SKEW_SECONDS, skew)
        return skew_problem(skew, limit)

    return check
