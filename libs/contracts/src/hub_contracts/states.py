"""The states of an act as the LGO sees them, and how far an act has come."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Stage(StrEnum):
    """The part of the road that an event speaks for; `rank` orders them (design rule 2)."""

    RECEIVED = "received"
    IDENTITY = "identity"
    CONSENT = "consent"
    DOCUMENT = "document"
    PUBLICATION = "publication"

    @property
    def rank(self) -> int:
        """Position on the road, 0 first."""
        return _StageRank[self.name].value


class _StageRank(IntEnum):
    RECEIVED = 0
    IDENTITY = 1
    CONSENT = 2
    DOCUMENT = 3
    PUBLICATION = 4


class ActState(StrEnum):
    """The values are French: a pharmacist reads them."""

    RECUE = "recue"
    EN_ATTENTE_IDENTITE = "en_attente_identite"
    EN_FILE = "en_file"
    TRANSMISE = "transmise"
    CONFIRMEE = "confirmee"
    REFUSEE = "refusee"
    RETENUE = "retenue"
    BLOQUEE = "bloquee"
    ANNULEE = "annulee"
    EXCLUE = "exclue"
    EXPIREE = "expiree"

    @property
    def label(self) -> str:
        """One French sentence. Until `confirmee` it says that the act is not in the DMP yet."""
        return _LABELS[self]

    @property
    def final(self) -> bool:
        """True when nothing more happens by itself."""
        return self in _FINAL


_LABELS = {
    ActState.RECUE: "Reçu par le hub, pas encore dans le DMP.",
    ActState.EN_ATTENTE_IDENTITE: "En attente d'une identité qualifiée, pas encore dans le DMP.",
    ActState.EN_FILE: "En file, pas encore dans le DMP.",
    ActState.TRANSMISE: "Transmis, confirmation du DMP attendue.",
    ActState.CONFIRMEE: "Confirmé : le document est dans le DMP.",
    ActState.REFUSEE: "Refusé : le document n'est pas dans le DMP.",
    ActState.RETENUE: "Retenu à la demande de l'utilisateur, pas dans le DMP.",
    ActState.BLOQUEE: "Bloqué dans le hub, l'exploitant intervient ; pas encore dans le DMP.",
    ActState.ANNULEE: "Annulé, pas dans le DMP.",
    ActState.EXCLUE: "Exclu par la règle (opposition, pas de DMP) ; pas dans le DMP.",
    ActState.EXPIREE: "Délai dépassé : le document n'est pas dans le DMP.",
}
_FINAL = {
    ActState.CONFIRMEE,
    ActState.REFUSEE,
    ActState.ANNULEE,
    ActState.EXCLUE,
    ActState.EXPIREE,
}
