"""What a pool of child processes is told, and what it tells. Nothing of it ever holds a request or an answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MIB = 1024 * 1024


class Failure(StrEnum):
    """Why there is no answer."""

    CLOSED = "CHILDREN_CLOSED"
    UNAVAILABLE = "CHILDREN_UNAVAILABLE"
    NOT_STARTED = "CHILD_NOT_STARTED"
    DIED = "CHILD_DIED"
    TIMED_OUT = "CHILD_TIMED_OUT"
    GARBAGE = "CHILD_ANSWER_UNREADABLE"
    REFUSED = "CHILD_REQUEST_FAILED"
    TOO_LARGE = "CHILD_REQUEST_TOO_LARGE"


_TEXTS = {
    Failure.CLOSED: "the children are being stopped",
    Failure.UNAVAILABLE: "no child is running; see the failure of their start",
    Failure.NOT_STARTED: "the child ended or said nothing before it was ready",
    Failure.DIED: "the child ended during the request",
    Failure.TIMED_OUT: "the child took longer than allowed and was killed",
    Failure.GARBAGE: "the child's answer is not one; it was killed",
    Failure.REFUSED: "the child could not work on the request",
    Failure.TOO_LARGE: "the request is larger than the children take",
}


class ChildrenBusy(Exception):
    """Every child works and the queue is full: try again later."""

    def __init__(self, pool: str) -> None:
        super().__init__(f"{pool}: every child is busy and the queue is full")


class ChildFailed(Exception):
    """No answer to this request. `code` says why, `retryable` whether the same request may be answered later."""

    def __init__(self, pool: str, code: Failure) -> None:
        super().__init__(f"{pool}: {code}: {_TEXTS[code]}")
        self.code = code

    @property
    def retryable(self) -> bool:
        """False when it is likely to be the request's fault."""
        return self.code in (Failure.CLOSED, Failure.UNAVAILABLE, Failure.NOT_STARTED, Failure.DIED)


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What the children may use. Sizes in bytes, times in seconds; None: no limit.

    `seconds` is for one request, without its time in the queue. A child ends after `requests` of them, or when its
    resident memory is above `resident` after one, and another takes its place; never two of a pool at once.
    `address_space` is the kernel's limit (RLIMIT_AS).
    """

    seconds: float
    start_seconds: float = 60.0
    close_seconds: float = 5.0
    largest_request: int = 64 * MIB
    largest_answer: int = 16 * MIB
    requests: int | None = None
    resident: int | None = None
    address_space: int | None = None
    first_backoff: float = 0.1
    longest_backoff: float = 30.0


@dataclass(frozen=True, slots=True)
class ChildEvent:
    """Something that happened, for logs and metrics. `kind` is `answered`, `failed`, `busy`, `started`,
    `recycled` or `restarted` (a child broke and is being replaced).

    `code` is the failure's, `seconds` the time of the request or of the start.
    """

    pool: str
    kind: str
    code: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PoolState:
    """For the health of the service. `alive` of `size` children are ready or at work.

    The counters grow from the pool's start on: `restarts` are the children that had to be replaced after a failure.
    `resident` is the memory of all children in bytes, as measured after their last request.
    """

    size: int
    alive: int
    working: int
    waiting: int
    answered: int
    failed: int
    busy: int
    restarts: int
    recycled: int
    resident: int
    last_failure: str
