"""Reads a value set in IHE SVS XML, the form in which the operator receives new ones (EX_GEN-1360)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from hub_interop.soap.errors import MessageUnreadable
from hub_interop.soap.safe_xml import parse_xml
from hub_interop.terminologies.valueset import Association, Concept, ValueSet, with_concepts

_LIMIT = 16 * 1024 * 1024
_MAX_CONCEPTS = 20_000
_MAX_TEXT = 1_000
_REFUSALS = {
    "XML_TOO_LARGE": "le document est trop gros",
    "XML_DOCTYPE": "un document SVS n'a pas de DOCTYPE",
    "XML_ENCODING": "le document n'est pas en UTF-8",
}
_OID = re.compile(r"\A[0-2](\.(0|[1-9][0-9]*))+\Z")
_CODE = re.compile(r"\A\S(.{0,253}\S)?\Z")


class SvsUnreadable(ValueError):
    """Not a RetrieveValueSetResponse with one value set."""


@dataclass(frozen=True, slots=True)
class SvsDocument:
    """A document as it stands: `oid` and `version` of its set, its concepts or, for an association, its pairs."""

    oid: str
    version: str
    title: str
    concepts: tuple[Concept, ...] = field(default=(), repr=False)
    pairs: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def value_set(self, name: str, source: str, since: date, until: date | None = None) -> ValueSet:
        """The value set of that name."""
        concepts, homonyms = with_concepts(list(self.concepts))
        return ValueSet(name, self.oid, self.version, source, since, until, concepts, homonyms=homonyms)

    def association(self, name: str, source: str, since: date, until: date | None = None) -> Association:
        """The association of that name."""
        return Association(name, self.oid, self.version, source, since, until, dict(self.pairs))


def read_svs(data: bytes, *, name: str, source: str, since: date, until: date | None = None) -> ValueSet:
    """The value set in an IHE SVS document. Raises SvsUnreadable."""
    document = read_node(value_set_nodes(data))
    if not document.concepts:
        raise SvsUnreadable("le ValueSet n'a pas d'identifiant ou est vide")
    return document.value_set(name, source, since, until)


def value_set_nodes(data: bytes) -> list[etree._Element]:
    """The `ValueSet` elements of an XML document (none: it isn't SVS). Raises SvsUnreadable."""
    try:
        root = parse_xml(data, where="SVS", limit=_LIMIT).getroot()
    except MessageUnreadable as error:
        raise SvsUnreadable(_REFUSALS.get(error.code, "le document n'est pas du XML lisible")) from None
    return list(root.iter("{*}ValueSet"))


def read_node(nodes: list[etree._Element]) -> SvsDocument:
    """The value set or association of the one `ValueSet` element, whatever its OID. Raises SvsUnreadable."""
    if len(nodes) != 1:
        raise SvsUnreadable("un seul ValueSet est attendu")
    node = nodes[0]
    mapped = list(node.iter("{*}MappedConcept"))
    concepts = [] if mapped else [_concept(item) for item in node.iter("{*}Concept")]
    pairs = [_pair(item) for item in mapped]
    oid = node.get("id")
    if not oid or not (concepts or pairs):
        raise SvsUnreadable("le ValueSet n'a pas d'identifiant ou est vide")
    if not _OID.match(oid):
        raise SvsUnreadable("l'identifiant du ValueSet n'est pas un OID")
    if len(concepts) + len(pairs) > _MAX_CONCEPTS:
        raise SvsUnreadable(f"le ValueSet a plus de {_MAX_CONCEPTS} codes")
    _refuse_contradictions(concepts)
    return SvsDocument(oid, _version(node), node.get("displayName", ""), tuple(concepts), tuple(pairs))


def _version(node: etree._Element) -> str:
    """`version`, or the day of the last change (`dateMaj`)."""
    return (node.get("version") or node.get("dateMaj", "")[:8]).strip()[:40]


def _concept(node: etree._Element) -> Concept:
    code, system, label = node.get("code"), node.get("codeSystem"), node.get("displayName")
    if not code or not label:
        raise SvsUnreadable("un Concept n'a pas de code ou de libellé")
    if not _CODE.match(code) or len(label) > _MAX_TEXT:
        raise SvsUnreadable("un Concept a un code ou un libellé mal formé")
    return Concept(code, system or "", " ".join(label.split()))


def _pair(node: etree._Element) -> tuple[str, str]:
    codes = [item.get("code") for item in node.iter("{*}Concept")]
    if len(codes) != 2 or not codes[0] or not codes[1]:
        raise SvsUnreadable("un MappedConcept n'a pas deux codes")
    return codes[0], codes[1]


def _refuse_contradictions(concepts: list[Concept]) -> None:
    """A code that comes twice in the same system with two labels: nobody knows which one is meant."""
    labels: dict[tuple[str, str], str] = {}
    for item in concepts:
        if labels.setdefault((item.code, item.system), item.label) != item.label:
            raise SvsUnreadable("un code a deux libellés différents dans le même système")
