"""Reports as PDF: the same bytes twice, everything written, in reading order, on A4 pages."""

from __future__ import annotations

import gc
import io
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pikepdf
import pytest
from fpdf.fonts import SubsetMap
from report_samples import (
    CREATED,
    DOCUMENT_ID,
    EMPTY_SECTIONS,
    LANGUAGES,
    MISSING_GLYPHS,
    NO_TRAITS,
    SHORT,
    long_report,
)

from hub_interop.pdf import report_pdf
from hub_interop.pdf.typefaces import printable, shortened, width, wrap
from hub_interop.report import Paragraph, Report, Section, Table

ALL = {
    "short": SHORT,
    "empty sections": EMPTY_SECTIONS,
    "no traits": NO_TRAITS,
    "languages": LANGUAGES,
    "missing glyphs": MISSING_GLYPHS,
    "long": long_report(),
}


def made(report: Report) -> bytes:
    return report_pdf(report, CREATED, DOCUMENT_ID)


def extracted(content: bytes) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=content, capture_output=True, check=True)
    return re.sub(r"\s+", " ", done.stdout.decode())


@pytest.mark.parametrize("name", ALL)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert made(ALL[name]) == made(ALL[name])


def test_another_date_or_id_gives_another_file() -> None:
    assert (
        len(
            {
                made(SHORT),
                report_pdf(SHORT, CREATED + timedelta(seconds=1), DOCUMENT_ID),
                report_pdf(SHORT, CREATED, "1.2"),
            }
        )
        == 3
    )


def test_file_of_pdf_1_4_in_french_saying_the_same_twice() -> None:
    content = made(SHORT)
    assert content.startswith(b"%PDF-1.4")
    assert b"/ObjStm" not in content
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert str(pdf.Root.Lang) == "fr-FR"
        assert str(pdf.docinfo.Title) == SHORT.title
        assert str(pdf.docinfo.Author) == SHORT.letterhead.name
        xmp = pdf.Root.Metadata.read_bytes().decode()
        assert all(str(pdf.docinfo[key]) in xmp.replace("&#x27;", "'") for key in ("/Title", "/Author", "/Producer"))
        assert "2026-11-24T09:30:00+00:00" in xmp
        assert str(pdf.docinfo.CreationDate).startswith("D:20261124093000")
        assert all(
            [float(x) for x in page.mediabox] == pytest.approx([0, 0, 595.28, 841.89], abs=0.02) for page in pdf.pages
        )


@pytest.mark.parametrize("name", ALL)
def test_fonts_are_subsets(name: str) -> None:
    assert len(made(ALL[name])) < 70_000


def test_reading_order() -> None:
    text = extracted(made(SHORT))
    parts = [
        "PHARMACIE DE TEST", "12 rue de la République", "FINESS 330000001", SHORT.title,
        "Document du 24/11/2026 à 10:30",
        "Nom de naissance PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "Nom utilisé D'ÉTÉ-NOËL", "Féminin", "28/03/1979",
        "2 79 03 51 215 189 89", "TESTOFFICINE", "Motif", "Points abordés", "• Heures de prise", "Attention",
        "Prévenir",
        "Traitements", "Médicament Posologie Depuis Remarque", "APIXABAN 5 mg, comprimé 1 matin, 1 soir 12/11/2026",
        "Poids 64 kg", SHORT.footer, DOCUMENT_ID, "page 1 / 1",
    ]  # fmt: skip
    places = [text.replace("\u00a0", " ").index(part) for part in parts]
    assert places == sorted(places)


def test_pages_are_numbered_and_headings_repeated() -> None:
    content = made(long_report())
    with pikepdf.open(io.BytesIO(content)) as pdf:
        pages = len(pdf.pages)
    text = extracted(content)
    assert pages >= 8
    assert all(f"page {number} / {pages}" in text for number in range(1, pages + 1))
    assert text.count("Médicament Posologie Code Historique") >= pages - 3
    assert text.count("279035121518989") + text.replace("\u00a0", " ").count("INS-NIR de test 2 79 03 51") == pages


def test_nothing_is_lost_in_a_long_table() -> None:
    text = extracted(made(long_report()))
    assert all(f"Médicament n° {index} " in text for index in range(150))
    assert text.count("répète,") == 3 * 70
    assert "x" * 89 in text.replace(" ", "")


