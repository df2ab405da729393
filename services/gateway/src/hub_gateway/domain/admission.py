"""May this act, or this declaration, come in? Every problem is reported, each with its place in the LGO's JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub_contracts.acts import Act, AuthorRef, Intent, Patient
from hub_contracts.document_types import document_type
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.events.directory import Mode, ProfessionalPublished, StructurePublished
from hub_contracts.periods import covers
from hub_gateway.domain.identity_syntax import ins_problems


@dataclass(frozen=True, slots=True)
class House:
    """The rules of this hub: its environment and how far ahead a date may be."""

    environment: str
    future: timedelta


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the outside: structures by national identifier, authors by PS_IdNat, the caller's structures."""

    structures: Mapping[str, tuple[StructurePublished, ...]]
    authors: Mapping[str, ProfessionalPublished]
    allowed: frozenset[UUID]

    def structure_at(self, national_id: str, moment: datetime) -> StructurePublished | None:
        """The active structure that wore this identifier at that moment (pharmacies are sold)."""
        for structure in self.structures.get(national_id, ()):
            worn = any(i.value == national_id and covers(i.since, i.until, moment) for i in structure.identifiers)
            if worn and structure.active:
                return structure
        return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Either `structure_id`, or `problems`."""

    structure_id: UUID | None
    problems: tuple[Problem, ...]


def judge_act(act: Act, known: Known, house: House, now: datetime) -> Verdict:
    """All that can be said of an act at the door; identity, consent and document have their own rules."""
    problems: list[Problem] = []
    kind = document_type(act.type)
    if kind is None:
        problems.append(problem(ErrorCode.ACT_TYPE_UNKNOWN, "/type"))
    elif kind.content != act.content.kind:
        problems.append(problem(ErrorCode.ACT_CONTENT_MISMATCH, "/content/kind"))
    if act.intent is not Intent.CREATE:
        problems.append(problem(ErrorCode.ACT_INTENT_UNAVAILABLE, "/intent"))
    for moment, pointer in ((act.occurred_at, "/occurred_at"), (act.ended_at, "/ended_at")):
        if moment is not None and moment > now + house.future:
            problems.append(problem(ErrorCode.ACT_DATE_IN_FUTURE, pointer))
    people = [(act.author, "/author/id")]
    if act.responsible is not None:
        people.append((act.responsible, "/responsible/id"))
    people += [(who, f"/co_authors/{index}/id") for index, who in enumerate(act.co_authors)]
    return _judge(act.structure, people, act.occurred_at, act.patient, known, house, problems)


def judge_declaration(
    structure: str,
    author: AuthorRef,
    declared_at: datetime,
    patient: Patient,
    known: Known,
    house: House,
    now: datetime,
) -> Verdict:
    """The same for what an LGO declares of a patient."""
    problems: list[Problem] = []
    if declared_at > now + house.future:
        problems.append(problem(ErrorCode.ACT_DATE_IN_FUTURE, "/declared_at"))
    return _judge(structure, [(author, "/author/id")], declared_at, patient, known, house, problems)


def _judge(
    national_id: str,
    people: Sequence[tuple[AuthorRef, str]],
    moment: datetime,
    patient: Patient,
    known: Known,
    house: House,
    problems: list[Problem],
) -> Verdict:
    structure = known.structure_at(national_id, moment)
    refusal = _structure_refusal(structure, known, house)
    if refusal is not None:
        problems.append(problem(refusal, "/structure"))
    for person, pointer in people:
        who = known.authors.get(person.id)
        if who is None:
            problems.append(problem(ErrorCode.AUTHOR_UNKNOWN, pointer))
        elif structure is not None and not who.works_in(structure.structure_id, moment):
            problems.append(problem(ErrorCode.AUTHOR_NOT_ACTIVE, pointer))
    problems += ins_problems(patient.ins, house.environment)
    if problems or structure is None:
        return Verdict(None, tuple(problems))
    return Verdict(structure.structure_id, ())


def _structure_refusal(structure: StructurePublished | None, known: Known, house: House) -> ErrorCode | None:
    if structure is None:
        return ErrorCode.STRUCTURE_UNKNOWN
    if structure.structure_id not in known.allowed:
        return ErrorCode.STRUCTURE_NOT_MEMBER
    if house.environment == "production" and structure.mode is Mode.EXERCISE:
        return ErrorCode.STRUCTURE_IN_EXERCISE
    return None


def problem(code: ErrorCode, pointer: str) -> Problem:
    """The catalogue's sentence, at that place of the LGO's JSON."""
    return Problem(code=code.value, pointer=pointer, text=code.text)


def principal_code(problems: tuple[Problem, ...]) -> ErrorCode:
    """The code that stands for all: the only one there is, else one that forbids (403), else REQUEST_INVALID."""
    codes = [ErrorCode(p.code) for p in problems]
    if len(set(codes)) == 1:
        return codes[0]
    return next((c for c in codes if c.info.http_status == 403), ErrorCode.REQUEST_INVALID)
