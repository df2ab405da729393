"""TD3.1b: uniqueId → entryUUID by the stored query GetDocuments (protocol reference §3.8, §6.3)."""

from __future__ import annotations

import re

from lxml import etree

from hub_simulators.dmp import names, schemes, soap
from hub_simulators.dmp.names import QUERY, RIM, q
from hub_simulators.dmp.refusals import RegistryError, RegistryFailure
from hub_simulators.dmp.registry_objects import TYPE_DOCUMENT_ENTRY
from hub_simulators.dmp.store import DocumentStore, StoredEntry
from hub_simulators.dmp.vihf import Vihf
from hub_simulators.dmp.xmltools import elements, escape, stray_text, text

GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
_BY_UNIQUE_ID = "$XDSDocumentEntryUniqueId"
_BY_ENTRY_UUID = "$XDSDocumentEntryEntryUUID"
_LIMITS = {_BY_UNIQUE_ID: 20, _BY_ENTRY_UUID: 88}
_LIST = re.compile(r"\(\s*'[^']+'(\s*,\s*'[^']+')*\s*\)")


def _refused(check: str, code: str, context: str) -> RegistryFailure:
    return RegistryFailure([RegistryError(code, context, "", f"td31.{check}")])


def find_documents(body: etree._Element, store: DocumentStore, vihf: Vihf) -> tuple[list[StoredEntry], str]:
    """Return the entries asked for, of the VIHF's patient only, and the returnType. Raises RegistryFailure."""
    children = list(elements(body))
    if [child.tag for child in children] != [q(QUERY, "ResponseOption"), q(RIM, "AdhocQuery")]:
        raise _refused("structure", "XDSRegistryError", "ResponseOption puis AdhocQuery attendus")
    option, query = children
    if stray_text(body, frozenset({"Value"})):
        raise _refused("structure", "XDSRegistryError", "texte hors des éléments prévus")
    kind = option.get("returnType") or ""
    if kind not in {"ObjectRef", "LeafClass"} or option.get("returnComposedObjects") not in {"true", "false", None}:
        raise _refused("returntype", "XDSRegistryError", "returnType ObjectRef ou LeafClass attendu")
    if query.get("id") != GET_DOCUMENTS:
        raise _refused("query", "XDSRegistryError", "requête enregistrée non autorisée au profil Alimentation")
    slots = {slot.get("name") or "": slot for slot in query.findall(q(RIM, "Slot"))}
    asked = [name for name in _LIMITS if name in slots]
    if len(asked) != 1 or len(query.findall(q(RIM, "Slot"))) != 1:
        raise _refused("parameter", "XDSStoredQueryMissingParam", "uniqueId ou entryUUID attendu, et lui seul")
    values = _values(slots[asked[0]])
    if len(values) > _LIMITS[asked[0]]:
        raise _refused("limit", "XDSRegistryError", f"plus de {_LIMITS[asked[0]]} identifiants")
    find = store.by_unique_id if asked[0] == _BY_UNIQUE_ID else store.by_entry_uuid
    found = [entry for entry in (find(value) for value in dict.fromkeys(values)) if entry is not None]
    return [e for e in found if (e.ins, e.ins_oid) == (vihf.patient.id, vihf.patient.oid)], kind


def _values(slot: etree._Element) -> list[str]:
    values: list[str] = []
    lists = list(elements(slot))
    if [element.tag for element in lists] != [q(RIM, "ValueList")]:
        raise _refused("value", "XDSRegistryError", "un ValueList attendu")
    for element in lists[0].findall(q(RIM, "Value")):
        content = text(element)
        if not _LIST.fullmatch(content):
            raise _refused("value", "XDSRegistryError", "liste ('…','…') attendue")
        values += re.findall(r"'([^']+)'", content)
    if not values:
        raise _refused("value", "XDSStoredQueryMissingParam", "liste d'identifiants vide")
    return values


def answer(entries: list[StoredEntry], kind: str) -> str:
    """Return AdhocQueryResponse Success; the list is empty when nothing is known."""
    items = "".join(_leaf(entry) if kind == "LeafClass" else _reference(entry) for entry in entries)
    return (
        f'<query:AdhocQueryResponse xmlns:query="{QUERY}" status="{names.STATUS}Success">'
        f'<rim:RegistryObjectList xmlns:rim="{RIM}">{items}</rim:RegistryObjectList></query:AdhocQueryResponse>'
    )


def failure(errors: list[RegistryError]) -> str:
    """Return AdhocQueryResponse Failure."""
    return (
        f'<query:AdhocQueryResponse xmlns:query="{QUERY}" status="{names.STATUS}Failure">'
        f'{soap.error_list(errors)}<rim:RegistryObjectList xmlns:rim="{RIM}"/></query:AdhocQueryResponse>'
    )


def _reference(entry: StoredEntry) -> str:
    return f'<rim:ObjectRef id="{entry.entry_uuid}"/>'


def _leaf(entry: StoredEntry) -> str:
    slots = "".join(
        f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{value}</rim:Value></rim:ValueList></rim:Slot>'
        for name, value in (("hash", entry.hash), ("size", str(entry.size)))
    )
    patient = f"{entry.ins}^^^&{entry.ins_oid}&ISO^NH"
    identifiers = "".join(
        f'<rim:ExternalIdentifier id="{entry.entry_uuid}-{name}" registryObject="{entry.entry_uuid}" '
        f'identificationScheme="{scheme}" value="{escape(value)}"><rim:Name><rim:LocalizedString '
        f'value="XDSDocumentEntry.{name}"/></rim:Name></rim:ExternalIdentifier>'
        for name, scheme, value in (
            ("patientId", schemes.PATIENT, patient),
            ("uniqueId", schemes.UNIQUE_ID, entry.unique_id),
        )
    )
    return (
        f'<rim:ExtrinsicObject id="{entry.entry_uuid}" lid="{entry.logical_id}" mimeType="text/xml" '
        f'objectType="{TYPE_DOCUMENT_ENTRY}" status="{entry.status}">{slots}'
        f'<rim:VersionInfo versionName="1"/>{identifiers}</rim:ExtrinsicObject>'
    )