def test_languages_are_written_in_full() -> None:
    text = extracted(made(LANGUAGES))
    assert "\ufffd" not in text
    for part in ("ùn hè micca", "Zażółć gęślą jaźń", "Ἀθῆναι", "Съешь же", "≤ 5 µg/L", "cœur", "½ → ←"):
        assert part in text


def test_what_the_font_lacks_is_shown() -> None:
    text = extracted(made(MISSING_GLYPHS))
    assert "chinois \ufffd\ufffd, émoji \ufffd\ufffd" in text
    assert "nul\ufffd, cloche\ufffd, sens\ufffdretourné\ufffd, {nb} (tel quel) \\ ( ) <x>" in text


def test_empty_sections_say_so() -> None:
    assert extracted(made(EMPTY_SECTIONS)).count("Rien n'est noté dans cette partie.") == 2


def test_hostile_texts_take_pages_but_never_fail() -> None:
    tall = Table(("titre " * 3000, "b"), (("", ""), ("x" * 20_000, "y" * 5)))
    wide = Table(tuple(f"c{n}" for n in range(60)), (tuple("v" for _ in range(60)),))
    narrow = Table(tuple("colonne-assez-longue" for _ in range(12)), (("valeur-assez-longue",) * 12,), (1,) * 12)
    odd = Paragraph("\n\n\t \u200b\u00ad\r\n" + "\ud800" + "a" * 5000)
    report = replace(
        SHORT,
        title="T" * 400,
        footer="pied " * 500,
        patient=replace(SHORT.patient, birth_name="N" * 300),
        sections=(Section("S" * 500, (tall, wide, narrow, odd, Table(("", ""), (("a",),)))),),
    )
    assert made(report) == made(report)


def test_dates_without_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        report_pdf(SHORT, datetime(2026, 1, 1), "1")  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        replace(SHORT, date=datetime(2026, 1, 1))  # noqa: DTZ001


def test_tables_are_checked() -> None:
    with pytest.raises(ValueError, match="heading"):
        Table(("a",), (("1", "2"),))
    with pytest.raises(ValueError, match="width"):
        Table(("a", "b"), (), (1,))
    with pytest.raises(ValueError, match="width"):
        Table(("a", "b"), (), (1, 0))


def test_no_repr_shows_the_patient() -> None:
    assert "PAT-TROIS" not in repr(SHORT)
    assert "PAT-TROIS" not in repr(SHORT.patient)
    assert "apixaban" not in repr(SHORT.sections)


def test_a_finished_document_leaves_nothing_behind() -> None:
    """Its subsets of the fonts are forgotten with it."""
    made(SHORT)
    gc.collect()
    before = sum(isinstance(found, SubsetMap) for found in gc.get_objects())
    for _ in range(5):
        made(SHORT)
    gc.collect()
    assert sum(isinstance(found, SubsetMap) for found in gc.get_objects()) <= before


def test_a_document_doesnt_depend_on_those_before_it() -> None:
    """A letter that only the second one uses must not be in the third one's fonts."""
    first = made(SHORT)
    made(replace(SHORT, title="\u045d"))
    assert made(SHORT) == first


def test_documents_made_at_the_same_time() -> None:
    expected = [made(report) for report in (SHORT, LANGUAGES, MISSING_GLYPHS, EMPTY_SECTIONS)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(made, (SHORT, LANGUAGES, MISSING_GLYPHS, EMPTY_SECTIONS) * 5))
    assert found == expected * 5


@pytest.mark.parametrize(
    "text", ["", " ", "a", "a b", "mot " * 50, "x" * 300, "a\nb", "é" * 80 + " fin", "\u00a0".join("abcdefgh" * 9)]
)
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    lines = wrap(text, 10, 100)
    assert all(width(line, 10, False) <= 100 for line in lines)
    assert "".join("".join(lines).split(" ")) == "".join(text.split(" ")).replace("\n", "")


def test_shortened() -> None:
    assert shortened("court", 10, 100) == "court"
    assert shortened("mot " * 50, 10, 100).endswith("…")
    assert width(shortened("mot " * 50, 10, 100), 10, False) <= 100


def test_printable_composes() -> None:
    assert printable("e\u0301\u00ad\t\U0001f642") == "é    \ufffd"
