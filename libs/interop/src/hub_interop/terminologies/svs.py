"""Reads a value set in IHE SVS XML, the form in which the operator receives new ones (EX_GEN-1360)."""

from __future__ import annotations

from datetime import date

from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml
from hub_interop.terminologies.valueset import Concept, ValueSet

_LIMIT = 16 * 1024 * 1024
_REFUSALS = {
    "XML_TOO_LARGE": "le document est trop gros",
    "XML_DOCTYPE": "un document SVS n'a pas de DOCTYPE",
    "XML_ENCODING": "le document n'est pas en UTF-8",
}


class SvsUnreadable(ValueError):
    """Not a RetrieveValueSetResponse with one value set."""


def read_svs(data: bytes, *, name: str, source: str, since: date, until: date | None = None) -> ValueSet:
    """The value set in an IHE SVS document. Raises SvsUnreadable."""
    try:
        root = parse_xml(data, where="SVS", limit=_LIMIT).getroot()
    except MessageUnreadable as error:
        raise SvsUnreadable(_REFUSALS.get(error.code, "le document n'est pas du XML lisible")) from None
    sets = list(root.iter("{*}ValueSet"))
    if len(sets) != 1:
        raise SvsUnreadable("un seul ValueSet est attendu")
    concepts = {}
    for node in sets[0].iter("{*}Concept"):
        code, system, label = node.get("code"), node.get("codeSystem"), node.get("displayName")
        if not code or not label:
            raise SvsUnreadable("un Concept n'a pas de code ou de libellé")
        concepts[code] = Concept(code, system or "", label)
    oid = sets[0].get("id")
    if not oid or not concepts:
        raise SvsUnreadable("le ValueSet n'a pas d'identifiant ou est vide")
    return ValueSet(name, oid, sets[0].get("version") or sets[0].get("dateMaj", "")[:8], source, since, until, concepts)
