"""erreurs.md: every stable code a reader may meet, with its sentence."""

from __future__ import annotations

from collections.abc import Mapping

from hub_contracts.errors import ErrorClass, ErrorCode, Fixer
from hub_dmp_publisher.upstreams.catalogue import Action, Layer, error_catalogue
from hub_document_builder.domain import TEXTS as CONTENT_TEXTS
from hub_document_builder.upstreams.press import DIED
from hub_interop.cda import CATALOGUE
from hub_interop.ins import identity
from hub_interop.pdf import FILE_PROBLEM_TEXTS
from hub_interop.schematron import check, volets
from reference_pages.markdown import code, codes, table

TITLE = "Erreurs"
FIXERS = {
    Fixer.LGO: "le logiciel",
    Fixer.USER: "l'utilisateur",
    Fixer.OPERATOR: "l'exploitant",
    Fixer.DMP: "le DMP",
    Fixer.NOBODY: "personne : c'est la règle",
}
CLASSES = {
    ErrorClass.TRANSIENT: "passagère : le hub réessaie",
    ErrorClass.REFUSED: "refus définitif",
    ErrorClass.EXCLUDED: "exclusion définitive",
    ErrorClass.BUG: "défaut du hub : bloqué",
}
ACTIONS = {
    Action.RETRY: "réessaie",
    Action.REFUSE: "refuse l'acte",
    Action.EXCLUDE: "exclut l'acte",
    Action.ASK: "interroge le DMP (TD3.1b) avant tout nouvel envoi",
    Action.DUPLICATE: "interroge le DMP tout de suite",
    Action.PAUSE_LANE: "suspend la voie de la structure",
}
LAYERS = {
    Layer.TLS: "TLS",
    Layer.HTTP: "HTTP",
    Layer.SOAP_FAULT: "SOAP Fault",
    Layer.HL7_ACK: "acquittement HL7 (TD0.2)",
    Layer.REGISTRY_ERROR: "RegistryError (TD2.1, TD3.1b)",
}
INTRO = """Un code est stable : il peut recevoir une meilleure phrase, jamais un autre sens. Le même code sert dans les
réponses HTTP (RFC 9457, champ `code`), dans le suivi des actes et dans les événements. « HTTP » est le statut employé
quand le code répond à une demande ; beaucoup ne se lisent que dans le suivi d'un acte. « corrige » est la valeur de
`fixer`, en clair.
"""
DOCUMENT = """## Défauts d'un document

Rendus ensemble dans `problems` d'un acte refusé avec `DOCUMENT_INVALID`, chacun avec sa place dans l'acte envoyé.
"""
CONTENT = """## Défauts d'un contenu que le hub rédige

Entretien, bilan, soins : trouvés avant l'impression, rendus avec ceux du document.
"""
FILE = """## Défauts d'un fichier fourni

Rendus de même, à la place `/content/file`. Ce qui est accepté : [joindre un fichier](../howto/joindre-un-fichier.md).
"""
CHECKER = """## Constats du contrôle par schématrons

Ceux du contrôleur lui-même, à côté des règles officielles (code `RULE`). Lus dans le journal de document-builder et
dans `hub-document-builder validate --json`, jamais dans le suivi d'un acte : un document que le hub a mal construit est
un défaut du hub.
"""
INS = """## Défauts d'une identité

Rendus dans `problems` d'un acte en attente ou d'une demande refusée. À l'arrivée, seuls la forme, la clé et l'OID du
matricule font refuser ; le reste fait attendre l'acte.
"""
DMP = """## Ce que le hub fait des erreurs du DMP

Tiré de `error_catalogue.yaml` (dmp-publisher). Une erreur inconnue suit la ligne « autre » de sa couche.
"""


def body() -> str:
    """The page."""
    header = ("code", "phrase", "corrige", "classe", "HTTP")
    return "\n".join(
        (
            INTRO,
            table(header, [_row(item) for item in ErrorCode]),
            DOCUMENT,
            table(
                ("code", "phrase", "place dans l'acte", "source"),
                [
                    (code(name), info.text, codes(p for p in info.pointers if p), info.source)
                    for name, info in CATALOGUE.items()
                ],
            ),
            CONTENT,
            _sentences(CONTENT_TEXTS),
            FILE,
            _sentences({**FILE_PROBLEM_TEXTS, DIED[0]: DIED[1]}),
            CHECKER,
            _sentences({**check._TEXTS, **volets._TEXTS}),
            INS,
            _sentences(identity._TEXTS),
            DMP,
            _dmp(),
        )
    )


def _sentences(texts: Mapping[str, str]) -> str:
    return table(("code", "phrase"), [(code(name), text) for name, text in texts.items()])


def _row(item: ErrorCode) -> tuple[str, ...]:
    info = item.info
    return code(item.value), info.text, FIXERS[info.fixer], CLASSES[info.error_class], str(info.http_status)


def _dmp() -> str:
    rows: list[tuple[str, ...]] = []
    for layer, part in error_catalogue().layers.items():
        for entry in part.entries:
            seen = entry.code or (f"statut {entry.status}" if entry.status else f"texte {code(entry.text or '')}")
            rows.append((LAYERS[layer], seen, code(entry.error.value), ACTIONS[entry.action]))
        if part.receiver_default is not None:
            default = part.receiver_default
            rows.append((LAYERS[layer], "autre, imputée au DMP", code(default.error.value), ACTIONS[default.action]))
        rows.append((LAYERS[layer], "autre", code(part.default.error.value), ACTIONS[part.default.action]))
    return table(("couche", "erreur du DMP", "code du hub", "le hub"), rows)
