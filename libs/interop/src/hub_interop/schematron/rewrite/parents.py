"""A mode of hundreds of rules is split by the name of the parent: fewer rules are tried on each element."""

from __future__ import annotations

from lxml import etree

from hub_interop.schematron.rewrite.sheet import APPLY, Mode
from hub_interop.schematron.rewrite.walks import BY_NAME
from hub_interop.schematron.rewrite.xpath_text import branches

FEWEST_RULES = 20
"""A mode with fewer rules is left alone."""


def split_by_parent(mode: Mode, fewest: int = FEWEST_RULES) -> int:
    """Split a narrowed mode; into how many parts (0: left as it is).

    An element is offered to the rules whose match allows its parent's name, and to those whose match says nothing of
    it. Priorities stay, so the winning rule is the same.
    """
    if len(mode.rules) < fewest:
        return 0
    parents = {rule: _parents(rule.get("match", "")) for rule in mode.rules}
    known = sorted({name for names in parents.values() for name in names or ()})
    if not known:
        return 0
    anywhere = " ".join([*(_part(mode, name) for name in known), mode.name])
    for rule, names in parents.items():
        rule.set("mode", anywhere if names is None else " ".join(_part(mode, name) for name in sorted(names)))
    mode.default.set("mode", anywhere)
    for name in known:
        call = etree.Element(APPLY, select=f"key('{BY_NAME}', '{name}')/*", mode=_part(mode, name))
        mode.call.addprevious(call)
    rest = ", ".join(f"'{name}'" for name in known)
    mode.call.set("select", f"({mode.call.get('select')})[not(local-name(..) = ({rest}))]")
    return len(known)


def _part(mode: Mode, parent: str) -> str:
    return f"{mode.name}-{parent}"


def _parents(match: str) -> set[str] | None:
    """The names that the parent of a matching element may have; None when the pattern allows any."""
    found = set()
    for steps in branches(match) or [[]]:
        parent = steps[-2] if len(steps) > 1 else None
        if parent is None or parent.name == "*":
            return None
        found.add(parent.name)
    return found
