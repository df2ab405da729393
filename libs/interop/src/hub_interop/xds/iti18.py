"""ITI-18 Registry Stored Query: TD3.1b, from our uniqueIds to the registry's current entryUUIDs or entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from hub_interop.soap.errors import MessageUnwritable
from hub_interop.soap.escaping import text
from hub_interop.xds import codes
from hub_interop.xds.ebxml_reader import RegistryObjects, read_registry_objects
from hub_interop.xds.formats import is_oid
from hub_interop.xds.metadata import DocumentEntry
from hub_interop.xds.registry_response import RegistryResult, read_result, root_of

ACTION = "urn:ihe:iti:2007:RegistryStoredQuery"
SERVICE = "/registry"
GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
MAX_UNIQUE_IDS = 20
"""Most uniqueIds in one query (the DMP answers XDSRegistryError above)."""


class ReturnType(StrEnum):
    """`OBJECT_REF` gives ids only (TD3.1b, Alimentation profile); `LEAF_CLASS` whole entries (hash, status)."""

    OBJECT_REF = "ObjectRef"
    LEAF_CLASS = "LeafClass"


@dataclass(frozen=True, slots=True)
class AdhocResult:
    """The answer: outcome, then entryUUIDs (whichever the return type) and the entries when they were asked for."""

    result: RegistryResult
    entry_ids: tuple[str, ...]
    documents: tuple[DocumentEntry, ...]
    objects: RegistryObjects


def build_get_documents(unique_ids: Sequence[str], return_type: ReturnType = ReturnType.OBJECT_REF) -> bytes:
    """The body of GetDocuments by uniqueId (one element).

    Raises `MessageUnwritable`: `XDS_QUERY_SIZE` (none or more than 20), `XDS_OID`.
    """
    if not 1 <= len(unique_ids) <= MAX_UNIQUE_IDS:
        raise MessageUnwritable("XDS_QUERY_SIZE", "$XDSDocumentEntryUniqueId", f"ask for 1 to {MAX_UNIQUE_IDS} at once")
    if not all(is_oid(unique_id) for unique_id in unique_ids):
        raise MessageUnwritable("XDS_OID", "$XDSDocumentEntryUniqueId", "give plain OIDs (EX_2.1-1130)")
    values = text("(" + ",".join(f"'{unique_id}'" for unique_id in unique_ids) + ")")
    return (
        f'<query:AdhocQueryRequest xmlns:query="{codes.QUERY}" xmlns="{codes.RIM}">'
        f'<query:ResponseOption returnComposedObjects="true" returnType="{return_type.value}"/>'
        f'<AdhocQuery id="{GET_DOCUMENTS}"><Slot name="$XDSDocumentEntryUniqueId"><ValueList><Value>{values}</Value>'
        "</ValueList></Slot></AdhocQuery></query:AdhocQueryRequest>"
    ).encode()


def parse_response(message: bytes | etree._Element) -> AdhocResult:
    """Reads `query:AdhocQueryResponse`, given as bytes or as the payload of a `SoapAnswer`.

    Raises `MessageUnreadable`: `XDS_RESPONSE`, `XDS_STATUS`, `XDS_OBJECT`, those of `parse_xml`.
    """
    root = root_of(message, f"{{{codes.QUERY}}}AdhocQueryResponse")
    found = root.find(f"{{{codes.RIM}}}RegistryObjectList")
    objects = read_registry_objects(found) if found is not None else RegistryObjects((), (), (), ())
    return AdhocResult(
        result=read_result(root),
        entry_ids=objects.object_refs + tuple(entry.entry_id for entry in objects.documents),
        documents=objects.documents,
        objects=objects,
    )
