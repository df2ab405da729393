"""TD2.1: a submission set checked as a whole, then stored as a whole (protocol reference §3)."""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from hub_simulators.dmp import schemes, valuesets
from hub_simulators.dmp.cda import Cda, read_cda
from hub_simulators.dmp.cda_rules import CdaSchema, check_against_metadata, check_cda
from hub_simulators.dmp.document_metadata import check_document, check_signature_entry, is_signature
from hub_simulators.dmp.dsig import SignatureProblem
from hub_simulators.dmp.lot_signature import LotSignatureChecker
from hub_simulators.dmp.metadata import MetadataChecker
from hub_simulators.dmp.multipart import MultipartProblem, content_id_of
from hub_simulators.dmp.names import APPROVED, XOP, q
from hub_simulators.dmp.parameters import Parameters
from hub_simulators.dmp.patients import Patients
from hub_simulators.dmp.refusals import Findings, RegistryError, RegistryFailure
from hub_simulators.dmp.registry_objects import RegistryObject, Submission, read_submission
from hub_simulators.dmp.relations import check_relations
from hub_simulators.dmp.settings import DmpSettings
from hub_simulators.dmp.store import AlreadyReplaced, DocumentStore, StoredEntry
from hub_simulators.dmp.trod import check_trod
from hub_simulators.dmp.vaccination import Vaccination, check_note
from hub_simulators.dmp.vihf import Vihf
from hub_simulators.dmp.xmltools import XmlProblem, elements
from hub_simulators.pki import TrustStore


@dataclass(slots=True)
class _Document:
    """A CDA of the lot, with its entry and its bytes."""

    entry: RegistryObject
    content: bytes
    cda: Cda
    vaccination: Vaccination | None = None


