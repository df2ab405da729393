"""Documents that are wrong in many ways, the same ones in every run: small ones, the plain engine is slow."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

V3 = "{urn:hl7-org:v3}"
SAMPLES = {
    "N1": ("DOC_NON_STRUCTURE_CDA-R2-N1.xml", 8),
    "VAC-NOTE": ("VAC-NOTE_2023.01.xml", 2),
    "LDL-SES": ("LDL-SES_2022.01.xml", 1),
}
"""File and share of each kind of document: what is small is the most frequent."""

_ATTRIBUTE = re.compile(r"""templateId(?:\[\s*|/)@root\s*=\s*["']([\d.]{9,})["']""")
_OPTIONAL = ("informant", "informationRecipient", "participant", "authenticator", "relatedDocument", "authorization")
_BODY_PARTS = ("section", "observation", "act", "substanceAdministration", "organizer", "supply", "procedure", "code")
_LARGEST_GRAFT = 40  # elements
_VALUES = ("", "0", "X", "1.2.3", "FR", "ASKU", "20230230", "0102030405", "true", "completed", "N", "UNK")


class Mutants:
    """Mutated copies of the official examples, with parts of the catalogue of contents grafted into them."""

    def __init__(self, examples: Path, sheets: Path, volets: list[tuple[str, str]]) -> None:
        self._bases = {kind: small(examples / name) for kind, (name, _) in SAMPLES.items()}
        catalogue = etree.parse(next(examples.glob("01_Mod*")), etree.XMLParser(remove_comments=True)).getroot()
        self._parts = [
            part
            for part in catalogue.iter(*(V3 + name for name in _BODY_PARTS))
            if part.find(f"{V3}templateId") is not None and count(part) <= _LARGEST_GRAFT
        ]
        texts = (path.read_text("utf-8") for path in sorted(sheets.rglob("*.xsl")))
        self._ids = sorted({found for text in texts for found in _ATTRIBUTE.findall(text)})
        self._volets = volets

    def make(self, number: int) -> Iterator[bytes]:
        """`number` of them."""
        for seed in range(number):
            chance = random.Random(seed)
            kind = chance.choices(list(SAMPLES), [share for _, share in SAMPLES.values()])[0]
            root = thinned(copy.deepcopy(self._bases[kind]), chance)
            for _ in range(chance.choice((1, 1, 2, 3, 5))):
                chance.choices(self._ways(), (4, 4, 3, 2, 2, 4, 6, 1))[0](root, chance)
            yield etree.tostring(root, encoding="UTF-8")

    def _ways(self):  # type: ignore[no-untyped-def]
        return (
            change_value, remove_attribute, remove, repeat, move, self._name_template, self._graft, self._name_volet,
        )  # fmt: skip

    def _name_template(self, root: etree._Element, chance: random.Random) -> None:
        target = pick(root, chance)
        target.insert(0, etree.Element(f"{V3}templateId", root=chance.choice(self._ids)))

    def _name_volet(self, root: etree._Element, chance: random.Random) -> None:
        oid, version = chance.choice(self._volets)
        root.insert(0, etree.Element(f"{V3}templateId", root=oid, extension=version))

    def _graft(self, root: etree._Element, chance: random.Random) -> None:
        part = copy.deepcopy(chance.choice(self._parts))
        for _ in range(chance.randrange(3)):
            chance.choice((change_value, remove_attribute, remove))(part, chance)
        target = pick(root, chance)
        target.insert(chance.randrange(len(target) + 1), part)


def small(path: Path) -> etree._Element:
    """The example without its narrative, its file, and what the header may leave out."""
    root = etree.parse(path, etree.XMLParser(remove_comments=True, huge_tree=True)).getroot()
    for node in list(root.iter(f"{V3}text")):
        if node.get("representation") == "B64":
            node.text = "JVBERi0="
        elif node.getparent() is not None and node.getparent().tag == f"{V3}section":
            del node[:]
            node.text = "-"
    for name in _OPTIONAL:
        for node in root.findall(V3 + name)[1 if name == "participant" else 0 :]:
            root.remove(node)
    for node in [one for one in root.iter(f"{V3}component") if one.getparent().tag == f"{V3}structuredBody"][3:]:
        node.getparent().remove(node)
    return root


def thinned(root: etree._Element, chance: random.Random) -> etree._Element:
    """Without most addresses and some of the header: the plain engine's time grows with the number of elements."""
    for node in list(root.iter(f"{V3}addr", f"{V3}telecom", f"{V3}birthplace", f"{V3}guardian")):
        if chance.random() < 0.75:
            node.getparent().remove(node)
    for node in [one for one in root if one.tag not in (f"{V3}component", f"{V3}templateId")]:
        if chance.random() < 0.35:
            root.remove(node)
    return root


def count(node: etree._Element) -> int:
    return sum(1 for _ in node.iter(etree.Element))


def pick(root: etree._Element, chance: random.Random) -> etree._Element:
    return chance.choice(list(root.iter(etree.Element)))


def change_value(root: etree._Element, chance: random.Random) -> None:
    node = chance.choice([one for one in root.iter(etree.Element) if one.attrib] or [root])
    if node.attrib:
        name = chance.choice(sorted(node.attrib))
        other = chance.choice([one for one in root.iter(etree.Element) if one.attrib])
        node.set(name, chance.choice((*_VALUES, *map(str, other.attrib.values()))))
    node.set("nullFlavor", "UNK") if chance.random() < 0.15 else None


def remove_attribute(root: etree._Element, chance: random.Random) -> None:
    node = chance.choice([one for one in root.iter(etree.Element) if one.attrib] or [root])
    if node.attrib:
        del node.attrib[chance.choice(sorted(node.attrib))]


def remove(root: etree._Element, chance: random.Random) -> None:
    node = pick(root, chance)
    if node is not root and count(node) < 40:
        node.getparent().remove(node)


def repeat(root: etree._Element, chance: random.Random) -> None:
    node = pick(root, chance)
    if node is not root and count(node) < 40:
        node.addnext(copy.deepcopy(node))


def move(root: etree._Element, chance: random.Random) -> None:
    node, target = pick(root, chance), pick(root, chance)
    if node is not root and count(node) < 40 and node not in target.iterancestors() and target is not node:
        target.insert(chance.randrange(len(target) + 1), node)
