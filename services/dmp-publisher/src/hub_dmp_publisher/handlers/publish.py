"""document.built and alimentation.renewed: the document goes to the DMP."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActEvent, ActRefused
from hub_contracts.events.alimentation import AlimentationRenewed
from hub_contracts.events.document import DocumentBuilt
from hub_contracts.events.publication import (
    AuthorisationExpired,
    PublicationConfirmed,
    PublicationPostponed,
    PublicationTransmitted,
)
from hub_contracts.sealed import SealedEntry
from hub_contracts.states import Stage
from hub_dmp_publisher import domain, store
from hub_dmp_publisher.domain import (
    Aged,
    Doubt,
    Excluded,
    Held,
    Named,
    Nothing,
    NotSent,
    Outcome,
    Publication,
    Refused,
    Status,
    Unsure,
    Waits,
)
from hub_dmp_publisher.handlers.road import Load, Road, Travelled
from hub_dmp_publisher.identities import IdentityRef, Kind
from hub_dmp_publisher.sender import Sender, sender_of
from hub_dmp_publisher.store import Change, Key, Record
from hub_dmp_publisher.vault import EntryVault
from hub_kit.clock import Clock
from hub_kit.db import Connection
from hub_kit.messaging import lanes
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.failure import backoff
from hub_kit.messaging.model import Effects, Emit, Fatal, RetryAt, Work
from hub_kit.security.aead import Undecipherable
from hub_kit.security.sealed import Sealer, seal_place

Asked = DocumentBuilt | AlimentationRenewed
PAUSED_BY = "dmp-publisher"
_JITTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class State:
    """What a work finds: its load, or nothing to do (both None), or why it is dead (`fatal`)."""

    load: Load | None = None
    fatal: ErrorCode | None = None


@dataclass(slots=True)
class _Gathered:
    """What one batch reads before it writes."""

    existing: dict[Key, Record]
    entries: dict[UUID, SealedEntry] = field(repr=False, default_factory=dict)
    refs: dict[UUID, dict[Kind, IdentityRef]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publish:
    """The Peer handler of a document. `lps_oid` is the root of the submission's identifiers (EX_GEN-1350)."""

    road: Road
    directory: Directory
    sealer: Sealer
    vault: EntryVault
    clock: Clock
    waits: Waits
    lps_oid: str

    async def load(self, connection: Connection, works: Sequence[Work[Asked]]) -> Mapping[UUID, State]:
        """In the claim's transaction: fix every identifier, and note that a call may be under way (design rule 8)."""
        now = self.clock.now()
        gathered = await self._gather(connection, works, now)
        states: dict[UUID, State] = {}
        fresh: dict[UUID, Record] = {}
        taken: list[Record] = []
        for work in works:
            event, entry = work.event, gathered.entries.get(work.id)
            record = gathered.existing.get(_key(event))
            if _nothing_to_do(event, record):
                states[work.id] = State()
            elif entry is None:
                states[work.id] = State(fatal=ErrorCode.SEAL_UNREADABLE)
            else:
                refs = gathered.refs.get(event.structure_id, {})
                if record is None:
                    assert isinstance(event, DocumentBuilt)
                    record = fresh[work.id] = self._new(event, work.id, entry, now)
                else:
                    record = self._again(record, event, now)
                    taken.append(record)
                states[work.id] = self._complete(record, entry, refs, now)
        await self._write(connection, states, fresh, taken, now)
        return states

    async def call(self, work: Work[Asked], state: State) -> Travelled:
        """Take it to the DMP, as far as it goes now."""
        if state.fatal is not None:
            raise Fatal(state.fatal)
        return Travelled(Nothing()) if state.load is None else await self.road.travel(state.load)

    def decide(self, work: Work[Asked], state: State, travelled: Travelled, now: datetime) -> Effects[Change]:
        """Where the publication stands now, what is told, and when it is tried again."""
        outcome = travelled.outcome
        if state.load is None:
            return Effects()
        record = state.load.record
        publication = domain.after(record.publication, outcome, now, self.waits)
        retry = _retry(work, publication, outcome, now)
        event = _told(work.event, record, publication, outcome, retry, now)
        code, upstream_code = getattr(outcome, "code", None), getattr(outcome, "upstream_code", None)
        pause = code if isinstance(outcome, NotSent | Unsure) and outcome.pause else None
        change = Change(record, publication, code, upstream_code, travelled.exchanges, pause, now)
        return Effects(emit=() if event is None else (Emit(event),), rows=(change,), retry=retry)

    async def apply(self, connection: Connection, effects: Sequence[Effects[Change]]) -> None:
        """Keep the changes; pause the lanes of structures that can't send at all."""
        changes = [change for e in effects for change in e.rows]
        await store.save_changes(connection, changes)
        for change in changes:
            if change.pause is not None:
                lane = str(change.record.structure_id)
                await lanes.pause(connection, lane, change.pause.value, PAUSED_BY, change.at)

    async def _gather(self, connection: Connection, works: Sequence[Work[Asked]], now: datetime) -> _Gathered:
        gathered = _Gathered(await store.lock(connection, (_key(w.event) for w in works)))
        sealed: list[tuple[UUID, DocumentBuilt]] = []
        for work in works:
            record = gathered.existing.get(_key(work.event))
            if record is not None and record.kept is not None:
                with contextlib.suppress(Undecipherable):
                    gathered.entries[work.id] = self.vault.open_(record.act_id, record.kept)
            elif record is None and isinstance(work.event, DocumentBuilt):
                sealed.append((work.id, work.event))
        parts = [(event.sealed_entry, SealedEntry, seal_place("sealed_entry", event.key)) for _, event in sealed]
        for (work_id, _), opened in zip(sealed, await self.sealer.open_many(parts) if parts else [], strict=True):
            if isinstance(opened, SealedEntry):
                gathered.entries[work_id] = opened
        await self.directory.fetch(connection, _directory_keys(works, gathered))
        gathered.refs = await store.current_identities(connection, (w.event.structure_id for w in works), now)
        return gathered

    def _new(self, event: DocumentBuilt, event_id: UUID, entry: SealedEntry, now: datetime) -> Record:
        moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return Record(
            act_id=event.act_id,
            act_version=event.version,
            structure_id=event.structure_id,
            patient_id=event.patient_id,
            author_id=event.author_id,
            act_type=event.act_type,
            occurred_at=event.occurred_at,
            document_type=event.document_type,
            named=named_for(event_id, event.document_unique_id, self.lps_oid, moment),
            content=event.content,
            sender=None,
            sign_fingerprint=None,
            kept=self.vault.keep(event.act_id, entry),
            publication=Publication(Status.SENDING, event.valid_until, event.expires_at, claimed_at=moment),
        )

    def _again(self, record: Record, event: Asked, now: datetime) -> Record:
        publication = record.publication
        if isinstance(event, AlimentationRenewed):
            publication = domain.renew(publication, event.valid_until)
        return replace(record, publication=domain.claim(publication, now, self.waits))

    def _complete(self, record: Record, entry: SealedEntry, refs: Mapping[Kind, IdentityRef], now: datetime) -> State:
        """The record with its sender and signing certificate: those of now until it may have left, then for ever."""
        lacking: ErrorCode | None = None
        may_have_left = record.publication.doubt_told or record.publication.status is Status.IN_DOUBT
        if record.sender is None or not may_have_left:
            found = sender_of(self.directory, record.structure_id, record.author_id, now)
            if isinstance(found, Sender):
                record = replace(record, sender=found)
            elif record.sender is None:
                lacking = found
        if Kind.SIGN in refs and (record.sign_fingerprint is None or not may_have_left):
            record = replace(record, sign_fingerprint=refs[Kind.SIGN].fingerprint)
        return State(Load(record, entry, refs, lacking))

    async def _write(
        self,
        connection: Connection,
        states: dict[UUID, State],
        fresh: Mapping[UUID, Record],
        taken: Sequence[Record],
        now: datetime,
    ) -> None:
        """Insert new publications and mark the others as claimed, with what `_complete` added."""
        complete = {s.load.record.key: s.load.record for s in states.values() if s.load is not None}
        moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
        inserted = await store.claim_new(connection, [complete[r.key] for r in fresh.values()], moment)
        for work_id, record in fresh.items():
            if record.key not in inserted:  # another act has its document identifier: a mistake of ours
                states[work_id] = State(fatal=ErrorCode.HANDLER_FAILED)
        await store.mark_claimed(connection, [complete[r.key] for r in taken], now)


