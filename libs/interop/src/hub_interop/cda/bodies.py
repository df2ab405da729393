"""What a document's body is built from: a vaccination, a rapid test, or a file. Nothing here is ever in a repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from hub_interop.cda.model import Contact


@dataclass(frozen=True, slots=True, repr=False)
class Vaccine:
    """A product: CIS (8 digits), CIP (7 or 13 digits), ATC with its label."""

    name: str
    cis: str | None
    atc: str | None
    atc_label: str | None
    lot_number: str
    cip: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Dose:
    """A quantity with its UCUM unit."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True, repr=False)
class Reaction:
    """An adverse reaction, coded in CIM-10. `date` is its first day, None when it is not known."""

    code: str
    label: str
    date: date | None = None


@dataclass(frozen=True, slots=True, repr=False)
class AntigenDose:
    """The dose of one antigen of the vaccine."""

    antigen: str
    dose: Dose


@dataclass(frozen=True, slots=True, repr=False)
class Prescription:
    """The prescription of the vaccine: its number under an OID (or a UUID), its date, who wrote it."""

    root: str
    extension: str | None = None
    date: date | None = None
    prescriber: Contact | None = None


@dataclass(frozen=True, slots=True, repr=False)
class VaccinationNote:
    """One vaccination (VAC-NOTE 2023.01). `section_id` and `vaccination_id` are UUIDs, the second is kept for life."""

    vaccination_id: UUID
    section_id: UUID
    date: date
    act_code: str
    vaccine: Vaccine
    dose: Dose | None = None
    rank: int | None = None
    route: str | None = None
    site: str | None = None
    reason: str | None = None
    comment: str | None = None
    reactions: tuple[Reaction, ...] = ()
    antigens: tuple[AntigenDose, ...] = ()
    prescription: Prescription | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TestKit:
    """The device of a rapid test: name (with maker and reference), lot, last day of use, UDI in GS1 writing."""

    name: str
    lot_number: str | None = None
    expires_on: date | None = None
    udi: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TrodResult:
    """What one examination of the test found: a LOINC code of `trod_exam` and positif, negatif or ininterpretable."""

    exam: str
    result: str


@dataclass(frozen=True, slots=True, repr=False)
class TrodReport:
    """A rapid test (BIO-TROD 2024.01). `test` is a key of `TROD_TESTS`; `sampled_at` is when it was done."""

    test: str
    results: tuple[TrodResult, ...]
    kit: TestKit | None
    sampled_at: datetime
    reason: str | None = None
    conclusion: str | None = None


@dataclass(frozen=True, slots=True)
class UnstructuredBody:
    """A file as it is (N1): a PDF/A-1 or a text in UTF-8. `language` when it is not the header's (`en-GB`)."""

    content: bytes = field(repr=False)
    media_type: str
    language: str | None = None


Body = VaccinationNote | TrodReport | UnstructuredBody
