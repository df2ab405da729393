"""PDFs that an LGO supplies: what is accepted as it is, and a real file for every refusal."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable
from dataclasses import replace

import pikepdf
import pytest
from file_samples import (
    BASE,
    LIMITS,
    PDF,
    accepted,
    action,
    add_image,
    annotate,
    array_bomb,
    attach,
    by_hand,
    changed,
    codes,
    deep_bomb,
    javascript,
    object_bomb,
    page_bomb,
    page_loop,
    saved,
    set_root,
    set_state,
    set_xmp,
    unembed,
)
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from report_samples import CREATED, DOCUMENT_ID, LANGUAGES, long_report

from hub_interop.pdf import FILE_PROBLEM_TEXTS, report_pdf


def test_our_own_pdf_is_accepted_untouched() -> None:
    found = accepted(BASE, PDF)
    assert (found.content, found.media_type, found.source_type) == (BASE, PDF, PDF)
    assert (found.converted, found.pages, found.removed_characters) == (False, 1, 0)


def test_pages_are_counted() -> None:
    content = report_pdf(long_report(), CREATED, DOCUMENT_ID)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert accepted(content, PDF).pages == len(pdf.pages) > 7


def test_a_pdf_saved_again_is_accepted() -> None:
    """The base of all mutants below: saving alone makes nothing wrong."""
    assert codes(changed(lambda pdf: None), PDF) == []


def test_what_pdfa_allows_is_accepted() -> None:
    def change(pdf: Pdf) -> None:
        set_root(pdf, "/OpenAction", Array([pdf.pages[0].obj, Name.Fit]))
        annotate(pdf, Subtype=Name.Link, A=action("URI", URI=String("https://sante.fr")), F=4)
        set_state(pdf, CA=1, ca=1, BM=Name.Normal, SMask=Name("/None"))

    assert codes(changed(change), PDF) == []


def names(pdf: Pdf, key: str, value: object) -> None:
    set_root(pdf, "/Names", Dictionary({key: Dictionary(Names=Array([String("a"), value]))}))


MUTANTS: dict[str, tuple[str, Callable[[Pdf], object]]] = {
    "javascript at opening": ("PDF_SCRIPT", lambda pdf: set_root(pdf, "/OpenAction", javascript())),
    "javascript in names": ("PDF_SCRIPT", lambda pdf: names(pdf, "/JavaScript", javascript())),
    "javascript in an annotation": ("PDF_SCRIPT", lambda pdf: annotate(pdf, Subtype=Name.Link, A=javascript())),
    "javascript after a harmless action": (
        "PDF_SCRIPT",
        lambda pdf: set_root(pdf, "/OpenAction", action("URI", URI=String("x"), Next=Array([javascript()]))),
    ),
    "javascript behind references": (
        "PDF_SCRIPT",
        lambda pdf: set_root(pdf, "/OpenAction", pdf.make_indirect(Dictionary(S=pdf.make_indirect(Name.JavaScript)))),
    ),
    "javascript in a stream": (
        "PDF_SCRIPT",
        lambda pdf: set_root(pdf, "/OpenAction", action("JavaScript", JS=pdf.make_indirect(Stream(pdf, b"app.x()")))),
    ),
    "automatic action of the document": ("PDF_ACTION", lambda pdf: set_root(pdf, "/AA", Dictionary(WC=action("URI")))),
    "automatic action of a page": (
        "PDF_ACTION",
        lambda pdf: pdf.pages[0].obj.__setitem__("/AA", Dictionary(O=action("URI"))),
    ),
    "launch": ("PDF_ACTION", lambda pdf: set_root(pdf, "/OpenAction", action("Launch", F=String("cmd.exe")))),
    "submit": (
        "PDF_ACTION",
        lambda pdf: annotate(pdf, Subtype=Name.Link, A=action("SubmitForm", F=String("https://x"))),
    ),
    "import data": ("PDF_ACTION", lambda pdf: annotate(pdf, Subtype=Name.Link, A=action("ImportData", F=String("x")))),
    "attached file": ("PDF_EMBEDDED_FILES", attach),
    "attachment annotation": (
        "PDF_EMBEDDED_FILES",
        lambda pdf: annotate(pdf, Subtype=Name.FileAttachment, FS=Dictionary(Type=Name.Filespec, F=String("x"))),
    ),
    "file specification with its file": (
        "PDF_EMBEDDED_FILES",
        lambda pdf: set_root(pdf, "/X", Dictionary(EF=Dictionary(F=pdf.make_indirect(Stream(pdf, b"x"))))),
    ),
    "metadata behind a filter": (
        "PDF_NOT_PDFA",
        lambda pdf: pdf.Root.Metadata.__setitem__("/Filter", Name.ASCIIHexDecode),
    ),
    "movie": ("PDF_MULTIMEDIA", lambda pdf: annotate(pdf, Subtype=Name.Movie)),
    "3D": ("PDF_MULTIMEDIA", lambda pdf: annotate(pdf, Subtype=Name("/3D"))),
    "rich media": ("PDF_MULTIMEDIA", lambda pdf: annotate(pdf, Subtype=Name.RichMedia)),
    "sound": ("PDF_MULTIMEDIA", lambda pdf: set_root(pdf, "/OpenAction", action("Sound"))),
    "XFA": ("PDF_FORM", lambda pdf: set_root(pdf, "/AcroForm", Dictionary(Fields=Array(), XFA=Array()))),
    "form to recompute": (
        "PDF_FORM",
        lambda pdf: set_root(pdf, "/AcroForm", Dictionary(Fields=Array(), NeedAppearances=True)),
    ),
    "page too small": ("PDF_PAGE_SIZE", lambda pdf: pdf.pages[0].obj.__setitem__("/MediaBox", Array([0, 0, 10, 842]))),
    "page too large": ("PDF_PAGE_SIZE", lambda pdf: pdf.pages[0].obj.__setitem__("/MediaBox", Array([0, 0, 9, 99999]))),
    "no page": ("PDF_NO_PAGE", lambda pdf: pdf.pages.__delitem__(0)),
    "no metadata": ("PDF_NOT_PDFA", lambda pdf: pdf.Root.__delitem__("/Metadata")),
    "part 2": ("PDF_NOT_PDFA", lambda pdf: set_xmp(pdf, lambda xmp: xmp.replace(b"part>1<", b"part>2<"))),
    "no level": (
        "PDF_NOT_PDFA",
        lambda pdf: set_xmp(pdf, lambda xmp: xmp.replace(b"conformance>B<", b"conformance><")),
    ),
    "metadata not XML": ("PDF_NOT_PDFA", lambda pdf: set_xmp(pdf, lambda xmp: xmp[:-80])),
    "metadata with a DOCTYPE": (
        "PDF_NOT_PDFA",
        lambda pdf: set_xmp(pdf, lambda xmp: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xmp.split(b"?>", 1)[1]),
    ),
    "two parts": (
        "PDF_NOT_PDFA",
        lambda pdf: set_xmp(
            pdf, lambda xmp: xmp.replace(b"<pdfaid:part>", b"<pdfaid:part>1</pdfaid:part><pdfaid:part>")
        ),
    ),
    "no output intent": ("PDF_NOT_PDFA_OUTPUT_INTENT", lambda pdf: pdf.Root.__delitem__("/OutputIntents")),
    "output intent of another kind": (
        "PDF_NOT_PDFA_OUTPUT_INTENT",
        lambda pdf: pdf.Root.OutputIntents[0].__setitem__("/S", Name.GTS_PDFX),
    ),
    "soft mask": (
        "PDF_NOT_PDFA_TRANSPARENCY",
        lambda pdf: add_image(pdf, SMask=pdf.make_indirect(Stream(pdf, b"\x00"))),
    ),
    "opacity": ("PDF_NOT_PDFA_TRANSPARENCY", lambda pdf: set_state(pdf, ca=0.5)),
    "blend mode": ("PDF_NOT_PDFA_TRANSPARENCY", lambda pdf: set_state(pdf, BM=Name.Multiply)),
    "transparency group": (
        "PDF_NOT_PDFA_TRANSPARENCY",
        lambda pdf: pdf.pages[0].obj.__setitem__("/Group", Dictionary(S=Name.Transparency, CS=Name.DeviceRGB)),
    ),
    "font not embedded": ("PDF_NOT_PDFA_FONT", unembed),
    "font of the reader": (
        "PDF_NOT_PDFA_FONT",
        lambda pdf: pdf.pages[0].obj.Resources.Font.__setitem__(
            "/F9", Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        ),
    ),
    "layers": ("PDF_NOT_PDFA_CONTENT", lambda pdf: set_root(pdf, "/OCProperties", Dictionary(OCGs=Array()))),
    "LZW": ("PDF_NOT_PDFA_CONTENT", lambda pdf: add_image(pdf, Filter=Name.LZWDecode)),
    "JPEG 2000 after another filter": (
        "PDF_NOT_PDFA_CONTENT",
        lambda pdf: add_image(pdf, Filter=Array([Name.ASCIIHexDecode, Name.JPXDecode])),
    ),
    "external stream": ("PDF_NOT_PDFA_CONTENT", lambda pdf: add_image(pdf, F=String("https://x"))),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_refused_for_its_reason_alone(name: str) -> None:
    code, change = MUTANTS[name]
    assert codes(changed(change), PDF) == [code]


def test_all_reasons_are_listed_in_the_order_of_the_catalogue() -> None:
    def change(pdf: Pdf) -> None:
        attach(pdf)
        unembed(pdf)
        set_root(pdf, "/OpenAction", javascript())
        del pdf.Root["/OutputIntents"]
        del pdf.Root["/Metadata"]

    found = codes(changed(change), PDF)
    assert found == [
        "PDF_SCRIPT",
        "PDF_EMBEDDED_FILES",
        "PDF_NOT_PDFA",
        "PDF_NOT_PDFA_OUTPUT_INTENT",
        "PDF_NOT_PDFA_FONT",
    ]
    assert found == [code for code in FILE_PROBLEM_TEXTS if code in found]


@pytest.mark.parametrize("owner_only", [True, False])
def test_encrypted(owner_only: bool) -> None:
    with pikepdf.open(io.BytesIO(BASE)) as pdf:
        locked = saved(
            pdf,
            encryption=pikepdf.Encryption(owner="a", user="" if owner_only else "b", R=3, aes=False, metadata=False),
        )
        modern = saved(pdf, encryption=pikepdf.Encryption(owner="a", user="" if owner_only else "b"), force_version="")
    assert "PDF_ENCRYPTED" in codes(locked, PDF)
    assert "PDF_ENCRYPTED" in codes(modern, PDF)


def test_encrypted_with_object_streams() -> None:
    with pikepdf.open(io.BytesIO(BASE)) as pdf:
        mode = pikepdf.ObjectStreamMode.generate
        content = saved(
            pdf, object_stream_mode=mode, force_version="", encryption=pikepdf.Encryption(owner="a", user="")
        )
    assert codes(content, PDF) == ["PDF_ENCRYPTED", "PDF_NOT_PDFA_VERSION"]


def test_object_streams_are_refused_unopened() -> None:
    with pikepdf.open(io.BytesIO(BASE)) as pdf:
        content = saved(pdf, object_stream_mode=pikepdf.ObjectStreamMode.generate, force_version="1.5")
    assert codes(content, PDF) == ["PDF_NOT_PDFA_VERSION"]
    hidden = content.replace(b"/XRef", b"/XR#65f").replace(b"/ObjStm", b"/#4fbjStm")
    assert codes(hidden, PDF) == ["PDF_NOT_PDFA_VERSION"]


def test_a_compressed_structure_bomb_unfolds_nothing(peak: Callable[[Callable[[], object]], int]) -> None:
    """An object stream and a cross-reference stream that each unfold to 300 MB."""
    folded = zlib.compress(b"\x00" * 300_000_000, 1)
    bomb = by_hand(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 0/Kids[]>>",
            b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(folded), folded),
        ],
        trailer=b"/XRefStm 9",
    )
    assert peak(lambda: codes(bomb, PDF)) < 20_000_000
    assert codes(bomb, PDF) == ["PDF_NOT_PDFA_VERSION"]


def test_a_metadata_bomb_unfolds_nothing(peak: Callable[[Callable[[], object]], int]) -> None:
    folded = zlib.compress(b" " * 300_000_000, 1)
    content = changed(
        lambda pdf: set_root(pdf, "/Metadata", pdf.make_indirect(Stream(pdf, folded, Filter=Name.FlateDecode)))
    )
    assert peak(lambda: codes(content, PDF)) < 20_000_000
    assert codes(content, PDF) == ["PDF_NOT_PDFA"]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated(share: float) -> None:
    assert "PDF_UNREADABLE" in codes(BASE[: int(len(BASE) * share)], PDF)


def test_a_broken_length_is_refused() -> None:
    assert "PDF_UNREADABLE" in codes(BASE.replace(b"/Length ", b"/Length 9", 1), PDF)


def test_page_loop() -> None:
    assert "PDF_UNREADABLE" in codes(page_loop(), PDF)


def test_page_bomb() -> None:
    assert {"PDF_UNREADABLE", "PDF_TOO_MANY_PAGES"} & set(codes(page_bomb(), PDF))


def test_object_bomb() -> None:
    assert "PDF_TOO_COMPLEX" in codes(object_bomb(60_000), PDF)
    assert "PDF_TOO_COMPLEX" not in codes(object_bomb(1000), PDF)


def test_array_bomb(peak: Callable[[Callable[[], object]], int]) -> None:
    assert "PDF_TOO_COMPLEX" in codes(array_bomb(600_000), PDF)
    bomb = array_bomb(9_000_000)
    assert peak(lambda: codes(bomb, PDF)) < 20_000_000
    assert codes(bomb, PDF) == ["PDF_TOO_COMPLEX"]


def test_one_page_named_a_million_times(peak: Callable[[Callable[[], object]], int]) -> None:
    kids = b"3 0\nR\t" * 1_000_000
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>"
    bomb = by_hand([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 3/Kids[%b]>>" % kids, page])
    assert peak(lambda: codes(bomb, PDF)) < 20_000_000
    assert codes(bomb, PDF) == ["PDF_TOO_COMPLEX"]


def test_eighteen_megabytes_of_pixels_are_not_complex() -> None:
    pixels = random.Random(4).randbytes(18_000_000)
    content = changed(lambda pdf: add_image(pdf, ColorSpace=Name.DeviceGray, X=Stream(pdf, pixels)))
    assert len(content) > 18_000_000
    assert "PDF_TOO_COMPLEX" not in codes(content, PDF)


@pytest.mark.parametrize("depth", [450, 5000, 1_000_000])
def test_deep_bomb(depth: int) -> None:
    assert codes(deep_bomb(depth), PDF)


def test_too_large_is_refused_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(pikepdf, "open", never)
    assert codes(b"%PDF-1.4\n" + b"\x00" * 50_000_000, PDF) == ["FILE_TOO_LARGE"]


def test_the_size_limit_is_the_last_size_accepted() -> None:
    assert codes(BASE, PDF, replace(LIMITS, max_bytes=len(BASE))) == []
    assert codes(BASE, PDF, replace(LIMITS, max_bytes=len(BASE) - 1)) == ["FILE_TOO_LARGE"]


def test_too_many_pages() -> None:
    content = report_pdf(LANGUAGES, CREATED, DOCUMENT_ID)
    assert codes(content, PDF, replace(LIMITS, max_pages=2)) == []
    assert codes(content, PDF, replace(LIMITS, max_pages=1)) == ["PDF_TOO_MANY_PAGES"]


@pytest.mark.parametrize(
    "content",
    [
        BASE + b"PK\x03\x04zip",
        BASE + b"\x00",
        BASE.replace(b"%PDF-1.4", b"%PDF-2.0", 1),
        BASE.replace(b"%PDF-1.4", b"%PDF-1.9", 1),
    ],
)
def test_header_and_end(content: bytes) -> None:
    assert "PDF_NOT_PDFA_STRUCTURE" in codes(content, PDF)


def test_without_file_id() -> None:
    assert codes(BASE.replace(b"/ID [", b"/IX ["), PDF) == ["PDF_NOT_PDFA_STRUCTURE"]


def test_no_sentence_holds_what_the_file_holds() -> None:
    secret = changed(lambda pdf: set_root(pdf, "/OpenAction", action("Launch", F=String("SECRET-279035121518989"))))
    from file_samples import LABELS

    from hub_interop.pdf import examine

    assert "SECRET" not in repr(examine(secret, PDF, LIMITS, LABELS))
    assert "SECRET" not in repr(examine(BASE, PDF, LIMITS, LABELS))


def test_random_damage_never_raises() -> None:
    """Two hundred bytes changed one at a time, all over the file."""
    for step in range(200):
        at = step * len(BASE) // 200
        codes(BASE[:at] + bytes([BASE[at] ^ 0x2A]) + BASE[at + 1 :], PDF)
