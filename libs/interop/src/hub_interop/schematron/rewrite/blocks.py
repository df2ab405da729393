"""Assertions written a thousand times over (data types inlined by `extends`) become named templates."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from hub_interop.schematron.rewrite.sheet import CALL, TEMPLATE, VARIABLE_TAG, XSL, pattern_templates, variable_name
from hub_interop.schematron.rewrite.xpath_text import VARIABLE

_BLOCKS = (f"{XSL}choose", f"{XSL}if")
_RULE_ATTRIBUTES = {"match", "priority", "mode"}
_UNSAFE = (f"{XSL}next-match", f"{XSL}apply-imports")


@dataclass(frozen=True, slots=True)
class _Block:
    """An assertion of a rule with the local variables that it needs, in their order. Same `key`: the same text."""

    node: etree._Element
    needs: tuple[etree._Element, ...]
    key: str


def share_blocks(sheet: etree._Element) -> int:
    """Give each assertion that stands in the sheet more than once a named template; how many templates were added.

    A named template has the caller's context, so only the variables before the assertion have to come along.
    """
    templates = [rule for rules in pattern_templates(sheet).values() for rule in rules if _movable(rule, sheet)]
    blocks = [block for template in templates for block in _blocks(template)]
    often = Counter(block.key for block in blocks)
    names: dict[str, str] = {}
    for block in blocks:
        if often[block.key] < 2:
            continue
        if block.key not in names:
            names[block.key] = f"hub-block-{len(names)}"
            named = etree.SubElement(sheet, TEMPLATE, name=names[block.key])
            named.extend(_copy(node) for node in (*block.needs, block.node))
        _put(block.node, etree.Element(CALL, name=names[block.key]))
    for template in templates:
        _drop_unused_variables(template)
    return len(names) + _share_runs(sheet, templates)


def _movable(template: etree._Element, sheet: etree._Element) -> bool:
    """Whether what stands in the template means the same elsewhere in the sheet."""
    variables = [variable_name(child) for child in template if child.tag == VARIABLE_TAG]
    return (
        set(template.attrib) <= _RULE_ATTRIBUTES
        and template.nsmap == sheet.nsmap
        and len(variables) == len(set(variables))
        and not any(":" in name for name in variables)
        and not any(True for _ in template.iter(*_UNSAFE))
    )


def _blocks(template: etree._Element) -> Iterator[_Block]:
    before: dict[str, etree._Element] = {}
    for child in template:
        if child.tag == VARIABLE_TAG:
            before[variable_name(child)] = child
        elif child.tag in _BLOCKS:
            text = _text(child)
            needs = _needed(text, before)
            yield _Block(child, needs, "".join([*map(_text, needs), text]))


def _needed(text: str, before: dict[str, etree._Element]) -> tuple[etree._Element, ...]:
    """The variables that a text uses, and those which they use, in the order of the template."""
    wanted, found = [text], set()
    while wanted:
        for name in VARIABLE.findall(wanted.pop()):
            if name in before and name not in found:
                found.add(name)
                wanted.append(_text(before[name]))
    return tuple(node for name, node in before.items() if name in found)


def _drop_unused_variables(template: etree._Element) -> None:
    text = "".join(_text(child) for child in template if child.tag != VARIABLE_TAG)
    variables = {variable_name(child): child for child in template if child.tag == VARIABLE_TAG}
    kept = _needed(text, variables)
    for node in variables.values():
        if node not in kept:
            template.remove(node)


def _share_runs(sheet: etree._Element, templates: list[etree._Element]) -> int:
    """The same calls one after the other in several templates become one call."""
    runs = [run for template in templates for run in _runs(template)]
    often = Counter(_names(run) for run in runs)
    shared: dict[tuple[str, ...], str] = {}
    for run in runs:
        key = _names(run)
        if often[key] < 2:
            continue
        if key not in shared:
            shared[key] = f"hub-run-{len(shared)}"
            named = etree.SubElement(sheet, TEMPLATE, name=shared[key])
            named.extend(etree.Element(CALL, name=name) for name in key)
        _put(run[0], etree.Element(CALL, name=shared[key]))
        for call in run[1:]:
            _remove(call)
    return len(shared)


def _runs(template: etree._Element) -> Iterator[list[etree._Element]]:
    run: list[etree._Element] = []
    for child in template:
        if child.tag == CALL:
            run.append(child)
            continue
        if len(run) > 1:
            yield run
        run = []
    if len(run) > 1:
        yield run


def _names(run: list[etree._Element]) -> tuple[str, ...]:
    return tuple(call.get("name", "") for call in run)


def _text(node: etree._Element) -> str:
    return etree.tostring(node, encoding="unicode", with_tail=False)


def _copy(node: etree._Element) -> etree._Element:
    twin = copy.deepcopy(node)
    twin.tail = None
    return twin


def _put(node: etree._Element, new: etree._Element) -> None:
    node.addprevious(new)
    _remove(node)


def _remove(node: etree._Element) -> None:
    parent = node.getparent()
    assert parent is not None
    node.tail = None
    parent.remove(node)
