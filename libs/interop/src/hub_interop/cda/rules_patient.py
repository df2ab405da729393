"""Rules of the patient: INS, traits stricts, what people read (RNIV, cda reference §3.2 and §3.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from hub_interop.cda.model import Address, PatientIdentity
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.texts import is_phone, text_problem
from hub_interop.ins.matricule import Environment, InsKind, MatriculeInvalid, ins_oid, split_matricule
from hub_interop.ins.traits import (
    COG,
    TraitRefused,
    birth_date_problem,
    comparison_key,
    earliest_birth_date,
    first_name_fits,
)
from hub_interop.terminologies import value_set

_STRICT_NAMES = ("birth_name", "first_birth_given_name", "birth_given_names")
_TEXTS = (*_STRICT_NAMES, "used_name", "used_given_name", "local_id", "phone")


def patient_problems(patient: PatientIdentity, environment: Environment | None) -> Iterator[CdaProblem]:
    """Everything wrong with the patient."""
    yield from _ins(patient, environment)
    yield from _names(patient)
    yield from _other_traits(patient)
    yield from _readable(patient)


def born_on(patient: PatientIdentity) -> date | None:
    """The first day the birth date can mean, None when it is no date."""
    return None if birth_date_problem(patient.birth_date) else earliest_birth_date(patient.birth_date)


def _ins(patient: PatientIdentity, environment: Environment | None) -> Iterator[CdaProblem]:
    try:
        split_matricule(patient.matricule)
    except MatriculeInvalid:
        yield problem("PATIENT_INS_INVALID", "/patient/ins/matricule")
    known = ins_oid(patient.oid)
    if known is None or known.kind is not InsKind.NIR or environment not in (None, known.environment):
        yield problem("PATIENT_INS_OID_INVALID", "/patient/ins/oid")


def _names(patient: PatientIdentity) -> Iterator[CdaProblem]:
    readable = True
    for name in _STRICT_NAMES:
        text = getattr(patient, name)
        if not text.strip():
            readable = False
            yield problem("PATIENT_TRAIT_MISSING", f"/patient/{name}")
        elif not _is_trait(text):
            readable = False
            yield problem("PATIENT_TRAIT_INVALID", f"/patient/{name}")
    if readable and not first_name_fits(patient.first_birth_given_name, patient.birth_given_names):
        yield problem("PATIENT_TRAIT_INVALID", "/patient/first_birth_given_name")


def _is_trait(text: str) -> bool:
    try:
        comparison_key(text)
    except TraitRefused:
        return False
    return True


def _other_traits(patient: PatientIdentity) -> Iterator[CdaProblem]:
    if not patient.local_id.strip():
        yield problem("PATIENT_TRAIT_MISSING", "/patient/local_id")
    if value_set("sex").get(patient.sex) is None:
        yield problem("PATIENT_TRAIT_INVALID", "/patient/sex")
    if birth_date_problem(patient.birth_date):
        yield problem("PATIENT_TRAIT_INVALID", "/patient/birth_date")
    if not COG.fullmatch(patient.birth_place_code):
        yield problem("PATIENT_TRAIT_INVALID", "/patient/birth_place_code")


def _readable(patient: PatientIdentity) -> Iterator[CdaProblem]:
    for name in _TEXTS:
        yield from text_problem(getattr(patient, name), f"/patient/{name}")
    yield from text_problem(patient.birth_place_city, "/patient/birth_place")
    if patient.phone and not is_phone(patient.phone):
        yield problem("PATIENT_PHONE_INVALID", "/patient/phone")
    yield from address_problems(patient.address, "/patient/address")


def address_problems(address: Address | None, pointer: str) -> Iterator[CdaProblem]:
    """At most one problem for the whole address."""
    for line in address.as_lines() if address else ():
        for found in text_problem(line, pointer):
            yield found
            return
