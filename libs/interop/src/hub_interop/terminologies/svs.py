"""Reads a value set in IHE SVS XML, the form in which the operator receives new ones (EX_GEN-1360)."""

from __future__ import annotations

from datetime import date

from lxml import etree

from hub_interop.terminologies.valueset import Concept, ValueSet

_LIMIT = 16 * 1024 * 1024


class SvsUnreadable(ValueError):
    """Not a RetrieveValueSetResponse with one value set."""


def read_svs(data: bytes, *, name: str, source: str, since: date, until: date | None = None) -> ValueSet:
    """The value set in an IHE SVS document. Raises SvsUnreadable."""
    if len(data) > _LIMIT:
        raise SvsUnreadable("le document est trop gros")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        raise SvsUnreadable("le document n'est pas du XML") from None
    if b"<!DOCTYPE" in data[:4096]:
        raise SvsUnreadable("un document SVS n'a pas de DOCTYPE")
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
    return ValueSet(name, oid, sets[0].get("version") or "", source, since, until, concepts)
