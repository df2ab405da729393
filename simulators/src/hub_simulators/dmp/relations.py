"""Associations of a submission set: membership, signature, replacement (protocol reference §3.5, §3.7)."""

from __future__ import annotations

from hub_simulators.dmp import schemes, valuesets
from hub_simulators.dmp.cda import Cda
from hub_simulators.dmp.names import APPROVED
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.registry_objects import HAS_MEMBER, REPLACES, SIGNS, RegistryObject, Submission
from hub_simulators.dmp.store import DocumentStore, StoredEntry
from hub_simulators.dmp.vihf import Vihf


def check_relations(
    submission: Submission,
    signature: RegistryObject,
    cdas: dict[str, Cda],
    store: DocumentStore,
    vihf: Vihf,
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
    return _replacements(submission, cdas, store, vihf, findings)


def _replacements(
    submission: Submission, cdas: dict[str, Cda], store: DocumentStore, vihf: Vihf, findings: Findings
) -> dict[str, StoredEntry]:
    replaced: dict[str, StoredEntry] = {}
    associations = submission.targets(REPLACES)
    entries = {entry.id: entry for entry in submission.entries}
    for association in associations:
        cda = cdas.get(association.source)
        old = store.by_entry_uuid(association.target)
        if cda is None or association.source in replaced:
            findings.metadata("association.replace", "RPLC : source inconnue ou répétée", association.source)
        elif old is None or old.kind != "document" or old.status != APPROVED or old in replaced.values():
            findings.metadata("association.replace", "RPLC : entryUUID inconnu ou obsolète", association.target)
        elif (old.ins, old.ins_oid) != (vihf.patient.id, vihf.patient.oid):
            findings.other(
                "XDSPatientIdDoesNotMatch", "replace.patient", "RPLC : document d'un autre patient", association.target
            )
        elif old.structure != vihf.structure:
            findings.metadata("association.replace", "RPLC : réservé à l'auteur du document", association.target)
        elif _same_line(cda, old, findings, association.source):
            replaced[association.source] = old
            _check_visibility(entries[association.source], old, findings)
    sources = {association.source for association in associations}
    for entry_id, cda in cdas.items():
        if entry_id in sources:
            continue
        if cda.replaced:
            findings.repository("cda.replace", "relatedDocument RPLC sans association RPLC", entry_id)
        elif cda.version != "1":
            findings.repository("cda.version.first", "versionNumber 1 attendu quand rien n'est remplacé", entry_id)
    return replaced


def _same_line(cda: Cda, old: StoredEntry, findings: Findings, where: str) -> bool:
    """Tell whether the document is the next version of the old one: its parent, its setId, its number plus one."""
    same = [identifier.root for identifier in cda.replaced] == [old.unique_id] and cda.set_id.root == old.set_id
    if not same:
        findings.repository("cda.replace", "relatedDocument ou setId du CDA différent du remplacement", where)
    numbered = cda.version == str((old.version or 0) + 1)
    if not numbered:
        findings.repository("cda.version.next", "versionNumber : celui du document remplacé plus un attendu", where)
    told = cda.replaced_versions in ([], [str(old.version)])
    if not told:
        findings.repository("cda.version.parent", "versionNumber du relatedDocument incorrect", where)
    return same and numbered and told


def _check_visibility(entry: RegistryObject, old: StoredEntry, findings: Findings) -> None:
    """What the patient or the legal representatives could see stays visible, replaced or not (EX_2.1-1050)."""
    codes = {code.code for code in entry.classified.get(schemes.CONFIDENTIALITY, [])}
    if (codes & valuesets.INVISIBLE) - set(old.confidentiality.split()):
        findings.metadata("confidentiality.replace", "un document visible ne peut pas devenir invisible", entry.id)
