"""What pools of children have in common for those who ask them."""

from __future__ import annotations

from hub_kit.children import ChildFailed, ChildPool, Failure

NOT_THE_REQUEST = (Failure.CLOSED, Failure.UNAVAILABLE, Failure.NOT_STARTED)
"""Failures that say nothing of what was asked."""


async def asked_twice(pool: ChildPool, request: bytes) -> bytes:
    """The answer; asked again once when the child died, which may have been of something else.

    Raises ChildrenBusy, ChildFailed.
    """
    try:
        return await pool.ask(request)
    except ChildFailed as failed:
        if failed.code is not Failure.DIED:
            raise
        return await pool.ask(request)
