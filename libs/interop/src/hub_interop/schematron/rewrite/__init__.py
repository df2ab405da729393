"""Rewrites the XSLT of a schematron so that it gives the same findings at a tenth of the cost.

Each rewrite is a pure function on the sheet's tree and does only what it proves; the rest stays as the skeleton wrote
it. The order of the findings may change, never their set.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from lxml import etree

from hub_interop.schematron.rewrite.blocks import share_blocks
from hub_interop.schematron.rewrite.parents import split_by_parent
from hub_interop.schematron.rewrite.reports import keep_only_findings, mark_values
from hub_interop.schematron.rewrite.sheet import is_rule, pattern_templates, regular_modes
from hub_interop.schematron.rewrite.valuesets import Frozen, Reader, freeze_value_sets
from hub_interop.schematron.rewrite.walks import drop_default_walks, narrow_walks

REWRITER = "1"
"""Version of the rewrites: part of the content hash, to be raised with any change of what they write."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What was done to one sheet. `kept_walks` of `patterns` still walk over the whole document."""

    rules: int
    patterns: int
    kept_walks: int
    named: int
    split: int
    value_sets: Frozen


def rewrite(sheet: etree._Element, read: Reader) -> Rewritten:
    """Apply all rewrites to `sheet`, in place."""
    templates = pattern_templates(sheet)
    patterns, rules = len(templates), sum(map(is_rule, chain.from_iterable(templates.values())))
    value_sets = freeze_value_sets(sheet, read)
    drop_default_walks(sheet)
    mark_values(sheet)
    keep_only_findings(sheet)
    regular = regular_modes(sheet)
    narrowed = narrow_walks(sheet, regular)
    empty = sum(not mode.rules for name, mode in regular.items() if name not in narrowed)
    named = share_blocks(sheet)
    split = sum(split_by_parent(mode) for mode in narrowed.values())
    return Rewritten(rules, patterns, patterns - len(narrowed) - empty, named, split, value_sets)
