"""Each rewrite on small sheets: what it changes, and what it must leave because nothing is proved."""

from __future__ import annotations

import pytest
from lxml import etree

from hub_interop.schematron.rewrite.blocks import share_blocks
from hub_interop.schematron.rewrite.parents import split_by_parent
from hub_interop.schematron.rewrite.reports import VALUE, mark_values
from hub_interop.schematron.rewrite.sheet import SVRL, XSL, regular_modes
from hub_interop.schematron.rewrite.valuesets import freeze_value_sets
from hub_interop.schematron.rewrite.walks import drop_default_walks, narrow_walks
from hub_interop.schematron.rewrite.xpath_text import branches, split_top

HEAD = """<xsl:stylesheet version="2.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:c="urn:hl7-org:v3"
  xmlns:svs="urn:ihe:iti:svs:2008" xmlns:svrl="http://purl.oclc.org/dsdl/svrl">"""
ROOT = """<xsl:template match="text()" priority="-1"/><xsl:template match="/"><svrl:schematron-output>
  <svrl:active-pattern><xsl:attribute name="id">p</xsl:attribute><xsl:apply-templates/></svrl:active-pattern>
  <xsl:apply-templates select="/" mode="M1"/></svrl:schematron-output></xsl:template>"""
DEFAULTS = """<xsl:template match="text()" priority="-1" mode="M1"/>
  <xsl:template match="@*|node()" priority="-2" mode="M1">
  <xsl:apply-templates select="*|@*" mode="M1"/></xsl:template>"""
ASSERT = """<xsl:choose><xsl:when test="{test}"/>
  <xsl:otherwise><svrl:failed-assert test="t"/></xsl:otherwise></xsl:choose>"""
WALK = '<xsl:apply-templates select="*|@*" mode="M1"/>'
FILE = b"""<valueSets><valueSet><conceptList><concept code="A" codeSystem="1"/><concept code="O'B" codeSystem="2"/>
  <concept code="A" codeSystem="3"/></conceptList></valueSet></valueSets>"""
SVS = b"""<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008"><ValueSet><ConceptList>
  <Concept code="A" codeSystem="1"/><Concept code="B"/></ConceptList></ValueSet></RetrieveValueSetResponse>"""


def rule(match: str, body: str = "", walk: str = WALK, priority: int = 1000) -> str:
    return f'<xsl:template match="{match}" priority="{priority}" mode="M1">{body}{walk}</xsl:template>'


def sheet(*parts: str, root: str = ROOT, defaults: str = DEFAULTS) -> etree._Element:
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True)
    return etree.fromstring("".join([HEAD, root, *parts, defaults, "</xsl:stylesheet>"]), parser)


def start(tree: etree._Element) -> str | None:
    return tree.find(f".//{SVRL}schematron-output/{XSL}apply-templates").get("select")


def narrowed(*rules: str) -> str | None:
    tree = sheet(*rules)
    narrow_walks(tree, regular_modes(tree))
    return start(tree)


@pytest.mark.parametrize(
    ("match", "selection"),
    [
        ("c:a", "key('hub-name', ('a'))"),
        ("c:x/c:a[c:b = '|/[']", "key('hub-name', ('a'))"),
        ("c:a|*:b", "key('hub-name', ('a', 'b'))"),
        ("//c:x//c:a[1][@q]", "key('hub-name', ('a'))"),
        ("*[c:templateId/@root='1.2']", "key('hub-template-id', ('1.2'))"),
        ("*[c:templateId/@root='1.2']/c:a", "key('hub-name', ('a'))"),
        ("c:act[./c:templateId/@root = '1.2'] | c:b", "key('hub-template-id', ('1.2')) | key('hub-name', ('b'))"),
        ("c:act[@x][c:templateId[@root='1.2']]", "key('hub-template-id', ('1.2'))"),
        ("c:act[c:templateId/@root='1.2' or @x]", "key('hub-name', ('act'))"),
        ("c:act[not(c:templateId/@root='1.2')]", "key('hub-name', ('act'))"),
        ("c:act[c:templateId/@root!='1.2']", "key('hub-name', ('act'))"),
        ("*[@x]", "//*"),
        ("c:*", "//*"),
        ("/", "/"),
    ],
)
def test_only_what_a_rule_can_match_is_selected(match: str, selection: str) -> None:
    assert narrowed(rule(match)) == selection


@pytest.mark.parametrize(
    "match",
    ["@code", "c:a/@code", "c:a|@x", "text()", "node()", "c:a/node()", ".", ".[c:a]", "$x/c:a/(c:b|c:d)", "id('x')",
     "/ | c:a", "c:a except c:b", "c:x/c:a union c:y/c:b", "c:a/descendant::c:b", "(: '[' :) c:a", "Q{u}a",
     "attribute::a"],
)  # fmt: skip
def test_what_is_not_proved_keeps_its_walk(match: str) -> None:
    tree = sheet(rule(match), rule("c:b"))
    before = etree.tostring(tree)
    assert narrow_walks(tree, regular_modes(tree)) == {}
    assert etree.tostring(tree) == before


