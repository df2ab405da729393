"""What a document's header is built from. Frozen; the reprs hide everything that identifies a patient.

`origin` of a person is where that person stands in the LGO's act (a JSON pointer without the final `/id`); it only
serves problems and never makes two people differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


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
    """`id` is a PS_IdNat (8 + RPPS, 0 + ADELI, or an internal number of the structure, with a slash).

    `specialty` is a code of JDV_J56: a profession (`G15_21/A`, `G15_60`), or what a delegate is (`G15_39`, `317`,
    `SECRETARIAT_MEDICAL`).
    """

    id: str
    family_name: str
    given_name: str
    specialty: str
    civility: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A device that wrote: `id` is the structure's number for it (`3330000001/88`), `specialty` is of JDV_J56."""

    id: str
    model: str
    software: str
    specialty: str = "DISPOSITIF"


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
class Representative:
    """A legal representative of the patient. `relation` is a code of JDV_J11 (`MTH`, `TUTEUR`…)."""

    family_name: str
    given_name: str
    relation: str | None = None
    civility: str | None = None
    address: Address | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Informant:
    """Somebody close to the patient. `role` is NOK (personne de confiance), ECON (à prévenir), CON or CAREGIVER."""

    family_name: str
    given_name: str
    role: str
    relation: str | None = None
    address: Address | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class PatientIdentity:
    """A qualified identity (RNIV). `birth_date` is AAAA-MM-JJ, 00 or lunar parts too; `local_oid` is of `local_id`.

    `birth_place_code` is the code officiel géographique, `birth_place_city` the name of the place when it is known.
    """

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
    birth_place_city: str | None = None
    representatives: tuple[Representative, ...] = ()

    @property
    def used_names(self) -> tuple[str, str] | None:
        """Family name and given name in use, as `used_names` tells them."""
        return used_names(self.birth_name, self.first_birth_given_name, self.used_name, self.used_given_name)


def used_names(
    birth_name: str, first_birth_given_name: str, used_name: str | None, used_given_name: str | None
) -> tuple[str, str] | None:
    """Family name and given name in use, None when neither is told.

    The one that is not told is that of birth: the birth name, the first birth given name (RNIV).
    """
    family, given = (used_name or "").strip(), (used_given_name or "").strip()
    return (family or birth_name, given or first_birth_given_name) if family or given else None


@dataclass(frozen=True, slots=True)
class Author:
    """A person who wrote or did something, for which structure. `function` is a code of JDV_J47, `time` when written.

    Without `time` it is the document's.
    """

    professional: Professional
    organisation: Organisation
    function: str | None = None
    time: datetime | None = None
    origin: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DeviceAuthor:
    """A device that wrote part of the document, in which structure."""

    device: Device
    organisation: Organisation
    time: datetime | None = None
    origin: str | None = field(default=None, compare=False)


AnyAuthor = Author | DeviceAuthor


@dataclass(frozen=True, slots=True)
class Contact:
    """A professional known by number and name only: a recipient, a médecin traitant, a prescriber."""

    id: str
    family_name: str
    given_name: str
    civility: str | None = None
    title: str | None = None
    specialty: str | None = None
    address: Address | None = None
    phone: str | None = None
    organisation: Organisation | None = None


@dataclass(frozen=True, slots=True)
class Participant:
    """Who else takes part. `type` is of JDV_J144, `function` of JDV_J47: INF and PCP for the médecin traitant.

    `origin` is where that person stands in the LGO's act (`/recipients/0`), when it is not `/participants/{n}`.
    """

    contact: Contact
    type: str
    function: str | None = None
    since: datetime | None = None
    origin: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class OrderId:
    """The number of an order that the document fulfils."""

    root: str
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHeader:
    """The header of any document. Times are aware; `unique_id` and `set_id` are OIDs.

    `kind` is a code of JDV_J66. The first author is who wrote. `responsible` answers for what a delegate or a device
    wrote; `performer` did the act, the one who answers for it unless told. `masks` are the codes of J58 beyond
    confidentiality (MASQUE_PS…); `replaces` is the unique id of the version before; `encounter` is a code of JDV_J142;
    `consents` are codes of the value set `consent`.
    """

    unique_id: str
    set_id: str
    version: int
    kind: str
    title: str = field(repr=False)
    created_at: datetime
    patient: PatientIdentity
    authors: tuple[AnyAuthor, ...]
    service_start: datetime
    service_stop: datetime | None = None
    performer: Author | None = None
    responsible: Author | None = None
    data_enterer: Author | None = None
    informants: tuple[Informant, ...] = ()
    recipients: tuple[Contact, ...] = ()
    participants: tuple[Participant, ...] = ()
    orders: tuple[OrderId, ...] = ()
    consents: tuple[str, ...] = ()
    encounter: str | None = None
    replaces: str | None = None
    confidentiality: str = "N"
    masks: tuple[str, ...] = ()

    @property
    def author(self) -> AnyAuthor:
        """The first author: who wrote."""
        return self.authors[0]

    @property
    def legal_authenticator(self) -> Author:
        """Who answers for the content: the responsible professional, else the first author.

        Raises ValueError when a device wrote and nobody answers for it: the rules refuse that first.
        """
        if self.responsible is not None:
            return self.responsible
        if isinstance(self.author, DeviceAuthor):
            raise ValueError("a device cannot answer for a document")
        return self.author

    @property
    def performed_by(self) -> Author:
        """Who did the act: the performer, else who answers for the document. Raises ValueError as above."""
        return self.performer or self.legal_authenticator
