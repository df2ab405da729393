"""types-de-documents.md: every document type of the hub, those that come as a file, the points of each interview."""

from __future__ import annotations

from collections.abc import Iterable

from hub_contracts.acts import Theme, interview_topics
from hub_contracts.document_types import DocumentType, document_types
from hub_document_builder.reports.pharmacy import THEMES
from hub_interop.cda.trod_tests import TROD_TESTS
from hub_interop.terminologies import value_set
from reference_pages.markdown import anchor, code, codes, table

TITLE = "Types de documents"
SUPPLIED = "document"
INTRO = """Ce que le hub alimente, tel que le déclarent les fichiers de
[document_types](../../libs/contracts/src/hub_contracts/document_types). « écrit par » et « par délégation » sont des
professions (TRE_G15) ou des rôles ; un délégué n'écrit que si l'acte nomme un `responsible` qui est de ceux qui
écrivent. « depuis » est le premier jour que l'acte (`occurred_at`) peut porter. La
[matrice d'alimentation](../../services/consent-registry/README.md) par défaut en découle ; celle de l'exploitant la
remplace. Elle juge par code : quand un code est aussi fourni en fichier, ceux qui peuvent le fournir sont admis des
deux façons. Des exemples d'actes : [comment envoyer chaque type](../howto/types-de-documents.md).
"""
OWN = """## Types que le hub construit

Niveau N3 : document structuré. Niveau N1 : PDF/A-1 dans une enveloppe CDA ; le hub écrit le PDF à partir de `content`.
"""
FILES = """## Types fournis en fichier

Le type de l'acte est le code lui-même et `content.kind` vaut `document`. Un code qui est aussi celui d'un type
construit par le hub peut être envoyé des deux façons.
"""
TRODS = """## Tests rapides

Pour `content.test` et `content.results[].exam` d'un acte `trod`. Chaque examen une fois ; résultat : `positif`,
`negatif` ou `ininterpretable`.
"""
TOPICS = """## Points des entretiens pharmaceutiques

À mettre dans `content.topics[].code`, selon `content.theme`. Un point du pharmacien va dans `title`, sans code. Le
thème `autre` n'a pas de table ; il lui faut `theme_label`.
"""


def body() -> str:
    """The page."""
    own, supplied, exams = own_types(), supplied_types(), value_set("trod_exam").concepts
    return "\n".join(
        (
            INTRO,
            OWN,
            table(
                ("type de l'acte", "document", "code", "niveau"),
                [(f"[{k.act}](#{anchor(k.act)})", label(k), code(k.type), k.level.value) for k in own],
            ),
            *(f"### {kind.act}\n\n{table(('', ''), _rows(kind))}" for kind in own),
            FILES,
            _shared(supplied),
            table(
                ("type de l'acte", "document", "classe", "écrit par", "depuis"),
                [
                    (code(k.act), label(k), _class(k), _people(k.authors), k.since.strftime("%d/%m/%Y"))
                    for k in sorted(supplied, key=lambda kind: (kind.document_class, kind.type))
                ],
            ),
            TRODS,
            table(
                ("test", "ce qu'il cherche", "code de l'examen", "examen (LOINC)"),
                [
                    (code(test), one.label, code(exam), exams[exam].label)
                    for test, one in TROD_TESTS.items()
                    for exam in one.exams
                ],
            ),
            TOPICS,
            *(_theme(theme, points) for theme, points in interview_topics().items()),
        )
    )


def own_types() -> list[DocumentType]:
    """The types whose content the hub turns into a document itself."""
    return [kind for kind in document_types().values() if kind.content != SUPPLIED]


def supplied_types() -> list[DocumentType]:
    """The types that come as a file."""
    return [kind for kind in document_types().values() if kind.content == SUPPLIED]


def label(kind: DocumentType) -> str:
    """The label of the type's code, of the value set."""
    return value_set("document_type").concepts[kind.type].label


def _rows(kind: DocumentType) -> list[tuple[str, str]]:
    return [
        ("contenu (`content.kind`)", code(kind.content)),
        ("titre, sans `title` dans l'acte", kind.title),
        ("code (JDV_J66)", f"{code(kind.type)} {label(kind)}"),
        ("classe (JDV_J57)", _class(kind)),
        ("niveau", kind.level.value),
        ("format (JDV_J60)", code(kind.format)),
        ("modèle (templateId)", _template(kind)),
        ("écrit par", _people(kind.authors)),
        ("par délégation", _people(kind.delegates) or "personne"),
        ("masques permis (JDV_J58)", codes(kind.masks) or "aucun"),
        ("depuis", _days(kind)),
        ("quand l'envoyer", kind.trigger),
        ("fondement", kind.basis),
    ]


def _shared(supplied: list[DocumentType]) -> str:
    """What is the same for all of them."""
    first = supplied[0]
    rows = [
        ("niveau", first.level.value),
        ("format (JDV_J60)", f"{code(first.format)} ; un texte garde le sien"),
        ("modèle (templateId)", _template(first)),
        ("par délégation", _people(first.delegates)),
        ("masques permis (JDV_J58)", codes(first.masks)),
        ("titre, sans `title` dans l'acte", "le libellé du code"),
        ("quand l'envoyer", first.trigger),
        ("fondement", first.basis),
    ]
    return table(("", ""), rows)


def _theme(theme: str, points: dict[str, str]) -> str:
    rows = [(code(name), text) for name, text in points.items()]
    return f"### {theme}\n\n{THEMES[Theme(theme)]}.\n\n{table(('code', 'point'), rows)}"


def _class(kind: DocumentType) -> str:
    return f"{kind.document_class} {value_set('document_class').concepts[kind.document_class].label}"


def _template(kind: DocumentType) -> str:
    extension = kind.template.extension
    return code(kind.template.root) + (f", {code(extension)}" if extension else "")


def _days(kind: DocumentType) -> str:
    return f"{kind.since:%d/%m/%Y}" + (f", jusqu'au {kind.until:%d/%m/%Y}" if kind.until else "")


def _people(professions: Iterable[str]) -> str:
    return ", ".join(f"{_person(one)} ({one})" for one in professions)


def _person(profession: str) -> str:
    """The name of a profession (TRE_G15), or else of a role."""
    specialties = value_set("author_specialty").concepts
    known = specialties.get(f"G15_{profession}") or specialties.get(profession)
    return known.label if known else profession