class Registrar:
    """Checks submissions; `check` gives back the act of storing, so that a script may delay or skip it."""

    def __init__(
        self,
        settings: DmpSettings,
        parameters: Parameters,
        trust: TrustStore,
        store: DocumentStore,
        patients: Patients,
        schema: CdaSchema | None,
    ) -> None:
        self._settings = settings
        self._parameters = parameters
        self._store = store
        self._patients = patients
        self._schema = schema
        self._signatures = LotSignatureChecker(trust, settings.lot_signature_algorithms)

    def check(
        self, body: etree._Element, attachments: dict[str, bytes], vihf: Vihf, now: datetime
    ) -> Callable[[], None]:
        """Check a submission. Raises RegistryFailure or SoapFault; the function returned stores the lot."""
        findings = Findings()
        self._check_dossier(vihf)
        submission = read_submission(body, findings)
        findings.raise_if_any()
        if submission is None:
            raise AssertionError("a submission that can't be read leaves a finding")
        signatures = [entry for entry in submission.entries if is_signature(entry)]
        described = [entry for entry in submission.entries if not is_signature(entry)]
        if len(signatures) != 1 or not described:
            findings.metadata("set.content", "le lot doit contenir des documents et une signature")
            findings.raise_if_any()
        self._check_metadata(submission, described, signatures[0], vihf, findings)
        contents = _contents(submission, attachments, findings)
        findings.raise_if_any()
        self._check_duplicates(submission, described, findings)
        documents = self._read_documents(described, contents, findings, now)
        replaced = check_relations(
            submission,
            signatures[0],
            {d.entry.id: d.cda for d in documents},
            self._store,
            vihf,
            findings,
        )
        findings.raise_if_any()
        self._check_signature(submission, signatures[0], contents, documents, vihf, now)
        self._check_carnet(documents, replaced, vihf)
        return lambda: self._keep(submission, signatures[0], contents, documents, replaced, vihf, now)

    def _check_dossier(self, vihf: Vihf) -> None:
        state = self._patients.state(vihf.patient.id)
        if state.dmp == "none":
            raise RegistryFailure([RegistryError("XDSUnknownPatientId", "DMP inexistant", "", "patient.none")])
        if state.dmp == "terminated":
            raise RegistryFailure([RegistryError("DMPClosed", "DMP fermé", "", "patient.terminated")])
        if state.authorisation == "INTERDIT":
            raise RegistryFailure([RegistryError("DMPAccessForbidden", "accès interdit", "", "patient.forbidden")])

    def _check_metadata(
        self,
        submission: Submission,
        described: list[RegistryObject],
        signature: RegistryObject,
        vihf: Vihf,
        findings: Findings,
    ) -> None:
        checker = MetadataChecker(self._settings, vihf, findings)
        checker.check_set(submission.submission_set)
        for entry in submission.entries:
            checker.check_entry(entry)
        for entry in described:
            check_document(entry, self._parameters, vihf, findings)
        check_signature_entry(signature, described, submission.submission_set, findings)

    def _check_duplicates(self, submission: Submission, described: list[RegistryObject], findings: Findings) -> None:
        for entry in described:
            unique_id = entry.identifier(schemes.UNIQUE_ID)
            known = self._store.by_unique_id(unique_id)
            if known is None:
                continue
            same = known.hash.lower() == (entry.slot("hash") or "").lower()
            code = "XDSDuplicateUniqueIdInRegistry" if same else "XDSNonIdenticalHash"
            findings.other(code, "duplicate.document", "uniqueId déjà enregistré", unique_id)
        findings.raise_if_any()
        set_id = submission.submission_set.identifier(schemes.SET_UNIQUE_ID)
        ids = [entry.identifier(schemes.UNIQUE_ID) for entry in submission.entries] + [set_id]
        taken = self._store.submission_set_known(set_id) or len(set(ids)) != len(ids)
        for entry in submission.entries:
            taken = taken or self._store.by_unique_id(entry.identifier(schemes.UNIQUE_ID)) is not None
        if taken:
            findings.other("XDSDuplicateUniqueIdInRegistry", "duplicate.set", "uniqueId du lot déjà enregistré")
        findings.raise_if_any()

    def _read_documents(
        self, described: list[RegistryObject], contents: dict[str, bytes], findings: Findings, now: datetime
    ) -> list[_Document]:
        documents = []
        check_key = self._settings.check_rpps_key
        for entry in described:
            try:
                cda = read_cda(contents[entry.id])
            except XmlProblem as problem:
                findings.repository("cda.xml", f"CDA illisible : {problem}", entry.id)
                continue
            check_cda(cda, entry.id, findings, self._schema, check_key=check_key)
            check_against_metadata(cda, entry, findings, check_key=check_key)
            vaccination = None
            if cda.code.code == valuesets.VACCINATION_NOTE:
                vaccination = check_note(cda, entry.id, findings, now)
            elif cda.code.code == valuesets.TROD:
                check_trod(cda, entry.id, findings)
            documents.append(_Document(entry, contents[entry.id], cda, vaccination))
        return documents

    def _check_signature(
        self,
        submission: Submission,
        signature: RegistryObject,
        contents: dict[str, bytes],
        documents: list[_Document],
        vihf: Vihf,
        now: datetime,
    ) -> None:
        roots = {document.entry.identifier(schemes.UNIQUE_ID): document.cda.root for document in documents}
        set_id = submission.submission_set.identifier(schemes.SET_UNIQUE_ID)
        signature_id = signature.identifier(schemes.UNIQUE_ID)
        try:
            signer = self._signatures.check(contents[signature.id], set_id, signature_id, roots, now)
            if signer.structure != vihf.structure:
                raise SignatureProblem("certificat d'une autre structure")
        except SignatureProblem as problem:
            context = f"Signature du lot invalide : {problem}"
            error = RegistryError("XDSRepositoryMetadataError", context, signature.id, "lot.signature")
            raise RegistryFailure([error]) from None

    def _check_carnet(self, documents: list[_Document], replaced: dict[str, StoredEntry], vihf: Vihf) -> None:
        """One CIS code and date per patient, unless it is the same vaccination; its id is kept for life (§3.10)."""
        seen: dict[str, str] = {}
        for document in documents:
            vaccination = document.vaccination
            old = replaced[document.entry.id].vaccination_id if document.entry.id in replaced else None
            if old is not None and (vaccination is None or vaccination.id != old):
                context = "Remplacement d'une vaccination sans son identifiant"
                raise RegistryFailure([RegistryError("DMPFragmentCVAError", context, document.entry.id, "vac.replace")])
            if vaccination is None:
                continue
            known = self._store.vaccination_ids(vihf.patient.id, vaccination.key)
            known |= {seen[vaccination.key]} if vaccination.key in seen else set()
            if known - {vaccination.id}:
                context = "Vaccination déjà présente dans le carnet (même CIS, même date)"
                raise RegistryFailure(
                    [RegistryError("DMPFragmentCVAError", context, document.entry.id, "vac.duplicate")]
                )
            seen[vaccination.key] = vaccination.id

    def _keep(
        self,
        submission: Submission,
        signature: RegistryObject,
        contents: dict[str, bytes],
        documents: list[_Document],
        replaced: dict[str, StoredEntry],
        vihf: Vihf,
        now: datetime,
    ) -> None:
        set_id = submission.submission_set.identifier(schemes.SET_UNIQUE_ID)
        entries = [_stored(d.entry, d, contents, set_id, vihf, now) for d in documents]
        entries.append(_stored(signature, None, contents, set_id, vihf, now))
        try:
            self._store.add_lot(set_id, entries, [old.entry_uuid for old in replaced.values()])
        except sqlite3.IntegrityError:
            error = RegistryError("XDSDuplicateUniqueIdInRegistry", "uniqueId déjà enregistré", "", "duplicate.race")
            raise RegistryFailure([error]) from None
        except AlreadyReplaced:
            context = "RPLC : entryUUID inconnu ou obsolète"
            error = RegistryError("XDSRegistryMetadataError", context, "", "association.replace")
            raise RegistryFailure([error]) from None


