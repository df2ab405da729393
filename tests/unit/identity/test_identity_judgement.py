"""Whose act is it: the pure rules."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from identity_people import NOW, PHARMACY, READER, TEST_OID, act, other_patient, patient, received, without_ins

from hub_contracts.acts import Ins, InsStatus, Patient
from hub_contracts.envelope import Envelope
from hub_contracts.errors import ErrorCode
from hub_contracts.events import ActRefused
from hub_contracts.events.identity import ActAwaitingIdentity, ActIdentified
from hub_contracts.sealed import QualifiedIdentity
from hub_identity.blind_index import BlindIndex, lock_number
from hub_identity.domain import Accepted, Book, Kept, Known, Refused, judge, judge_waiting, links_anew
from hub_identity.handlers import Acts, Case, Desk
from hub_identity.reading import Reader
from hub_identity.rows import Link, NewPatient, Overtaken, WaitingAct
from hub_kit.errors import ConfigurationError
from hub_kit.ids import uuid7
from hub_kit.messaging.model import Effects, Fatal, Work
from hub_kit.security.sealed import SealUnreadable

PRODUCTION_OID = "1.2.250.1.213.1.4.8"
_WRONG_PLACE = "INS_OID_WRONG_ENVIRONMENT"
_HOURS_72 = timedelta(hours=72)
FRESH = UUID(int=7)
REVISION = UUID(int=8)


def kept(who: Patient, patient_id: int = 1) -> Kept:
    reading = READER.read(who, PHARMACY)
    assert reading.identity is not None
    assert reading.matricule_index is not None
    return Kept(UUID(int=patient_id), reading.matricule_index, reading.identity)


def known(by_matricule: Kept | None = None, by_local: Kept | None = None, waiting: bool = False) -> Known:
    return Known(by_matricule, by_local, REVISION if by_local else None, waiting, FRESH)


def verdict_of(who: Patient, what: Known) -> Accepted | Refused:
    return judge(READER.read(who, PHARMACY), what)


def refused(verdict: Accepted | Refused) -> tuple[ErrorCode, list[str]]:
    assert isinstance(verdict, Refused)
    return verdict.code, [problem.pointer for problem in verdict.problems]


def accepted(verdict: Accepted | Refused) -> tuple[UUID, QualifiedIdentity, bool, bool]:
    assert isinstance(verdict, Accepted)
    return verdict.patient_id, verdict.identity, verdict.new, verdict.declared


def test_a_qualified_ins_never_seen_makes_a_new_patient() -> None:
    patient_id, identity, new, declared = accepted(verdict_of(patient(), known()))
    assert (patient_id, new, declared) == (FRESH, True, True)
    assert identity.matricule == "279035121518989"
    assert identity.local_id == "P1"


def test_a_known_matricule_is_the_same_patient_in_another_structure() -> None:
    patient_id, _, new, _ = accepted(verdict_of(patient(local_id="X9"), known(kept(patient()))))
    assert (patient_id, new) == (UUID(int=1), False)


@pytest.mark.parametrize(
    "changes",
    [{"birth_name": "Pat trois"}, {"birth_given_names": "Dominique Marie Louise"}, {"birth_name": "PAT'TROIS"}],
)
def test_traits_are_compared_by_key(changes: dict[str, str]) -> None:
    assert isinstance(verdict_of(patient(**changes), known(kept(patient()))), Accepted)


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"birth_name": "DURAND"}, ["/patient/birth_name"]),
        ({"birth_date": "1979-03-29"}, ["/patient/birth_date"]),
        ({"sex": "M"}, ["/patient/sex"]),
        ({"birth_place_code": "51454"}, ["/patient/birth_place_code"]),
        ({"birth_given_names": "DOMINIQUE ANNE"}, ["/patient/birth_given_names"]),
        (
            {"first_birth_given_name": "ANNE", "birth_given_names": "ANNE MARIE-LOUISE"},
            ["/patient/first_birth_given_name", "/patient/birth_given_names"],
        ),
    ],
)
def test_other_traits_for_a_known_matricule_are_refused(changes: dict[str, str], pointers: list[str]) -> None:
    assert refused(verdict_of(patient(**changes), known(kept(patient())))) == (ErrorCode.INS_TRAITS_DIFFER, pointers)


@pytest.mark.parametrize(
    ("who", "code", "pointer"),
    [
        (without_ins(), "INS_MISSING", "/patient/ins"),
        (patient(ins_status=InsStatus.VALIDEE), "INS_NOT_QUALIFIED", "/patient/ins_status"),
        (patient(ins=Ins(matricule="279035121518988", oid=TEST_OID)), "INS_KEY_INVALID", "/patient/ins/matricule"),
        (patient(ins=Ins(matricule="2790351215189", oid=TEST_OID)), "INS_FORMAT_INVALID", "/patient/ins/matricule"),
        (patient(ins=Ins(matricule="279035121518989", oid=PRODUCTION_OID)), _WRONG_PLACE, "/patient/ins/oid"),
        (patient(ins=Ins(matricule="279035121518989", oid="1.2.3")), "INS_OID_UNKNOWN", "/patient/ins/oid"),
        (patient(birth_given_names=""), "INS_TRAITS_INCOMPLETE", "/patient/birth_given_names"),
        (patient(birth_given_names="MARIE DOMINIQUE"), "INS_TRAITS_INCONSISTENT", "/patient/first_birth_given_name"),
    ],
)  # fmt: skip
def test_an_ins_that_may_not_be_used_is_refused_with_its_reason(who: Patient, code: str, pointer: str) -> None:
    assert refused(verdict_of(who, known())) == (ErrorCode(code), [pointer])


def test_a_waiting_number_is_refused_in_production() -> None:
    reader = Reader(READER.index, "production")
    reading = reader.read(patient(ins=Ins(matricule="279035121518989", oid="1.2.250.1.213.1.4.9")), PHARMACY)
    assert reading.code is ErrorCode.INS_NIA_NOT_ALLOWED


def test_all_that_is_wrong_is_told_at_once() -> None:
    who = patient(ins=Ins(matricule="279035121518988", oid="1.2.3"), birth_place_code=None)
    assert refused(verdict_of(who, known()))[1] == [
        "/patient/ins/oid",
        "/patient/ins/matricule",
        "/patient/birth_place_code",
    ]


def test_no_problem_holds_a_value() -> None:
    who = patient(
        ins=Ins(matricule="279035121518988", oid="1.2.3"), birth_given_names="ZZMARKZZ", birth_date="ZZMARKZZ"
    )
    verdict = verdict_of(who, known())
    assert "ZZMARK" not in repr(verdict)
    assert "279035" not in repr(verdict)


def test_the_kept_identity_stands_in_when_the_act_has_none() -> None:
    patient_id, identity, new, declared = accepted(verdict_of(without_ins(), known(by_local=kept(patient()))))
    assert (patient_id, new, declared) == (UUID(int=1), False, False)
    assert identity.matricule == "279035121518989"


def test_the_kept_identity_stands_in_when_list_and_place_are_missing() -> None:
    who = without_ins(birth_given_names="", birth_place_code=None)
    assert isinstance(verdict_of(who, known(by_local=kept(patient()))), Accepted)


def test_the_kept_identity_does_not_stand_in_for_other_traits() -> None:
    code, pointers = refused(verdict_of(without_ins(birth_name="AUTRE"), known(by_local=kept(patient()))))
    assert (code, pointers) == (ErrorCode.INS_TRAITS_DIFFER, ["/patient/birth_name"])


def test_the_kept_identity_does_not_stand_in_without_any_given_name() -> None:
    who = without_ins(birth_given_names="", first_birth_given_name="")
    assert isinstance(verdict_of(who, known(by_local=kept(patient()))), Refused)


def test_the_kept_identity_does_not_stand_in_for_another_matricule() -> None:
    who = patient(ins=Ins(matricule="277076322082910", oid=TEST_OID), ins_status=InsStatus.PROVISOIRE)
    assert refused(verdict_of(who, known(by_local=kept(patient()))))[1] == ["/patient/ins/matricule"]


def test_a_faulty_qualified_ins_waits_even_when_an_identity_is_kept() -> None:
    who = patient(ins=Ins(matricule="279035121518988", oid=TEST_OID))
    assert refused(verdict_of(who, known(by_local=kept(patient()))))[0] is ErrorCode.INS_KEY_INVALID
    # … and leaves once a qualified identity has been declared for that patient since
    assert isinstance(judge_waiting(READER.read(who, PHARMACY), known(by_local=kept(patient()))), Accepted)


def test_a_waiting_act_of_somebody_else_stays() -> None:
    verdict = judge_waiting(READER.read(other_patient(), PHARMACY), known(by_local=kept(patient())))
    assert isinstance(verdict, Refused)


def test_a_waiting_act_with_its_own_identity_leaves_under_it() -> None:
    who = other_patient(local_id="P1")
    verdict = judge_waiting(READER.read(who, PHARMACY), known(kept(other_patient(), 2), kept(patient(), 1)))
    assert accepted(verdict)[0] == UUID(int=2)


def test_a_local_number_is_linked_when_that_says_something_new() -> None:
    declared = Accepted(UUID(int=1), kept(patient()).identity, new=False, declared=True)
    stand_in = Accepted(UUID(int=1), kept(patient()).identity, new=False, declared=False)
    assert links_anew(declared, known())
    assert links_anew(declared, known(by_local=kept(patient(), 2)))
    assert links_anew(declared, known(by_local=kept(patient()), waiting=True))
    assert not links_anew(declared, known(by_local=kept(patient())))
    assert not links_anew(stand_in, known(by_local=kept(patient()), waiting=True))


def test_two_items_of_a_batch_with_the_same_new_matricule_are_one_patient() -> None:
    book = Book({}, {}, set())
    first = READER.read(patient(), PHARMACY)
    before = book.known(first, UUID(int=1))
    book.add(first, before, judge(first, before), REVISION)
    second = READER.read(patient(local_id="P9"), PHARMACY)
    assert accepted(judge(second, book.known(second, UUID(int=2))))[0] == UUID(int=1)
    third = READER.read(without_ins(), PHARMACY)
    assert accepted(judge(third, book.known(third, UUID(int=3))))[0] == UUID(int=1)


# decide


def decided(who: Patient, what: Known, **event: object) -> Effects[object]:
    content, of = act(who), received(**event)  # type: ignore[arg-type]
    reading = READER.read(who, PHARMACY)
    work = Work(of, _envelope(of), 0, NOW)
    handler = Acts(_no_desk(), send_for=_HOURS_72)
    return handler.decide(work, Case(content, reading, what, judge(reading, what), REVISION), NOW)  # type: ignore[return-value]


def _no_desk() -> Desk:
    return Desk(None, READER, None, lambda: FRESH, lambda _: None)  # type: ignore[arg-type]


def _envelope(event: object) -> Envelope:
    return Envelope(uuid7(NOW), "t", "s", NOW, "k", b"")


def test_an_identified_act_goes_on_with_its_sealed_act_untouched() -> None:
    effects = decided(patient(), known(), sealed_act="20261124.x.y")
    (emit,) = effects.emit
    assert isinstance(emit.event, ActIdentified)
    assert emit.event.sealed_act == "20261124.x.y"
    assert emit.event.expires_at == NOW + _HOURS_72
    assert set(emit.seal) == {"sealed_identity"}
    assert [type(row) for row in effects.rows] == [NewPatient, Link]


def test_an_act_without_identity_waits_and_says_why() -> None:
    effects = decided(without_ins(), known())
    (emit,) = effects.emit
    assert isinstance(emit.event, ActAwaitingIdentity)
    assert emit.event.expires_at == NOW + timedelta(days=30)
    (row,) = effects.rows
    assert isinstance(row, WaitingAct)
    assert (row.code, row.told, row.checked_revision) == ("INS_MISSING", True, None)


def test_an_act_judged_against_a_link_waits_for_another_one() -> None:
    (row,) = decided(without_ins(birth_name="AUTRE"), known(by_local=kept(patient()))).rows
    assert isinstance(row, WaitingAct)
    assert row.checked_revision == REVISION


def test_an_act_keeps_its_place_behind_those_that_wait() -> None:
    effects = decided(patient(), known(waiting=True))
    assert effects.emit == ()
    assert [type(row) for row in effects.rows] == [NewPatient, Link, WaitingAct]
    row = effects.rows[-1]
    assert isinstance(row, WaitingAct)
    assert (row.told, row.checked_revision) == (False, None)


def test_a_newer_version_that_goes_on_takes_the_older_out_of_the_room() -> None:
    effects = decided(patient(), known(kept(patient()), kept(patient())), version=2)
    (row,) = effects.rows
    assert isinstance(row, Overtaken)
    assert row.act_version == 2


def test_only_creations_are_identified() -> None:
    (emit,) = decided(patient(), known(), intent="delete").emit
    assert isinstance(emit.event, ActRefused)
    assert emit.event.code is ErrorCode.ACT_INTENT_UNAVAILABLE


def test_an_unreadable_part_is_fatal() -> None:
    event = received()
    with pytest.raises(Fatal) as error:
        Acts(_no_desk(), _HOURS_72).decide(Work(event, _envelope(event), 0, NOW), SealUnreadable("altered"), NOW)
    assert error.value.code is ErrorCode.SEAL_UNREADABLE


# blind index


def test_blind_indexes_depend_on_key_kind_and_place() -> None:
    one, other = BlindIndex(bytes(32)), BlindIndex(bytes([1]) * 32)
    assert one.matricule("a", "b") != other.matricule("a", "b")
    assert one.matricule("a", "bc") != one.matricule("ab", "c")
    assert one.local_number(UUID(int=1), "1") != one.local_number(UUID(int=2), "1")
    assert -(2**63) <= lock_number(one.matricule("a", "b")) < 2**63


@pytest.mark.parametrize("text", ["", "AAAA", "not base64 !"])
def test_a_wrong_key_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError):
        BlindIndex.from_base64(text)
