"""The words of messaging: Work comes in, Effects go out, a handler is load / decide / apply.

Local:  claim ─ load ─ decide ─ apply ─ settle          one transaction for a batch
Peer :  claim + load ║ call ║ decide ─ apply ─ settle   the call is outside any transaction, under a fenced lease
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Event
from hub_kit.db import Connection

E = TypeVar("E", bound=Event)  # the event model
S = TypeVar("S")  # what load returns for one item
O = TypeVar("O")  # what a call returns  # noqa: E741
R = TypeVar("R")  # a row that apply writes

FLOW_LIVE, FLOW_BACKLOG = 0, 1


@dataclass(frozen=True, slots=True)
class Work(Generic[E]):
    """One event to handle. `attempts` counts the tries before this one."""

    event: E
    envelope: Envelope
    attempts: int
    arrived_at: datetime
    lease_id: UUID | None = None

    @property
    def id(self) -> UUID:
        """The event's id."""
        return self.envelope.id


@dataclass(frozen=True, slots=True)
class Emit:
    """An event to send. `seal` gives the models that go into its sealed fields; `stream` defaults to the service's."""

    event: Event
    seal: Mapping[str, BaseModel] = field(default_factory=dict)
    stream: str | None = None
    flow: str = "live"


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Not now: again at `when`, because of `code`. `counts` is False when the wait isn't a failed attempt."""

    when: datetime
    code: ErrorCode
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Effects(Generic[R]):
    """All that handling one item does: events out, rows written, and whether it is finished or tried again."""

    emit: tuple[Emit, ...] = ()
    rows: tuple[R, ...] = ()
    retry: RetryAt | None = None


class Transient(Exception):
    """A handler's piece could not do its work now; the item is retried with a growing delay."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


class Fatal(Exception):
    """Trying again can't help: the item is dead at once."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.value)
        self.code = code


Load = Callable[[Connection, Sequence[Work[E]]], Awaitable[Mapping[UUID, S]]]
Apply = Callable[[Connection, Sequence[Effects[R]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Local(Generic[E, S, R]):
    """A handler that touches only our own tables. `load` returns a state for every work id."""

    name: str
    load: Load[E, S]
    decide: Callable[[Work[E], S, datetime], Effects[R]]
    apply: Apply[R]
    batch: int = 100
    per_lane: int = 25


@dataclass(frozen=True, slots=True)
class Peer(Generic[E, S, O, R]):
    """A handler that calls another system.

    `load` runs in the claim's transaction and stores there what must be fixed before the first call (rule 8).
    `call` returns an outcome for every case it knows; the lease lasts `call_seconds` + 30 s (rule 6).
    """

    name: str
    load: Load[E, S]
    call: Callable[[Work[E], S], Awaitable[O]]
    decide: Callable[[Work[E], S, O, datetime], Effects[R]]
    apply: Apply[R]
    call_seconds: float
    concurrency: int = 16
    per_lane: int = 4


Handler = Local[Any, Any, Any] | Peer[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A line of consumers.TABLE: events of `model` on `stream` are work for `handler`."""

    stream: str
    model: type[Event]
    handler: Handler


async def no_rows(_connection: Connection, _effects: Sequence[Effects[Any]]) -> None:
    """The `apply` of a handler that writes no rows of its own."""
