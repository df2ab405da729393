"""Idempotency-Key: the same key and request get the answer already given; with another request the key is refused."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hub_contracts.errors import ErrorCode
from hub_gateway.handlers.desk import Desk, Visitor
from hub_gateway.store import requests
from hub_gateway.store.requests import Answer
from hub_kit.db import Connection
from hub_kit.errors import HubError

Work = Callable[[Connection], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Keyed:
    """The key a client gave, None when it gave none, and the digest of its request."""

    key: str | None
    digest: bytes


class _Overtaken(Exception):
    """Another request with the same key committed first: nothing of this one is kept."""


async def once(desk: Desk, visitor: Visitor, keyed: Keyed, work: Work) -> tuple[Answer, bool]:
    """The answer, and whether `work` was done for it, in the request's one transaction.

    Raises HubError IDEMPOTENCY_KEY_REUSED, and what `work` raises (then nothing is kept).
    """
    try:
        return await _attempt(desk, visitor, keyed, work)
    except _Overtaken:
        return await _attempt(desk, visitor, keyed, work)


async def _attempt(desk: Desk, visitor: Visitor, keyed: Keyed, work: Work) -> tuple[Answer, bool]:
    async with desk.transaction() as connection:
        kept = await requests.begin(connection, visitor.structures, visitor.account_id, keyed.key)
        if kept is not None:
            if not hmac.compare_digest(kept.request_digest, keyed.digest):
                raise HubError(ErrorCode.IDEMPOTENCY_KEY_REUSED)
            return kept, False
        answer = await work(connection)
        if keyed.key is not None and not await requests.keep_answer(
            connection, visitor.account_id, keyed.key, answer, desk.clock.now()
        ):
            raise _Overtaken
        return answer, True
