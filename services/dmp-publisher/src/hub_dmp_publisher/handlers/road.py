"""The call of one document: ask if in doubt ─▶ TD0.2 ─▶ bytes ─▶ submission ─▶ stop list ─▶ TD2.1.

Every way off the road is an outcome; what can't be known is never guessed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.sealed import SealedEntry
from hub_dmp_publisher import domain, messages, store
from hub_dmp_publisher.domain import Doubt, Exchange, Excluded, Held, NotSent, Outcome, Refused, Step, Unsure
from hub_dmp_publisher.identities import IdentityOpener, IdentityRef, Kind, OpenedIdentity, certificate_problem
from hub_dmp_publisher.messages import Description, Installation
from hub_dmp_publisher.sender import Sender
from hub_dmp_publisher.store import Record
from hub_dmp_publisher.upstreams.catalogue import Action
from hub_dmp_publisher.upstreams.dmp import Caller, CallFailed, Certainty, DmpClient, SkewWatch
from hub_interop.hl7v3.td02 import Authorisation, DmpStatus, DossierState
from hub_interop.soap.errors import ExchangeError
from hub_interop.xds.errors import MetadataInvalid
from hub_interop.xds.submission import Submission
from hub_kit.blob_client import BlobClient, BlobGone, BlobUnavailable
from hub_kit.clock import Clock
from hub_kit.db import Pool


@dataclass(frozen=True, slots=True)
class Travelled:
    """Where the road led, and the evidence of the exchanges on it."""

    outcome: Outcome
    exchanges: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """What goes: a claimed publication, its patient's entry, its sender and the structure's certificates.

    `lacking` says why there is no sender yet.
    """

    record: Record
    entry: SealedEntry = field(repr=False)
    refs: Mapping[Kind, IdentityRef]
    lacking: ErrorCode | None = None


class Road:
    """The calls; holds no state of its own but caches."""

    def __init__(
        self,
        dmp: DmpClient,
        documents: BlobClient,
        opener: IdentityOpener,
        installation: Installation,
        skew: SkewWatch,
        pool: Pool,
        clock: Clock,
        new_id: Callable[[], UUID],
    ) -> None:
        self._dmp = dmp
        self._documents = documents
        self._opener = opener
        self._installation = installation
        self._skew = skew
        self._pool = pool
        self._clock = clock
        self._new_id = new_id
        self._opening = asyncio.Lock()

    async def travel(self, load: Load) -> Travelled:
        """Take a document as far as it goes now. Raises hub_kit's Fatal, and what is a bug."""
        now = self._clock.now()
        publication = load.record.publication
        step = domain.next_step(publication, now)
        if step not in (Step.ASK, Step.SEND):
            return Travelled(_standing(step, publication.ask_not_before))
        in_doubt = step is Step.ASK
        sender = load.record.sender
        if sender is None:
            return Travelled(_held_back(in_doubt, load.lacking or ErrorCode.STRUCTURE_UNKNOWN))
        if self._installation.production and not sender.production and not in_doubt:
            return Travelled(Refused(ErrorCode.STRUCTURE_IN_EXERCISE))
        problem = certificate_problem(load.refs, sender.struct_id, now)
        if problem is not None:
            return Travelled(_held_back(in_doubt, problem, pause=True))
        description = _describe(load, sender)
        identity = await self._identity(load)
        caller = self._caller(description, identity)
        outcome = await self._go(load, description, identity, caller, in_doubt)
        return Travelled(outcome, tuple(caller.exchanges))

    async def _go(
        self, load: Load, description: Description, identity: OpenedIdentity, caller: Caller, in_doubt: bool
    ) -> Outcome:
        if in_doubt:
            known = await self._ask(caller, description)
            if known is not None:
                return known
            step = domain.next_step(domain.absent(load.record.publication), self._clock.now())
            if step is not Step.SEND:
                return _standing(step, None)
        try:
            return await self._send(load, description, identity, caller)
        except messages.Undescribable as error:
            return Refused(ErrorCode.DOCUMENT_INVALID, problems=(_problem(error.value_set.upper(), error.value_set),))
        except MetadataInvalid as error:
            problems = tuple(_problem(v.code, f"{v.where} ({v.rule})") for v in error.violations)
            return Refused(ErrorCode.DOCUMENT_INVALID, problems=problems)
        except ExchangeError as error:  # raised while composing, before anything left
            return Refused(ErrorCode.DOCUMENT_INVALID, problems=(_problem(error.code, error.where),))

    async def _ask(self, caller: Caller, description: Description) -> Outcome | None:
        """TD3.1b: held, still unsure, or None when the DMP holds nothing."""
        try:
            found = await self._dmp.holds(caller, description.named.document_unique_id)
        except CallFailed as failure:
            verdict = failure.verdict
            return Unsure(verdict.code, verdict.upstream_code, verdict.action is Action.PAUSE_LANE, self._wait(failure))
        return Held(found=True) if found else None

    async def _send(self, load: Load, description: Description, identity: OpenedIdentity, caller: Caller) -> Outcome:
        try:
            status = await self._dmp.existence(caller, self._question(description))
        except CallFailed as failure:
            return NotSent(ErrorCode.CLOCK_SKEW) if self._skew.beyond else self._not_sent(failure, sent=False)
        barrier = _barrier(status, description.entry) or self._late()
        if barrier is not None:
            return barrier
        try:
            content = await self._documents.read(load.record.content)
        except BlobGone:
            return Refused(ErrorCode.DOCUMENT_GONE)
        except BlobUnavailable:
            return NotSent(ErrorCode.UPSTREAM_UNAVAILABLE)
        submission = messages.submission(description, self._installation, content, identity.set_signer)
        async with self._pool.acquire() as connection:
            stopped = await store.is_stopped(connection, load.record.patient_id)
        if stopped:
            return Excluded(ErrorCode.AUTHORISATION_STOPPED)
        return await self._submit(caller, description, submission)

    async def _submit(self, caller: Caller, description: Description, submission: Submission) -> Outcome:
        try:
            await self._dmp.submit(caller, submission)
        except CallFailed as failure:
            verdict = failure.verdict
            if failure.certainty is Certainty.UNKNOWN or verdict.action is Action.ASK:
                return Doubt(verdict.code, verdict.upstream_code)
            if verdict.action is Action.DUPLICATE:
                found = await self._ask(caller, description)
                return found if isinstance(found, Held) else Doubt(verdict.code, verdict.upstream_code)
            return self._not_sent(failure, sent=True)
        return Held(found=False)

    def _not_sent(self, failure: CallFailed, *, sent: bool) -> Outcome:
        """The outcome of a call that surely recorded nothing. An unknown refusal of a mere question isn't final."""
        verdict = failure.verdict
        match verdict.action:
            case Action.REFUSE if verdict.known or sent:
                return Refused(verdict.code, verdict.upstream_code)
            case Action.EXCLUDE:
                return Excluded(verdict.code, verdict.upstream_code)
            case Action.REFUSE:
                return NotSent(ErrorCode.DMP_UNREACHABLE, verdict.upstream_code)
            case _:
                pause = verdict.action is Action.PAUSE_LANE
                code = verdict.code
                if code is ErrorCode.DMP_OUTCOME_UNKNOWN:  # of a question: nothing was at stake
                    code = ErrorCode.DMP_UNREACHABLE
                return NotSent(code, verdict.upstream_code, pause, self._wait(failure))

    def _wait(self, failure: CallFailed) -> datetime | None:
        return self._clock.now() + timedelta(seconds=failure.retry_in) if failure.retry_in is not None else None

    def _late(self) -> Outcome | None:
        return NotSent(ErrorCode.CLOCK_SKEW) if self._skew.beyond else None

    def _question(self, description: Description) -> Callable[[UUID], bytes]:
        def make(message_id: UUID) -> bytes:
            return messages.existence_question(
                description.entry.identity, self._installation, message_id, self._new_id(), self._clock.now()
            )

        return make

    def _caller(self, description: Description, identity: OpenedIdentity) -> Caller:
        def assertion(assertion_id: str) -> bytes:
            now = self._clock.now()
            return messages.assertion(description, self._installation, identity.signer, assertion_id, now)

        return Caller(identity, self._new_id, assertion)

    async def _identity(self, load: Load) -> OpenedIdentity:
        auth, sign = load.refs[Kind.AUTH].fingerprint, load.refs[Kind.SIGN].fingerprint
        fingerprints = (auth, sign, load.record.sign_fingerprint or sign)
        opened = self._opener.cached(fingerprints)
        if opened is not None:
            return opened
        async with self._opening:  # keys are slow to open: once, whoever waits for them
            opened = self._opener.cached(fingerprints)
            if opened is None:
                async with self._pool.acquire() as connection:
                    rows = await store.read_identities(connection, load.record.structure_id, set(fingerprints))
                opened = self._opener.open_(load.record.structure_id, rows, fingerprints, self._clock.now())
        return opened


