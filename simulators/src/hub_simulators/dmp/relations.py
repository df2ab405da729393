"""Associations of a submission set: membership, signature, replacement (protocol reference §3.5, §3.7)."""

from __future__ import annotations

from hub_simulators.dmp.cda import Cda
from hub_simulators.dmp.names import APPROVED
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.registry_objects import HAS_MEMBER, REPLACES, SIGNS, Association, RegistryObject, Submission
from hub_simulators.dmp.store import DocumentStore, StoredEntry


def check_relations(
    submission: Submission,
    signature: RegistryObject,
    cdas: dict[str, Cda],
    store: DocumentStore,
    structure: str,
    findings: Findings,
) -> dict[str, StoredEntry]:
    """Check HasMember, signs and RPLC; return what each entry replaces, by entry id."""
    set_id = submission.submission_set.id
    members = submission.targets(HAS_MEMBER)
    expected = sorted((set_id, entry.id) for entry in submission.entries)
    if sorted((member.source, member.target) for member in members) != expected:
        findings.metadata("association.member", "un HasMember du lot vers chaque objet attendu")
    if any(member.status not in {None, "Original"} for member in members):
        findings.metadata("association.member", "SubmissionSetStatus Original attendu")
    signs = [(association.source, association.target) for association in submission.targets(SIGNS)]
    if signs != [(signature.id, set_id)]:
        findings.metadata("association.signs", "une association signs de la signature vers le lot attendue")
    known = {HAS_MEMBER, SIGNS, REPLACES}
    if any(association.type not in known for association in submission.associations):
        findings.metadata("association.type", "type d'association inattendu")
    return _replacements(submission.targets(REPLACES), cdas, store, structure, findings)


def _replacements(
    associations: list[Association],
    cdas: dict[str, Cda],
    store: DocumentStore,
    structure: str,
    findings: Findings,
) -> dict[str, StoredEntry]:
    replaced: dict[str, StoredEntry] = {}
    for association in associations:
        cda = cdas.get(association.source)
        old = store.by_entry_uuid(association.target)
        if cda is None or association.source in replaced:
            findings.metadata("association.replace", "RPLC : source inconnue ou répétée", association.source)
        elif old is None or old.status != APPROVED:
            findings.metadata("association.replace", "RPLC : entryUUID inconnu ou obsolète", association.target)
        elif old.structure != structure:
            findings.metadata("association.replace", "RPLC : réservé à l'auteur du document", association.target)
        elif [identifier.root for identifier in cda.replaced] != [old.unique_id] or cda.set_id.root != old.set_id:
            findings.repository(
                "cda.replace", "relatedDocument ou setId du CDA différent du remplacement", association.source
            )
        else:
            replaced[association.source] = old
    for entry_id, cda in cdas.items():
        if cda.replaced and not any(a.source == entry_id for a in associations):
            findings.repository("cda.replace", "relatedDocument RPLC sans association RPLC", entry_id)
    return replaced
