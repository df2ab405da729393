"""What is told, kept and tried again for each outcome: `decide`, without any database or network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest

from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events.document import ContentRef, DocumentBuilt
from hub_contracts.sealed import QualifiedIdentity, SealedEntry, SealedPerson
from hub_dmp_publisher.domain import (
    Aged,
    Doubt,
    Excluded,
    Held,
    Nothing,
    NotSent,
    Outcome,
    Publication,
    Refused,
    Status,
    Unsure,
    Waits,
)
from hub_dmp_publisher.handlers.publish import Publish, State, named_for
from hub_dmp_publisher.handlers.road import Load, Travelled
from hub_dmp_publisher.store import Change, Record
from hub_interop.xds.formats import is_oid
from hub_kit.messaging.model import Effects, Work

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WAITS = Waits(call=timedelta(seconds=85), ask=timedelta(seconds=60))
ID = UUID(int=7)
PERSON = SealedPerson(
    id="801234567897", family_name="TESTOFFICINE", given_name="Camille", specialty="G15_21/A",
    structure_id="1330000001", structure_name="PHARMACIE DE TEST",
)  # fmt: skip
ENTRY = SealedEntry(
    identity=QualifiedIdentity(
        matricule="279035121518989", oid="1.2.250.1.213.1.4.10", birth_name="PAT-TROIS",
        birth_given_names="DOMINIQUE MARIE-LOUISE", first_birth_given_name="DOMINIQUE", used_name=None,
        used_given_name=None, sex="F", birth_date="1979-03-28", birth_place_code="51215", local_id="PAT-42",
    ),
    local_oid="1.2.3", title="Note", format="urn:asip:ci-sis:vac-note:2021", language="fr-FR", creation_time=NOW,
    service_start=NOW, service_stop=None, authors=(PERSON,), legal_authenticator=PERSON, facility="SA33",
    practice_setting="AMBULATOIRE", confidentiality=("N",),
)  # fmt: skip
EVENT = DocumentBuilt(
    act_id=UUID(int=1), version=1, structure_id=UUID(int=2), patient_id=UUID(int=3), document_unique_id="2.25.1",
    document_type="87273-9", act_type="vaccination", author_id="801234567897", occurred_at=NOW,
    content=ContentRef(id=UUID(int=4), sha256="00", sha1="00", size=1, media_type="text/xml"), rules_checked=(),
    expires_at=NOW + timedelta(days=30), valid_until=NOW + timedelta(days=1), sealed_entry="",
)  # fmt: skip
RECORD = Record(
    act_id=EVENT.act_id, act_version=1, structure_id=EVENT.structure_id, patient_id=EVENT.patient_id,
    author_id=EVENT.author_id, act_type="vaccination", occurred_at=NOW, document_type="87273-9",
    named=named_for(ID, "2.25.1", "1.2.250.1.999.1.42", NOW), content=EVENT.content, sender=None,
    sign_fingerprint=None, kept=None,
    publication=Publication(Status.SENDING, EVENT.valid_until, EVENT.expires_at, claimed_at=NOW),
)  # fmt: skip
PUBLISH = Publish(*cast(Any, (None,) * 5), WAITS, "1.2.3")


def work(attempts: int = 0) -> Work[Any]:
    envelope = Envelope(
        id=ID, type=EVENT.event_type, source="t", time=NOW, key=EVENT.key, data=b"", act_version=1, lane=EVENT.lane
    )
    return Work(EVENT, envelope, attempts, NOW)


def decide(outcome: Outcome, attempts: int = 0, **publication: object) -> Effects[Change]:
    record = replace(RECORD, publication=replace(RECORD.publication, **publication))  # type: ignore[arg-type]
    return PUBLISH.decide(work(attempts), State(Load(record, ENTRY, {})), Travelled(outcome), NOW)


def told(effects: Effects[Change]) -> list[str]:
    return [emit.event.event_type.removesuffix(".v1") for emit in effects.emit]


@pytest.mark.parametrize("found", [True, False])
def test_held_is_confirmed(found: bool) -> None:
    effects = decide(Held(found))
    (emit,) = effects.emit
    assert (emit.event.event_type, emit.event.found) == ("publication.confirmed.v1", found)  # type: ignore[attr-defined]
    assert effects.retry is None
    assert effects.rows[0].publication.status is Status.CONFIRMED


def test_refusals_and_exclusions_end_the_act() -> None:
    refused = decide(Refused(ErrorCode.DMP_REFUSED_DOCUMENT, "XDSRegistryMetadataError")).emit[0].event
    excluded = decide(Excluded(ErrorCode.DMP_ABSENT, "NF")).emit[0].event
    assert (refused.excluded, refused.upstream_code) == (False, "XDSRegistryMetadataError")  # type: ignore[attr-defined]
    assert (excluded.excluded, excluded.upstream_code) == (True, "NF")  # type: ignore[attr-defined]
    assert refused.stage == "publication"  # type: ignore[attr-defined]


def test_a_postponement_is_told_once_per_code() -> None:
    outcome = NotSent(ErrorCode.DMP_UNREACHABLE)
    first = decide(outcome)
    assert told(first) == ["publication.postponed"]
    assert first.rows[0].publication.told_code is ErrorCode.DMP_UNREACHABLE
    assert told(decide(outcome, told_code=ErrorCode.DMP_UNREACHABLE)) == []
    assert told(decide(outcome, told_code=ErrorCode.CLOCK_SKEW)) == ["publication.postponed"]


def test_tries_are_counted_and_wait_longer_and_longer_but_an_outage_counts_none() -> None:
    delays = []
    for attempts in range(6):
        retry = decide(NotSent(ErrorCode.DMP_UNREACHABLE), attempts).retry
        assert retry is not None
        assert retry.counts
        delays.append((retry.when - NOW).total_seconds())
    assert all(0.8 * 2**n <= delay <= 1.2 * 2**n for n, delay in enumerate(delays))
    soon = NOW + timedelta(seconds=5)
    outage = decide(NotSent(ErrorCode.DMP_UNREACHABLE, not_before=soon)).retry
    assert outage is not None
    assert not outage.counts
    assert soon <= outage.when <= soon + timedelta(seconds=5)


def test_a_doubt_is_told_once_and_asked_about_no_earlier_than_twice_the_timeout() -> None:
    effects = decide(Doubt(ErrorCode.DMP_TIMEOUT))
    assert told(effects) == ["publication.transmitted"]
    assert effects.retry is not None
    assert (effects.retry.when, effects.retry.counts) == (NOW + WAITS.ask, False)
    assert effects.emit[0].event.ask_at == NOW + WAITS.ask  # type: ignore[attr-defined]
    assert told(decide(Doubt(ErrorCode.DMP_TIMEOUT), doubt_told=True)) == []


def test_a_doubt_that_stands_is_told_if_a_crash_left_it_untold_and_never_asked_early() -> None:
    ask_at = NOW + timedelta(seconds=145)
    doubt = {"status": Status.IN_DOUBT, "ask_not_before": ask_at}
    early = decide(Unsure(ErrorCode.DMP_OUTCOME_UNKNOWN, not_before=ask_at), **doubt)
    assert told(early) == ["publication.transmitted"]
    assert early.retry is not None
    assert early.retry.when >= ask_at
    held_back = decide(Unsure(ErrorCode.CERTIFICATE_MISSING, pause=True), **doubt, doubt_told=True)
    assert told(held_back) == []
    assert held_back.retry is not None
    assert held_back.retry.when >= ask_at
    assert held_back.rows[0].pause is ErrorCode.CERTIFICATE_MISSING


def test_an_aged_authorisation_goes_back_to_consent_registry_and_the_item_is_finished() -> None:
    effects = decide(Aged())
    assert told(effects) == ["authorisation.expired"]
    assert effects.retry is None
    assert effects.rows[0].publication.status is Status.AWAITING_AUTHORISATION


def test_nothing_to_do_tells_nothing() -> None:
    assert PUBLISH.decide(work(), State(), Travelled(Nothing()), NOW) == Effects()
    assert told(decide(Nothing())) == []


def test_the_same_event_always_gives_the_same_identifiers_and_they_are_oids() -> None:
    first, again = (named_for(ID, "2.25.1", "1.2.250.1.999.1.42", NOW) for _ in range(2))
    other = named_for(UUID(int=8), "2.25.1", "1.2.250.1.999.1.42", NOW)
    assert first == again
    for identifier in (first.submission_set_unique_id, first.signature_unique_id):
        assert is_oid(identifier)
        assert len(identifier) <= 64
    assert first.submission_set_unique_id != other.submission_set_unique_id