def _standing(step: Step, ask_not_before: datetime | None) -> Outcome:
    """The outcome of a step that needs no call."""
    match step:
        case Step.WAIT:
            return Unsure(ErrorCode.DMP_OUTCOME_UNKNOWN, not_before=ask_not_before)
        case Step.TOO_LATE:
            return Refused(ErrorCode.SEND_DEADLINE_PASSED)
        case Step.AUTHORISATION_AGED:
            return domain.Aged()
        case _:
            return domain.Nothing()


def _held_back(in_doubt: bool, code: ErrorCode, *, pause: bool = False) -> Outcome:
    """Something of ours is missing: a doubt stays a doubt."""
    return Unsure(code, pause=pause) if in_doubt else NotSent(code, pause=pause)


def _barrier(status: DmpStatus, entry: SealedEntry) -> Outcome | None:
    """What TD0.2 says against sending, None when nothing does (reference §1.6)."""
    if status.has_no_dmp:
        return Excluded(ErrorCode.DMP_ABSENT, "NF")
    if not status.exists or not status.concerns(entry.identity.matricule, entry.identity.oid):
        return NotSent(ErrorCode.DMP_ANSWER_UNREADABLE)
    if status.state is DossierState.TERMINATED:
        return Excluded(ErrorCode.DMP_CLOSED, DossierState.TERMINATED.value)
    if status.authorisation is Authorisation.INTERDIT:
        return Excluded(ErrorCode.DMP_ACCESS_BLOCKED, Authorisation.INTERDIT.value)
    return None if status.may_feed else NotSent(ErrorCode.DMP_ANSWER_UNREADABLE)


def _problem(code: str, where: str) -> Problem:
    return Problem(code=code, text=f"Une métadonnée du document n'est pas recevable : {where}.")


def _describe(load: Load, sender: Sender) -> Description:
    record = load.record
    return Description(
        named=record.named,
        sender=sender,
        document_type=record.document_type,
        occurred_at=record.occurred_at,
        entry=load.entry,
    )
