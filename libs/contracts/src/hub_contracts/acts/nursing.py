"""What a nurse writes: suivi de soins, bilan de soins infirmiers, signes vitaux, plan de soins."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from hub_contracts.acts.base import MANY, Code, LongText, Measure, Named, PublicModel, Text, Treatment
from hub_contracts.acts.pharmacy import PlanItem


class CareGiven(PublicModel):
    """One thing done."""

    label: Named
    code: Code | None = Field(default=None, description="Cotation NGAP, par exemple AMI 4")
    at: AwareDatetime | None = None
    comment: LongText | None = None


class Transmission(PublicModel):
    """A transmission ciblée: target, data, actions, result."""

    target: Named
    data: LongText | None = None
    actions: LongText | None = None
    result: LongText | None = None


class NursingCare(PublicModel):
    """A compte rendu or fiche de suivi de soins."""

    kind: Literal["soins_infirmiers"] = "soins_infirmiers"
    context: LongText | None = None
    care: Annotated[tuple[CareGiven, ...], Field(min_length=1, max_length=MANY)]
    measures: Annotated[tuple[Measure, ...], Field(max_length=MANY)] = ()
    transmissions: Annotated[tuple[Transmission, ...], Field(max_length=MANY)] = ()
    conclusion: LongText | None = None


class NursingProblem(PublicModel):
    """A diagnostic infirmier with its aim and what is done about it."""

    problem: Named
    objective: Text | None = None
    interventions: Annotated[tuple[Named, ...], Field(max_length=20)] = ()
    evaluation: Text | None = None


class NursingAssessment(PublicModel):
    """A bilan de soins infirmiers (BSI)."""

    kind: Literal["bilan_soins_infirmiers"] = "bilan_soins_infirmiers"
    dependency: Literal["BSA", "BSB", "BSC"] | None = Field(default=None, description="Forfait : léger, moyen, lourd")
    context: LongText | None = Field(default=None, description="Situation de vie, entourage, logement")
    autonomy: Annotated[tuple[Measure, ...], Field(max_length=MANY)] = Field(
        default=(), description="Actes de la vie quotidienne et leur cotation"
    )
    measures: Annotated[tuple[Measure, ...], Field(max_length=MANY)] = ()
    treatments: Annotated[tuple[Treatment, ...], Field(max_length=MANY)] = ()
    problems: Annotated[tuple[NursingProblem, ...], Field(min_length=1, max_length=MANY)]
    plan: Annotated[tuple[PlanItem, ...], Field(max_length=MANY)] = ()
    review_on: date | None = Field(default=None, description="Réévaluation prévue")
    conclusion: LongText | None = None


class VitalSigns(PublicModel):
    """Signes vitaux of one moment or of a series."""

    kind: Literal["signes_vitaux"] = "signes_vitaux"
    measures: Annotated[tuple[Measure, ...], Field(min_length=1, max_length=MANY)]
    comment: LongText | None = None


class CarePlan(PublicModel):
    """A plan de soins: aims, actions, people."""

    kind: Literal["plan_soins"] = "plan_soins"
    context: LongText | None = None
    objectives: Annotated[tuple[Named, ...], Field(min_length=1, max_length=MANY)]
    treatments: Annotated[tuple[Treatment, ...], Field(max_length=MANY)] = ()
    plan: Annotated[tuple[PlanItem, ...], Field(min_length=1, max_length=MANY)]
    people: Annotated[tuple[Named, ...], Field(max_length=MANY)] = Field(default=(), description="Intervenants")
    review_on: date | None = None
    conclusion: LongText | None = None


class LiaisonLetter(PublicModel):
    """A lettre de liaison to those who take over."""

    kind: Literal["lettre_liaison"] = "lettre_liaison"
    reason: LongText = Field(description="Motif de la transmission", min_length=1)
    history: Annotated[tuple[Named, ...], Field(max_length=MANY)] = ()
    allergies: Annotated[tuple[Named, ...], Field(max_length=MANY)] = ()
    summary: LongText | None = Field(default=None, description="Synthèse de la prise en charge")
    measures: Annotated[tuple[Measure, ...], Field(max_length=MANY)] = ()
    treatments: Annotated[tuple[Treatment, ...], Field(max_length=MANY)] = ()
    plan: Annotated[tuple[PlanItem, ...], Field(max_length=MANY)] = Field(default=(), description="Suites à donner")
