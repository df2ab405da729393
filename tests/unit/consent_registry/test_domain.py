"""May an act be fed? Opposition first, then the author's right by the dated matrix."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_consent_registry.domain import Grounds, Opposition, Question, changed, may_feed
from hub_consent_registry.handlers import Alimentation, Oppositions
from hub_consent_registry.matrix import AlimentationMatrix, load_matrix
from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.events.alimentation import AlimentationAuthorised, AlimentationRenewed
from hub_contracts.events.consent import OppositionLifted, OppositionRecorded
from hub_contracts.events.directory import ProfessionalPublished
from hub_contracts.events.identity import ActIdentified, PatientOppositionIdentified
from hub_contracts.events.publication import AuthorisationExpired
from hub_kit.messaging.directory import Directory
from hub_kit.messaging.model import Work

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MATRIX = load_matrix()
PHARMACIST = ProfessionalPublished(
    professional_id="801234567897", family_name="T", given_name="C", profession="21", subsection="A"
)
QUESTION = Question("vaccination", NOW - timedelta(hours=1), NOW + timedelta(hours=72))


def grounds(
    *, opposed: bool = False, author: ProfessionalPublished | None = PHARMACIST, matrix: AlimentationMatrix = MATRIX
) -> Grounds:
    return Grounds(matrix, Opposition(opposed, 3), author)


@pytest.mark.parametrize(
    ("given_grounds", "refusal"),
    [
        (grounds(), None),
        (grounds(opposed=True), ErrorCode.PATIENT_OPPOSED),
        (grounds(opposed=True, author=None), ErrorCode.PATIENT_OPPOSED),
        (grounds(author=None), ErrorCode.AUTHOR_UNKNOWN),
        (grounds(author=PHARMACIST.model_copy(update={"profession": "26"})), ErrorCode.AUTHOR_MAY_NOT_FEED),
    ],
)
def test_answers(given_grounds: Grounds, refusal: ErrorCode | None) -> None:
    assert may_feed(QUESTION, given_grounds, NOW, timedelta(hours=24)).refusal is refusal


def test_an_unknown_kind_of_act_is_refused() -> None:
    question = Question("radiologie", QUESTION.occurred_at, QUESTION.expires_at)
    assert may_feed(question, grounds(), NOW, timedelta(hours=24)).refusal is ErrorCode.ACT_TYPE_UNKNOWN


def test_an_authorisation_lasts_a_day_but_never_longer_than_the_act() -> None:
    assert may_feed(QUESTION, grounds(), NOW, timedelta(hours=24)).valid_until == NOW + timedelta(hours=24)
    short = Question("vaccination", QUESTION.occurred_at, NOW + timedelta(hours=2))
    assert may_feed(short, grounds(), NOW, timedelta(hours=24)).valid_until == NOW + timedelta(hours=2)


def test_a_right_holds_only_between_its_dates(tmp_path: Path) -> None:
    path = tmp_path / "matrix.yaml"
    path.write_text(
        "version: v\nsource: s\nrows:\n"
        '  - {profession: "60", type: "87273-9", since: 2025-01-01, until: 2025-06-30}\n'
        '  - {profession: "60", type: "87273-9", since: 2026-03-01}\n'
    )
    matrix = load_matrix(path)
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 6, 30), date(2025, 7, 1), date(2026, 3, 1)]
    assert [matrix.allows("60", "87273-9", day) for day in days] == [False, True, True, False, True]


@given(st.lists(st.booleans(), max_size=12))
def test_the_revision_counts_changes_only(declarations: list[bool]) -> None:
    stand, changes = Opposition(), 0
    for opposed in declarations:
        after = changed(stand, opposed, uuid4())
        changes += after.opposed != stand.opposed
        stand = after
    assert stand.revision == changes
    assert not declarations or stand.opposed == declarations[-1]


def work(event: Any) -> Work[Any]:
    data = event.model_dump_json().encode()
    envelope = Envelope(uuid4(), event.event_type, "test", NOW, event.key, data)
    return Work(event, envelope, 0, NOW)


def identified() -> ActIdentified:
    return ActIdentified(
        act_id=uuid4(), version=1, structure_id=UUID(int=1), patient_id=UUID(int=2), act_type="vaccination",
        author_id="801234567897", occurred_at=NOW, expires_at=NOW + timedelta(hours=72), sealed_act="a",
        sealed_identity="b",
    )  # fmt: skip


HANDLER = Alimentation(Directory(), MATRIX, timedelta(hours=24))


def test_an_identified_act_is_authorised_and_the_decision_kept_with_its_versions() -> None:
    event = identified()
    effects = HANDLER.decide(work(event), grounds(), NOW)
    authorised, row = effects.emit[0].event, effects.rows[0]
    assert isinstance(authorised, AlimentationAuthorised)
    assert (authorised.sealed_act, authorised.sealed_identity) == ("a", "b")
    assert authorised.versions.alimentation_matrix == row.alimentation_matrix == MATRIX.version
    assert authorised.versions.oppositions_revision == row.oppositions_revision == 3
    assert (row.decision_id, row.refusal) == (authorised.decision_id, None)


def test_an_opposed_patient_excludes_the_act_without_counting_it_as_refused() -> None:
    effects = HANDLER.decide(work(identified()), grounds(opposed=True), NOW)
    refused = effects.emit[0].event
    assert isinstance(refused, ActRefused)
    assert (refused.code, refused.excluded) == (ErrorCode.PATIENT_OPPOSED, True)
    assert effects.rows[0].refusal == "PATIENT_OPPOSED"


def test_an_author_without_the_right_is_refused() -> None:
    nobody = PHARMACIST.model_copy(update={"profession": "26"})
    refused = HANDLER.decide(work(identified()), grounds(author=nobody), NOW).emit[0].event
    assert isinstance(refused, ActRefused)
    assert (refused.code, refused.excluded) == (ErrorCode.AUTHOR_MAY_NOT_FEED, False)


def test_an_unknown_author_is_waited_for_before_they_are_refused() -> None:
    waiting = HANDLER.decide(work(identified()), grounds(author=None), NOW)
    assert (waiting.emit, waiting.rows) == ((), ())
    assert waiting.retry is not None
    assert (waiting.retry.when, waiting.retry.counts) == (NOW + timedelta(seconds=30), False)
    refused = HANDLER.decide(work(identified()), grounds(author=None), NOW + timedelta(minutes=15))
    assert isinstance(refused.emit[0].event, ActRefused)
    assert refused.emit[0].event.code is ErrorCode.AUTHOR_UNKNOWN


def test_an_authorisation_that_aged_is_renewed_without_the_sealed_parts() -> None:
    event = AuthorisationExpired(
        act_id=uuid4(), version=1, structure_id=UUID(int=1), patient_id=UUID(int=2), document_unique_id="2.25.1",
        act_type="vaccination", author_id="801234567897", occurred_at=NOW, expires_at=NOW + timedelta(hours=72),
        valid_until=NOW,
    )  # fmt: skip
    renewed = HANDLER.decide(work(event), grounds(), NOW).emit[0].event
    assert isinstance(renewed, AlimentationRenewed)
    assert renewed.valid_until == NOW + timedelta(hours=24)


@pytest.mark.parametrize(("opposed", "model"), [(True, OppositionRecorded), (False, OppositionLifted)])
def test_a_declaration_changes_the_stand_once(opposed: bool, model: type) -> None:
    event = PatientOppositionIdentified(
        patient_id=UUID(int=2), structure_id=UUID(int=1), declaration_id=uuid4(), author_id="801234567897",
        opposed=opposed, declared_at=NOW,
    )  # fmt: skip
    first = Oppositions().decide(work(event), Opposition(not opposed, 4), NOW)
    assert isinstance(first.emit[0].event, model)
    assert first.rows[0].revision == 5
    again = Oppositions().decide(work(event), Opposition(opposed, 5, uuid4()), NOW)
    assert isinstance(again.emit[0].event, model)
    assert again.rows == ()
