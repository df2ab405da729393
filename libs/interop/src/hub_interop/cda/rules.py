"""What the official validators do not catch, checked before anything is built; all problems at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from hub_interop.cda.model import Author, DocumentHeader, Organisation, PatientIdentity, Professional, VaccinationNote
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_vaccination import vaccination_problems
from hub_interop.cda.texts import has_forbidden_character
from hub_interop.ins.matricule import MatriculeInvalid, split_matricule
from hub_interop.ins.traits import COG, birth_date_problem
from hub_interop.terminologies import value_set

MAX_TITLE = 128
CLOCK_TOLERANCE = timedelta(minutes=5)
_OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_STRUCTURE = re.compile(r"0\d{9}|1[0-9AB]{9}|2\d{9}|3\d{14}|4\d{14}")
_AMBULATORY_SECTORS = frozenset(
    {"SA05", "SA07", "SA08", "SA09", "SA33", "SA38", "SA39", "SA52", "SA56", "SA63", "SA65"}
)
_AMBULATORY_SETTINGS = frozenset({"AMBULATOIRE", "SAD", "DEPISTAGE"})


def check_vaccination_note(header: DocumentHeader, note: VaccinationNote, now: datetime) -> list[CdaProblem]:
    """Everything wrong with a note de vaccination, with pointers into the LGO's act; empty when it can be built."""
    return [
        *_identification(header, now),
        *_vaccination_visibility(header),
        *_times(header),
        *_patient(header.patient),
        *_people(header),
        *vaccination_problems(note, header, now),
    ]


def _identification(header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    if not header.title.strip():
        yield problem("DOC_TITLE_MISSING", "/title")
    elif len(header.title) > MAX_TITLE:
        yield problem("DOC_TITLE_TOO_LONG", "/title")
    if has_forbidden_character(header.title):
        yield problem("DOC_TEXT_FORBIDDEN_CHARACTER", "/title")
    if not _is_oid(header.unique_id):
        yield problem("DOC_ID_INVALID", "")
    if not _is_oid(header.set_id) or header.set_id == header.unique_id:
        yield problem("DOC_SET_ID_INVALID", "")
    if header.version < 1 or (header.version > 1) != (header.replaces is not None):
        yield problem("DOC_VERSION_INVALID", "")
    if header.confidentiality not in ("N", "R", "V"):
        yield problem("DOC_CONFIDENTIALITY_UNKNOWN", "/visibility")
    if header.created_at.tzinfo is not None and header.created_at > now + CLOCK_TOLERANCE:
        yield problem("DOC_CREATED_IN_FUTURE", "/occurred_at")


def _vaccination_visibility(header: DocumentHeader) -> Iterator[CdaProblem]:
    """A note de vaccination is N and nothing else (EX_2.1-2005)."""
    if header.masks or header.confidentiality in ("R", "V"):
        yield problem("DOC_VISIBILITY_NOT_ALLOWED", "/visibility")


def _times(header: DocumentHeader) -> Iterator[CdaProblem]:
    pointers = {"created_at": "", "service_start": "/occurred_at", "service_stop": "/ended_at"}
    zoned = True
    for name, pointer in pointers.items():
        moment = getattr(header, name)
        if moment is not None and moment.tzinfo is None:
            zoned = False
            yield problem("DOC_TIME_WITHOUT_ZONE", pointer)
    if zoned and header.service_stop is not None and header.service_stop <= header.service_start:
        yield problem("ACT_STOP_BEFORE_START", "/ended_at")


def _patient(patient: PatientIdentity) -> Iterator[CdaProblem]:
    try:
        split_matricule(patient.matricule)
    except MatriculeInvalid:
        yield problem("PATIENT_INS_INVALID", "/patient/ins/matricule")
    for name in ("birth_name", "first_birth_given_name", "birth_given_names", "local_id"):
        if not getattr(patient, name).strip():
            yield problem("PATIENT_TRAIT_MISSING", f"/patient/{name}")
    if value_set("sex").get(patient.sex) is None:
        yield problem("PATIENT_TRAIT_INVALID", "/patient/sex")
    if birth_date_problem(patient.birth_date):
        yield problem("PATIENT_TRAIT_INVALID", "/patient/birth_date")
    if not COG.fullmatch(patient.birth_place_code):
        yield problem("PATIENT_TRAIT_INVALID", "/patient/birth_place_code")
    texts = {
        **{name: getattr(patient, name) for name in ("birth_name", "first_birth_given_name", "birth_given_names")},
        **{name: getattr(patient, name) for name in ("used_name", "used_given_name", "local_id", "phone")},
        "address": " ".join(patient.address.as_lines()) if patient.address else None,
    }
    for name, text in texts.items():
        if text and has_forbidden_character(text):
            yield problem("DOC_TEXT_FORBIDDEN_CHARACTER", f"/patient/{name}")


def _people(header: DocumentHeader) -> Iterator[CdaProblem]:
    people: dict[str, Author] = {"/author/id": header.author}
    if header.performer.professional.id != header.author.professional.id:
        people["/content/performer/id"] = header.performer
    for pointer, author in people.items():
        yield from _professional(author.professional, pointer)
    yield from _organisation(header.author.organisation)


def _professional(professional: Professional, pointer: str) -> Iterator[CdaProblem]:
    if not is_professional_id(professional.id):
        yield problem("AUTHOR_ID_INVALID", pointer)
    if not professional.family_name.strip() or not professional.given_name.strip():
        yield problem("AUTHOR_NAME_MISSING", pointer)
    if value_set("author_specialty").get(professional.specialty) is None:
        yield problem("AUTHOR_SPECIALTY_UNKNOWN", pointer)
    civility, title = professional.civility, professional.title
    if (civility and value_set("civility").get(civility) is None) or (title and value_set("title").get(title) is None):
        yield problem("AUTHOR_CIVILITY_UNKNOWN", pointer)


def _organisation(organisation: Organisation) -> Iterator[CdaProblem]:
    if not _STRUCTURE.fullmatch(organisation.id):
        yield problem("STRUCTURE_ID_INVALID", "/structure")
    if not organisation.name.strip():
        yield problem("STRUCTURE_NAME_MISSING", "/structure")
    sector = value_set("sector").get(organisation.sector)
    setting = value_set("practice_setting").get(organisation.practice_setting)
    if sector is None:
        yield problem("STRUCTURE_SECTOR_UNKNOWN", "/structure")
    if setting is None:
        yield problem("STRUCTURE_SETTING_UNKNOWN", "/structure")
    elif organisation.sector in _AMBULATORY_SECTORS and setting.code not in _AMBULATORY_SETTINGS:
        yield problem("STRUCTURE_SETTING_MISMATCH", "/structure")


def is_professional_id(text: str) -> bool:
    """A PS_IdNat as the annuaire gives it: 8 + RPPS with its Luhn digit, 0 + ADELI, or an internal id with a slash."""
    if not text.isascii():
        return False
    if text.startswith("8"):
        return len(text) == 12 and text.isdigit() and _luhn(text[1:])
    return bool(re.fullmatch(r"0[0-9AB]{9}|[13456]\w{9,14}/\w{1,20}", text))


def _luhn(digits: str) -> bool:
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_oid(text: str) -> bool:
    return len(text) <= 128 and bool(_OID.fullmatch(text))
