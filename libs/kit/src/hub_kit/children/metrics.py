"""What the pools of children tell Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from hub_kit.children.model import ChildEvent, PoolState
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics


def watching(metrics: Metrics | None) -> Callable[[ChildEvent, PoolState], None]:
    """For `on_event` of a pool: counts what happens, times the answers, shows how the pool is."""

    def tell(event: ChildEvent, state: PoolState) -> None:
        if metrics is None:
            return
        metrics.inc(defs.CHILDREN_EVENTS, event.pool, event.kind, event.code)
        if event.kind == "answered":
            metrics.observe(defs.CHILDREN_SECONDS, event.seconds, event.pool)
        metrics.set(defs.CHILDREN_ALIVE, state.alive, event.pool)
        metrics.set(defs.CHILDREN_WAITING, state.waiting, event.pool)
        metrics.set(defs.CHILDREN_RESIDENT_BYTES, state.resident, event.pool)

    return tell
