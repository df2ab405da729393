"""What pools of children have in common for those who ask them."""

from __future__ import annotations

import asyncio

from hub_kit.children import ChildFailed, ChildPool, ChildrenBusy, Failure

NOT_THE_REQUEST = (Failure.CLOSED, Failure.UNAVAILABLE, Failure.NOT_STARTED)
"""Failures that say nothing of what was asked."""


class NoAnswerNow(Exception):
    """No child answered, and the request isn't to blame: try later."""


async def asked(pool: ChildPool, request: bytes, patience: float) -> bytes:
    """The answer, within `patience` seconds, the wait for a free child included.

    Raises NoAnswerNow; ChildFailed when the request is to blame.
    """
    try:
        async with asyncio.timeout(patience):
            return await _asked_twice(pool, request)
    except (ChildrenBusy, TimeoutError):
        raise NoAnswerNow from None
    except ChildFailed as failed:
        if failed.code in NOT_THE_REQUEST:
            raise NoAnswerNow from None
        raise


async def _asked_twice(pool: ChildPool, request: bytes) -> bytes:
    """Asked again once when the child died, which may have been of something else. Raises ChildrenBusy, ChildFailed."""
    try:
        return await pool.ask(request)
    except ChildFailed as failed:
        if failed.code is not Failure.DIED:
            raise
        return await pool.ask(request)
