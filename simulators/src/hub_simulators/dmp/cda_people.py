"""Who made the document: kinds of authors, and the CDA's people against those of the metadata (§3.2, §3.3, §5.4)."""

from __future__ import annotations

from hub_simulators.dmp import schemes, valuesets
from hub_simulators.dmp.cda import Cda, Identifier, Person
from hub_simulators.dmp.formats import OID_PS, OID_SIREN, OID_STRUCTURE, Xcn, professional_ok, structure_ok, xcn, xon
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.registry_objects import RegistryObject


def check_people(cda: Cda, where: str, findings: Findings, *, check_key: bool) -> None:
    """Check the authors, the performers and the legal authenticator of the document itself."""
    people = [*cda.authors, *cda.performers, *([cda.authenticator] if cda.authenticator else [])]
    if not cda.authors or not cda.performers or cda.authenticator is None or cda.signature_code != "S":
        findings.repository("cda.people", "CDA : auteur, exécutant ou responsable absent", where)
    for person in people:
        national = person.id.root == OID_PS and not person.device
        if national and not professional_ok(person.id.extension, check_key=check_key):
            findings.repository("cda.people", "CDA : identifiant de professionnel incorrect", where)
        if not person.family:
            findings.repository("cda.people", "CDA : professionnel sans nom", where)
        if person.structure is not None and not _structure_ok(person):
            findings.repository("cda.people", "CDA : structure sans identifiant national", where)
        code = person.specialty
        if code is not None and not (valuesets.specialty_ok(code.code, code.scheme) and code.label):
            findings.repository("cda.people", "CDA : profession hors du jeu de valeurs", where)
    for author in cda.authors:
        _check_kind(author, where, findings)
    if cda.authenticator is not None and not _professional(cda.authenticator):
        findings.repository("cda.authenticator", "CDA : le responsable doit être un professionnel de santé", where)


def _structure_ok(person: Person) -> bool:
    structure = person.structure
    if structure is None:
        return False
    if person.device and structure.root == OID_SIREN:
        return True
    return structure.root == OID_STRUCTURE and structure_ok(structure.extension)


def _check_kind(author: Person, where: str, findings: Findings) -> None:
    """A person has a national id; a system has a system's specialty, and the other way round."""
    code = author.specialty
    system = code is not None and valuesets.system_specialty(code.code, code.scheme)
    if author.device != system and code is not None:
        findings.repository("cda.author.kind", "CDA : auteur système sans code de système, ou l'inverse", where)
    if not author.device and author.id.root != OID_PS:
        findings.repository("cda.author.kind", "CDA : auteur sans identifiant national de professionnel", where)


def _professional(person: Person) -> bool:
    """Tell whether a person may answer for a document: a profession of TRE_A02 (a secretary or a system may not)."""
    code = person.specialty
    return not person.device and person.id.root == OID_PS and (code is None or code.scheme == valuesets.OID_SPECIALTY)


def compare_people(cda: Cda, entry: RegistryObject, findings: Findings, *, check_key: bool) -> None:
    """Check that the metadata name the document's authors, all and in the same order, and its legal authenticator."""
    authors = entry.classified.get(schemes.AUTHOR, [])
    if len(authors) != len(cda.authors):
        findings.repository("cda.xds.authors", "nombre d'auteurs différent de celui du CDA", entry.id)
    for author, described in zip(authors, cda.authors, strict=False):
        person = xcn((author.slots.get("authorPerson") or [""])[0], check_key=check_key)
        if person is None or not _same_person(person, described):
            findings.repository("cda.xds.authors", "auteur différent de celui du même rang du CDA", entry.id)
            continue
        _compare_author(described, author.slots, entry, findings)
    responsible = xcn(entry.slot("legalAuthenticator") or "", check_key=check_key)
    signer = cda.authenticator
    if responsible and signer and not _same_person(responsible, signer):
        findings.repository("cda.xds.legalAuthenticator", "legalAuthenticator différent de celui du CDA", entry.id)


def _same_person(metadata: Xcn, document: Person) -> bool:
    """Names are compared without regard to case: the metadata often carry capitals only."""
    names = [(metadata.family, document.family), (metadata.given, document.given)]
    same_names = all(first.casefold() == second.casefold() for first, second in names)
    same_id = (metadata.id, metadata.oid) == (document.id.extension, document.id.root)
    return same_id and same_names and (metadata.kind == "RI") == document.device


def _compare_author(person: Person, slots: dict[str, list[str]], entry: RegistryObject, findings: Findings) -> None:
    institutions = [Identifier(i.oid, i.id) for value in slots.get("authorInstitution", []) if (i := xon(value))]
    own = [person.structure] if person.structure else []
    if institutions[:1] != own or not set(institutions[1:]) <= set(person.wholes):
        findings.repository("cda.xds.authorInstitution", "authorInstitution différent de celui du CDA", entry.id)
    code = person.specialty
    found = [tuple(value.split("^")[::2]) for value in slots.get("authorSpecialty", [])]
    if found != ([(code.code, code.scheme)] if code and code.code else []):
        findings.repository("cda.xds.authorSpecialty", "authorSpecialty différent de celui du CDA", entry.id)
    if slots.get("authorRole", []) != ([person.role] if person.role else []):
        findings.repository("cda.xds.authorRole", "authorRole différent de la fonction de l'auteur du CDA", entry.id)