def _contents(submission: Submission, attachments: dict[str, bytes], findings: Findings) -> dict[str, bytes]:
    """Return the bytes of each entry by its id, hash and size checked."""
    contents: dict[str, bytes] = {}
    used: set[str] = set()
    for identifier, document in submission.includes.items():
        include = list(elements(document))
        if len(include) != 1 or include[0].tag != q(XOP, "Include") or (document.text or "").strip():
            findings.repository("xop.include", "xop:Include attendu (EX_2.1-1260)", identifier)
            continue
        try:
            content_id = content_id_of(include[0].get("href") or "")
        except MultipartProblem as problem:
            findings.repository("xop.include", str(problem), identifier)
            continue
        if content_id not in attachments or content_id in used:
            findings.repository("xop.include", "partie absente ou déjà référencée", identifier)
            continue
        used.add(content_id)
        contents[identifier] = attachments[content_id]
    entry_ids = {entry.id for entry in submission.entries}
    if contents.keys() != entry_ids or used != attachments.keys():
        findings.repository("xop.documents", "documents et métadonnées ne se correspondent pas un à un")
        findings.raise_if_any()
    for entry in submission.entries:
        content = contents[entry.id]
        if (entry.slot("hash") or "").lower() != hashlib.sha1(content, usedforsecurity=False).hexdigest():
            findings.repository("hash", "hash différent de celui des octets reçus", entry.id)
        if entry.slot("size") != str(len(content)):
            findings.repository("size", "size différent du nombre d'octets reçus", entry.id)
    return contents


def _stored(
    entry: RegistryObject,
    document: _Document | None,
    contents: dict[str, bytes],
    set_id: str,
    vihf: Vihf,
    now: datetime,
) -> StoredEntry:
    entry_uuid = f"urn:uuid:{uuid.uuid4()}"
    vaccination = document.vaccination if document else None
    content = contents[entry.id]
    return StoredEntry(
        unique_id=entry.identifier(schemes.UNIQUE_ID),
        entry_uuid=entry_uuid,
        logical_id=entry_uuid,
        submission_set=set_id,
        kind="document" if document else "signature",
        status=APPROVED,
        hash=(entry.slot("hash") or "").lower(),
        size=len(content),
        ins=vihf.patient.id,
        ins_oid=vihf.patient.oid,
        structure=vihf.structure,
        author=vihf.professional,
        type_code=_code(entry, schemes.TYPE),
        vaccination_id=vaccination.id if vaccination else None,
        vaccination_key=vaccination.key if vaccination else None,
        set_id=document.cda.set_id.root if document else None,
        version=int(document.cda.version) if document else 1,
        received_at=now.isoformat(),
        class_code=_code(entry, schemes.CLASS),
        title=entry.title,
        format_code=_code(entry, schemes.FORMAT),
        media_type=document.cda.media_type or "text/xml" if document else "",
        confidentiality=" ".join(code.code for code in entry.classified.get(schemes.CONFIDENTIALITY, [])),
        author_count=len(entry.classified.get(schemes.AUTHOR, [])),
        metadata=etree.tostring(entry.element, with_tail=False),
        content=content,
    )


def _code(entry: RegistryObject, scheme: str) -> str:
    found = entry.code(scheme)
    return found.code if found else ""
