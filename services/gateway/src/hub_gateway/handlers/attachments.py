"""Files for acts: deposited apart or inside an act, kept encrypted until the act is final (design rule 12)."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.acts import Act, SuppliedDocument, SuppliedFile
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.events.document import ContentRef
from hub_gateway.domain import admission
from hub_gateway.domain.outcomes import Submission
from hub_gateway.handlers.desk import Desk, Visitor
from hub_gateway.store import attachments as store
from hub_gateway.store import requests
from hub_kit.blobs import BlobStore, NewBlob, content_ref, maybe_in_thread
from hub_kit.clock import Clock
from hub_kit.db import Connection, Pool
from hub_kit.errors import HubError
from hub_kit.tasks import repeat
from hub_kit.telemetry import logs

log = logs.get_logger("hub.gateway")
UNUSED_KEPT = timedelta(days=3)
USED_KEPT = timedelta(days=7)  # after the act is final (design rule 12)
PURGE_SECONDS = 600.0
PURGE_AT_ONCE = 200
DATA_POINTER, ATTACHMENT_POINTER = "/content/file/data", "/content/file/attachment"


@dataclass(frozen=True, slots=True)
class Attachments:
    """The files of the LGO accounts. `max_bytes`: of one file."""

    desk: Desk
    blobs: BlobStore
    max_bytes: int

    async def deposit(self, visitor: Visitor, media_type: str, content: bytes) -> tuple[ContentRef, datetime]:
        """Keep a file; its reference, and until when it waits for an act.

        Raises HubError STRUCTURE_NOT_MEMBER, REQUEST_TOO_LARGE, ATTACHMENT_UNREADABLE (empty), SERVICE_UNAVAILABLE.
        """
        if not visitor.structures:
            raise HubError(ErrorCode.STRUCTURE_NOT_MEMBER)
        if len(content) > self.max_bytes:
            raise HubError(ErrorCode.REQUEST_TOO_LARGE)
        if not content:
            raise HubError(ErrorCode.ATTACHMENT_UNREADABLE)
        now = self.desk.clock.now()
        blob = NewBlob(self.desk.new_id(), content, media_type)
        async with self.desk.transaction() as connection:
            await requests.begin_reading(connection, visitor.structures)
            await self.keep(connection, visitor.account_id, [blob], now, now + UNUSED_KEPT)
        return content_ref(blob), now + UNUSED_KEPT

    async def keep(
        self,
        connection: Connection,
        account_id: UUID,
        blobs: Sequence[NewBlob],
        now: datetime,
        until: datetime | None = None,
    ) -> None:
        """Keep these files of the account in the caller's transaction."""
        if blobs:
            await self.blobs.put_many(connection, blobs, now, until)
            await store.keep(connection, account_id, [blob.id for blob in blobs], now)

    async def unpack(self, submissions: Sequence[Submission]) -> Unpacked:
        """The submissions with files inside them taken out, and what is wrong with those files."""
        blobs: dict[int, NewBlob] = {}
        unpacked: list[Submission] = []
        for submission in submissions:
            file = file_of(submission.act)
            if file is None or file.data is None or submission.act is None:
                unpacked.append(submission)
                continue
            try:
                content = await maybe_in_thread(len(file.data), _decode, file.data)
            except ValueError:
                unpacked.append(_refused(submission, ErrorCode.ATTACHMENT_UNREADABLE))
                continue
            if len(content) > self.max_bytes:
                unpacked.append(_refused(submission, ErrorCode.REQUEST_TOO_LARGE))
                continue
            blob = NewBlob(self.desk.new_id(), content, file.media_type)
            blobs[submission.index] = blob
            unpacked.append(replace(submission, act=with_attachment(submission.act, blob.id)))
        return Unpacked(unpacked, blobs)

    async def missing(
        self, connection: Connection, visitor: Visitor, acts: Mapping[int, Act], inside: Collection[int]
    ) -> set[int]:
        """Which acts, by index, name a file that the account never deposited or that is gone.

        Those whose file came `inside` them name none.
        """
        files = {index: file_of(act) for index, act in acts.items() if index not in inside}
        named = {index: file.attachment for index, file in files.items() if file is not None and file.attachment}
        if not named:
            return set()
        own = await store.own(connection, visitor.account_id, set(named.values()))
        return {index for index, attachment in named.items() if attachment not in own}


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Submissions whose files are all deposits, and the files that were inside, by the submission's index."""

    submissions: list[Submission]
    blobs: Mapping[int, NewBlob]


def file_of(act: Act | None) -> SuppliedFile | None:
    """The file that the act supplies, None for other acts."""
    return act.content.file if act is not None and isinstance(act.content, SuppliedDocument) else None


def with_attachment(act: Act, attachment: UUID) -> Act:
    """The same act, its file a deposit: what travels sealed on the topics holds no bytes."""
    assert isinstance(act.content, SuppliedDocument)
    file = act.content.file.model_copy(update={"data": None, "attachment": attachment})
    return act.model_copy(update={"content": act.content.model_copy(update={"file": file})})


def unknown() -> Problem:
    """The act names a file that isn't there."""
    return admission.problem(ErrorCode.ATTACHMENT_UNKNOWN, ATTACHMENT_POINTER)


def _refused(submission: Submission, code: ErrorCode) -> Submission:
    return replace(submission, problems=(*submission.problems, admission.problem(code, DATA_POINTER)))


def _decode(data: str) -> bytes:
    """The bytes, without the line ends that software writes into base64. Raises ValueError."""
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if not content:
        raise ValueError("empty")
    return content


@dataclass(frozen=True, slots=True)
class AttachmentPurge:
    """Dates the end of files whose acts are final and removes those that are due, every ten minutes."""

    pool: Pool
    clock: Clock
    blobs: BlobStore
    stopping: asyncio.Event

    def stop(self) -> None:
        """End."""
        self.stopping.set()

    async def run(self) -> None:
        """Until stopped."""
        await repeat(self.turn, every=PURGE_SECONDS, stopping=self.stopping, log=log, failed="attachments.not_purged")

    async def turn(self) -> int:
        """Purge all that is due; how many files."""
        async with self.pool.acquire() as connection, connection.transaction():
            await store.release(connection, USED_KEPT)
        purged = 0
        while True:
            async with self.pool.acquire() as connection, connection.transaction():
                gone = await self.blobs.purge(connection, self.clock.now(), PURGE_AT_ONCE)
            purged += len(gone)
            if len(gone) < PURGE_AT_ONCE:
                return purged
