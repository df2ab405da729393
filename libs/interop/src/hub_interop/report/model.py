"""What a readable document holds, whatever it is shown as (PDF, HTML): texts only, no layout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """How much a notice asks of the reader."""

    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, repr=False)
class Paragraph:
    """Text; a `\\n` in it ends a line."""

    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Fields:
    """Labels with their values, in order."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """Rows of texts under column headings. `widths` are relative; without them the content decides.

    A row may be shorter than the headings (the rest is empty), not longer: ValueError.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not self.columns or any(len(row) > len(self.columns) for row in self.rows):
            raise ValueError("a table has a heading for every cell")
        if self.widths is not None and (len(self.widths) != len(self.columns) or min(self.widths) < 1):
            raise ValueError("a table has one width of 1 or more for each column, or none at all")


@dataclass(frozen=True, slots=True, repr=False)
class Bullets:
    """A list of items, one text each."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """A sentence set apart from the rest."""

    text: str
    kind: NoticeKind = NoticeKind.INFO


Block = Paragraph | Fields | Table | Bullets | Notice


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """A heading and what stands under it. Without blocks, the layouts say that nothing is noted there."""

    heading: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The structure that writes: its name, the lines of its address, telephone, national identifier as shown."""

    name: str
    lines: tuple[str, ...] = ()
    phone: str | None = None
    identifier: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PatientBlock:
    """The traits of the INS as they are printed (RNIV). `birth_date` is AAAA-MM-JJ, 00 parts included.

    `sex` is F, M, UN or another text; `matricule_label` says what the matricule is (INS-NIR, "INS-NIR de test"…).
    An empty text is a trait that the document doesn't give: it isn't shown.
    """

    birth_name: str
    used_name: str | None
    given_names: str
    first_name: str
    sex: str
    birth_date: str
    birth_place: str | None
    matricule: str
    matricule_label: str


@dataclass(frozen=True, slots=True)
class AuthorLine:
    """Who wrote: name, profession, and what for (`role`)."""

    name: str
    profession: str
    role: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """A whole document. `date` is aware (ValueError otherwise) and shown in its own zone: give it the reader's.

    `reference` is the sentence on the version ("Version 2, annule et remplace…"), `footer` stands on every page.
    """

    title: str
    subtitle: str | None
    letterhead: Letterhead
    patient: PatientBlock
    authors: tuple[AuthorLine, ...]
    date: datetime
    reference: str | None
    sections: tuple[Section, ...]
    footer: str

    def __post_init__(self) -> None:
        if self.date.tzinfo is None:
            raise ValueError("the date of a report is aware")
