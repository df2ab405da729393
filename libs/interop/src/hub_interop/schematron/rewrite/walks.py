"""Walks over the whole document that can't find anything are dropped or narrowed to the nodes that rules can match."""

from __future__ import annotations

import re

from lxml import etree

from hub_interop.schematron.rewrite.sheet import APPLY, SVRL, TEMPLATE, XSL, Mode
from hub_interop.schematron.rewrite.xpath_text import Step, branches

BY_TEMPLATE_ID, BY_NAME = "hub-template-id", "hub-name"
"""Names of the two keys, of elements by what their `templateId` children name and by their local name."""

ALL_ELEMENTS, ROOT = "//*", "/"
_MANY_NAMES = 60  # so many keys cost more than a look at every element

_TEMPLATE_ID = re.compile(
    r"""(?:\./)?(?:[\w-]+:)?templateId(?:/@root\s*=\s*(["'])([\w.-]+)\1|\s*\[\s*@root\s*=\s*(["'])([\w.-]+)\3\s*\])"""
)

Candidate = tuple[str, str]


def drop_default_walks(sheet: etree._Element) -> int:
    """Remove the walk in no mode that the skeleton puts into every active-pattern; how many were removed.

    None when a template without a mode could do anything on it: there may be only the root's and an empty text().
    """
    for template in sheet.findall(TEMPLATE):
        if template.get("name") or template.get("mode"):
            if set("# ") & set(template.get("mode", "")):
                return 0
            continue
        if template.get("match") != "/" and (template.get("match") != "text()" or len(template) or template.text):
            return 0
    dropped = 0
    for pattern in sheet.iter(f"{SVRL}active-pattern"):
        for walk in [child for child in pattern.findall(APPLY) if not child.attrib and not len(child)]:
            pattern.remove(walk)
            dropped += 1
    return dropped


def narrow_walks(sheet: etree._Element, modes: dict[str, Mode]) -> dict[str, Mode]:
    """Select only the elements that a rule of the mode can match; the modes for which it was proved.

    A rule matches no element that its last step does not: its name, or a templateId that one predicate asks for,
    is necessary. Rules then need not go on to the children, and nothing is done with what matches none.
    """
    narrowed = {}
    for name, mode in modes.items():
        found = [_candidates(rule.get("match", "")) for rule in mode.rules]
        if None in found:
            continue
        for walk in mode.walks:
            _parent(walk).remove(walk)
        sheet.remove(mode.text_default)
        if mode.rules:
            mode.call.set("select", _selection({one for rule in found for one in rule or ()}))
            narrowed[name] = mode
        else:
            _parent(mode.call).remove(mode.call)
            sheet.remove(mode.default)
    if narrowed:
        _add_keys(sheet)
    return narrowed


def _candidates(match: str) -> list[Candidate] | None:
    if match.strip() == ROOT:
        return [(ROOT, ROOT)]
    alternatives = branches(match)
    return None if alternatives is None else [_candidate(steps[-1]) for steps in alternatives]


def _candidate(step: Step | None) -> Candidate:
    assert step is not None  # branches() refuses a pattern that ends with `/`
    for predicate in step.predicates:
        found = _TEMPLATE_ID.fullmatch(predicate)
        if found:
            return BY_TEMPLATE_ID, found.group(2) or found.group(4)
    return BY_NAME, step.name


def _selection(candidates: set[Candidate]) -> str:
    names = sorted(value for kind, value in candidates if kind == BY_NAME)
    identifiers = sorted(value for kind, value in candidates if kind == BY_TEMPLATE_ID)
    parts = [ROOT] if (ROOT, ROOT) in candidates else []
    if "*" in names or len(names) > _MANY_NAMES:
        return " | ".join([*parts, ALL_ELEMENTS])
    keys = ((BY_TEMPLATE_ID, identifiers), (BY_NAME, names))
    parts += [f"key('{key}', ({', '.join(map(_literal, values))}))" for key, values in keys if values]
    return " | ".join(parts)


def _literal(name: str) -> str:
    return f"'{name}'"


def _add_keys(sheet: etree._Element) -> None:
    first = sheet.find(TEMPLATE)
    assert first is not None
    uses = {BY_TEMPLATE_ID: ("*[*:templateId]", "*:templateId/@root"), BY_NAME: ("*", "local-name()")}
    for name, (match, use) in uses.items():
        first.addprevious(etree.Element(f"{XSL}key", {"name": name, "match": match, "use": use}))


def _parent(node: etree._Element) -> etree._Element:
    parent = node.getparent()
    assert parent is not None
    return parent
