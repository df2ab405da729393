"""Every kind of PDF that we make is a valid PDF/A-1b for Apache PDFBox Preflight; what we refuse is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from file_samples import (
    BASE,
    GOOD_RTF,
    JPEG,
    LABELS,
    RTF,
    TIFF,
    accepted,
    add_image,
    changed,
    codes,
    image_bytes,
    javascript,
    picture,
    set_root,
    set_state,
    set_xmp,
    tiff_pages,
    unembed,
)
from pikepdf import Pdf, Stream
from preflight import PreflightUnavailable, verdicts
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

from hub_interop.pdf import report_pdf, text_pdf
from hub_interop.report import report_from_cda

REPORTS = {
    "short": SHORT,
    "empty-sections": EMPTY_SECTIONS,
    "no-traits": NO_TRAITS,
    "languages": LANGUAGES,
    "missing-glyphs": MISSING_GLYPHS,
    "long": long_report(),
}
CDA = """<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Note</title><component><structuredBody><component><section>
<title>Vaccination</title><text><table><tr><td>a</td><td>b</td></tr></table></text></section></component></structuredBody>
</component></ClinicalDocument>"""


def made() -> dict[str, bytes]:
    files = {f"report-{name}": report_pdf(report, CREATED, DOCUMENT_ID) for name, report in REPORTS.items()}
    files["report-cda"] = report_pdf(report_from_cda(CDA.encode()), CREATED, DOCUMENT_ID)
    files["text"] = text_pdf("Été\n  deux\n" + "long " * 3000 + "\u4e2d \u202e", LABELS)[0]
    files["rtf"] = accepted(GOOD_RTF, RTF).content
    for mode in ("L", "RGB", "CMYK"):
        files[f"jpeg-{mode}"] = accepted(image_bytes(picture(mode), "JPEG"), JPEG).content
    for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "P", "LA"):
        files[f"tiff-{mode.replace(';', '')}"] = accepted(image_bytes(picture(mode), "TIFF"), TIFF).content
    files["tiff-group4"] = accepted(image_bytes(picture("1"), "TIFF", compression="group4"), TIFF).content
    files["tiff-pages"] = accepted(tiff_pages(6), TIFF).content
    return files


def mask(pdf: Pdf) -> None:
    add_image(pdf, SMask=pdf.make_indirect(Stream(pdf, b"\x00")))


MUTANTS: dict[str, Callable[[Pdf], object]] = {
    "javascript": lambda pdf: set_root(pdf, "/OpenAction", javascript()),
    "soft-mask": mask,
    "opacity": lambda pdf: set_state(pdf, ca=0.5),
    "unembedded": unembed,
    "no-metadata": lambda pdf: pdf.Root.__delitem__("/Metadata"),
    "part-2": lambda pdf: set_xmp(pdf, lambda xmp: xmp.replace(b"part>1<", b"part>2<")),
    "no-intent": lambda pdf: pdf.Root.__delitem__("/OutputIntents"),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """One start of Java for all files."""
    folder: Path = tmp_path_factory.mktemp("preflight")
    files = made() | {f"mutant-{name}": changed(change) for name, change in MUTANTS.items()}
    try:
        return verdicts(files, folder)
    except PreflightUnavailable as reason:
        pytest.skip(f"Apache PDFBox Preflight can't run: {reason}")


def test_everything_we_make_is_pdfa_1b(found: dict[str, list[str]]) -> None:
    errors = {name: problems for name, problems in found.items() if not name.startswith("mutant-")}
    assert len(errors) == 22
    assert {name: problems for name, problems in errors.items() if problems} == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_validator_and_we_refuse_the_same(found: dict[str, list[str]], name: str) -> None:
    assert found[f"mutant-{name}"]
    assert codes(changed(MUTANTS[name]), "application/pdf")


def test_the_base_of_the_mutants_is_valid(found: dict[str, list[str]]) -> None:
    assert found["report-short"] == []
    assert codes(BASE, "application/pdf") == []
