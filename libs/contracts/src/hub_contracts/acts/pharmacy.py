"""What a pharmacist writes: compte rendu d'entretien pharmaceutique, bilan partagé de médication."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hub_contracts.acts.base import MANY, Code, LongText, Measure, Named, PublicModel, Text, Treatment


class Theme(StrEnum):
    """What an entretien pharmaceutique is about (convention pharmaceutique)."""

    AVK = "avk"
    AOD = "aod"
    ASTHME = "asthme"
    ANTICANCEREUX = "anticancereux"
    FEMME_ENCEINTE = "femme_enceinte"
    OPIOIDES = "opioides"
    AUTRE = "autre"


class Step(StrEnum):
    """Which meeting of the accompaniment this is."""

    EVALUATION = "evaluation"
    THEMATIQUE = "thematique"
    SUIVI = "suivi"
    BILAN = "bilan"


class Grasp(StrEnum):
    """How well the patient masters a topic."""

    ACQUIS = "acquis"
    PARTIEL = "partiellement_acquis"
    NON_ACQUIS = "non_acquis"
    NON_ABORDE = "non_aborde"


class Topic(PublicModel):
    """One thing talked about: a code of the theme's table, or a title of the pharmacist's own."""

    code: Code | None = Field(default=None, description="Code du point, voir la table du thème")
    title: Text | None = Field(default=None, description="Intitulé, si le point n'est pas dans la table")
    grasp: Grasp | None = None
    comment: LongText | None = None


class Adherence(PublicModel):
    """How the treatment is taken. `score` is Girerd's, 0 (good) to 6 (bad)."""

    score: Annotated[int, Field(ge=0, le=6)] | None = Field(default=None, description="Score de Girerd, 0 à 6")
    comment: LongText | None = None


class PharmacyInterview(PublicModel):
    """An entretien pharmaceutique."""

    kind: Literal["entretien_pharmaceutique"] = "entretien_pharmaceutique"
    theme: Theme
    theme_label: Text | None = Field(default=None, description="Intitulé, quand le thème est « autre »")
    step: Step = Step.EVALUATION
    remote: bool = Field(default=False, description="Entretien à distance")
    context: LongText | None = Field(default=None, description="Situation, motif, entourage")
    treatments: Annotated[tuple[Treatment, ...], Field(max_length=MANY)] = ()
    measures: Annotated[tuple[Measure, ...], Field(max_length=MANY)] = ()
    topics: Annotated[tuple[Topic, ...], Field(max_length=MANY)] = ()
    adherence: Adherence | None = None
    adverse_effects: Annotated[tuple[Named, ...], Field(max_length=MANY)] = ()
    advice: Annotated[tuple[Named, ...], Field(max_length=MANY)] = Field(default=(), description="Conseils donnés")
    conclusion: LongText | None = None
    next_meeting: date | None = None


class Finding(PublicModel):
    """A problem found in the treatments: what, about which line, how serious."""

    problem: Named = Field(description="Problème : interaction, contre-indication, surdosage, non-conformité…")
    treatments: Annotated[tuple[Named, ...], Field(max_length=20)] = Field(
        default=(), description="Médicaments concernés, comme ils sont écrits dans le tableau"
    )
    seriousness: Literal["mineur", "modere", "majeur"] | None = None
    comment: LongText | None = None


class Intervention(PublicModel):
    """What the pharmacist proposes, to whom, and what became of it."""

    proposal: Named
    addressee: Text | None = Field(default=None, description="Médecin traitant, prescripteur, patient…")
    outcome: Literal["acceptee", "refusee", "en_attente"] | None = None
    comment: LongText | None = None


class PlanItem(PublicModel):
    """Something to do: what, who, by when."""

    action: Named
    who: Text | None = None
    due: date | None = None


class MedicationReview(PublicModel):
    """A bilan partagé de médication."""

    kind: Literal["bilan_medication"] = "bilan_medication"
    step: Literal["recueil", "analyse", "entretien_conseil", "suivi_observance"] = "analyse"
    context: LongText | None = None
    allergies: Annotated[tuple[Named, ...], Field(max_length=MANY)] = ()
    history: Annotated[tuple[Named, ...], Field(max_length=MANY)] = Field(default=(), description="Antécédents")
    measures: Annotated[tuple[Measure, ...], Field(max_length=MANY)] = ()
    treatments: Annotated[tuple[Treatment, ...], Field(min_length=1, max_length=MANY)]
    adherence: Adherence | None = None
    findings: Annotated[tuple[Finding, ...], Field(max_length=MANY)] = ()
    interventions: Annotated[tuple[Intervention, ...], Field(max_length=MANY)] = ()
    plan: Annotated[tuple[PlanItem, ...], Field(max_length=MANY)] = ()
    conclusion: LongText | None = None
