"""Compte rendu d'entretien pharmaceutique and bilan partagé de médication."""

from __future__ import annotations

from hub_contracts.acts import Grasp, MedicationReview, PharmacyInterview, Step, Theme, Topic, interview_topics
from hub_document_builder.reports.parts import (
    adherence_section,
    day,
    fields_section,
    list_section,
    measures_section,
    plan_section,
    table_section,
    text_section,
    treatments_section,
)
from hub_interop.report.model import Section

THEMES = {
    Theme.AVK: "Traitement par antivitamines K (AVK)",
    Theme.AOD: "Traitement par anticoagulants oraux directs (AOD)",
    Theme.ASTHME: "Asthme",
    Theme.ANTICANCEREUX: "Traitement anticancéreux par voie orale",
    Theme.FEMME_ENCEINTE: "Femme enceinte : prévention des risques liés aux médicaments",
    Theme.OPIOIDES: "Traitement par antalgiques opioïdes",
    Theme.AUTRE: "Autre thème",
}
STEPS = {
    Step.EVALUATION: "Entretien d'évaluation",
    Step.THEMATIQUE: "Entretien thématique",
    Step.SUIVI: "Entretien de suivi",
    Step.BILAN: "Entretien de bilan",
}
GRASPS = {
    Grasp.ACQUIS: "acquis",
    Grasp.PARTIEL: "partiellement acquis",
    Grasp.NON_ACQUIS: "non acquis",
    Grasp.NON_ABORDE: "non abordé",
}
REVIEW_STEPS = {
    "recueil": "Recueil d'informations",
    "analyse": "Analyse des traitements",
    "entretien_conseil": "Entretien conseil",
    "suivi_observance": "Suivi de l'observance",
}
SERIOUSNESS = {"mineur": "mineur", "modere": "modéré", "majeur": "majeur"}
OUTCOMES = {"acceptee": "acceptée", "refusee": "refusée", "en_attente": "en attente de réponse"}


def interview(content: PharmacyInterview) -> tuple[Section, ...]:
    """The entretien, in the order in which it is led."""
    return (
        *fields_section(
            "Entretien",
            (
                ("Thème", content.theme_label or THEMES[content.theme]),
                ("Étape", STEPS[content.step]),
                ("Mode", "À distance" if content.remote else "À la pharmacie"),
            ),
        ),
        *text_section("Contexte", content.context),
        *treatments_section(content.treatments),
        *measures_section(content.measures),
        *table_section(
            "Points abordés",
            ("Point", "Acquisition", "Remarque"),
            [
                (topic_label(content.theme, topic), GRASPS[topic.grasp] if topic.grasp else "", topic.comment or "")
                for topic in content.topics
            ],
            (46, 18, 36),
        ),
        *adherence_section(content.adherence),
        *list_section("Effets indésirables signalés", content.adverse_effects),
        *list_section("Conseils donnés", content.advice),
        *text_section("Conclusion", content.conclusion),
        *fields_section("Suite", (("Prochain entretien", day(content.next_meeting)),)),
    )


def topic_label(theme: Theme, topic: Topic) -> str:
    """What a patient reads of the point: the table's words, else the pharmacist's."""
    known = interview_topics().get(theme, {})
    return known.get(topic.code or "", topic.title or topic.code or "")


def medication_review(content: MedicationReview) -> tuple[Section, ...]:
    """The bilan: what is taken, what was found, what is proposed, what will be done."""
    return (
        *fields_section("Bilan partagé de médication", (("Étape", REVIEW_STEPS[content.step]),)),
        *text_section("Contexte", content.context),
        *list_section("Allergies et intolérances", content.allergies),
        *list_section("Antécédents", content.history),
        *measures_section(content.measures, "Biologie et mesures"),
        *treatments_section(content.treatments),
        *adherence_section(content.adherence),
        *table_section(
            "Problèmes identifiés",
            ("Problème", "Médicaments concernés", "Gravité", "Remarque"),
            [
                (f.problem, ", ".join(f.treatments), SERIOUSNESS.get(f.seriousness or "", ""), f.comment or "")
                for f in content.findings
            ],
            (34, 26, 12, 28),
        ),
        *table_section(
            "Interventions proposées",
            ("Proposition", "Destinataire", "Réponse", "Remarque"),
            [
                (i.proposal, i.addressee or "", OUTCOMES.get(i.outcome or "", ""), i.comment or "")
                for i in content.interventions
            ],
            (40, 20, 16, 24),
        ),
        *plan_section(content.plan),
        *text_section("Conclusion", content.conclusion),
    )
