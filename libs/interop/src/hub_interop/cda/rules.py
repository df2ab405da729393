"""What the official validators do not catch, checked before anything is built; all problems at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from hub_interop.cda.bodies import Body, TrodReport, UnstructuredBody, VaccinationNote
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.moments import is_after, is_before_day
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_file import file_problems
from hub_interop.cda.rules_involved import involved_problems
from hub_interop.cda.rules_patient import born_on, patient_problems
from hub_interop.cda.rules_people import is_professional_id, people_problems
from hub_interop.cda.rules_trod import trod_problems
from hub_interop.cda.rules_vaccination import vaccination_people_problems, vaccination_problems
from hub_interop.cda.shape import NO_FILE_KINDS, kind_of
from hub_interop.cda.texts import is_oid, text_problem
from hub_interop.ins.matricule import Environment
from hub_interop.terminologies import UnknownCode, class_of_type, value_set
from hub_interop.xds.codes import CLASS_CODES, CLASSES_NOT_WRITABLE, TYPE_PREFIX_NOT_WRITABLE, TYPES_NOT_WRITABLE

__all__ = ["check_document", "is_oid", "is_professional_id"]

MAX_TITLE = 128
_LEVELS = ("N", "R", "V")
_CUMUL = frozenset({"INVISIBLE_PATIENT", "MASQUE_PS"})


def check_document(
    header: DocumentHeader, body: Body, now: datetime, environment: Environment | None = None
) -> list[CdaProblem]:
    """Everything wrong with a document, with pointers into the LGO's act; empty when it can be built.

    `now` is aware. `environment`, when given, also refuses the matricules of the other one.
    """
    found = (
        *_identification(header, body),
        *_versions(header),
        *_visibility(header, body),
        *_times(header, now),
        *patient_problems(header.patient, environment),
        *_local_system(header),
        *people_problems(header),
        *involved_problems(header, now),
        *_body(header, body, now),
    )
    return list(dict.fromkeys(found))  # a recipient who is a participant too is told once


def _body(header: DocumentHeader, body: Body, now: datetime) -> Iterator[CdaProblem]:
    if isinstance(body, VaccinationNote):
        yield from vaccination_people_problems(header)
        yield from vaccination_problems(body, header, now)
    elif isinstance(body, TrodReport):
        yield from trod_problems(body, header, now)
    else:
        yield from file_problems(body)


def _identification(header: DocumentHeader, body: Body) -> Iterator[CdaProblem]:
    if not header.title.strip():
        yield problem("DOC_TITLE_MISSING", "/title")
    elif len(header.title) > MAX_TITLE:
        yield problem("DOC_TITLE_TOO_LONG", "/title")
    yield from text_problem(header.title, "/title")
    if not is_oid(header.unique_id):
        yield problem("DOC_ID_INVALID", "")
    if not is_oid(header.set_id) or header.set_id == header.unique_id:
        yield problem("DOC_SET_ID_INVALID", "")
    if header.confidentiality not in _LEVELS:
        yield problem("DOC_CONFIDENTIALITY_UNKNOWN", "/visibility")
    if value_set("encounter").get(header.encounter) is None and header.encounter is not None:
        yield problem("DOC_ENCOUNTER_UNKNOWN", "/type")
    yield from _kind(header, body)


def _kind(header: DocumentHeader, body: Body) -> Iterator[CdaProblem]:
    """A type of JDV_J66 that professionals may create (EX_2.1-1010), with a body that is its own."""
    kind, document_class = header.kind, _class_of(header.kind, header.created_at.date())
    if (
        kind in TYPES_NOT_WRITABLE
        or kind.startswith(TYPE_PREFIX_NOT_WRITABLE)
        or document_class in CLASSES_NOT_WRITABLE
        or document_class not in (None, *CLASS_CODES)
    ):
        yield problem("DOC_TYPE_NOT_WRITABLE", "/type")
    elif document_class is None or value_set("document_type").get(kind, header.created_at.date()) is None:
        yield problem("DOC_TYPE_UNKNOWN", "/type")
    elif (kind in NO_FILE_KINDS) if isinstance(body, UnstructuredBody) else (kind != kind_of(body)):
        yield problem("DOC_TYPE_BODY_MISMATCH", "/type")


def _class_of(kind: str, on: date) -> str | None:
    try:
        return class_of_type(kind, on).code
    except UnknownCode:
        return None


def _versions(header: DocumentHeader) -> Iterator[CdaProblem]:
    """A replacement has a version above 1 and names another document; a first version names none."""
    if header.version < 1 or (header.version > 1) != (header.replaces is not None):
        yield problem("DOC_VERSION_INVALID", "")
    if header.replaces is not None and (not is_oid(header.replaces) or header.replaces == header.unique_id):
        yield problem("DOC_REPLACED_ID_INVALID", "")


def _visibility(header: DocumentHeader, body: Body) -> Iterator[CdaProblem]:
    """A note de vaccination is N and nothing else (EX_2.1-2005); other documents have masks of J58 (EX_2.1-1050)."""
    if isinstance(body, VaccinationNote):
        if header.masks or header.confidentiality in ("R", "V"):
            yield problem("DOC_VISIBILITY_NOT_ALLOWED", "/visibility")
        return
    known = value_set("confidentiality")
    if any(mask in _LEVELS or known.get(mask) is None for mask in header.masks) or len(set(header.masks)) != len(
        header.masks
    ):
        yield problem("DOC_MASK_UNKNOWN", "/visibility")
    if set(header.masks) >= _CUMUL:
        yield problem("DOC_MASKS_TOGETHER", "/visibility")


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
    if is_after(header.service_start, now):
        yield problem("ACT_START_IN_FUTURE", "/occurred_at")
    elif is_after(header.created_at, now):
        yield problem("DOC_CREATED_IN_FUTURE", "/occurred_at")
    born = born_on(header.patient)
    if born is not None and is_before_day(header.service_start, born):
        yield problem("ACT_START_BEFORE_BIRTH", "/occurred_at")
    if header.service_stop is not None and not _written_after(header.service_stop, header.service_start):
        yield problem("ACT_STOP_BEFORE_START", "/ended_at")


def _written_after(stop: datetime, start: datetime) -> bool:
    """Later as the document writes it, to the second: two moments of one second would be written the same."""
    return stop.replace(microsecond=0) > start.replace(microsecond=0)


def _local_system(header: DocumentHeader) -> Iterator[CdaProblem]:
    if not is_oid(header.patient.local_oid):
        yield problem("PATIENT_LOCAL_OID_INVALID", "/structure")
