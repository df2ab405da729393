"""What the official validators do not catch, checked before anything is built; all problems at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from hub_interop.cda.elements import stamp
from hub_interop.cda.model import DocumentHeader, VaccinationNote
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_patient import born_on, patient_problems
from hub_interop.cda.rules_people import is_professional_id, people_problems
from hub_interop.cda.rules_vaccination import vaccination_problems
from hub_interop.cda.texts import text_problem
from hub_interop.ins.matricule import Environment

__all__ = ["check_vaccination_note", "is_oid", "is_professional_id"]

MAX_TITLE = 128
MAX_OID = 128
CLOCK_TOLERANCE = timedelta(minutes=5)
_ONE_DAY = timedelta(days=1)
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def check_vaccination_note(
    header: DocumentHeader, note: VaccinationNote, now: datetime, environment: Environment | None = None
) -> list[CdaProblem]:
    """Everything wrong with a note de vaccination, with pointers into the LGO's act; empty when it can be built.

    `now` is aware. `environment`, when given, also refuses the matricules of the other one.
    """
    return [
        *_identification(header),
        *_versions(header),
        *_vaccination_visibility(header),
        *_times(header, now),
        *patient_problems(header.patient, environment),
        *_local_system(header),
        *people_problems(header),
        *vaccination_problems(note, header, now),
    ]


def is_oid(text: str) -> bool:
    """A plain OID of at most 128 characters, without extension (EX_2.1-1130)."""
    return len(text) <= MAX_OID and bool(_OID.fullmatch(text))


def _identification(header: DocumentHeader) -> Iterator[CdaProblem]:
    if not header.title.strip():
        yield problem("DOC_TITLE_MISSING", "/title")
    elif len(header.title) > MAX_TITLE:
        yield problem("DOC_TITLE_TOO_LONG", "/title")
    yield from text_problem(header.title, "/title")
    if not is_oid(header.unique_id):
        yield problem("DOC_ID_INVALID", "")
    if not is_oid(header.set_id) or header.set_id == header.unique_id:
        yield problem("DOC_SET_ID_INVALID", "")
    if header.confidentiality not in ("N", "R", "V"):
        yield problem("DOC_CONFIDENTIALITY_UNKNOWN", "/visibility")


def _versions(header: DocumentHeader) -> Iterator[CdaProblem]:
    """A replacement has a version above 1 and names another document; a first version names none."""
    if header.version < 1 or (header.version > 1) != (header.replaces is not None):
        yield problem("DOC_VERSION_INVALID", "")
    if header.replaces is not None and (not is_oid(header.replaces) or header.replaces == header.unique_id):
        yield problem("DOC_REPLACED_ID_INVALID", "")


def _vaccination_visibility(header: DocumentHeader) -> Iterator[CdaProblem]:
    """A note de vaccination is N and nothing else (EX_2.1-2005)."""
    if header.masks or header.confidentiality in ("R", "V"):
        yield problem("DOC_VISIBILITY_NOT_ALLOWED", "/visibility")


def _times(header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    named = (
        (header.created_at, "/occurred_at"),
        (header.service_start, "/occurred_at"),
        (header.service_stop, "/ended_at"),
    )
    naive = [pointer for moment, pointer in named if moment is not None and moment.utcoffset() is None]
    if naive:
        yield from (problem("DOC_TIME_WITHOUT_ZONE", pointer) for pointer in dict.fromkeys(naive))
        return
    if header.created_at > now + CLOCK_TOLERANCE:
        yield problem("DOC_CREATED_IN_FUTURE", "/occurred_at")
    if header.service_start > now + CLOCK_TOLERANCE:
        yield problem("ACT_START_IN_FUTURE", "/occurred_at")
    born = born_on(header.patient)
    if born is not None and header.service_start.date() + _ONE_DAY < born:  # the day may differ by the offset
        yield problem("ACT_START_BEFORE_BIRTH", "/occurred_at")
    if header.service_stop is not None and not _written_after(header.service_stop, header.service_start):
        yield problem("ACT_STOP_BEFORE_START", "/ended_at")


def _written_after(stop: datetime, start: datetime) -> bool:
    """Later as the document writes it, to the second: two moments of one second would be written the same."""
    return stop > start and stamp(stop.astimezone(start.tzinfo)) != stamp(start)


def _local_system(header: DocumentHeader) -> Iterator[CdaProblem]:
    if not is_oid(header.patient.local_oid):
        yield problem("PATIENT_LOCAL_OID_INVALID", "/structure")
