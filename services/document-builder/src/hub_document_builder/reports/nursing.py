"""Soins infirmiers, bilan de soins infirmiers, signes vitaux, plan de soins, lettre de liaison."""

from __future__ import annotations

from hub_contracts.acts import CarePlan, LiaisonLetter, NursingAssessment, NursingCare, VitalSigns
from hub_document_builder.reports.parts import (
    day,
    fields_section,
    list_section,
    measures_section,
    moment,
    plan_section,
    table_section,
    text_section,
    treatments_section,
)
from hub_interop.report.model import Section

DEPENDENCY = {
    "BSA": "BSA, prise en charge légère",
    "BSB": "BSB, prise en charge intermédiaire",
    "BSC": "BSC, prise en charge lourde",
}


def nursing_care(content: NursingCare) -> tuple[Section, ...]:
    """What was done, measured and passed on."""
    return (
        *text_section("Contexte", content.context),
        *table_section(
            "Soins réalisés",
            ("Soin", "Cotation", "Date", "Remarque"),
            [(c.label, c.code or "", moment(c.at), c.comment or "") for c in content.care],
            (38, 14, 20, 28),
        ),
        *measures_section(content.measures),
        *table_section(
            "Transmissions ciblées",
            ("Cible", "Données", "Actions", "Résultats"),
            [(t.target, t.data or "", t.actions or "", t.result or "") for t in content.transmissions],
            (22, 28, 25, 25),
        ),
        *text_section("Conclusion", content.conclusion),
    )


def nursing_assessment(content: NursingAssessment) -> tuple[Section, ...]:
    """The bilan: situation, autonomy, problems with their aims, plan."""
    return (
        *fields_section(
            "Bilan de soins infirmiers",
            (("Forfait", DEPENDENCY.get(content.dependency or "")), ("Réévaluation", day(content.review_on))),
        ),
        *text_section("Situation de vie", content.context),
        *measures_section(content.autonomy, "Autonomie"),
        *measures_section(content.measures),
        *treatments_section(content.treatments),
        *table_section(
            "Diagnostics infirmiers",
            ("Problème", "Objectif", "Interventions", "Évaluation"),
            [(p.problem, p.objective or "", ", ".join(p.interventions), p.evaluation or "") for p in content.problems],
            (28, 24, 30, 18),
        ),
        *plan_section(content.plan, "Plan de soins"),
        *text_section("Conclusion", content.conclusion),
    )


def vital_signs(content: VitalSigns) -> tuple[Section, ...]:
    """The measures."""
    return (*measures_section(content.measures, "Signes vitaux"), *text_section("Remarque", content.comment))


def care_plan(content: CarePlan) -> tuple[Section, ...]:
    """Aims, treatments, actions, people."""
    return (
        *text_section("Contexte", content.context),
        *list_section("Objectifs", content.objectives),
        *treatments_section(content.treatments),
        *plan_section(content.plan, "Actions"),
        *list_section("Intervenants", content.people),
        *fields_section("Suite", (("Réévaluation", day(content.review_on)),)),
        *text_section("Conclusion", content.conclusion),
    )


def liaison_letter(content: LiaisonLetter) -> tuple[Section, ...]:
    """Why, what is known, what was done, what is to be done."""
    return (
        *text_section("Motif", content.reason),
        *list_section("Antécédents", content.history),
        *list_section("Allergies et intolérances", content.allergies),
        *text_section("Synthèse de la prise en charge", content.summary),
        *measures_section(content.measures),
        *treatments_section(content.treatments),
        *plan_section(content.plan, "Suites à donner"),
    )
