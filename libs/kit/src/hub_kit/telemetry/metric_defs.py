"""The catalogue of the kit's metrics: typed, so that a misspelt name or label is a type error or fails at start."""

from __future__ import annotations

from dataclasses import dataclass

_FAST = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 86400.0)
_SIZES = (1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0)


@dataclass(frozen=True, slots=True)
class MetricDef:
    """A metric: its name (`hub_…`), what it tells, its labels (few values each, never a person or an act)."""

    name: str
    help: str
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.startswith("hub_"):
            raise ValueError(f"metric {self.name}: names start with hub_")


@dataclass(frozen=True, slots=True)
class CounterDef(MetricDef):
    """A number that only grows; its name ends in `_total`."""


@dataclass(frozen=True, slots=True)
class GaugeDef(MetricDef):
    """A number that goes up and down."""


@dataclass(frozen=True, slots=True)
class HistogramDef(MetricDef):
    """A distribution, `buckets` in the unit the name ends with."""

    buckets: tuple[float, ...] = _FAST


HTTP_REQUESTS = CounterDef(
    "hub_http_requests_total", "HTTP requests answered, by route and status.", ("server", "method", "route", "status")
)
HTTP_SECONDS = HistogramDef("hub_http_request_seconds", "Time to answer an HTTP request.", ("server", "route"))
ERRORS = CounterDef("hub_errors_total", "Errors met, by stable code.", ("where", "code"))

OUTBOX_PENDING = GaugeDef("hub_outbox_pending", "Events that wait for the relay.")
OUTBOX_OLDEST_SECONDS = GaugeDef("hub_outbox_oldest_seconds", "Age of the oldest event that waits for the relay.")
RELAY_EVENTS = CounterDef("hub_relay_events_total", "Events the relay sent to Kafka.", ("stream",))
RELAY_BATCH = HistogramDef("hub_relay_batch_events", "Events in a relay batch.", buckets=_SIZES)
RELAY_LEADER = GaugeDef("hub_relay_leader", "1 when this process is its service's relay leader.")
CONSUMED_EVENTS = CounterDef("hub_consumed_events_total", "Events read from Kafka.", ("stream", "outcome"))
WORK_READY = GaugeDef("hub_work_ready", "Work items that are due.", ("kind",))
WORK_OLDEST_SECONDS = GaugeDef("hub_work_oldest_seconds", "Age of the oldest due work item.", ("kind",))
WORK_DONE = CounterDef("hub_work_done_total", "Work items handled, by outcome.", ("kind", "outcome"))
WORK_SECONDS = HistogramDef("hub_work_batch_seconds", "Time to handle one batch of work items.", ("kind",))
WORK_BATCH = HistogramDef("hub_work_batch_items", "Work items in a batch.", ("kind",), buckets=_SIZES)
WORK_LATENCY = HistogramDef("hub_work_latency_seconds", "From an item's arrival to its end.", ("kind",), buckets=_SLOW)
DEAD_ITEMS = GaugeDef("hub_dead_items", "Items that an operator must look at.", ("kind",))
LANES_PAUSED = GaugeDef("hub_lanes_paused", "Lanes paused, by reason.", ("reason",))

UPSTREAM_SECONDS = HistogramDef("hub_upstream_seconds", "Time of a call to an outside system.", ("system", "call"))
UPSTREAM_CALLS = CounterDef("hub_upstream_calls_total", "Calls to outside systems.", ("system", "call", "outcome"))

CHILDREN_ALIVE = GaugeDef("hub_children_alive", "Child processes that are ready or at work.", ("pool",))
CHILDREN_RESIDENT_BYTES = GaugeDef("hub_children_resident_bytes", "Memory of the child processes.", ("pool",))
CHILDREN_WAITING = GaugeDef("hub_children_waiting", "Requests that wait for a child process.", ("pool",))
CHILDREN_EVENTS = CounterDef(
    "hub_children_events_total", "What happened to child processes and their requests.", ("pool", "event", "code")
)
CHILDREN_SECONDS = HistogramDef("hub_children_seconds", "Time of a request to a child process.", ("pool",))

DATABASE_SKEW_SECONDS = GaugeDef("hub_database_skew_seconds", "Database clock minus process clock.")
LOOP_LAG_SECONDS = HistogramDef("hub_event_loop_lag_seconds", "How late the event loop wakes a sleeper.")
TASKS_RUNNING = GaugeDef("hub_supervised_tasks", "Supervised tasks that run.")
READY = GaugeDef("hub_ready", "1 when the process is ready.")
BUILD_INFO = GaugeDef("hub_build_info", "Always 1; which service and version runs.", ("service", "version"))

CATALOGUE: tuple[MetricDef, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, MetricDef))
