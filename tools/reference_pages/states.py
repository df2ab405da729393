"""etats.md: the states of an act as the LGO sees them, and what leads to each."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from hub_contracts.errors import ErrorClass, ErrorCode
from hub_contracts.events import EVENT_TYPES, ActEvent, ActRefused
from hub_contracts.states import ActState
from hub_gateway.consumers import FOLLOW_UP
from hub_gateway.domain.progress import EXPIRY_CODES, news_of
from reference_pages.markdown import code, codes, table
from reference_pages.routes import tables

TITLE = "États d'un acte"
EXAMPLES = Path(__file__).parents[2] / "libs/contracts/src/hub_contracts/examples"
MEANINGS = {
    ActState.RECUE: "Le hub a l'acte en sûreté. Rien à faire.",
    ActState.EN_ATTENTE_IDENTITE: "Il manque une identité qualifiée : la qualifier dans le logiciel, puis la déclarer.",
    ActState.EN_FILE: "Le hub travaille, ou attend le DMP ; `code` et `next_at` le disent. Rien à faire.",
    ActState.TRANSMISE: "Envoyé sans réponse sûre : le hub interroge le DMP avant tout autre essai. Rien à faire.",
    ActState.CONFIRMEE: "Le document est dans le DMP.",
    ActState.REFUSEE: "Définitif : `code` et `problems` disent pourquoi, `fixer` qui peut corriger.",
    ActState.RETENUE: "Retenu par l'utilisateur.",
    ActState.BLOQUEE: "Défaut du hub : l'exploitant intervient, l'acte repart ensuite de lui-même.",
    ActState.ANNULEE: "Annulé par l'utilisateur.",
    ActState.EXCLUE: "Définitif : une règle garde l'acte hors du DMP (opposition, DMP absent ou fermé).",
    ActState.EXPIREE: "Définitif : l'identité n'est pas venue à temps, ou le DMP n'a pas pu être joint dans le délai.",
}
INTRO = """L'état est une fonction croissante de (version, final ou non, étape, numéro) : une nouvelle en retard est
gardée dans l'historique (`applied: false`) et ne change rien. « final » : plus rien n'arrive de soi-même. Seule la
phrase de `confirmee` dit que le document est dans le DMP.

```mermaid
stateDiagram-v2
  [*] --> recue
  recue --> en_attente_identite
  recue --> en_file
  en_attente_identite --> en_file
  en_file --> transmise
  transmise --> confirmee
  en_file --> confirmee
  en_attente_identite --> expiree
  en_file --> refusee
  en_file --> exclue
  en_file --> expiree
```

De tout état non final un acte peut devenir `bloquee`, et en repartir. Un refus peut aussi suivre `transmise` : le DMP
interrogé n'a rien, et le nouvel essai est refusé.
"""


def body() -> str:
    """The page."""
    led = leading()
    rows = [
        (code(s.value), s.label, "oui" if s.final else "", MEANINGS[s], led[s] or "aucun fait ne le donne encore")
        for s in ActState
    ]
    header = ("état", "phrase à montrer", "final", "ce que cela veut dire", "faits qui y mènent")
    return f"{INTRO}\n{table(header, rows)}\n{_codes()}"


def leading() -> dict[ActState, str]:
    """The events that the gateway turns into each state, tried on the golden examples."""
    found: defaultdict[ActState, list[str]] = defaultdict(list)
    found[ActState.RECUE].append("act.received.v1")
    for event_type in _followed():
        for state in sorted(_states_of(event_type)):
            found[state].append(event_type)
    return {state: codes(found[state]) for state in ActState}


def _followed() -> list[str]:
    types = {r.model.event_type for r in tables()["gateway"] if r.handler.name == FOLLOW_UP}
    return sorted(types)


def _states_of(event_type: str) -> set[ActState]:
    event = EVENT_TYPES[event_type].parse((EXAMPLES / event_type / "1.json").read_bytes())
    assert isinstance(event, ActEvent)
    if not isinstance(event, ActRefused):
        return {news_of(event).state}
    variants = (event.model_copy(update={"code": c, "excluded": _excluded(c)}) for c in ErrorCode)
    return {news_of(variant).state for variant in variants}


def _excluded(item: ErrorCode) -> bool:
    return item.info.error_class is ErrorClass.EXCLUDED


def _codes() -> str:
    excluded = codes(sorted(c.value for c in ErrorCode if _excluded(c)))
    expired = codes(sorted(c.value for c in EXPIRY_CODES))
    return f"`act.refused.v1` donne `exclue` pour {excluded}, `expiree` pour {expired}, `refusee` autrement.\n"
