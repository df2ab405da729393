"""`POST /v1/acts`: acts come in, all that are good in one transaction (act, history, feed, outbox)."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.acts import Act
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.events.act import ActReceived
from hub_contracts.states import ActState
from hub_gateway.domain import admission
from hub_gateway.domain.admission import Known
from hub_gateway.domain.outcomes import Accepted, Outcome, Refused, Submission
from hub_gateway.handlers.attachments import Attachments, file_of, unknown
from hub_gateway.handlers.desk import Desk, Visitor, available
from hub_gateway.handlers.idempotent import Keyed, once
from hub_gateway.store import acts as store
from hub_gateway.store import attachments as held
from hub_gateway.store.acts import KnownAct, NewAct
from hub_gateway.store.requests import Answer
from hub_kit.blobs import NewBlob
from hub_kit.db import Connection
from hub_kit.errors import HubError
from hub_kit.messaging.model import Emit
from hub_kit.telemetry import tracing

FIRST_VERSION = 1
Key = tuple[UUID, str]
Render = Callable[[Sequence[Outcome]], Answer]


@dataclass(frozen=True, slots=True)
class Admitted:
    """An act that passed the door, under the id it gets if it is new."""

    index: int
    act: Act
    row: NewAct

    @property
    def key(self) -> Key:
        """What makes it unique in its account."""
        return self.row.structure_id, self.row.external_id


@dataclass(frozen=True, slots=True)
class Intake:
    """The door. `wait`: how long an act may wait for a qualified identity."""

    desk: Desk
    wait: timedelta
    attachments: Attachments

    async def submit(self, visitor: Visitor, submissions: Sequence[Submission], keyed: Keyed, render: Render) -> Answer:
        """Admit what can be; `render` makes the answer from the outcomes, in the order of the submissions.

        Raises HubError IDEMPOTENCY_KEY_REUSED, SERVICE_UNAVAILABLE, and what `render` raises (then nothing is kept).
        """
        now = self.desk.clock.now()
        digests = {s.index: self._digest(s.act) for s in submissions if s.act is not None}
        files = await self.attachments.unpack(submissions)
        refused, admitted = await self._judge(visitor, files.submissions, digests, now)
        if not admitted and keyed.key is None:
            return render(refused)
        async with available():
            await self.desk.sealer.ready(now)

        async def work(connection: Connection) -> Answer:
            good, unfounded = await self._founded(connection, visitor, admitted, files.blobs)
            outcomes = [*refused, *unfounded, *await self._receive(connection, visitor, good, files.blobs, now)]
            return render(sorted(outcomes, key=lambda outcome: outcome.index))

        answer, done = await once(self.desk, visitor, keyed, work)
        if done and admitted:
            self.desk.wake_relay()
            self.desk.heads.nudge([visitor.account_id])
        return answer

    async def judge_one(self, visitor: Visitor, act: Act) -> tuple[tuple[Problem, ...], UUID | None]:
        """What keeps this act outside, and its structure when nothing does; it isn't taken in."""
        files = await self.attachments.unpack([Submission(0, act.external_id, act)])
        now = self.desk.clock.now()
        refused, admitted = await self._judge(visitor, files.submissions, {0: b""}, now)
        async with self.desk.transaction() as connection:
            missing = await self.attachments.missing(connection, visitor, {0: act}, files.blobs)
        problems = (*(refused[0].problems if refused else ()), *((unknown(),) if missing else ()))
        return (problems, None) if problems else ((), admitted[0].row.structure_id)

    async def _judge(
        self, visitor: Visitor, submissions: Sequence[Submission], digests: Mapping[int, bytes], now: datetime
    ) -> tuple[list[Refused], list[Admitted]]:
        readable = [s.act for s in submissions if s.act is not None]
        async with available():
            outside = await self.desk.standings.outside(
                (act.structure for act in readable), (who for act in readable for who in act.people)
            )
        known = Known(outside.structures, outside.authors, visitor.structures)
        refused: list[Refused] = []
        admitted: list[Admitted] = []
        for submission in submissions:
            problems, structure_id = submission.problems, None
            if submission.act is not None:
                verdict = admission.judge_act(submission.act, known, self.desk.house, now)
                problems, structure_id = (*problems, *verdict.problems), verdict.structure_id
            if submission.act is None or structure_id is None or problems:
                code = admission.principal_code(problems)
                refused.append(Refused(submission.index, submission.external_id, code, problems))
            else:
                row = self._row(submission.act, structure_id, digests[submission.index])
                admitted.append(Admitted(submission.index, submission.act, row))
        return refused, admitted

    def _digest(self, act: Act) -> bytes:
        return self.desk.digest("act", act.model_dump_json().encode())

    def _row(self, act: Act, structure_id: UUID, digest: bytes) -> NewAct:
        return NewAct(
            act_id=self.desk.new_id(),
            structure_id=structure_id,
            external_id=act.external_id,
            act_version=FIRST_VERSION,
            act_type=act.type,
            flow=act.flow.value,
            author_id=act.accountable.id,
            occurred_at=act.occurred_at,
            content_digest=digest,
        )

    async def _founded(
        self, connection: Connection, visitor: Visitor, admitted: Sequence[Admitted], blobs: Mapping[int, NewBlob]
    ) -> tuple[list[Admitted], list[Refused]]:
        """Acts whose files are there, and refusals of the others; a repeat of a known act needs its file no more."""
        missing = await self.attachments.missing(connection, visitor, {o.index: o.act for o in admitted}, blobs)
        if not missing:
            return list(admitted), []
        doubtful = {one.key for one in admitted if one.index in missing}
        known = await store.by_external_id(connection, visitor.account_id, doubtful)
        lost = [one for one in admitted if one.index in missing and one.key not in known]
        code, problem = ErrorCode.ATTACHMENT_UNKNOWN, unknown()
        refused = [Refused(one.index, one.row.external_id, code, (problem,)) for one in lost]
        return [one for one in admitted if one not in lost], refused

    async def _receive(
        self,
        connection: Connection,
        visitor: Visitor,
        admitted: Sequence[Admitted],
        blobs: Mapping[int, NewBlob],
        now: datetime,
    ) -> list[Outcome]:
        firsts: dict[Key, Admitted] = {}
        for one in admitted:
            firsts.setdefault(one.key, one)
        if not firsts:
            return []
        account_id = visitor.account_id
        fresh = await store.receive(connection, account_id, [one.row for one in firsts.values()], now)
        holders = {
            key: KnownAct(one.row.act_id, one.row.content_digest, ActState.RECUE)
            for key, one in firsts.items()
            if one.row.act_id in fresh
        }
        former = firsts.keys() - holders.keys()
        if former:
            holders.update(await store.by_external_id(connection, account_id, former))
        new = [one for one in firsts.values() if one.row.act_id in fresh]
        await self._keep_files(connection, account_id, new, blobs, now)
        events = [self._event(account_id, one, now) for one in new]
        if events:
            await self.desk.outbox.emit(connection, events, now, tracing.current_header())
        return [_outcome(one, holders, fresh) for one in admitted]

    async def _keep_files(
        self,
        connection: Connection,
        account_id: UUID,
        new: Sequence[Admitted],
        blobs: Mapping[int, NewBlob],
        now: datetime,
    ) -> None:
        """Files that came inside the acts, and the hold of the acts on theirs. Raises HubError ATTACHMENT_UNKNOWN."""
        uses = [(one.row.act_id, file.attachment) for one in new if (file := file_of(one.act)) and file.attachment]
        if not uses:
            return
        await self.attachments.keep(connection, account_id, [blobs[o.index] for o in new if o.index in blobs], now)
        if await held.use(connection, uses) != len(uses):  # purged between the check and now: the sender tries again
            raise HubError(ErrorCode.ATTACHMENT_UNKNOWN)

    def _event(self, account_id: UUID, admitted: Admitted, now: datetime) -> Emit:
        act, row = admitted.act, admitted.row
        event = ActReceived(
            act_id=row.act_id,
            version=row.act_version,
            structure_id=row.structure_id,
            flow=act.flow,
            intent=act.intent,
            act_type=row.act_type,
            account_id=account_id,
            author_id=row.author_id,
            occurred_at=row.occurred_at,
            received_at=now,
            wait_until=now + self.wait,
            sealed_act="",
        )
        return Emit(event, seal={"sealed_act": act})


def _outcome(one: Admitted, holders: Mapping[Key, KnownAct], fresh: set[UUID]) -> Outcome:
    """A repeat with the same content is the act itself; with another content it is a reuse of its identifier."""
    holder = holders[one.key]
    if not hmac.compare_digest(holder.content_digest, one.row.content_digest):
        reused = ErrorCode.ACT_EXTERNAL_ID_REUSED
        return Refused(one.index, one.row.external_id, reused, (admission.problem(reused, "/external_id"),))
    already = holder.act_id not in fresh or holder.act_id != one.row.act_id
    return Accepted(one.index, one.row.external_id, holder.act_id, holder.state, already)
