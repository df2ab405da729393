"""Reports as HTML: everything there, in order, escaped; nothing fetched, nothing run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from lxml import html
from report_samples import EMPTY_SECTIONS, LANGUAGES, MISSING_GLYPHS, NO_TRAITS, SHORT, long_report

from hub_interop.report import (
    AuthorLine,
    Bullets,
    Fields,
    Letterhead,
    Notice,
    Paragraph,
    PatientBlock,
    Report,
    Section,
    Table,
    report_html,
)

ATTACK = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\u202e\x00"


def attacked() -> Report:
    blocks = (
        Paragraph(ATTACK),
        Fields(((ATTACK, ATTACK),)),
        Table((ATTACK,), ((ATTACK,),)),
        Bullets((ATTACK,)),
        Notice(ATTACK),
    )
    return replace(
        SHORT,
        title=ATTACK,
        subtitle=ATTACK,
        reference=ATTACK,
        footer=ATTACK,
        letterhead=Letterhead(ATTACK, (ATTACK,), ATTACK, ATTACK),
        patient=PatientBlock(*[ATTACK] * 9),
        authors=(AuthorLine(ATTACK, ATTACK, ATTACK),),
        sections=(Section(ATTACK, blocks),),
    )


def test_every_text_is_escaped() -> None:
    page = report_html(attacked())
    tree = html.fromstring(page)
    assert tree.xpath("//script | //img | //link | //iframe | //object | //@onerror | //@src | //@href | //form") == []
    assert page.count("&lt;script&gt;") >= 20
    assert "\x00" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize(
    "report", [SHORT, EMPTY_SECTIONS, NO_TRAITS, LANGUAGES, MISSING_GLYPHS, long_report(), attacked()]
)
def test_the_page_stands_alone(report: Report) -> None:
    page = report_html(report)
    tree = html.fromstring(page)
    assert page.startswith("<!DOCTYPE html>")
    assert tree.get("lang") == "fr"
    assert not re.search(r"https?:|//|url\(|@import", re.sub(r"(?s)<body>.*", "", page))
    assert tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]
    assert len(tree.xpath("//h1")) == 1
    assert len(tree.xpath("//main/section[not(@class)]/h2")) == len(report.sections)
    anchors = tree.xpath("//@id")
    assert len(anchors) == len(set(anchors))
    assert all(anchor in anchors for anchor in tree.xpath("//@aria-labelledby"))


def test_what_the_report_says_is_there_in_order() -> None:
    text = " ".join(html.fromstring(report_html(SHORT)).xpath("//body")[0].text_content().split())
    parts = [
        "PHARMACIE DE TEST",
        SHORT.title,
        "24/11/2026 à 10:30",
        "PAT-TROIS",
        "Féminin",
        "28/03/1979",
        "TESTOFFICINE",
        "Motif",
        "Heures de prise",
        "Attention",
        "APIXABAN",
        "64 kg",
        SHORT.footer,
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_tables_have_headings_and_whole_rows() -> None:
    tree = html.fromstring(
        report_html(replace(SHORT, sections=(Section("T", (Table(("a", "b"), (("1",), ("2", "3"))),)),)))
    )
    assert tree.xpath("//th/@scope") == ["col", "col"]
    assert [len(row.xpath("td")) for row in tree.xpath("//tbody/tr")] == [2, 2]
    bare = html.fromstring(report_html(replace(SHORT, sections=(Section("T", (Table(("", ""), (("1", "2"),)),)),))))
    assert bare.xpath("//th") == []


def test_empty_parts() -> None:
    assert report_html(EMPTY_SECTIONS).count("Rien n'est noté dans cette partie.") == 2
    tree = html.fromstring(report_html(NO_TRAITS))
    assert tree.xpath("//dl | //footer") == []
