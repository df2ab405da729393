"""Rules of the note de vaccination that the official validators miss (VAC-NOTE 2023.01, cda reference §3.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from hub_interop.cda.elements import birth_time
from hub_interop.cda.model import DocumentHeader, Dose, VaccinationNote, Vaccine
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.texts import has_forbidden_character
from hub_interop.ins.traits import birth_date_problem
from hub_interop.terminologies import value_set

_CIS = re.compile(r"[0-9]{8}")
_ATC = re.compile(r"J07[A-Z]{1,2}([0-9]{2})?")
_LOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,29}")
UCUM_UNITS = frozenset({"mL", "L", "uL", "mg", "ug", "g", "[iU]", "k[iU]", "[drp]", "{dose}", "1"})
_LAST_RANK = 99


def vaccination_problems(note: VaccinationNote, header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    """Everything wrong with the vaccination itself."""
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
    if note.comment and has_forbidden_character(note.comment):
        yield problem("DOC_TEXT_FORBIDDEN_CHARACTER", "/content/comment")
    yield from _vaccine(note.vaccine)


def _dates(note: VaccinationNote, header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    zone = header.service_start.tzinfo
    today = now.astimezone(zone).date() if zone else now.date()
    if note.date > today:
        yield problem("VAC_DATE_IN_FUTURE", "/content/date")
    born = None if birth_date_problem(header.patient.birth_date) else _born(header.patient.birth_date)
    if born is not None and note.date < born:
        yield problem("VAC_DATE_BEFORE_BIRTH", "/content/date")


def _born(birth_date: str) -> date | None:
    """The earliest day it can mean, None when the calendar has no such day."""
    year, month, day = birth_date.split("-")
    if day == "00" or not 1 <= int(month) <= 12:
        return date(int(year), int(month) if 1 <= int(month) <= 12 else 1, 1)
    text = birth_time(birth_date)
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _dose(dose: Dose) -> Iterator[CdaProblem]:
    if not dose.value.is_finite() or not 0 < dose.value <= 1_000_000:
        yield problem("VAC_DOSE_INVALID", "/content/dose/value")
    if dose.unit not in UCUM_UNITS:
        yield problem("VAC_DOSE_UNIT_UNKNOWN", "/content/dose/unit")


def _vaccine(vaccine: Vaccine) -> Iterator[CdaProblem]:
    base = "/content/vaccine"
    if not vaccine.name.strip():
        yield problem("VAC_NAME_MISSING", f"{base}/name")
    for name in ("name", "atc_label"):
        text = getattr(vaccine, name)
        if text and has_forbidden_character(text):
            yield problem("DOC_TEXT_FORBIDDEN_CHARACTER", f"{base}/{name}")
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
    elif not _LOT.fullmatch(vaccine.lot_number):
        yield problem("VAC_LOT_NUMBER_INVALID", f"{base}/lot_number")


def is_cip(text: str) -> bool:
    """A CIP of 7 digits, or of 13 with its EAN check digit."""
    if not re.fullmatch(r"[0-9]{7}|[0-9]{13}", text):
        return False
    if len(text) == 7:
        return True
    total = sum(int(char) * (3 if index % 2 else 1) for index, char in enumerate(text[:12]))
    return -total % 10 == int(text[12])
