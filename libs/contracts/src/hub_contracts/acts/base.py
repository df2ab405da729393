"""What all parts of an act are made of."""

from __future__ import annotations

from datetime import date as Day  # noqa: N812 - a field is named date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=500)]
LongText = Annotated[str, Field(max_length=4000)]
Code = Annotated[str, Field(max_length=64)]
Named = Annotated[str, Field(min_length=1, max_length=500)]

MANY = 200
"""Lines of a list in an act, at most."""


class PublicModel(BaseModel):
    """Frozen; an unknown field is an error, so that a vendor's typo is never silently lost."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class AuthorRef(PublicModel):
    """A professional: PS_IdNat, e.g. `8` + RPPS."""

    id: Code


class Contact(PublicModel):
    """A professional known by number and name only."""

    id: Code = Field(description="PS_IdNat, par exemple 8 + RPPS")
    family_name: Named
    given_name: Named


class Measure(PublicModel):
    """Something measured: a value as it is read, its unit, its day."""

    label: Named = Field(description="Ce qui est mesuré : INR, DFG, poids, pression artérielle…")
    value: Code = Field(description="Valeur telle qu'elle se lit : 2,4 ; 130/80")
    unit: Code | None = None
    date: Day | None = None
    comment: Text | None = None


class Treatment(PublicModel):
    """A line of treatment: what, how much, since when, what for, by whom."""

    name: Named = Field(description="Spécialité ou substance, avec son dosage")
    cis: Code | None = Field(default=None, description="Code CIS, 8 chiffres")
    posology: Text | None = None
    indication: Text | None = None
    prescriber: Text | None = None
    since: Day | None = None
    until: Day | None = None
    origin: Text | None = Field(default=None, description="Prescrit, automédication, hôpital…")
    comment: Text | None = None
