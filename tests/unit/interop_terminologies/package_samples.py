"""Hand-made SVS documents and packages."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.sax.saxutils import quoteattr

from hub_interop.terminologies import Concept, value_set

LOINC = "2.16.840.1.113883.6.1"
TYPE_OID, TYPE_TWIN = "1.2.250.1.213.1.1.5.7", "1.2.250.1.213.1.1.5.471"
SECTOR_OID, CLASS_OF_TYPE_OID = "1.2.250.1.213.1.1.5.3", "1.2.250.1.213.1.1.5.587"


def svs(oid: str, concepts: Iterable[Concept], version: str = "20270101120000") -> bytes:
    """A value set as the ANS writes it."""
    rows = "".join(
        f"<Concept code={quoteattr(c.code)} codeSystem={quoteattr(c.system)} displayName={quoteattr(c.label)}/>"
        for c in concepts
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">'
        f'<ValueSet id="{oid}" dateMaj="{version}" displayName="x"><ConceptList>{rows}</ConceptList></ValueSet>'
        "</RetrieveValueSetResponse>"
    ).encode()


def mapping(oid: str, pairs: Mapping[str, str], version: str = "20270101120000") -> bytes:
    """An association as the ANS writes it."""
    rows = "".join(
        f'<MappedConcept><Concept code="{one}" codeSystem="1.2"/><Concept code="{two}" codeSystem="1.3"/>'
        "</MappedConcept>"
        for one, two in pairs.items()
    )
    return (
        f'<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet id="{oid}" dateMaj="{version}" '
        f'typeFichier="ASS"><MappedConceptList>{rows}</MappedConceptList></ValueSet></RetrieveValueSetResponse>'
    ).encode()


def types(*, without: Iterable[str] = (), more: Iterable[Concept] = ()) -> bytes:
    """Our document types but some, and some more."""
    left = set(without)
    return svs(TYPE_OID, [*(item for item in value_set("document_type") if item.code not in left), *more])


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    """A zip of these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
