"""What the API answers, and the bodies it takes beside the act of the contracts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub_contracts.acts import Act, AuthorRef, Code, Patient, PublicModel
from hub_contracts.states import ActState


class ProblemView(BaseModel):
    """Un défaut : son code stable, sa place dans l'acte envoyé, une phrase pour l'utilisateur."""

    code: str
    pointer: str = Field(description="Pointeur JSON (RFC 6901) dans l'acte ou la déclaration")
    text: str


class Cause(BaseModel):
    """Pourquoi l'acte en est là."""

    code: str | None = Field(None, description="Code stable du catalogue d'erreurs, s'il y a une raison à donner")
    text: str | None = Field(None, description="La phrase du catalogue, à montrer à l'utilisateur")
    fixer: str | None = Field(None, description="Qui peut corriger : lgo, user, operator, dmp, nobody")
    retried: bool = Field(False, description="Vrai si le hub refait la tentative de lui-même")
    next_at: datetime | None = Field(None, description="Prochain essai, ou fin de l'attente")
    problems: list[ProblemView] = Field(default_factory=list)


class Step(Cause):
    """Une étape du suivi."""

    state: ActState
    label: str = Field(description="Phrase à montrer : tant que l'acte n'est pas confirmé, elle le dit")
    at: datetime = Field(description="Quand c'est arrivé")


class HistoryStep(Step):
    """Une étape de l'historique."""

    event: str = Field(description="Le fait à l'origine de l'étape")
    recorded_at: datetime = Field(description="Quand le gateway l'a appris")
    applied: bool = Field(description="Faux : arrivé après coup, n'a rien changé à l'état")


class ActSummary(BaseModel):
    """Un acte de la liste. Aucune donnée du patient."""

    act_id: UUID
    external_id: str
    structure_id: UUID
    type: str
    flow: str
    author: str = Field(description="PS_IdNat de l'auteur")
    occurred_at: datetime
    received_at: datetime
    version: int
    state: ActState
    label: str
    final: bool = Field(description="Vrai si plus rien n'arrive de soi-même")
    code: str | None
    text: str | None
    changed_at: datetime


class ActView(ActSummary):
    """Un acte et tout ce qui lui est arrivé, du plus ancien au plus récent."""

    structure: str | None = Field(description="Struct_IdNat porté à la date de l'acte")
    history: list[HistoryStep]


class ActList(BaseModel):
    """Une page d'actes, du plus récent au plus ancien."""

    acts: list[ActSummary]
    next: str | None = Field(description="À donner dans `cursor` pour la page suivante ; nul à la fin")


class FeedEvent(Step):
    """Une nouvelle d'un acte. `seq` se suit sans trou, compte par compte."""

    seq: int
    act_id: UUID
    external_id: str
    structure_id: UUID
    version: int
    final: bool


class FeedPage(BaseModel):
    """Les nouvelles depuis le repère donné, dans l'ordre."""

    events: list[FeedEvent]
    next: int = Field(description="À donner dans `after` à l'appel suivant, une fois ces nouvelles gardées")


class ActBatch(PublicModel):
    """Un envoi groupé ; chaque acte a son verdict."""

    acts: Annotated[tuple[Act, ...], Field(min_length=1, max_length=500)]


class ActAccepted(BaseModel):
    """L'acte est dans le hub ; le suivi est à `location`."""

    status: Literal["accepted"]
    act_id: UUID
    external_id: str
    state: ActState
    label: str
    location: str
    already_known: bool = Field(description="Vrai : reçu auparavant avec le même contenu, rien n'est refait")


class BatchAccepted(ActAccepted):
    """Verdict d'un acte accepté d'un envoi groupé."""

    index: int


class BatchRefused(BaseModel):
    """Verdict d'un acte refusé d'un envoi groupé."""

    index: int
    status: Literal["refused"]
    external_id: str | None
    problem: dict[str, Any] = Field(description="Le problème (RFC 9457), comme pour un acte envoyé seul")


class BatchAnswer(BaseModel):
    """Un verdict par acte, dans l'ordre de l'envoi."""

    accepted: int
    refused: int
    verdicts: list[BatchAccepted | BatchRefused]


class Declaration(PublicModel):
    """Ce que le logiciel déclare d'un patient, hors de tout acte."""

    kind: Literal["identity", "opposition", "opposition_lifted"] = Field(
        description="identity : identité (mieux) qualifiée ; opposition : motif légitime ; opposition_lifted : sa levée"
    )
    structure: Code = Field(description="Struct_IdNat, par exemple 1 + FINESS")
    author: AuthorRef
    declared_at: AwareDatetime | None = Field(None, description="Maintenant si absent")
    patient: Patient


class DeclarationAccepted(BaseModel):
    """La déclaration est dans le hub."""

    declaration_id: UUID
    state: Literal["recue"]
    received_at: datetime
    location: str


class DeclarationView(BaseModel):
    """Suivi d'une déclaration. Aucune donnée du patient."""

    model_config = ConfigDict(from_attributes=True)
    declaration_id: UUID
    structure_id: UUID
    kind: str
    author: str
    declared_at: datetime
    received_at: datetime
    state: Literal["recue", "acceptee", "refusee"]
    code: str | None
    text: str | None
    problems: list[ProblemView]
    decided_at: datetime | None


class AttachmentKept(BaseModel):
    """Un fichier déposé, à nommer dans un acte."""

    attachment_id: UUID
    sha256: str = Field(description="Empreinte du fichier reçu, en hexadécimal")
    size: int = Field(description="Taille reçue, en octets")
    media_type: str
    unused_until: datetime = Field(description="Jusqu'à quand le hub le garde si aucun acte ne le nomme")


class WordFlag(BaseModel):
    """Un mot à relire avant l'envoi."""

    word: str
    reason: Literal["sensible", "difficile"]
    advice: str = Field(description="Ce qu'on peut écrire à la place, ou ce à quoi penser")
    where: str = Field(description="Où le mot se trouve, en clair")


class PreviewView(BaseModel):
    """Ce que le patient verra, sans que rien soit envoyé."""

    document_type: str = Field(description="Code JDV_J66")
    label: str
    title: str
    visibility: list[str] = Field(description="Qui pourra voir le document, phrase par phrase")
    html: str | None = Field(description="Page HTML autonome ; nulle si le document ne peut pas être construit")
    pdf: str | None = Field(description="PDF en base64 ; celui du document, ou une impression du document structuré")
    flags: list[WordFlag]
    problems: list[ProblemView] = Field(description="Ce qui ferait refuser le document")
