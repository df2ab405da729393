"""What a document is built from. Frozen; the reprs hide everything that identifies a patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Address:
    """Lines of an address, with postal code and city."""

    lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""

    def as_lines(self) -> tuple[str, ...]:
        """At most seven lines, empty ones left out, postal code and city last."""
        last = f"{self.postal_code} {self.city}".strip()
        street = tuple(line for line in self.lines if line.strip())
        return (*street[:6], last) if last else street[:7]


@dataclass(frozen=True, slots=True)
class Professional:
    """`id` is a PS_IdNat (8 + RPPS), `specialty` a code of JDV_J56 (`G15_21/A`, `G15_60`)."""

    id: str
    family_name: str
    given_name: str
    specialty: str
    civility: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """`id` is a Struct_IdNat, `sector` a code of JDV_J61, `practice_setting` a code of JDV_J62."""

    id: str
    name: str
    sector: str
    practice_setting: str
    address: Address = Address()
    phone: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PatientIdentity:
    """A qualified identity (RNIV). `birth_date` is AAAA-MM-JJ, 00 or lunar parts too; `local_oid` is of `local_id`."""

    matricule: str
    oid: str
    birth_name: str
    first_birth_given_name: str
    birth_given_names: str
    sex: str
    birth_date: str
    birth_place_code: str
    local_id: str
    local_oid: str
    used_name: str | None = None
    used_given_name: str | None = None
    address: Address | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote, for which structure."""

    professional: Professional
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class DocumentHeader:
    """The header of any document. Times are aware; `unique_id` and `set_id` are OIDs.

    `masks` are the codes of J58 beyond confidentiality (MASQUE_PS…); `replaces` is the unique id of the version before.
    """

    unique_id: str
    set_id: str
    version: int
    title: str
    created_at: datetime
    patient: PatientIdentity
    authors: tuple[Author, ...]
    performer: Author
    service_start: datetime
    service_stop: datetime | None = None
    replaces: str | None = None
    confidentiality: str = "N"
    masks: tuple[str, ...] = ()

    @property
    def author(self) -> Author:
        """The first author: responsible for the content."""
        return self.authors[0]


@dataclass(frozen=True, slots=True)
class Vaccine:
    """A product: CIS (8 digits), CIP (7 or 13 digits), ATC with its label."""

    name: str
    cis: str | None
    atc: str | None
    atc_label: str | None
    lot_number: str
    cip: str | None = None


@dataclass(frozen=True, slots=True)
class Dose:
    """A quantity with its UCUM unit."""

    value: Decimal
    unit: str


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
    comment: str | None = None