def named_for(event_id: UUID, document_unique_id: str, lps_oid: str, fixed_at: datetime) -> Named:
    """The identifiers of a publication, which follow from the event that asked for it."""
    set_id, document_id, signature_id = (uuid5(event_id, name) for name in ("set", "document", "signature"))
    return Named(
        document_unique_id=document_unique_id,
        submission_set_unique_id=f"{lps_oid}.3.{set_id.int}",
        signature_unique_id=f"{lps_oid}.5.{signature_id.int}",
        submission_set_entry_id=f"urn:uuid:{set_id}",
        document_entry_id=f"urn:uuid:{document_id}",
        signature_entry_id=f"urn:uuid:{signature_id}",
        fixed_at=fixed_at,
    )


def _nothing_to_do(event: Asked, record: Record | None) -> bool:
    """The publication is final, or was never begun and only a document can begin it."""
    return isinstance(event, AlimentationRenewed) if record is None else record.publication.status.final


def _key(event: Asked) -> Key:
    return event.act_id, event.version


def _directory_keys(works: Sequence[Work[Asked]], gathered: _Gathered) -> Iterable[str]:
    for work in works:
        record = gathered.existing.get(_key(work.event))
        if work.id not in gathered.entries:
            continue
        author = record.author_id if record is not None else getattr(work.event, "author_id", None)
        yield f"structure:{work.event.structure_id}"
        if author is not None:
            yield f"professional:{author}"


