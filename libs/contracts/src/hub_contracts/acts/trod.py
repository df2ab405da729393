"""A rapid test (TROD): BIO-TROD 2024.01."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from hub_contracts.acts.base import AuthorRef, Code, PublicModel, Text


class TrodKit(PublicModel):
    """The device of the test."""

    name: Text = Field(description="Nom, fabricant et référence du test")
    lot_number: Code | None = None
    expires_on: date | None = None
    udi: Code | None = Field(default=None, description="Identifiant unique du dispositif, en écriture GS1")


class TrodResult(PublicModel):
    """What one examination found."""

    exam: Code = Field(description="Examen, code LOINC : 78012-2, 5799-2, 5802-4, 94558-4, 80382-5, 80383-3")
    result: Literal["positif", "negatif", "ininterpretable"]


class Trod(PublicModel):
    """One rapid test and what it found."""

    kind: Literal["trod"] = "trod"
    test: Code = Field(description="Test réalisé : angine, cystite, covid, grippe, covid_grippe")
    results: Annotated[tuple[TrodResult, ...], Field(min_length=1, max_length=10)]
    kit: TrodKit | None = None
    sampled_at: AwareDatetime | None = Field(default=None, description="Prélèvement ; celui de l'acte sinon")
    performer: AuthorRef | None = Field(default=None, description="Qui a fait le test, s'il n'est pas l'auteur")
    reason: Text | None = Field(default=None, description="Motif, symptômes, score clinique")
    conclusion: Text | None = Field(default=None, description="Suite donnée : dispensation, orientation…")
