"""What the two runners share: the parts they are given and how a batch's items end."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.events import Event
from hub_contracts.states import Stage
from hub_kit.clock import Clock
from hub_kit.db import Pool
from hub_kit.messaging.claims import Claimed
from hub_kit.messaging.failure import DeadLimit, blocked_event, judge
from hub_kit.messaging.model import Effects
from hub_kit.messaging.outbox import Outbox, Settlement
from hub_kit.telemetry import logs
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics

log = logs.get_logger("hub.messaging")


@dataclass(frozen=True, slots=True)
class Bench:
    """The tools on a runner's bench: one set per process. `wake_relay` tells the relay that the outbox has news."""

    pool: Pool
    outbox: Outbox
    clock: Clock
    stage: Stage
    wake_relay: Callable[[], None]
    new_id: Callable[[], UUID]
    prepare: Callable[[], Awaitable[None]]
    metrics: Metrics
    rng: random.Random = field(default_factory=random.SystemRandom)


@dataclass(slots=True)
class Ending:
    """How the items of one batch end; becomes a Settlement. `committed` is called once that is written for good."""

    bench: Bench
    handler: str
    limit: DeadLimit
    settlement: Settlement = field(default_factory=Settlement)
    _afterwards: list[Callable[[], None]] = field(default_factory=list)

    def committed(self) -> None:
        """Count, log and remember what ended: a batch that is done again item by item is told once."""
        for tell in self._afterwards:
            tell()
        self._afterwards.clear()

    def superseded(self, claimed: Claimed, lease_id: UUID | None = None) -> None:
        """A newer version of the act is known: nothing to do (design rule 3)."""
        self.settlement.finished.append((claimed.envelope.id, lease_id))
        self._count("superseded")

    def unreadable(self, claimed: Claimed, lease_id: UUID | None = None) -> None:
        """The event's data is not what its type says."""
        code = ErrorCode.ENVELOPE_UNREADABLE
        self.settlement.dead.append((claimed.envelope.id, lease_id, code.value, claimed.attempts + 1))
        self._blocked(claimed, code)

    def done(self, claimed: Claimed, effects: Effects[object], lease_id: UUID | None = None) -> None:
        """Handled, or asked by its handler to be tried again."""
        self.settlement.add(claimed.work(lease_id), effects)
        outcome = "done" if effects.retry is None else "postponed"
        self._count(outcome)
        self._afterwards.append(self.limit.alive)

    def failed(self, claimed: Claimed, error: Exception, lease_id: UUID | None = None) -> None:
        """A piece of the handler raised: tried again later, or dead."""
        if claimed.event is None:
            self.unreadable(claimed, lease_id)
            return
        work = claimed.work(lease_id)
        verdict = judge(error, work, self.bench.clock.now(), self.bench.rng)
        self._afterwards.append(
            partial(
                log.warning,
                "work.failed",
                exc_info=error,
                handler=self.handler,
                event_id=str(work.id),
                code=verdict.code.value,
                attempts=work.attempts + 1,
                dead=verdict.retry is None,
            )
        )
        if verdict.retry is not None:
            self.settlement.add(work, Effects(retry=verdict.retry))
            self._count("retried")
            return
        self.settlement.dead.append((work.id, lease_id, verdict.code.value, work.attempts + 1))
        self._blocked(claimed, verdict.code)

    def _blocked(self, claimed: Claimed, code: ErrorCode) -> None:
        blocked = blocked_event(claimed.envelope, self.bench.stage, code)
        if blocked is not None:
            self.settlement.emitted.append((blocked, claimed.envelope.id, claimed.envelope.traceparent))
        self._count("dead")
        self._afterwards.append(partial(self.limit.dead, claimed.envelope.lane))

    def _count(self, outcome: str) -> None:
        self._afterwards.append(partial(self.bench.metrics.inc, defs.WORK_DONE, self.handler, outcome))


def models_of(routes_models: list[type[Event]]) -> dict[str, type[Event]]:
    """Event models by their type."""
    return {model.event_type: model for model in routes_models}
