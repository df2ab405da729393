"""What surrounds a request in its transaction: the row security's setting, and answers kept by Idempotency-Key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from hub_gateway.store import QUERIES
from hub_kit.db import Connection, Pool
from hub_kit.security.aead import new_key
from hub_kit.security.keywrap import KeyWrapper

DIGEST_CONTEXT = "gateway:digest"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, and the digest of the request it answered."""

    request_digest: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


async def begin(connection: Connection, structures: Iterable[UUID], account_id: UUID, key: str | None) -> Answer | None:
    """Let the transaction see these structures only; the answer kept under the account's key, if any."""
    row = await connection.fetchrow(QUERIES.begin_request, _setting(structures), account_id, key)
    if row is None or row["request_digest"] is None:
        return None
    return Answer(row["request_digest"], row["status"], orjson.loads(row["headers"]), row["answer"])


async def begin_reading(connection: Connection, structures: Iterable[UUID]) -> None:
    """Let the transaction see these structures only."""
    await connection.execute(QUERIES.begin_reading, _setting(structures))


async def keep_answer(connection: Connection, account_id: UUID, key: str, answer: Answer, now: datetime) -> bool:
    """Keep the answer; False when another request with this key was faster."""
    headers = orjson.dumps(dict(answer.headers)).decode()
    kept = await connection.fetchval(
        QUERIES.keep_answer, account_id, key, answer.request_digest, answer.status, headers, answer.body, now
    )
    return bool(kept)


async def drop_old_answers(pool: Pool, before: datetime) -> None:
    """Forget answers older than that."""
    await pool.execute(QUERIES.drop_old_answers, before)


async def digest_key(pool: Pool, keys: KeyWrapper) -> bytes:
    """The key of this gateway's digests, the same for all its processes; made at the first start.

    Raises hub_kit.security.aead.Undecipherable when the KEK is another one.
    """
    wrapped = await pool.fetchval(QUERIES.read_digest_key)
    if wrapped is None:
        await pool.execute(QUERIES.make_digest_key, keys.wrap(new_key(), DIGEST_CONTEXT))
        wrapped = await pool.fetchval(QUERIES.read_digest_key)
    return keys.unwrap(wrapped, DIGEST_CONTEXT)


def _setting(structures: Iterable[UUID]) -> str:
    return ",".join(map(str, structures))
