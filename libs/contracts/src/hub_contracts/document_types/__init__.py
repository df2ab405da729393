"""Document types as data: one YAML file says all about a type, and every service derives what it needs from it.

`supplied.yaml` says the same once for all the types that come as a file. What a file declares is checked when it is
read: a document type file is code and is tested as such.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

SUPPLIED = "supplied.yaml"


class Level(StrEnum):
    """How structured the CDA is: N1 carries a file, N3 is data."""

    N1 = "N1"
    N3 = "N3"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Template(_Strict):
    """The template that the document claims."""

    root: str
    extension: str | None = None


class _Common(_Strict):
    content: str
    format: str
    level: Level
    template: Template
    trigger: str
    delegates: tuple[str, ...]
    masks: tuple[str, ...]
    since: date
    until: date | None = None
    basis: str


class DocumentType(_Common):
    """A type of document of the hub.

    `act` is the type in the LGO's act, `content` the kind of its content; `type` is of JDV_J66, `document_class` of
    JDV_J57, `format` of JDV_J60; `authors` and `delegates` are professions (TRE_G15, else the code of a role); `masks`
    are those of JDV_J58 that may be asked; `since` and `until` (included) say when it may be fed.
    """

    act: str
    type: str
    label: str
    document_class: str = Field(alias="class")
    title: str
    authors: tuple[str, ...]

    def holds(self, on: date) -> bool:
        """May a document of this type be fed on that day?"""
        return self.since <= on and (self.until is None or on <= self.until)

    def may_write(self, profession: str) -> bool:
        """May a person of that profession write it, alone or for the professional who answers for it?"""
        return profession in self.authors or profession in self.delegates


class _Supplied(_Common):
    content: Literal["document"]
    types: dict[str, tuple[str, ...]]
    authors: dict[str, Literal["all"] | tuple[str, ...]]
    since_by_type: dict[str, date] = {}

    def document_types(self) -> list[DocumentType]:
        """One type per code. Raises ValueError when a profession is given a code that is in no class."""
        known = {code for codes in self.types.values() for code in codes}
        stray = {code for codes in self.authors.values() if codes != "all" for code in codes} - known
        if stray or self.since_by_type.keys() - known:
            raise ValueError(f"{SUPPLIED}: codes in no class: {sorted(stray)}")
        return [self._one(code, document_class) for document_class, codes in self.types.items() for code in codes]

    def _one(self, code: str, document_class: str) -> DocumentType:
        authors = tuple(who for who, codes in self.authors.items() if codes == "all" or code in codes)
        shared = self.model_dump(exclude={"types", "authors", "since_by_type", "since"})
        since = self.since_by_type.get(code, self.since)
        own = {"act": code, "type": code, "label": "", "class": document_class, "title": "", "authors": authors}
        return DocumentType.model_validate({**shared, **own, "since": since})


@cache
def document_types() -> dict[str, DocumentType]:
    """Every type, by the type of the act. Raises pydantic.ValidationError or ValueError for a file that is wrong."""
    found: dict[str, DocumentType] = {}
    for file in sorted(resources.files("hub_contracts.document_types").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".yaml"):
            continue
        raw = yaml.safe_load(file.read_text("utf-8"))
        several = _Supplied.model_validate(raw).document_types() if file.name == SUPPLIED else [DocumentType(**raw)]
        for one in several:
            if one.act in found:
                raise ValueError(f"{file.name}: {one.act} is declared twice")
            found[one.act] = one
    return found


def document_type(act_type: str) -> DocumentType | None:
    """The type of document that an act of that type becomes, None for a type that the hub does not know."""
    return document_types().get(act_type)
