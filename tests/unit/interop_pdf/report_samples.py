"""Reports that look like real ones, and the awkward ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hub_interop.report.model import (
    AuthorLine,
    Bullets,
    Fields,
    Letterhead,
    Notice,
    NoticeKind,
    Paragraph,
    PatientBlock,
    Report,
    Section,
    Table,
)

CREATED = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DOCUMENT_ID = "2.25.275412345678901234567890123456789012345"

PATIENT = PatientBlock(
    birth_name="PAT-TROIS",
    used_name="D'ÉTÉ-NOËL",
    given_names="DOMINIQUE MARIE-LOUISE",
    first_name="DOMINIQUE",
    sex="F",
    birth_date="1979-03-28",
    birth_place="DOMPREMY (51215)",
    matricule="279035121518989",
    matricule_label="INS-NIR de test",
)

SHORT = Report(
    title="Compte rendu d'entretien pharmaceutique",
    subtitle="Entretien d'accompagnement : anticoagulants oraux",
    letterhead=Letterhead(
        "PHARMACIE DE TEST", ("12 rue de la République", "33000 BORDEAUX"), "05 00 00 00 01", "FINESS 330000001"
    ),
    patient=PATIENT,
    authors=(AuthorLine("Mme Camille TESTOFFICINE", "Pharmacien titulaire d'officine", "auteur responsable"),),
    date=datetime(2026, 11, 24, 10, 30, tzinfo=timezone(timedelta(hours=1))),
    reference=None,
    sections=(
        Section("Motif", (Paragraph("Premier entretien après l'instauration du traitement par apixaban."),)),
        Section(
            "Points abordés",
            (
                Bullets(
                    ("Heures de prise : matin et soir.", "Oubli d'une prise : que faire ?", "Signes de saignement.")
                ),
                Notice("Prévenir tout soignant de la prise d'un anticoagulant.", NoticeKind.WARNING),
                Notice("Prochain entretien dans trois mois."),
            ),
        ),
        Section(
            "Traitements",
            (
                Table(
                    ("Médicament", "Posologie", "Depuis", "Remarque"),
                    (
                        ("APIXABAN 5 mg, comprimé", "1 matin, 1 soir", "12/11/2026", ""),
                        ("BISOPROLOL 2,5 mg, comprimé", "1 le matin", "03/2024", "bien supporté"),
                        ("PARACÉTAMOL 1 g", "si douleur, au plus 3 par jour", "", "pas d'anti-inflammatoire"),
                    ),
                ),
            ),
        ),
        Section(
            "Mesures",
            (
                Fields(
                    (("Poids", "64 kg"), ("Débit de filtration", "78 mL/min/1,73 m²")),
                ),
            ),
        ),
    ),
    footer="Document produit par Hub DMP pour la pharmacie de test. Il ne remplace pas une consultation médicale.",
)

EMPTY_SECTIONS = replace(
    SHORT, sections=(Section("Allergies"), Section("Antécédents"), Section("Suites", (Bullets(()),)))
)

NO_TRAITS = replace(
    SHORT,
    subtitle=None,
    letterhead=Letterhead(""),
    patient=PatientBlock("", None, "", "", "", "", None, "", ""),
    authors=(),
    sections=(),
    footer="",
)

LANGUAGES = replace(
    SHORT,
    title="Bilan partagé de médication — « à relire » : œuvre, cœur, Noël, maïs, Zoë, ÇA, ÀÉÈÙ",
    reference="Version 2. Annule et remplace la version 1 du 20/11/2026.",
    sections=(
        Section(
            "Corse", (Paragraph("U Corsu : « Ghjè una bella ghjurnata, ùn hè micca à tempu, perchè, dumane ! » " * 12),)
        ),
        Section("Polonais", (Paragraph("Zażółć gęślą jaźń, Łódź, świętość, źdźbło, ćma, ąęłńóśźż. " * 12),)),
        Section("Grec", (Paragraph("Ξεσκεπάζω τὴν ψυχοφθόρα βδελυγμία — Ἀθῆναι, όμικρον, ώμέγα. " * 12),)),
        Section("Russe", (Paragraph("Съешь же ещё этих мягких французских булок, да выпей чаю. " * 12),)),
        Section("Signes", (Paragraph("≤ 5 µg/L ≥ 2 ± 0,5 × 10³ ½ → ← ✓ ☐ ☑ € ° ² ₂ « » … – — ‰ ♥ Δ Ω"),)),
    ),
)

MISSING_GLYPHS = replace(
    SHORT,
    title="Caractères que la police n'a pas : 漢字",
    sections=(
        Section("Écritures", (Paragraph("chinois 漢字, émoji 💊🙂, hébreu שָׁלוֹם, arabe مرحبا بالعالم, thaï สวัสดี"),)),
        Section("Contrôles", (Paragraph("nul\x00, cloche\x07, sens\u202eretourné\u202c, {nb} (tel quel) \\ ( ) <x>"),)),
    ),
)


def long_report(rows: int = 150) -> Report:
    """A report of about eight pages: a table over many pages, cells of many lines, a word wider than a line."""
    lines = tuple(
        (
            f"Médicament n° {index}",
            f"{index % 4 + 1} par jour, au repas du soir",
            "x" * (index % 90),
            f"{index} mg " * (index % 9),
        )
        for index in range(rows)
    )
    tall = tuple(
        (f"Cellule {index}", "phrase longue qui se répète, encore et encore. " * 70, "", "") for index in range(3)
    )
    columns = ("Médicament", "Posologie", "Code", "Historique")
    return replace(
        SHORT,
        sections=(
            Section("Traitements de l'année", (Table(columns, lines), Table(columns, tall, (1, 3, 1, 1)))),
            Section("Commentaire", (Paragraph("Une phrase assez longue pour aller à la ligne plusieurs fois. " * 80),)),
            *SHORT.sections,
        ),
    )
