"""Examples of the API's documentation. Every patient here is invented, under the test OID."""

from __future__ import annotations

from typing import Any

from hub_contracts.errors import ErrorCode

PATIENT: dict[str, Any] = {
    "local_id": "IPP-0042",
    "ins": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
    "ins_status": "qualifiee",
    "birth_name": "PAT-TROIS",
    "birth_given_names": "DOMINIQUE MARIE-LOUISE",
    "first_birth_given_name": "DOMINIQUE",
    "sex": "F",
    "birth_date": "1979-03-28",
    "birth_place_code": "51215",
}
ACT: dict[str, Any] = {
    "external_id": "VACC-2026-000123",
    "type": "vaccination",
    "structure": "1330000001",
    "author": {"id": "801234567897"},
    "occurred_at": "2026-11-24T10:12:00+01:00",
    "patient": PATIENT,
    "content": {
        "kind": "vaccination",
        "date": "2026-11-24",
        "act_code": "IMMUNIZ",
        "vaccine": {
            "name": "VAXIGRIPTETRA, suspension injectable en seringue préremplie",
            "cis": "61252755",
            "atc": "J07BB02",
            "atc_label": "vaccin grippal, antigène purifié",
            "lot_number": "V3A27M",
        },
        "dose": {"value": 0.5, "unit": "mL"},
        "route": "20035000",
    },
}
REPORT_ACT: dict[str, Any] = {
    "external_id": "ENTRETIEN-2026-000017",
    "type": "entretien_pharmaceutique",
    "structure": "1330000001",
    "author": {"id": "801234567897"},
    "occurred_at": "2026-11-24T10:12:00+01:00",
    "ended_at": "2026-11-24T10:40:00+01:00",
    "patient": PATIENT,
    "content": {
        "kind": "entretien_pharmaceutique",
        "theme": "avk",
        "step": "evaluation",
        "treatments": [{"name": "Warfarine 2 mg", "posology": "1 comprimé le soir", "since": "2026-09-02"}],
        "measures": [{"label": "INR", "value": "2,6", "date": "2026-11-20"}],
        "topics": [
            {"code": "inr", "grasp": "acquis"},
            {"code": "alimentation", "grasp": "partiellement_acquis", "comment": "Revoir les portions de choux."},
        ],
        "adherence": {"score": 1},
        "advice": ["Prendre le comprimé à heure fixe", "Prévenir avant tout soin dentaire"],
        "conclusion": "Bonne compréhension du traitement.",
        "next_meeting": "2027-02-24",
    },
}
PREVIEW: dict[str, Any] = {
    "document_type": "78601-2",
    "label": "CR d'entretien pharmaceutique",
    "title": "Compte rendu d'entretien pharmaceutique",
    "visibility": [
        "Visible par le patient dans Mon espace santé.",
        "Visible par les professionnels de santé autorisés par le patient.",
    ],
    "html": "<!doctype html>…",
    "pdf": "JVBERi0xLjQK…",
    "flags": [
        {"word": "INR", "reason": "difficile", "advice": "mesure de la coagulation", "where": "Mesures"},
    ],
    "problems": [],
}
BATCH: dict[str, Any] = {"acts": [ACT, {**ACT, "external_id": "VACC-2026-000124"}]}
ATTACHMENT: dict[str, Any] = {
    "attachment_id": "019ab4f0-7c11-7a52-9c3e-5d0f6b7a8d00",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "size": 182044,
    "media_type": "application/pdf",
    "unused_until": "2026-11-27T09:12:00Z",
}
ACT_ID = "019ab4f0-7c11-7a52-9c3e-5d0f6b7a8c91"
STRUCTURE_ID = "7b6a3c1e-1111-4a5b-8c9d-0e1f2a3b4c5d"
LABEL = "Reçu par le hub, pas encore dans le DMP."
ACCEPTED: dict[str, Any] = {
    "status": "accepted",
    "act_id": ACT_ID,
    "external_id": "VACC-2026-000123",
    "state": "recue",
    "label": LABEL,
    "location": f"/v1/acts/{ACT_ID}",
    "already_known": False,
}
SUMMARY: dict[str, Any] = {
    "act_id": ACT_ID,
    "external_id": "VACC-2026-000123",
    "structure_id": STRUCTURE_ID,
    "type": "vaccination",
    "flow": "live",
    "author": "801234567897",
    "occurred_at": "2026-11-24T09:12:00Z",
    "received_at": "2026-11-24T09:12:03Z",
    "version": 1,
    "state": "confirmee",
    "label": "Confirmé : le document est dans le DMP.",
    "final": True,
    "code": None,
    "text": None,
    "changed_at": "2026-11-24T09:12:04Z",
}
STEP: dict[str, Any] = {
    "state": "confirmee",
    "label": "Confirmé : le document est dans le DMP.",
    "at": "2026-11-24T09:12:04Z",
    "code": None,
    "text": None,
    "fixer": None,
    "retried": False,
    "next_at": None,
    "problems": [],
}
HISTORY_STEP: dict[str, Any] = {
    **STEP,
    "event": "publication.confirmed.v1",
    "recorded_at": "2026-11-24T09:12:04Z",
    "applied": True,
}
VIEW: dict[str, Any] = {**SUMMARY, "structure": "1330000001", "history": [HISTORY_STEP]}
FEED: dict[str, Any] = {
    "events": [
        {
            **STEP,
            "seq": 43,
            "act_id": ACT_ID,
            "external_id": "VACC-2026-000123",
            "structure_id": STRUCTURE_ID,
            "version": 1,
            "final": True,
        }
    ],
    "next": 43,
}
DECLARATION: dict[str, Any] = {
    "kind": "opposition",
    "structure": "1330000001",
    "author": {"id": "801234567897"},
    "patient": PATIENT,
}
DECLARATION_ACCEPTED: dict[str, Any] = {
    "declaration_id": ACT_ID,
    "state": "recue",
    "received_at": "2026-11-24T09:12:03Z",
    "location": f"/v1/patients/declarations/{ACT_ID}",
}
DECLARATION_VIEW: dict[str, Any] = {
    "declaration_id": ACT_ID,
    "structure_id": STRUCTURE_ID,
    "kind": "opposition",
    "author": "801234567897",
    "declared_at": "2026-11-24T09:12:03Z",
    "received_at": "2026-11-24T09:12:03Z",
    "state": "acceptee",
    "code": None,
    "text": None,
    "problems": [],
    "decided_at": "2026-11-24T09:12:04Z",
}
BATCH_ANSWER: dict[str, Any] = {
    "accepted": 1,
    "refused": 1,
    "verdicts": [
        {"index": 0, **ACCEPTED},
        {
            "index": 1,
            "status": "refused",
            "external_id": "VACC-2026-000124",
            "problem": {
                "type": "urn:hub-dmp:error:INS_KEY_INVALID",
                "title": ErrorCode.INS_KEY_INVALID.text,
                "status": 422,
                "detail": ErrorCode.INS_KEY_INVALID.text,
                "code": "INS_KEY_INVALID",
                "fixer": "lgo",
                "retryable": False,
                "instance": "urn:uuid:019ab4f0-7c11-7a52-9c3e-5d0f6b7a8c00",
                "problems": [
                    {
                        "code": "INS_KEY_INVALID",
                        "pointer": "/patient/ins/matricule",
                        "text": ErrorCode.INS_KEY_INVALID.text,
                    }
                ],
            },
        },
    ],
}
