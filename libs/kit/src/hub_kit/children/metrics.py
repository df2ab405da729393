"""What the pools of children tell Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from hub_kit.children.model import ChildEvent
from hub_kit.children.pool import ChildPool
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics


def counting(metrics: Metrics) -> Callable[[ChildEvent], None]:
    """For `on_event` of a pool: counts everything that happens, times the answers."""

    def count(event: ChildEvent) -> None:
        metrics.inc(defs.CHILDREN_EVENTS, event.pool, event.kind, event.code)
        if event.kind == "answered":
            metrics.observe(defs.CHILDREN_SECONDS, event.seconds, event.pool)

    return count


def measure(metrics: Metrics, pool: ChildPool) -> None:
    """Set the gauges of the pool as it is now."""
    state = pool.state()
    metrics.set(defs.CHILDREN_ALIVE, state.alive, pool.name)
    metrics.set(defs.CHILDREN_WAITING, state.waiting, pool.name)
    metrics.set(defs.CHILDREN_RESIDENT_BYTES, state.resident, pool.name)
