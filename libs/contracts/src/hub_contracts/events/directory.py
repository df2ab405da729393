"""Stream hub.directory (compacted): the latest state of structures, professionals and memberships (design rule 13)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from hub_contracts.events.base import Event
from hub_contracts.periods import covers


class Frozen(BaseModel):
    """Frozen part of an event."""

    model_config = ConfigDict(frozen=True)


class Mode(StrEnum):
    """A structure in exercise never reaches production (design rule 14)."""

    EXERCISE = "exercise"
    PRODUCTION = "production"


class DatedIdentifier(Frozen):
    """A national identifier (FINESS, SIRET… as Struct_IdNat) and the dates it is worn; `until` is excluded."""

    value: str
    since: AwareDatetime
    until: AwareDatetime | None = None


class PostalAddress(Frozen):
    """Address of a structure."""

    lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""


class StructurePublished(Event):
    """A pharmacy or a cabinet. `sector` is of JDV_J61 (SA33…), `practice_setting` of JDV_J62 (AMBULATOIRE…)."""

    event_type: ClassVar[str] = "structure.published.v1"
    structure_id: UUID
    identifiers: tuple[DatedIdentifier, ...]
    name: str
    sector: str
    practice_setting: str
    address: PostalAddress
    phone: str | None = None
    mode: Mode = Mode.EXERCISE
    active: bool = True

    @property
    def key(self) -> str:
        """Kind and id."""
        return f"structure:{self.structure_id}"

    def identifier_at(self, moment: AwareDatetime) -> str | None:
        """The national identifier worn at that moment, None outside all periods."""
        for item in self.identifiers:
            if covers(item.since, item.until, moment):
                return item.value
        return None


class Exercise(Frozen):
    """Where a professional works, from when to when."""

    structure_id: UUID
    since: AwareDatetime
    until: AwareDatetime | None = None


class ProfessionalPublished(Event):
    """A professional. `profession` is a TRE_G15 code (21, 60…), `subsection` a TRE_G05 code for pharmacists (A, D…)."""

    event_type: ClassVar[str] = "professional.published.v1"
    professional_id: str
    family_name: str
    given_name: str
    civility: str | None = None
    title: str | None = None
    profession: str
    subsection: str | None = None
    exercises: tuple[Exercise, ...] = ()

    @property
    def key(self) -> str:
        """Kind and id."""
        return f"professional:{self.professional_id}"

    def works_in(self, structure_id: UUID, moment: AwareDatetime) -> bool:
        """True when an exercise of theirs in that structure covers the moment."""
        return any(e.structure_id == structure_id and covers(e.since, e.until, moment) for e in self.exercises)


class MembershipPublished(Event):
    """An LGO account may act for a structure, within scopes and dates."""

    event_type: ClassVar[str] = "membership.published.v1"
    account_id: UUID
    client_id: str
    structure_id: UUID
    scopes: tuple[str, ...]
    since: AwareDatetime
    until: AwareDatetime | None = None

    @property
    def key(self) -> str:
        """Kind and ids."""
        return f"membership:{self.account_id}:{self.structure_id}"
