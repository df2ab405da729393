"""Rules of the note de vaccination that the official validators miss (VAC-NOTE 2023.01, cda reference §3.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from hub_interop.cda.bodies import Dose, Prescription, VaccinationNote, Vaccine
from hub_interop.cda.model import Author, DocumentHeader
from hub_interop.cda.moments import CLOCK_TOLERANCE, is_after, latest_day
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_involved import contact_problems
from hub_interop.cda.rules_patient import born_on
from hub_interop.cda.texts import LOT, gs1_digit, is_oid, text_problem
from hub_interop.terminologies import value_set

_CIS = re.compile(r"[1-9][0-9]{7}")
_ATC = re.compile(r"J07[A-Z]([A-Z]([0-9]{2})?)?")
_CIM10 = re.compile(r"[A-Z][0-9]{2}(\.[0-9]{1,3}([+][0-9])?)?")
_UPPER_UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
_NIL = UUID(int=0)
_LAST_RANK = 99


def vaccination_problems(note: VaccinationNote, header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    """Everything wrong with the vaccination itself."""
    if _NIL in (note.vaccination_id, note.section_id):
        yield problem("VAC_ID_INVALID", "/content/vaccination_id")
    yield from _dates(note, header, now)
    for name, code, wrong in (
        ("act_code", note.act_code, "VAC_ACT_CODE_UNKNOWN"),
        ("route", note.route, "VAC_ROUTE_UNKNOWN"),
        ("site", note.site, "VAC_SITE_UNKNOWN"),
    ):
        known = value_set({"act_code": "immunization_act"}.get(name, f"immunization_{name}"))
        if code is not None and known.get(code) is None:
            yield problem(wrong, f"/content/{name}")
    if note.rank is not None and not 1 <= note.rank <= _LAST_RANK:
        yield problem("VAC_RANK_INVALID", "/content/rank")
    if note.dose is not None:
        yield from _dose(note.dose)
    yield from text_problem(note.reason, "/content/reason", lines=True)
    yield from text_problem(note.comment, "/content/comment", lines=True)
    yield from _vaccine(note.vaccine)
    yield from _reactions(note, now)
    yield from _antigens(note)
    if note.prescription is not None:
        yield from _prescription(note.prescription, note, header)


def vaccination_people_problems(header: DocumentHeader) -> Iterator[CdaProblem]:
    """The vaccinateur and who validated are among the document's authors (guide of the DMP, note de vaccination)."""
    authors = {author.professional.id for author in header.authors if isinstance(author, Author)}
    performer, responsible = header.performer, header.responsible
    if performer is not None and header.authors and performer.professional.id not in authors:
        yield problem("AUTHOR_PERFORMER_NOT_AUTHOR", f"{performer.origin or '/content/performer'}/id")
    if responsible is not None and responsible.professional.id not in authors:
        yield problem("AUTHOR_RESPONSIBLE_NOT_AUTHOR", f"{responsible.origin or '/responsible'}/id")


def _dates(note: VaccinationNote, header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    start = header.service_start
    ahead = start.utcoffset() is not None and is_after(start, now)  # told of the act, once
    if not ahead and note.date > latest_day((now + CLOCK_TOLERANCE).astimezone(start.tzinfo)):
        yield problem("VAC_DATE_IN_FUTURE", "/content/date")
    elif note.date > latest_day(start):
        yield problem("VAC_DATE_AFTER_ACT", "/content/date")
    born = born_on(header.patient)
    if born is not None and note.date < born:
        yield problem("VAC_DATE_BEFORE_BIRTH", "/content/date")


def _dose(dose: Dose, base: str = "/content/dose") -> Iterator[CdaProblem]:
    if not dose.value.is_finite() or not 0 < dose.value <= 1_000_000:
        yield problem("VAC_DOSE_INVALID", f"{base}/value")
    if value_set("dose_unit").get(dose.unit) is None:
        yield problem("VAC_DOSE_UNIT_UNKNOWN", f"{base}/unit")


def _vaccine(vaccine: Vaccine) -> Iterator[CdaProblem]:
    base = "/content/vaccine"
    if not vaccine.name.strip():
        yield problem("VAC_NAME_MISSING", f"{base}/name")
    for name in ("name", "atc_label"):
        yield from text_problem(getattr(vaccine, name), f"{base}/{name}")
    if not vaccine.cis:
        yield problem("VAC_CIS_MISSING", f"{base}/cis")
    elif not _CIS.fullmatch(vaccine.cis):
        yield problem("VAC_CIS_INVALID", f"{base}/cis")
    if vaccine.cip is not None and not is_cip(vaccine.cip):
        yield problem("VAC_CIP_INVALID", f"{base}/cip")
    if not vaccine.atc:
        yield problem("VAC_ATC_MISSING", f"{base}/atc")
    elif not _ATC.fullmatch(vaccine.atc):
        yield problem("VAC_ATC_INVALID", f"{base}/atc")
    if not (vaccine.atc_label or "").strip():
        yield problem("VAC_ATC_LABEL_MISSING", f"{base}/atc_label")
    if not vaccine.lot_number.strip():
        yield problem("VAC_LOT_NUMBER_MISSING", f"{base}/lot_number")
    elif not LOT.fullmatch(vaccine.lot_number):
        yield problem("VAC_LOT_NUMBER_INVALID", f"{base}/lot_number")


def is_cip(text: str) -> bool:
    """A CIP of 7 digits with its key (weights 2 to 7, modulo 11), or of 13 with its EAN check digit."""
    if not re.fullmatch(r"[0-9]{7}|[0-9]{13}", text):
        return False
    if len(text) == 7:
        return sum(int(char) * weight for weight, char in enumerate(text[:6], 2)) % 11 == int(text[6])
    return gs1_digit(text[:12]) == int(text[12])


def _reactions(note: VaccinationNote, now: datetime) -> Iterator[CdaProblem]:
    for number, reaction in enumerate(note.reactions):
        base = f"/content/reactions/{number}"
        if not _CIM10.fullmatch(reaction.code):
            yield problem("VAC_REACTION_CODE_INVALID", f"{base}/code")
        if not reaction.label.strip():
            yield problem("VAC_REACTION_LABEL_MISSING", f"{base}/label")
        yield from text_problem(reaction.label, f"{base}/label")
        if reaction.date is not None and not note.date <= reaction.date <= latest_day(now + CLOCK_TOLERANCE):
            yield problem("VAC_REACTION_DATE_INVALID", f"{base}/date")


def _antigens(note: VaccinationNote) -> Iterator[CdaProblem]:
    for number, antigen in enumerate(note.antigens):
        base = f"/content/antigens/{number}"
        if not antigen.antigen.strip():
            yield problem("VAC_ANTIGEN_NAME_MISSING", f"{base}/antigen")
        yield from text_problem(antigen.antigen, f"{base}/antigen")
        yield from _dose(antigen.dose, f"{base}/dose")


def _prescription(prescription: Prescription, note: VaccinationNote, header: DocumentHeader) -> Iterator[CdaProblem]:
    base = "/content/prescription"
    if not is_oid(prescription.root) and not _UPPER_UUID.fullmatch(prescription.root):
        yield problem("VAC_PRESCRIPTION_ID_INVALID", f"{base}/root")
    yield from text_problem(prescription.extension, f"{base}/extension")
    if prescription.date is not None and prescription.date > note.date:
        yield problem("VAC_PRESCRIPTION_AFTER_ACT", f"{base}/date")
    if prescription.prescriber is not None:
        yield from contact_problems(prescription.prescriber, f"{base}/prescriber", header.created_at)
