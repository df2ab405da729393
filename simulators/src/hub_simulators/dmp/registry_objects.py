"""The ebRIM objects of a submission set, read into plain objects; their shape is checked on the way (§3.2, §3.5)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from lxml import etree

from hub_simulators.dmp.formats import UUID_URN
from hub_simulators.dmp.names import LCM, RIM, XDS, q
from hub_simulators.dmp.refusals import Findings
from hub_simulators.dmp.xmltools import elements, local, stray_text, text

NODE_SUBMISSION_SET = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
TYPE_DOCUMENT_ENTRY = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
TYPE_ASSOCIATION = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"
HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
REPLACES = "urn:ihe:iti:2007:AssociationType:RPLC"
_ORDER = {"Slot": 0, "Name": 1, "Description": 2, "VersionInfo": 3, "Classification": 4, "ExternalIdentifier": 5}


@dataclass(frozen=True, slots=True)
class Classified:
    """One Classification: a code (`code`, `scheme`, `label`) or an author (its slots)."""

    code: str
    scheme: str
    label: str
    slots: dict[str, list[str]]


@dataclass(slots=True)
class RegistryObject:
    """A RegistryPackage or an ExtrinsicObject."""

    element: etree._Element
    id: str
    mime_type: str
    title: str
    slots: dict[str, list[str]] = field(default_factory=dict)
    classified: dict[str, list[Classified]] = field(default_factory=dict)
    identifiers: dict[str, tuple[str, str]] = field(default_factory=dict)

    def slot(self, name: str) -> str | None:
        """Return the first value of a slot."""
        values = self.slots.get(name)
        return values[0] if values else None

    def identifier(self, scheme: str) -> str:
        """Return the value of an ExternalIdentifier, '' when absent."""
        return self.identifiers.get(scheme, ("", ""))[0]

    def code(self, scheme: str) -> Classified | None:
        """Return the first classification of a scheme."""
        values = self.classified.get(scheme)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Association:
    """source –type→ target, by the ids of the submission."""

    type: str
    source: str
    target: str
    status: str | None


@dataclass(slots=True)
class Submission:
    """What a TD2.1 carries: the set, its entries in order, the associations and the href of each document."""

    submission_set: RegistryObject
    entries: list[RegistryObject]
    associations: list[Association]
    includes: dict[str, etree._Element]

    def targets(self, kind: str) -> list[Association]:
        """Return the associations of one type."""
        return [association for association in self.associations if association.type == kind]


def read_submission(body: etree._Element, findings: Findings) -> Submission | None:
    """Read the request; what is wrong goes to `findings`, None when nothing can be made of it."""
    children = list(elements(body))
    if not children or children[0].tag != q(LCM, "SubmitObjectsRequest"):
        findings.metadata("ebrim.request", "lcm:SubmitObjectsRequest attendu en premier")
        return None
    lists = list(elements(children[0]))
    if len(lists) != 1 or lists[0].tag != q(RIM, "RegistryObjectList"):
        findings.metadata("ebrim.request", "un seul rim:RegistryObjectList attendu")
        return None
    if stray_text(lists[0], frozenset({"Value"})):
        findings.metadata("ebrim.text", "texte hors des éléments prévus")
    includes = _includes(children[1:], findings)
    packages, entries, associations = [], [], []
    for element in elements(lists[0]):
        if element.tag == q(RIM, "RegistryPackage"):
            packages.append(_registry_object(element, findings))
        elif element.tag == q(RIM, "ExtrinsicObject"):
            entries.append(_registry_object(element, findings))
        elif element.tag == q(RIM, "Association"):
            associations.append(_association(element, findings))
        else:
            findings.metadata("ebrim.object", f"objet {local(element)} inattendu dans le lot")
    _check_ids(lists[0], findings)
    if len(packages) != 1:
        findings.metadata("ebrim.set", "un seul lot de soumission (RegistryPackage) attendu")
        return None
    _check_set_node(packages[0], findings)
    for entry in entries:
        if entry.element.get("objectType") != TYPE_DOCUMENT_ENTRY:
            findings.metadata("ebrim.objecttype", "objectType de DocumentEntry inattendu", entry.id)
    return Submission(packages[0], entries, associations, includes)


def _includes(documents: list[etree._Element], findings: Findings) -> dict[str, etree._Element]:
    includes: dict[str, etree._Element] = {}
    for document in documents:
        identifier = document.get("id") or ""
        if document.tag != q(XDS, "Document") or not identifier or identifier in includes:
            findings.repository("xop.document", "xds:Document inattendu, sans id ou répété")
            continue
        includes[identifier] = document
    return includes


def _check_ids(objects: etree._Element, findings: Findings) -> None:
    """Every object, Classification and ExternalIdentifier has an id, unique in the lot."""
    owners = ("RegistryPackage", "ExtrinsicObject", "Association", "Classification", "ExternalIdentifier")
    ids = [element.get("id") for name in owners for element in objects.iter(q(RIM, name))]
    if any(not identifier for identifier in ids):
        findings.metadata("ebrim.id", "attribut id absent (obligatoire aussi sur Classification et ExternalIdentifier)")
    if any(count > 1 for identifier, count in Counter(ids).items() if identifier):
        findings.metadata("ebrim.id", "attribut id répété dans le lot")
    for name in owners[:2]:
        for element in objects.iter(q(RIM, name)):
            if not UUID_URN.fullmatch(element.get("id") or ""):
                findings.metadata("ebrim.id", "id d'objet : urn:uuid attendu", element.get("id") or "")


def _check_set_node(package: RegistryObject, findings: Findings) -> None:
    nodes = [c.get("classificationNode") for c in package.element.findall(q(RIM, "Classification"))]
    if nodes.count(NODE_SUBMISSION_SET) != 1:
        findings.metadata("ebrim.set", "RegistryPackage non classé comme lot de soumission", package.id)


def _registry_object(element: etree._Element, findings: Findings) -> RegistryObject:
    identifier = element.get("id") or ""
    result = RegistryObject(element, identifier, element.get("mimeType") or "", "")
    rank = 0
    for child in elements(element):
        name = local(child)
        place = _ORDER.get(name, -1)
        if place < rank or not str(child.tag).startswith(f"{{{RIM}}}"):
            findings.metadata("ebrim.order", f"élément {name} inattendu ou mal placé", identifier)
        rank = max(rank, place)
        if name == "Slot":
            _add_slot(result.slots, child, findings, identifier)
        elif name == "Name":
            result.title = localized(child)
        elif name == "Classification":
            _add_classification(result, child, findings)
        elif name == "ExternalIdentifier":
            _add_identifier(result, child, findings)
    return result


def _add_slot(slots: dict[str, list[str]], slot: etree._Element, findings: Findings, where: str) -> None:
    name = slot.get("name") or ""
    lists = list(elements(slot))
    items = list(elements(lists[0])) if len(lists) == 1 else []
    values = [text(item) for item in items]
    shaped = len(lists) == 1 and lists[0].tag == q(RIM, "ValueList")
    shaped = shaped and all(item.tag == q(RIM, "Value") for item in items)
    if not name or name in slots or not shaped or not values or not all(values):
        findings.metadata("ebrim.slot", f"slot {name or 'sans nom'} vide, répété ou mal formé", where)
        return
    slots[name] = values


def localized(*names: etree._Element) -> str:
    """Return the value of the only LocalizedString of the only Name, '' when there is none or several."""
    strings = [string for name in names for string in name.findall(q(RIM, "LocalizedString"))]
    return (strings[0].get("value") or "").strip() if len(names) == len(strings) == 1 else ""


def _add_classification(owner: RegistryObject, element: etree._Element, findings: Findings) -> None:
    if element.get("classifiedObject") != owner.id:
        findings.metadata("ebrim.classifiedobject", "classifiedObject ne désigne pas son objet", owner.id)
    if element.get("classificationNode") is not None:
        return
    scheme = element.get("classificationScheme") or ""
    code = element.get("nodeRepresentation")
    if not scheme or code is None:
        findings.metadata("ebrim.classification", "classificationScheme ou nodeRepresentation absent", owner.id)
        return
    slots: dict[str, list[str]] = {}
    for slot in element.findall(q(RIM, "Slot")):
        _add_slot(slots, slot, findings, owner.id)
    coding = slots.get("codingScheme", [""])[0]
    label = localized(*element.findall(q(RIM, "Name")))
    owner.classified.setdefault(scheme, []).append(Classified(code, coding, label, slots))


def _add_identifier(owner: RegistryObject, element: etree._Element, findings: Findings) -> None:
    scheme, value = element.get("identificationScheme") or "", element.get("value") or ""
    if element.get("registryObject") != owner.id:
        findings.metadata("ebrim.registryobject", "registryObject ne désigne pas son objet", owner.id)
    if not scheme or not value or scheme in owner.identifiers:
        findings.metadata("ebrim.identifier", "ExternalIdentifier vide ou répété", owner.id)
        return
    owner.identifiers[scheme] = (value, localized(*element.findall(q(RIM, "Name"))))


def _association(element: etree._Element, findings: Findings) -> Association:
    slots: dict[str, list[str]] = {}
    for slot in element.findall(q(RIM, "Slot")):
        _add_slot(slots, slot, findings, element.get("id") or "")
    if element.get("objectType") not in {None, TYPE_ASSOCIATION}:
        findings.metadata("ebrim.association", "objectType d'Association inattendu")
    status = slots["SubmissionSetStatus"][0] if "SubmissionSetStatus" in slots else None
    return Association(
        element.get("associationType") or "",
        element.get("sourceObject") or "",
        element.get("targetObject") or "",
        status,
    )
