"""Pure: what making a document can come to, and the rules of the contents that the hub writes. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from hub_contracts.acts import Act, PharmacyInterview, Theme, Visibility, interview_topics
from hub_contracts.document_types import DocumentType
from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.events.directory import ProfessionalPublished
from hub_contracts.sealed import SealedEntry
from hub_interop.cda import PROBLEM_TEXTS, CdaProblem
from hub_interop.cda.texts import has_forbidden_character
from hub_kit.messaging.model import Fatal

MEDIA_TYPE = "text/xml"
TEXTS: Mapping[str, str] = {
    "AUTHOR_NOT_FOR_TYPE": "L'auteur n'est pas de ceux qui écrivent ce type de document.",
    "INTERVIEW_THEME_LABEL_MISSING": "L'intitulé du thème manque.",
    "INTERVIEW_TOPIC_UNKNOWN": "Ce point n'est pas dans la table du thème.",
    "INTERVIEW_TOPIC_EMPTY": "Le point n'a ni code ni intitulé.",
    "INTERVIEW_EMPTY": "L'entretien ne dit rien : ni points, ni conseils, ni conclusion.",
    "PERIOD_INVERTED": "La fin de la période précède son début.",
    "DATE_IN_FUTURE": "La date est dans le futur.",
}
"""Problems of the contents that the hub writes itself; the others are hub_interop's (`cda/problems.tsv`, files)."""


class DocumentBroken(Fatal):
    """A document of ours does not pass the official rules: never the LGO's fault. Names elements, never values."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(ErrorCode.HANDLER_FAILED)
        self.problems = tuple(problems[:20])
        self.args = ("the document built does not pass the official rules: " + "; ".join(self.problems),)


@dataclass(frozen=True, slots=True)
class Built:
    """A document whose bytes never change, what the DMP's metadata need of it, and what it was checked against."""

    content: bytes = field(repr=False)
    entry: SealedEntry
    checked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invalid:
    """Everything wrong with the act's content, with JSON pointers into it."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not now: something of the hub's is missing or busy."""

    code: ErrorCode
    seconds: float


Made = Built | Invalid | Waiting


def told(problems: Sequence[CdaProblem]) -> tuple[Problem, ...]:
    """Problems as events carry them, each once."""
    return tuple(dict.fromkeys(Problem(code=p.code, pointer=p.pointer, text=p.text) for p in problems))


def unknown_performer() -> Invalid:
    """The act names a performer that the annuaire doesn't know."""
    code = ErrorCode.AUTHOR_UNKNOWN
    text = "La personne qui a réalisé l'acte n'est pas inscrite dans l'annuaire du hub."
    return Invalid((Problem(code=code.value, pointer="/content/performer/id", text=text),))


def content_problems(act: Act, now: datetime) -> tuple[Problem, ...]:
    """Everything wrong with a content that the hub writes as a report. Others have rules of their own."""
    content = act.content
    problems = [_problem("DOC_TEXT_FORBIDDEN_CHARACTER", pointer) for pointer in _forbidden(content, "/content")]
    problems += _periods(content, "/content")
    problems += _future_measures(content, now.date())
    if isinstance(content, PharmacyInterview):
        problems += _interview(content)
    return tuple(problems)


def type_problems(kind: DocumentType, act: Act, people: Mapping[str, ProfessionalPublished]) -> tuple[Problem, ...]:
    """What the document type's own declaration forbids: who writes it for another, who may be kept from seeing it.

    Who answers for it is judged by the alimentation matrix; co-authors may be of any profession.
    """
    problems = []
    if act.responsible is not None and not kind.may_write(people[act.author.id].profession):
        problems.append(_problem("AUTHOR_NOT_FOR_TYPE", "/author/id"))
    if act.visibility != Visibility() and not kind.masks:
        problems.append(_problem("DOC_VISIBILITY_NOT_ALLOWED", "/visibility"))
    return tuple(problems)


def _problem(code: str, pointer: str) -> Problem:
    return Problem(code=code, pointer=pointer, text=TEXTS.get(code) or PROBLEM_TEXTS[code])


def _forbidden(node: Any, pointer: str) -> Iterator[str]:
    """Pointers of the texts that hold a character which people can't see or which turns the order round."""
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _forbidden(getattr(node, name), f"{pointer}/{name}")
    elif isinstance(node, tuple):
        for index, item in enumerate(node):
            yield from _forbidden(item, f"{pointer}/{index}")
    elif isinstance(node, str) and has_forbidden_character(node):
        yield pointer


def _periods(content: Any, pointer: str) -> list[Problem]:
    treatments = getattr(content, "treatments", ())
    return [
        _problem("PERIOD_INVERTED", f"{pointer}/treatments/{index}/until")
        for index, line in enumerate(treatments)
        if line.since and line.until and line.until < line.since
    ]


def _future_measures(content: Any, today: date) -> list[Problem]:
    return [
        _problem("DATE_IN_FUTURE", f"/content/{name}/{index}/date")
        for name in ("measures", "autonomy")
        for index, measure in enumerate(getattr(content, name, ()))
        if measure.date and (measure.date - today).days > 1  # the day may differ by the offset
    ]


def _interview(content: PharmacyInterview) -> list[Problem]:
    problems = []
    if content.theme is Theme.AUTRE and not content.theme_label:
        problems.append(_problem("INTERVIEW_THEME_LABEL_MISSING", "/content/theme_label"))
    known = interview_topics().get(content.theme, {})
    for index, topic in enumerate(content.topics):
        if topic.code and topic.code not in known:
            problems.append(_problem("INTERVIEW_TOPIC_UNKNOWN", f"/content/topics/{index}/code"))
        elif not topic.code and not topic.title:
            problems.append(_problem("INTERVIEW_TOPIC_EMPTY", f"/content/topics/{index}"))
    if not (content.topics or content.advice or content.conclusion or content.treatments):
        problems.append(_problem("INTERVIEW_EMPTY", "/content"))
    return problems
