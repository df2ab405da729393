"""Pure: a document, or everything that keeps it from being built. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from hub_contracts.errors import ErrorCode
from hub_contracts.events import Problem
from hub_contracts.sealed import SealedEntry
from hub_document_builder.mapping import DocumentIds, Sources, entry_of, header_of, note_of
from hub_document_builder.rules import Rules
from hub_interop.cda import build_vaccination_note, check_vaccination_note
from hub_kit.messaging.model import Fatal

MEDIA_TYPE = "text/xml"


class DocumentBroken(Fatal):
    """A document of ours does not pass the official XSD: our fault, never the LGO's. Names elements, never values."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(ErrorCode.HANDLER_FAILED)
        self.problems = problems[:20]
        self.args = ("the document built does not pass the XSD: " + "; ".join(self.problems),)


@dataclass(frozen=True, slots=True)
class Built:
    """A document whose bytes never change, and what the DMP's metadata need of it."""

    content: bytes = field(repr=False)
    entry: SealedEntry


@dataclass(frozen=True, slots=True)
class Invalid:
    """Everything wrong with the act's content, with JSON pointers into it."""

    problems: tuple[Problem, ...]


def build(sources: Sources, ids: DocumentIds, rules: Rules, now: datetime) -> Built | Invalid:
    """The note de vaccination of the act, checked. Raises DocumentBroken."""
    header, note = header_of(sources, ids, now), note_of(sources.act, ids)
    problems = check_vaccination_note(header, note, now)
    if problems:
        return Invalid(tuple(Problem(code=p.code, pointer=p.pointer, text=p.text) for p in problems))
    content = build_vaccination_note(header, note)
    if rules.xsd is not None and (broken := rules.xsd.problems(content)):
        raise DocumentBroken(broken)
    return Built(content, entry_of(sources, header, ids))


def unknown_performer() -> Invalid:
    """The act names a vaccinator that the annuaire doesn't know."""
    code = ErrorCode.AUTHOR_UNKNOWN
    text = "Le vaccinateur n'est pas inscrit dans l'annuaire du hub."
    return Invalid((Problem(code=code.value, pointer="/content/performer/id", text=text),))
