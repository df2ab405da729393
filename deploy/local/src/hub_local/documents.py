"""Invented acts of every type that the hub feeds, as `POST /v1/acts` takes them."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from hub_local.world import Structure

LETTER = """Lettre de liaison (document d'essai)

Patiente suivie à domicile pour des pansements, évolution favorable.
Prochain passage prévu dans trois jours.
"""


def act(
    kind: str,
    structure: Structure,
    patient: dict[str, Any],
    external_id: str,
    when: datetime,
    content: dict[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """An act of that type with that content; `more` are other fields of the act."""
    return {
        "external_id": external_id,
        "type": kind,
        "structure": structure.national_id,
        "author": {"id": structure.author.id},
        "occurred_at": when.isoformat(),
        "ended_at": (when + timedelta(minutes=3)).isoformat(),
        "patient": patient,
        "content": content,
        **more,
    }


def interview() -> dict[str, Any]:
    """An entretien on AVK."""
    return {
        "theme": "avk",
        "step": "evaluation",
        "context": "Premier entretien après la sortie d'hospitalisation.",
        "treatments": [
            {
                "name": "Warfarine 2 mg",
                "posology": "1 comprimé le soir",
                "indication": "Fibrillation atriale",
                "prescriber": "Cardiologue",
                "since": "2026-09-02",
            },
            {"name": "Paracétamol 1 g", "posology": "Si douleur, 3 g par jour au plus", "origin": "Automédication"},
        ],
        "measures": [{"label": "INR", "value": "2,6", "date": "2026-11-20"}],
        "topics": [
            {"code": "traitement", "grasp": "acquis"},
            {"code": "inr", "grasp": "acquis"},
            {"code": "alimentation", "grasp": "partiellement_acquis", "comment": "Revoir les portions de choux."},
            {"code": "saignement", "grasp": "non_acquis", "comment": "Conduite à tenir expliquée, brochure remise."},
        ],
        "adherence": {"score": 1, "comment": "Un oubli le mois dernier."},
        "adverse_effects": ["Petits hématomes aux avant-bras"],
        "advice": ["Prendre le comprimé à heure fixe", "Prévenir avant tout soin dentaire"],
        "conclusion": "Bonne compréhension du traitement, à consolider sur les signes de saignement.",
        "next_meeting": "2027-02-24",
    }


def medication_review() -> dict[str, Any]:
    """A bilan partagé de médication."""
    return {
        "step": "analyse",
        "context": "Patient de plus de 65 ans, dix médicaments, deux chutes dans l'année.",
        "allergies": ["Pénicilline : éruption"],
        "history": ["Hypertension artérielle", "Diabète de type 2"],
        "measures": [{"label": "DFG", "value": "48", "unit": "mL/min", "date": "2026-10-12"}],
        "treatments": [
            {"name": "Metformine 1 g", "posology": "1 matin et soir", "indication": "Diabète"},
            {"name": "Zolpidem 10 mg", "posology": "1 au coucher", "indication": "Insomnie", "since": "2019-01-01"},
            {"name": "Ramipril 5 mg", "posology": "1 le matin", "indication": "Hypertension artérielle"},
        ],
        "adherence": {"score": 2},
        "findings": [
            {
                "problem": "Surdosage au regard de la fonction rénale",
                "treatments": ["Metformine 1 g"],
                "seriousness": "majeur",
            },
            {
                "problem": "Somnifère au long cours, risque de chute",
                "treatments": ["Zolpidem 10 mg"],
                "seriousness": "modere",
            },
        ],
        "interventions": [
            {
                "proposal": "Réduire la metformine à 1 g par jour",
                "addressee": "Médecin traitant",
                "outcome": "en_attente",
            },
            {"proposal": "Arrêt progressif du somnifère", "addressee": "Médecin traitant", "outcome": "acceptee"},
        ],
        "plan": [{"action": "Contrôler la fonction rénale", "who": "Laboratoire", "due": "2027-01-15"}],
        "conclusion": "Synthèse envoyée au médecin traitant.",
    }


def rapid_test(when: datetime) -> dict[str, Any]:
    """A rapid test for angina, negative."""
    return {
        "test": "angine",
        "results": [{"exam": "78012-2", "result": "negatif"}],
        "kit": {"name": "TEST ANGINE D'ESSAI", "lot_number": "TA2026"},
        "sampled_at": when.isoformat(),
        "reason": "Mal de gorge depuis deux jours, score de McIsaac 2",
        "conclusion": "Pas d'antibiotique ; consulter si la fièvre dure plus de trois jours.",
    }


def nursing_care(when: datetime) -> dict[str, Any]:
    """A fiche de suivi de soins."""
    return {
        "context": "Pansement d'ulcère de jambe, à domicile.",
        "care": [{"label": "Pansement complexe", "code": "AMI 4", "at": when.isoformat()}],
        "measures": [{"label": "Pression artérielle", "value": "134/82", "unit": "mmHg"}],
        "transmissions": [
            {
                "target": "Plaie",
                "data": "4 cm × 3 cm, bourgeonnante",
                "actions": "Détersion",
                "result": "Moins exsudative",
            }
        ],
        "conclusion": "Évolution favorable, passage un jour sur deux.",
    }


def nursing_assessment() -> dict[str, Any]:
    """A bilan de soins infirmiers."""
    return {
        "dependency": "BSB",
        "context": "Vit seule, fille présente le week-end.",
        "autonomy": [{"label": "Toilette", "value": "aide partielle"}, {"label": "Transferts", "value": "seule"}],
        "problems": [
            {
                "problem": "Risque de chute",
                "objective": "Aucune chute en trois mois",
                "interventions": ["Aménagement du logement", "Chaussures adaptées"],
            }
        ],
        "plan": [{"action": "Toilette", "who": "Infirmier", "due": "2027-02-24"}],
        "review_on": "2027-02-24",
    }


def vital_signs() -> dict[str, Any]:
    """Signes vitaux of one visit."""
    return {
        "measures": [
            {"label": "Pression artérielle", "value": "128/76", "unit": "mmHg"},
            {"label": "Pouls", "value": "72", "unit": "/min"},
            {"label": "Température", "value": "36,8", "unit": "°C"},
        ]
    }


def care_plan() -> dict[str, Any]:
    """A plan de soins."""
    return {
        "objectives": ["Cicatrisation complète", "Reprise de la marche"],
        "plan": [{"action": "Pansement un jour sur deux", "who": "Infirmier"}],
        "people": ["Médecin traitant", "Infirmier", "Kinésithérapeute"],
        "review_on": "2027-01-05",
    }


def liaison_letter() -> dict[str, Any]:
    """A lettre de liaison."""
    return {
        "reason": "Hospitalisation programmée pour bilan.",
        "history": ["Insuffisance cardiaque"],
        "allergies": ["Latex"],
        "summary": "Suivi quotidien depuis six mois, œdèmes stables.",
        "treatments": [{"name": "Furosémide 40 mg", "posology": "1 le matin"}],
        "plan": [{"action": "Reprise des passages à la sortie", "who": "Cabinet infirmier"}],
    }


def supplied_text() -> dict[str, Any]:
    """A document that the software supplies as a text."""
    return {"file": {"media_type": "text/plain", "data": base64.b64encode(LETTER.encode()).decode("ascii")}}


def of_pharmacy(when: datetime) -> dict[str, dict[str, Any]]:
    """Contents that a pharmacy feeds, by type of act."""
    return {
        "entretien_pharmaceutique": interview(),
        "bilan_medication": medication_review(),
        "trod": rapid_test(when),
        "61357-0": supplied_text(),
    }


def of_cabinet(when: datetime) -> dict[str, dict[str, Any]]:
    """Contents that a nurses' cabinet feeds, by type of act."""
    return {
        "soins_infirmiers": nursing_care(when),
        "bilan_soins_infirmiers": nursing_assessment(),
        "signes_vitaux": vital_signs(),
        "plan_soins": care_plan(),
        "lettre_liaison": liaison_letter(),
        "34120-6": supplied_text(),
    }
