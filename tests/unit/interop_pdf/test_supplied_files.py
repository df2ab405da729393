"""Texts, RTF and images that an LGO supplies: what becomes of them, and a real file for every refusal."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable
from dataclasses import replace

import pikepdf
import pytest
from file_samples import (
    BASE,
    GOOD_RTF,
    JPEG,
    LABELS,
    LIMITS,
    PDF,
    RTF,
    TEXT,
    TIFF,
    accepted,
    codes,
    image_bytes,
    picture,
    tiff_pages,
)
from PIL import Image

from hub_interop.pdf import FILE_PROBLEM_TEXTS, Supplied, examine, text_pdf


def first_image(content: bytes) -> Image.Image:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        return pikepdf.PdfImage(next(iter(pdf.pages[0].images.values()))).as_pil_image()


def extracted(content: bytes) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    return subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True).stdout.decode()


# -- what is declared, and sizes


def test_empty() -> None:
    assert codes(b"", PDF) == ["FILE_EMPTY"]


@pytest.mark.parametrize("kind", ["image/png", "text/html", "application/zip", "", ";", "image", "application/pdfx"])
def test_unsupported(kind: str) -> None:
    assert codes(BASE, kind) == ["FILE_TYPE_UNSUPPORTED"]


@pytest.mark.parametrize("kind", [TEXT, RTF, JPEG, TIFF])
def test_a_pdf_under_another_name(kind: str) -> None:
    assert codes(BASE, kind) == ["FILE_TYPE_MISMATCH"]


@pytest.mark.parametrize(
    "content",
    [
        b"texte",
        GOOD_RTF,
        *(image_bytes(picture("L"), kind) for kind in ("JPEG", "TIFF", "PNG")),
        b" " + BASE,
        b"PK\x03\x04",
    ],
)
def test_something_else_declared_pdf(content: bytes) -> None:
    assert codes(content, PDF) == ["FILE_TYPE_MISMATCH"]


@pytest.mark.parametrize("kind", ["Application/PDF", "application/pdf; name=x", " application/pdf "])
def test_the_type_is_read_as_mail_writes_it(kind: str) -> None:
    assert codes(BASE, kind) == []


def test_every_code_has_a_sentence_and_a_test() -> None:
    assert len(FILE_PROBLEM_TEXTS) == 32
    for code, text in FILE_PROBLEM_TEXTS.items():
        assert code.isupper()
        assert text.endswith(".")


# -- texts


def test_a_text_is_kept_as_text() -> None:
    found = accepted("Été à Zürich\r\nsuite\r\tfin €\n".encode(), TEXT)
    assert (found.media_type, found.content.decode(), found.pages) == (TEXT, "Été à Zürich\nsuite\n\tfin €\n", 0)
    assert not found.converted


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("utf-8", "utf-8"),
        ('"UTF-8"', "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("ISO-8859-15", "iso8859-15"),
        ("windows-1252", "cp1252"),
    ],
)
def test_charsets(charset: str, codec: str) -> None:
    assert accepted("Été 5 €".encode(codec), f"text/plain; charset={charset}").content.decode() == "Été 5 €"


@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "shift_jis", "rot13", "idna", "x"])
def test_other_charsets_are_refused(charset: str) -> None:
    assert codes(b"abc", f"text/plain; charset={charset}") == ["TEXT_CHARSET_UNSUPPORTED"]


@pytest.mark.parametrize(
    "content", ["Été".encode("latin-1"), b"a\x00b", "abc".encode("utf-16"), b"\xc0\xaf", b"\xed\xa0\x80", b"\xff\xfe"]
)
def test_unreadable_texts(content: bytes) -> None:
    assert codes(content, TEXT) == ["TEXT_UNREADABLE"]


def test_not_ascii_in_ascii() -> None:
    assert codes("é".encode(), "text/plain; charset=us-ascii") == ["TEXT_UNREADABLE"]


@pytest.mark.parametrize(
    "character",
    [
        "\x01",
        "\x07",
        "\x1b",
        "\x7f",
        "\x9f",
        "\xad",
        "\u200b",
        "\u200f",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\U000e0041",
        "\u061c",
    ],
)
def test_forbidden_characters_are_taken_out_and_counted(character: str) -> None:
    found = accepted(f"pa{character}s de{character} 5 mg".encode(), TEXT)
    assert (found.content, found.removed_characters) == (b"pas de 5 mg", 2)


def test_a_mark_at_the_start_is_no_character() -> None:
    found = accepted("\ufeffabc".encode(), TEXT)
    assert (found.content, found.removed_characters) == (b"abc", 0)


def test_accents_are_composed() -> None:
    assert accepted("e\u0301te\u0301".encode(), TEXT).content == "été".encode()


@pytest.mark.parametrize("content", [b" \r\n\t", "\u200b\u00a0".encode(), b"\x0c"])
def test_blank_texts(content: bytes) -> None:
    assert codes(content, TEXT) == ["TEXT_BLANK"]


def test_too_long_a_text() -> None:
    limits = replace(LIMITS, max_characters=10)
    assert codes(b"a" * 10, TEXT, limits) == []
    assert codes(b"a" * 11, TEXT, limits) == ["TEXT_TOO_LONG"]
    assert codes(b"{\\rtf1 " + b"a" * 11 + b"}", RTF, limits) == ["TEXT_TOO_LONG"]
    assert codes(b"{\\rtf1 " + b"a" * 100 + b"}", RTF, limits) == ["TEXT_TOO_LONG"]


def test_text_pdf_keeps_lines_and_starts_of_lines() -> None:
    content, pages = text_pdf("Un\n    deux\n\ntrois " + "mot " * 4000, LABELS)
    assert pages > 3
    text = extracted(content).replace("\u00a0", " ")
    assert "    deux" in text or "deux" in text
    assert text.index("Un") < text.index("deux") < text.index("trois")
    assert text.count("mot") == 4000
    assert f"page {pages} / {pages}" in text


# -- RTF


def test_rtf_becomes_a_pdf_with_its_text() -> None:
    found = accepted(GOOD_RTF, RTF)
    assert (found.media_type, found.source_type, found.converted, found.pages) == (PDF, RTF, True, 1)
    text = extracted(found.content)
    for part in ("Compte rendu été : 5 € gras", "šą", "lien", "a | b"):
        assert part in text
    for part in ("Riched20", "caché", "HYPERLINK", "Arial"):
        assert part not in text


def test_rtf_under_its_other_name() -> None:
    assert accepted(GOOD_RTF, "text/rtf").source_type == RTF


@pytest.mark.parametrize(
    "inside",
    [
        rb"{\pict\pngblip 89504e47}",
        rb"{\*\shppict{\pict 00}}",
        rb"{\object\objemb{\*\objdata 00}}",
        rb"{\shp{\*\shpinst x}}",
        rb"{\footnote note}",
        rb"{\*\annotation remarque}",
        rb"\v cach\'e9\v0 ",
        rb"\deleted barr\'e9 ",
        rb"\bin5 abcde",
    ],
)
def test_rtf_whose_content_would_be_lost(inside: bytes) -> None:
    assert codes(rb"{\rtf1\ansi texte " + inside + rb"}", RTF) == ["RTF_CONTENT_UNSUPPORTED"]


@pytest.mark.parametrize(
    "content",
    [
        rb"{\rtf1 texte",
        rb"{\rtf1 {texte}",
        b"{\\rtf1 " + b"{" * 300 + b"x" + b"}" * 301,
        rb"{\rtf1\ansicpg99999 \'e9}",
        rb"{\rtf1\ansicpg1252 \'81}",
        rb"{\rtf1 \u-10179?}",
        rb"{\rtf1\ansicpg1252\'81\'8d}",
    ],
)
def test_unreadable_rtf(content: bytes) -> None:
    assert codes(content, RTF) == ["RTF_UNREADABLE"]


def test_rtf_without_text() -> None:
    assert codes(rb"{\rtf1\ansi\par}", RTF) == ["TEXT_BLANK"]


def test_what_follows_the_rtf_is_no_text() -> None:
    assert "cach" not in extracted(accepted(rb"{\rtf1 visible} cach\'e9 }", RTF).content)


# -- images


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpegs(mode: str) -> None:
    found = accepted(image_bytes(picture(mode), "JPEG", quality=95), JPEG)
    assert (found.media_type, found.source_type, found.converted, found.pages) == (PDF, JPEG, True, 1)
    shown = first_image(found.content)
    assert shown.size == (300, 200)
    assert shown.mode == ("L" if mode == "L" else "RGB")
    assert abs(shown.convert("L").getpixel((150, 20)) - picture("L").getpixel((150, 20))) < 6  # type: ignore[operator]


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "CMYK", "I;16", "P", "LA"])
def test_tiffs(mode: str) -> None:
    found = accepted(image_bytes(picture(mode), "TIFF"), TIFF)
    shown = first_image(found.content).convert("L")
    expected = picture("L" if mode != "1" else "1").convert("L")
    assert shown.size == (300, 200)
    assert all(abs(shown.getpixel((150, y)) - expected.getpixel((150, y))) < 4 for y in range(0, 200, 20))  # type: ignore[operator]


def test_transparent_pixels_are_white() -> None:
    content = image_bytes(Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "TIFF")
    assert first_image(accepted(content, TIFF).content).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_tiff_of_many_pages() -> None:
    found = accepted(tiff_pages(7), TIFF)
    with pikepdf.open(io.BytesIO(found.content)) as pdf:
        assert found.pages == len(pdf.pages) == 7


def test_orientation_is_applied_and_metadata_dropped() -> None:
    image = Image.new("RGB", (300, 200), "white")
    image.paste("black", (0, 0, 300, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the top is on the right
    exif[0x010E] = "SECRET-TITRE"
    content = image_bytes(image, "JPEG", exif=exif, comment=b"SECRET-REMARQUE")
    assert content.count(b"SECRET") == 2
    found = accepted(content, JPEG)
    shown = first_image(found.content).convert("L")
    assert shown.size == (200, 300)
    assert shown.getpixel((190, 150)) < 20 < shown.getpixel((20, 150))  # type: ignore[operator]
    assert b"SECRET" not in found.content


@pytest.mark.parametrize(
    ("size", "dpi"), [((300, 200), 100), ((5000, 300), 72), ((300, 5000), 72), ((1, 1), 1), ((9, 9), 99999)]
)
def test_the_image_stays_inside_the_page(size: tuple[int, int], dpi: int) -> None:
    found = accepted(image_bytes(picture("L", size), "JPEG", dpi=(dpi, dpi)), JPEG)
    with pikepdf.open(io.BytesIO(found.content)) as pdf:
        page = pdf.pages[0]
        operands = next(op.operands for op in pikepdf.parse_content_stream(page) if str(op.operator) == "cm")
        width, _, _, height, x, y = (float(value) for value in operands)
        assert 0 < width <= 595
        assert 0 < height <= 842
        assert x >= 0
        assert y >= 0
        assert x + width <= 595.3
        assert y + height <= 842
        if dpi == 100:
            assert width == pytest.approx(216, abs=0.1)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
@pytest.mark.parametrize("kind", [JPEG, TIFF])
def test_truncated_images(kind: str, share: float) -> None:
    content = image_bytes(picture("RGB"), "JPEG" if kind == JPEG else "TIFF")
    assert codes(content[: int(len(content) * share)], kind) == ["IMAGE_UNREADABLE"]


def test_an_image_without_agreed_greys() -> None:
    assert codes(image_bytes(Image.new("F", (20, 20)), "TIFF"), TIFF) == ["IMAGE_UNREADABLE"]


def test_too_many_pixels() -> None:
    limits = replace(LIMITS, max_pixels=60_000, max_total_pixels=100_000)
    content = image_bytes(picture("L"), "JPEG")
    assert codes(content, JPEG, limits) == []
    assert codes(content, JPEG, replace(limits, max_pixels=59_999)) == ["IMAGE_TOO_LARGE"]
    assert codes(tiff_pages(2), TIFF, limits) == ["IMAGE_TOO_LARGE"]
    assert codes(tiff_pages(2), TIFF, replace(limits, max_total_pixels=120_000)) == []


def bomb(width: int, height: int) -> bytes:
    """A TIFF of `width` × `height` grey pixels, folded to a thousandth."""
    data = zlib.compress(b"\x00" * (width * 64), 9)
    tags = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 8),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, len(data)),
    ]
    directory = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags
    )
    return b"II*\x00" + struct.pack("<I", 8 + len(data)) + data + directory + struct.pack("<I", 0)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (60_000, 2_000), (7_000, 7_000), (60_000, 60_000)])
def test_an_image_bomb_unfolds_nothing(width: int, height: int, peak: Callable[[Callable[[], object]], int]) -> None:
    content = bomb(width, height)
    assert peak(lambda: codes(content, TIFF)) < 30_000_000
    assert codes(content, TIFF) == ["IMAGE_TOO_LARGE"]


def test_a_jpeg_of_very_many_scans() -> None:
    """Eight thousand passes over the pixels in a small file: refused before the first."""
    content = image_bytes(picture("L"), "JPEG", progressive=True)
    start = content.rindex(b"\xff\xda")
    assert codes(content, JPEG) == []
    assert codes(content[:start] + content[start:-2] * 8000 + content[-2:], JPEG) == ["IMAGE_TOO_COMPLEX"]


def test_too_many_images() -> None:
    limits = replace(LIMITS, max_pages=4)
    assert codes(tiff_pages(4), TIFF, limits) == []
    assert codes(tiff_pages(5), TIFF, limits) == ["IMAGE_TOO_MANY_PAGES"]


def test_a_tiff_whose_directories_turn_in_a_circle() -> None:
    content = bytearray(bomb(10, 10))
    start = struct.unpack_from("<I", content, 4)[0]
    struct.pack_into("<I", content, len(content) - 4, start)
    assert codes(bytes(content), TIFF) in ([], ["IMAGE_UNREADABLE"], ["IMAGE_TOO_MANY_PAGES"])


def test_random_damage_never_raises() -> None:
    for kind, content in (
        (JPEG, image_bytes(picture("RGB", (60, 40)), "JPEG")),
        (TIFF, tiff_pages(2)),
        (RTF, GOOD_RTF),
    ):
        for step in range(60):
            at = step * len(content) // 60
            codes(content[:at] + bytes([content[at] ^ 0x5A]) + content[at + 1 :], kind)


def test_the_same_file_gives_the_same_bytes() -> None:
    for kind, content in ((JPEG, image_bytes(picture("RGB"), "JPEG")), (TIFF, tiff_pages(3)), (RTF, GOOD_RTF)):
        assert accepted(content, kind) == accepted(content, kind)


def test_nothing_of_the_file_is_shown_by_repr() -> None:
    found = examine(b"SECRET", TEXT, LIMITS, LABELS)
    assert isinstance(found, Supplied)
    assert "SECRET" not in repr(found)
    assert "patiente" not in repr(LABELS)
