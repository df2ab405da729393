"""Images as PDF/A-1b pages: decoded and written anew, so that nothing of the file but its pixels is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image, ImageOps, UnidentifiedImageError

from hub_interop.pdf.drawing import PAGE_HEIGHT, PAGE_WIDTH, Mark, PdfLabels, Picture, write_pdf
from hub_interop.pdf.limits import FileLimits
from hub_interop.pdf.problems import Unusable

_MARGIN = 20.0
_DEFAULT_DPI = 150.0
_DPI_RANGE = (30.0, 2400.0)
_ORIENTATION = 0x0112
_START_OF_SCAN, _MAX_SCANS = b"\xff\xda", 40
_DEEP_GREYS = frozenset({"I;16", "I;16B", "I;16L", "I;16N"})
_DECODING_ERRORS = (
    UnidentifiedImageError,
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    RuntimeError,
    ZeroDivisionError,
)


def images_pdf(content: bytes, image_format: str, limits: FileLimits, labels: PdfLabels) -> tuple[bytes, int]:
    """The PDF/A-1b of a JPEG or TIFF (`image_format` of Pillow), one page for each image, and the number of pages.

    Orientation is applied; metadata, colour profiles and alpha are dropped; an image larger than the page is shrunk on
    paper, never in pixels. Raises Unusable: IMAGE_UNREADABLE, IMAGE_TOO_COMPLEX, IMAGE_TOO_LARGE,
    IMAGE_TOO_MANY_PAGES.
    """
    count = 0

    def pages() -> Iterator[list[Mark]]:
        nonlocal count
        for picture in _pictures(content, image_format, limits):
            count += 1
            yield [picture]

    return write_pdf(pages(), labels), count


def _pictures(content: bytes, image_format: str, limits: FileLimits) -> Iterator[Picture]:
    """One decoded image in memory at a time."""
    if image_format == "JPEG" and content.count(_START_OF_SCAN) > _MAX_SCANS:
        raise Unusable("IMAGE_TOO_COMPLEX")  # each scan of a progressive JPEG costs a pass over all its pixels
    try:
        with Image.open(io.BytesIO(content), formats=(image_format,)) as image:
            total = 0
            for number in _frame_numbers(image, image_format, limits):
                image.seek(number)
                total += image.width * image.height
                if image.width * image.height > limits.max_pixels or total > limits.max_total_pixels:
                    raise Unusable("IMAGE_TOO_LARGE")
                image.load()
                dpi = _dpi(image)
                plain = _flattened(_upright(image))
                yield _placed(plain, dpi, _jpeg(plain) if image_format == "JPEG" else plain)
    except Image.DecompressionBombError:
        raise Unusable("IMAGE_TOO_LARGE") from None
    except _DECODING_ERRORS:
        raise Unusable("IMAGE_UNREADABLE") from None


def _frame_numbers(image: Image.Image, image_format: str, limits: FileLimits) -> Iterator[int]:
    """0, 1, 2… as long as there is an image; a JPEG has one (what follows it in a phone's file is a preview)."""
    yield 0
    number = 1
    while image_format == "TIFF":
        try:
            image.seek(number)
        except EOFError:
            return
        if number >= limits.max_pages:
            raise Unusable("IMAGE_TOO_MANY_PAGES")
        yield number
        number += 1


def _upright(image: Image.Image) -> Image.Image:
    """The image turned as its metadata says; itself when they say nothing."""
    return image if image.getexif().get(_ORIENTATION, 1) == 1 else ImageOps.exif_transpose(image)


def _flattened(image: Image.Image) -> Image.Image:
    """The pixels in 1-bit, grey or RGB on white, and nothing else."""
    if image.mode in _DEEP_GREYS:
        plain = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.has_transparency_data:
        layered = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
        plain = Image.new("RGB" if layered.mode == "RGBA" else "L", layered.size, "white")
        plain.paste(layered, mask=layered.getchannel("A"))
    elif image.mode in ("1", "L"):
        plain = image.copy()
    elif image.mode in ("I", "F"):
        raise Unusable("IMAGE_UNREADABLE")  # no agreed range of greys
    else:
        plain = image.convert("RGB")
    plain.info.clear()
    return plain


def _jpeg(image: Image.Image) -> io.BytesIO:
    """A photograph stays a JPEG: quality 95, colours at full resolution."""
    written = io.BytesIO()
    image.save(written, "JPEG", quality=95, subsampling=0)
    return written


def _dpi(image: Image.Image) -> float:
    """Dots per inch as the file says, when it's a sane number."""
    try:
        across, _ = image.info.get("dpi", (_DEFAULT_DPI, _DEFAULT_DPI))
        found = float(across)
    except (TypeError, ValueError, ZeroDivisionError):
        return _DEFAULT_DPI
    return found if _DPI_RANGE[0] <= found <= _DPI_RANGE[1] else _DEFAULT_DPI


def _placed(image: Image.Image, dpi: float, shown: Image.Image | io.BytesIO) -> Picture:
    """At its own size, or as large as the page allows; centred, at the top."""
    width, height = image.width * 72 / dpi, image.height * 72 / dpi
    scale = min(1.0, (PAGE_WIDTH - 2 * _MARGIN) / width, (PAGE_HEIGHT - 2 * _MARGIN) / height)
    width, height = width * scale, height * scale
    return Picture((PAGE_WIDTH - width) / 2, _MARGIN, width, height, shown)