def _retry(work: Work[Asked], publication: Publication, outcome: Outcome, now: datetime) -> RetryAt | None:
    rng = random.Random(work.id.int + work.attempts)  # noqa: S311 - spreads tries; the same work gives the same delay
    match outcome:
        case Doubt():
            assert publication.ask_not_before is not None
            return RetryAt(publication.ask_not_before, outcome.code, counts=False)
        case NotSent(not_before=datetime() as moment) | Unsure(not_before=datetime() as moment):
            later = max(moment, publication.ask_not_before or moment)
            return RetryAt(later + timedelta(seconds=rng.uniform(0, _JITTER_SECONDS)), outcome.code, counts=False)
        case NotSent() | Unsure():
            again = backoff(work.attempts, now, outcome.code, rng)
            return replace(again, when=max(again.when, publication.ask_not_before or again.when))
        case _:
            return None


def _told(
    event: Asked, record: Record, publication: Publication, outcome: Outcome, retry: RetryAt | None, now: datetime
) -> ActEvent | None:
    """The event that tells the outcome, None when it was told before or there is nothing to tell."""
    document = {"patient_id": record.patient_id, "document_unique_id": record.named.document_unique_id}
    match outcome:
        case Held():
            submission_set = record.named.submission_set_unique_id
            return PublicationConfirmed(
                **event.about,
                **document,
                submission_set_unique_id=submission_set,
                confirmed_at=now,
                found=outcome.found,
            )
        case Refused() | Excluded():
            return ActRefused(
                **event.about,
                stage=Stage.PUBLICATION,
                code=outcome.code,
                excluded=isinstance(outcome, Excluded),
                problems=outcome.problems if isinstance(outcome, Refused) else (),
                patient_id=record.patient_id,
                upstream_code=outcome.upstream_code,
            )
        case NotSent() if retry is not None and record.publication.told_code is not outcome.code:
            return PublicationPostponed(**event.about, **document, code=outcome.code, next_try_at=retry.when)
        case Doubt() | Unsure() if not record.publication.doubt_told:
            ask_at = publication.ask_not_before or now
            return PublicationTransmitted(**event.about, **document, code=outcome.code, ask_at=ask_at)
        case Aged():
            return AuthorisationExpired(
                **event.about,
                **document,
                act_type=record.act_type,
                author_id=record.author_id,
                occurred_at=record.occurred_at,
                expires_at=publication.expires_at,
                valid_until=publication.valid_until,
            )
        case _:
            return None
