"""The shape of the XSLT that the ISO skeleton writes, and the proof that one of its modes has that very shape."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from hub_interop.schematron.rewrite.xpath_text import outside_brackets

XSL = "{http://www.w3.org/1999/XSL/Transform}"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
TEMPLATE, APPLY, CALL, VARIABLE_TAG = f"{XSL}template", f"{XSL}apply-templates", f"{XSL}call-template", f"{XSL}variable"

_PATTERN_MODE = re.compile(r"M\d+")
_ELEMENT_WALKS = frozenset({"*|@*", "@*|*", "*|comment()|processing-instruction()", "*"})
_OTHER_RULE = (f"{XSL}next-match", f"{XSL}apply-imports")
_FOCUS = re.compile(r"\b(?:position|last)\s*\(")


@dataclass(frozen=True, slots=True)
class Mode:
    """One pattern of the schematron: its rules, the template for every other node, the one call, the walks on."""

    name: str
    rules: tuple[etree._Element, ...]
    text_default: etree._Element
    default: etree._Element
    call: etree._Element
    walks: tuple[etree._Element, ...]


def pattern_templates(sheet: etree._Element) -> dict[str, list[etree._Element]]:
    """The templates of each pattern's mode, by the mode's name."""
    found: dict[str, list[etree._Element]] = {}
    for template in sheet.findall(TEMPLATE):
        mode = template.get("mode")
        if mode and _PATTERN_MODE.fullmatch(mode):
            found.setdefault(mode, []).append(template)
    return found


def is_rule(template: etree._Element) -> bool:
    """Whether a template of a pattern's mode is one of its rules, not one of the two for all that meets none."""
    return _is_number(template.get("priority"))


def regular_modes(sheet: etree._Element) -> dict[str, Mode]:
    """The modes which are proved to walk over every element once, each node meeting one template of the mode.

    Nothing is regular when any template has a list of modes or `#all`: it could belong to any of them.
    """
    if any(set("# ") & set(template.get("mode", "")) for template in sheet.findall(TEMPLATE)):
        return {}
    calls: dict[str, list[etree._Element]] = {}
    for call in sheet.iter(APPLY):
        calls.setdefault(call.get("mode", ""), []).append(call)
    found = {}
    for name, templates in pattern_templates(sheet).items():
        mode = _regular(name, templates, calls.get(name, []))
        if mode:
            found[name] = mode
    return found


def _regular(name: str, templates: list[etree._Element], calls: list[etree._Element]) -> Mode | None:
    texts = [t for t in templates if (t.get("match"), t.get("priority")) == ("text()", "-1") and not len(t)]
    defaults = [t for t in templates if (t.get("match"), t.get("priority")) == ("@*|node()", "-2") and len(t) == 1]
    rules = [t for t in templates if t not in texts and t not in defaults]
    own = [_walk_on(template, name) for template in [*defaults, *rules]]
    walks = [walk for walk in own if walk is not None]
    starts = [call for call in calls if call not in walks]
    if (
        len(texts) != 1
        or len(defaults) != 1
        or len(walks) != len(own)
        or len(starts) != 1
        or not _starts_at_root(starts)
    ):
        return None
    if any(_depends_on_the_walk(rule) for rule in rules):
        return None
    return Mode(name, tuple(rules), texts[0], defaults[0], starts[0], tuple(walks))


def _walk_on(template: etree._Element, mode: str) -> etree._Element | None:
    """The one place where a template goes on to the children: its last child."""
    last = template[-1] if len(template) else None
    inside = [call for call in template.iter(APPLY) if call.get("mode") == mode]
    if last is None or inside != [last] or last.get("select") not in _ELEMENT_WALKS or len(last):
        return None
    return last


def _starts_at_root(starts: list[etree._Element]) -> bool:
    template = next(starts[0].iterancestors(TEMPLATE), None)
    return (
        starts[0].get("select") == "/"
        and not len(starts[0])
        and template is not None
        and template.get("match") == "/"
        and not template.get("mode")
    )


def _depends_on_the_walk(rule: etree._Element) -> bool:
    """Whether a rule's outcome could differ with what else was selected together with its node."""
    if any(True for _ in rule.iter(*_OTHER_RULE)) or not _is_number(rule.get("priority")):
        return True
    for node in rule.iter(etree.Element):
        for value in expressions(node):
            if _FOCUS.search(value):
                plain = outside_brackets(value)
                if plain is None or _FOCUS.search(plain):
                    return True
    return False


def _is_number(text: str | None) -> bool:
    """Whether it is a priority above those of the mode's two default templates."""
    return text is not None and text.isascii() and text.isdigit()


def expressions(node: etree._Element) -> list[str]:
    """The values of an element's attributes."""
    return [str(value) for value in node.attrib.values()]


def variable_name(variable: etree._Element) -> str:
    """Name of an xsl:variable, without the white space that XSLT allows around it."""
    return variable.get("name", "").strip()
