"""What the sheet writes out is cut down to findings, and the values that a rule puts into its text are marked."""

from __future__ import annotations

from lxml import etree

from hub_interop.schematron.rewrite.sheet import SVRL, XSL

VALUE = "{urn:hub:schematron}value"
"""Element around every value of the document that a rule writes into its text."""

_NOT_FINDINGS = (f"{SVRL}active-pattern", f"{SVRL}fired-rule", f"{SVRL}ns-prefix-in-attribute-values")
_FINDINGS = (f"{SVRL}failed-assert", f"{SVRL}successful-report")
_VALUES = (f"{XSL}value-of", f"{XSL}copy-of", f"{XSL}apply-templates", f"{XSL}call-template")
_KEPT_WITH_CODE = (f"{XSL}apply-templates", f"{XSL}call-template")


def keep_only_findings(sheet: etree._Element) -> None:
    """Drop what tells which patterns and rules were looked at. What has a walk inside stays (walks.py refused it)."""
    for node in list(sheet.iter(*_NOT_FINDINGS)):
        parent = node.getparent()
        if parent is None or any(True for _ in node.iter(*_KEPT_WITH_CODE)):
            continue
        parent.remove(node)
    for output in sheet.iter(f"{XSL}output"):
        output.set("indent", "no")


def mark_values(sheet: etree._Element) -> int:
    """Put `VALUE` around each value in a finding's text, and write a test's braces as text; how many values.

    An unescaped brace in `svrl:*/@test` is evaluated as XPath on the document: the test shown must be static.
    """
    marked = 0
    for finding in sheet.iter(*_FINDINGS):
        finding.set("test", finding.get("test", "").replace("{", "{{").replace("}", "}}"))
        for text in finding.iter(f"{SVRL}text", f"{SVRL}diagnostic-reference"):
            for value in list(text.iter(*_VALUES)):
                _wrap(value)
                marked += 1
    return marked


def _wrap(node: etree._Element) -> None:
    mark = etree.Element(VALUE, nsmap={"hub": "urn:hub:schematron"})
    mark.tail, node.tail = node.tail, None
    node.addprevious(mark)
    mark.append(node)