@pytest.mark.parametrize(
    "spoilt",
    [
        sheet(rule("c:a", walk="")),
        sheet(rule("c:a", walk=WALK + WALK)),
        sheet(rule("c:a", walk='<xsl:apply-templates select="c:b" mode="M1"/>')),
        sheet(rule("c:a", walk=f'<xsl:if test="@x">{WALK}</xsl:if>')),
        sheet(rule("c:a", ASSERT.format(test="position() = 1"))),
        sheet(rule("c:a", ASSERT.format(test="c:b[1] or last() = 2"))),
        sheet(rule("c:a", "<xsl:next-match/>")),
        sheet(rule("c:a"), '<xsl:template match="c:z" mode="#all"/>'),
        sheet(rule("c:a"), '<xsl:template match="c:z" mode="M1 M2" priority="3"/>'),
        sheet(rule("c:a"), root=ROOT.replace('select="/"', 'select="//c:b"')),
        sheet(rule("c:a"), root=ROOT.replace('mode="M1"/>', 'mode="M1"/><xsl:apply-templates select="/" mode="M1"/>')),
        sheet(rule("c:a"), defaults=""),
        sheet(rule("c:a", priority=-3)),
    ],
)  # fmt: skip
def test_a_mode_of_another_shape_is_left_alone(spoilt: etree._Element) -> None:
    assert regular_modes(spoilt) == {}


def test_positions_inside_predicates_are_the_rules_own_business() -> None:
    assert list(regular_modes(sheet(rule("c:a", ASSERT.format(test="c:b[position() = last()]"))))) == ["M1"]


def test_the_walk_in_no_mode_is_dropped_only_when_it_does_nothing() -> None:
    assert drop_default_walks(sheet(rule("c:a"))) == 1
    assert drop_default_walks(sheet('<xsl:template match="c:b"><svrl:text/></xsl:template>')) == 0
    assert drop_default_walks(sheet('<xsl:template match="c:b" mode="#default"/>')) == 0
    assert drop_default_walks(sheet(root=ROOT.replace('priority="-1"/>', 'priority="-1">!</xsl:template>', 1))) == 0


def test_equal_assertions_become_one_template_with_their_variables() -> None:
    body = '<xsl:variable name="é1" select="@q"/><xsl:variable name="v" select="$é1"/>' + ASSERT.format(test="$v = 1")
    tree = sheet(rule("c:a", body), rule("c:b", body), rule("c:d", body.replace("@q", "@r")))
    assert share_blocks(tree) == 1
    named = tree.find(f"{XSL}template[@name='hub-block-0']")
    assert [child.get("name") for child in named][:2] == ["é1", "v"]
    rules = [one for one in tree.iter(f"{XSL}template") if one.get("match") in ("c:a", "c:b", "c:d")]
    assert [[child.tag.removeprefix(XSL) for child in one] for one in rules] == [
        ["call-template", "apply-templates"],
        ["call-template", "apply-templates"],
        ["variable", "variable", "choose", "apply-templates"],
    ]


@pytest.mark.parametrize(
    "body",
    [
        '<xsl:variable name="v" select="1"/><xsl:variable name="v" select="$v + 1"/>' + ASSERT.format(test="$v"),
        ASSERT.format(test="@x") + "<xsl:next-match/>",
    ],
)
def test_blocks_that_mean_something_else_elsewhere_stay(body: str) -> None:
    tree = sheet(rule("c:a", body), rule("c:b", body))
    before = etree.tostring(tree)
    assert share_blocks(tree) == 0
    assert etree.tostring(tree) == before


def test_blocks_of_templates_with_namespaces_of_their_own_stay() -> None:
    own = rule("c:a", ASSERT.format(test="d:b")).replace("<xsl:template", '<xsl:template xmlns:d="urn:d"', 1)
    assert share_blocks(sheet(own, own)) == 0


def test_a_mode_is_split_by_the_parents_name() -> None:
    tree = sheet(rule("c:p/c:a"), rule("c:q/c:a|c:p/c:b"), rule("c:p//c:a"), rule("*/c:d"))
    mode = narrow_walks(tree, regular_modes(tree))["M1"]
    assert split_by_parent(mode, fewest=5) == 0
    assert split_by_parent(mode, fewest=2) == 2
    modes = [one.get("mode") for one in mode.rules]
    assert modes == ["M1-p", "M1-p M1-q", "M1-p M1-q M1", "M1-p M1-q M1"]
    assert mode.default.get("mode") == "M1-p M1-q M1"
    calls = [call.get("select") for call in tree.iter(f"{XSL}apply-templates")][-3:]
    assert calls[:2] == ["key('hub-name', 'p')/*", "key('hub-name', 'q')/*"]
    assert calls[2] == "(key('hub-name', ('a', 'b', 'd')))[not(local-name(..) = ('p', 'q'))]"


