"""Long-lived child processes for work that would stop the event loop or can't be trusted with its memory."""

from hub_kit.children.model import (
    ChildEvent,
    ChildFailed,
    ChildLimits,
    ChildrenBusy,
    Failure,
    PoolState,
)
from hub_kit.children.pool import ChildPool
from hub_kit.children.process import bare_environment

__all__ = [
    "ChildEvent",
    "ChildFailed",
    "ChildLimits",
    "ChildPool",
    "ChildrenBusy",
    "Failure",
    "PoolState",
    "bare_environment",
]
