"""Look-ups in value-set files become comparisons with literal sequences: the engine would read them for each document.

Four shapes are known, each with the proof that the result is the same; any other look-up stays as it is, and its file
is named so that the installation can bring it along. A frozen value set is part of the installation's content hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from hub_interop.schematron.rewrite.sheet import TEMPLATE, VARIABLE_TAG, XSL, expressions, variable_name

Reader = Callable[[str], "etree._Element | None"]
"""Root of the value-set file with that relative path; None when there is none, or none that may be read."""

_PATH = r"doc\('([^'%#?:\\]*)'\)"
_CODES = re.compile(_PATH + r"((?:/\*/valueSet|//valueSet\[1\])/conceptList/concept/@code)")
_CODE_AND_SYSTEM = re.compile(_PATH + r"(//valueSet\[1\]/conceptList/concept)/concat\(@code, @codeSystem\)")
_EXISTS = re.compile(
    r"exists\(" + _PATH + r"(//valueSet\[1\])\[conceptList/concept"
    r"\[@code = \$([\w.-]+)\]\[@codeSystem = \$([\w.-]+)\]\]\)"
)
_CONCEPT = re.compile(r"\(document\(\$([\w.-]+)\)//([\w-]+):Concept\[@code=\$([\w.-]+) and @codeSystem=\$([\w.-]+)\]\)")
_LOOK_UP = re.compile(r"\b(?:document|doc|doc-available|unparsed-text|collection)\s*\(")
_NAMED_LOOK_UP = re.compile(r"\b(?:document|doc)\(\s*(?:'([^']*)'|\$([\w.-]+))\s*\)")
_LITERAL = re.compile(r"\s*'([^']*)'\s*")
_ATTRIBUTE = re.compile(r"\s*@[\w:.-]+\s*")
_COMPARED_END = re.compile(r"\s*(?:,\s*doc\(|[\s)]*(?:\Z|\]|(?:or|and)\b))")
_OPERAND = re.compile(r"(?:\A|\b(?:or|and))\Z")
_OPERAND_END = re.compile(r"[\s)]*(?:\Z|(?:or|and)\b)")
_SEPARATOR = "|"
_UNTYPED = "Q{http://www.w3.org/2001/XMLSchema}untypedAtomic"


@dataclass(slots=True)
class Frozen:
    """What was done: the value sets written into the sheet, and the look-ups that stay, by path ("" when unknown)."""

    files: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)


def freeze_value_sets(sheet: etree._Element, read: Reader) -> Frozen:
    """Write the value sets that `read` finds into the sheet as global variables."""
    work = _Freezing(sheet, read)
    if not sheet.xpath("boolean(//@xpath-default-namespace)"):
        for node in list(sheet.iter(f"{XSL}when", f"{XSL}if", VARIABLE_TAG)):
            work.rewrite(node, "select" if node.tag == VARIABLE_TAG else "test")
        for rule in sheet.findall(TEMPLATE):
            work.rewrite_match(rule)
    work.write()
    for node in sheet.iter(etree.Element):
        for value in expressions(node) if str(node.tag).startswith(XSL) else ():
            work.note_left(value)
    return work.done


class _Freezing:
    def __init__(self, sheet: etree._Element, read: Reader) -> None:
        self._sheet, self._read = sheet, read
        self._sets: dict[tuple[str, str], tuple[str, str]] = {}
        self._paths = {
            variable_name(node): literal.group(1)
            for node in sheet.findall(VARIABLE_TAG)
            if (literal := _LITERAL.fullmatch(node.get("select", "")))
        }
        self.done = Frozen()

    def rewrite(self, node: etree._Element, attribute: str) -> None:
        """Replace the known look-ups in one expression."""
        text = node.get(attribute, "")
        if not _LOOK_UP.search(text) or "(:" in text:
            return
        test = attribute == "test"
        text = _EXISTS.sub(lambda found: self._exists(node, found), text)
        text = _CODE_AND_SYSTEM.sub(self._code_and_system, text)
        text = _CODES.sub(lambda found: self._codes(node, found, test), text)
        if test:
            text = _CONCEPT.sub(lambda found: self._concept(node, found), text)
        node.set(attribute, text)

    def rewrite_match(self, rule: etree._Element) -> None:
        """Replace the look-ups in a match pattern of which the sequence itself is kept."""
        match = rule.get("match", "")
        if _LOOK_UP.search(match) and "(:" not in match:
            rule.set("match", _CODE_AND_SYSTEM.sub(self._code_and_system, match))

    def write(self) -> None:
        """The global variables."""
        first = self._sheet.find(TEMPLATE)
        for name, value in self._sets.values():
            assert first is not None
            first.addprevious(etree.Element(VARIABLE_TAG, name=name, select=value))

    def note_left(self, text: str) -> None:
        """Remember what is still looked up at run time."""
        named = list(_NAMED_LOOK_UP.finditer(text))
        for found in named:
            self.done.left.add(found.group(1) or self._paths.get(found.group(2), ""))
        if len(named) < len(_LOOK_UP.findall(text)):
            self.done.left.add("")

    def _codes(self, node: etree._Element, found: re.Match[str], test: bool) -> str:
        """Attributes that are compared: their values as untyped atomics compare exactly as they do."""
        if test:
            proved = _in_comparison(found.string, found.start(), found.end())
        else:
            proved = found.group(0) == found.string.strip() and _only_compared(node)
        root = self._root(found.group(1)) if proved else None
        if root is None:
            return found.group(0)
        codes = [str(code) for code in _nodes(root, found.group(2))]
        value = f"for $code in {_sequence(dict.fromkeys(codes))} return {_UNTYPED}($code)"
        return self._variable("codes", found.group(1) + found.group(2), value, found.group(1))

    def _code_and_system(self, found: re.Match[str]) -> str:
        """The very sequence of strings, with its order and repetitions."""
        root = self._root(found.group(1))
        if root is None:
            return found.group(0)
        joined = [concept.get("code", "") + concept.get("codeSystem", "") for concept in _nodes(root, found.group(2))]
        return self._variable("joined", found.group(1), _sequence(joined), found.group(1))

    def _exists(self, node: etree._Element, found: re.Match[str]) -> str:
        """A boolean in both forms."""
        path, where, code, system = found.groups()
        return self._pairs(node, found, path, f"{where}/conceptList/concept", (code, system))

    def _concept(self, node: etree._Element, found: re.Match[str]) -> str:
        """Nodes of which only the existence counts: an operand of `or`/`and`, or the whole test."""
        variable, prefix, code, system = found.groups()
        space, path = node.nsmap.get(prefix), self._paths.get(variable)
        operand = _OPERAND.search(found.string[: found.start()].rstrip(" \t\r\n("))
        operand = operand and _OPERAND_END.match(found.string, found.end())
        if not operand or not space or path is None or self._hidden(node, variable):
            return found.group(0)
        return self._pairs(node, found, path, f"//{{{space}}}Concept", (code, system))

    def _pairs(
        self, node: etree._Element, found: re.Match[str], path: str, where: str, variables: tuple[str, str]
    ) -> str:
        single = all(self._is_attribute(node, name) for name in variables)
        root = self._root(path) if single else None
        if root is None:
            return found.group(0)
        concepts = [(node.get("code"), node.get("codeSystem")) for node in _nodes(root, where)]
        pairs = [(code, system) for code, system in concepts if code is not None and system is not None]
        if any(_SEPARATOR in code + system for code, system in pairs):
            return found.group(0)
        value = _sequence(dict.fromkeys(f"{code}{_SEPARATOR}{system}" for code, system in pairs))
        name = self._variable("pairs", path + where, value, path)
        code, system = (f"${variable}" for variable in variables)
        return f"(exists({code}) and exists({system}) and concat({code}, '{_SEPARATOR}', {system}) = {name})"

    def _root(self, path: str) -> etree._Element | None:
        return None if re.search(r"[%#?:\\]", path) or not path else self._read(path)

    def _variable(self, kind: str, key: str, value: str, path: str) -> str:
        self.done.files.add(path)
        name, _ = self._sets.setdefault((kind, key), (f"hub-set-{len(self._sets)}", value))
        return f"${name}"

    @staticmethod
    def _is_attribute(node: etree._Element, name: str) -> bool:
        """Whether the local variable is one attribute of the context, or nothing."""
        rule = next(node.iterancestors(TEMPLATE), None)
        local = [] if rule is None else [v for v in rule.iter(VARIABLE_TAG) if variable_name(v) == name]
        return len(local) == 1 and bool(_ATTRIBUTE.fullmatch(local[0].get("select", "")))

    @staticmethod
    def _hidden(node: etree._Element, name: str) -> bool:
        """Whether a local variable hides the global one."""
        rule = next(node.iterancestors(TEMPLATE), None)
        return rule is None or any(variable_name(variable) == name for variable in rule.iter(VARIABLE_TAG))


def _in_comparison(text: str, start: int, end: int) -> bool:
    """Whether a look-up is the right side of `=`, alone or in a list of look-ups: `= (a, b)`."""
    before = re.sub(r"\s+", "", _CODES.sub("", text[:start]))
    return bool(re.search(r"[^!<>]=(?:\(,*)?\Z", before) and _COMPARED_END.match(text, end))


def _only_compared(variable: etree._Element) -> bool:
    """Whether each use of the variable is the right side of `=`, in the rule where it stands."""
    rule, name = variable.getparent(), variable_name(variable)
    if rule is None or rule.tag != TEMPLATE or sum(variable_name(v) == name for v in rule.iter(VARIABLE_TAG)) != 1:
        return False
    use = re.compile(rf"\$\s*{re.escape(name)}(?![\w.-])")
    for node in rule.iter(etree.Element):
        for value in expressions(node) if str(node.tag).startswith(XSL) else ():
            for found in use.finditer(value):
                before = value[: found.start()].rstrip()
                right = before.endswith("=") and not before.endswith(("!=", "<=", ">="))
                if not right or not _COMPARED_END.match(value, found.end()):
                    return False
    return True


def _nodes(root: etree._Element, path: str) -> list[etree._Element]:
    """lxml's XPath, with `{uri}name` for a qualified name."""
    named = re.fullmatch(r"//\{([^}]*)\}(\w+)", path)
    if named:
        return list(root.iter(f"{{{named.group(1)}}}{named.group(2)}"))
    found = root.getroottree().xpath(path)
    return cast("list[etree._Element]", found) if isinstance(found, list) else []


def _sequence(values: Iterable[str]) -> str:
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"