def test_a_mode_without_known_parents_is_not_split() -> None:
    tree = sheet(rule("c:a"), rule("//c:b"))
    assert split_by_parent(narrow_walks(tree, regular_modes(tree))["M1"], fewest=1) == 0


def frozen(test: str, variables: str = "", top: str = "") -> tuple[str, set[str]]:
    files = {"v.xml": FILE, "s.xml": SVS, "bar.xml": FILE.replace(b'"A"', b'"A|B"')}
    tree = sheet(top, rule("c:a", variables + ASSERT.format(test=test)))
    done = freeze_value_sets(tree, lambda path: etree.fromstring(files[path]) if path in files else None)
    return tree.find(f".//{XSL}when").get("test"), done.left


PAIR = '<xsl:variable name="c" select="@code"/><xsl:variable name="s" select="@codeSystem"/>'
TOP = '<xsl:variable name="path" select="\'s.xml\'"/>'
LOOK = "exists(doc('{}')//valueSet[1][conceptList/concept[@code = $c][@codeSystem = $s]])"
CODES = "doc('v.xml')/*/valueSet/conceptList/concept/@code"
SVS_LOOK = "(document($path)//svs:Concept[@code=$c and @codeSystem=$s])"


@pytest.mark.parametrize(
    ("test", "variables"),
    [
        (LOOK.format("v.xml"), PAIR),
        (f"@nullFlavor or {SVS_LOOK}", PAIR),
        (f"( @x or ({SVS_LOOK}) )", PAIR),
        (f"not(@x) or empty($v[not(. = ({CODES}))])", ""),
        (f"empty($v[not(. = ({CODES}, {CODES}))])", ""),
        ("concat(@code, @codeSystem) = doc('v.xml')//valueSet[1]/conceptList/concept/concat(@code, @codeSystem)", ""),
    ],
)
def test_look_ups_that_are_known_become_literals(test: str, variables: str) -> None:
    written, left = frozen(test, variables, TOP)
    assert "doc" not in written
    assert "$hub-set-" in written
    assert left == set()


@pytest.mark.parametrize(
    ("test", "variables"),
    [
        (LOOK.format("none.xml"), PAIR),
        (LOOK.format("bar.xml"), PAIR),  # its codes hold our separator
        (LOOK.format("v.xml"), PAIR.replace("@codeSystem", "c:x/@codeSystem")),  # may be several
        (LOOK.format("v.xml"), ""),
        (f"count({SVS_LOOK}) = 1", PAIR),
        (f"@x and {SVS_LOOK}/@code = 'A'", PAIR),
        (f"@x or {SVS_LOOK}", PAIR + TOP),  # a local variable hides the path
        (f"count({CODES}) = 3", ""),
        (f"@x != ({CODES})", ""),
        (f"f(@x = 1, {CODES})", ""),
        ("doc('v.xml')//concept", ""),
        ("doc(@href)//valueSet[1]/conceptList/concept/@code = @x", ""),
    ],
)
def test_other_look_ups_stay(test: str, variables: str) -> None:
    written, left = frozen(test, variables, TOP)
    assert written == test
    assert left


def test_a_variable_is_frozen_only_if_it_is_only_compared() -> None:
    local = f'<xsl:variable name="t" select="{CODES}"/>'
    assert frozen("every $p in @x satisfies $p = $t", local)[1] == set()
    assert frozen("count($t) = 3 or @x = $t", local)[1] == {"v.xml"}
    assert frozen("$t = @x", local)[1] == {"v.xml"}


def test_the_values_of_a_set_are_written_exactly() -> None:
    tree = sheet(rule("c:a", ASSERT.format(test=f"@x = ({CODES})")))
    freeze_value_sets(tree, lambda _: etree.fromstring(FILE))
    assert tree.find(f"{XSL}variable").get("select").startswith("for $code in ('A', 'O''B') return ")


def test_values_in_texts_are_marked_and_tests_are_static() -> None:
    text = '<svrl:text>a <xsl:value-of select="@x"/> b</svrl:text>'
    body = "<xsl:if test='1'>"
    body += f"<svrl:successful-report test=\"matches(@x, '^a{{3}}')\">{text}</svrl:successful-report></xsl:if>"
    tree = sheet(rule("c:a", body))
    assert mark_values(tree) == 1
    finding = tree.find(f".//{SVRL}successful-report")
    assert finding.get("test") == "matches(@x, '^a{{3}}')"
    assert [mark.tail for mark in finding.iter(VALUE)] == [" b"]


@pytest.mark.parametrize("text", ["a[b", "a]b", "f('x", "a)b", "(a]"])
def test_unbalanced_expressions_are_not_read(text: str) -> None:
    assert split_top(text, "|") is None
    assert branches(text) is None
