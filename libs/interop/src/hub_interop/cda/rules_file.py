"""Rules of an N1 body: what must hold of the bytes before they are wrapped.

Whether a PDF really is PDF/A-1 is told by the examination of the file, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub_interop.cda.bodies import UnstructuredBody
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.shape import FORMAT_OF_MEDIA

POINTER = "/content/file"
_LANGUAGE = re.compile(r"[a-z]{2}-[A-Z]{2}")
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""Controls but tabs, ends of line and of page, and what turns the order of reading round."""
_HEAD = 1024
MAX_BYTES = 40 * 1024 * 1024
"""Largest file: its base64 and the header stay below what `XsdValidator` and the DMP's receivers read (64 MiB)."""


def file_problems(body: UnstructuredBody) -> Iterator[CdaProblem]:
    """Everything wrong with the file."""
    if body.language is not None and not _LANGUAGE.fullmatch(body.language):
        yield problem("FILE_LANGUAGE_INVALID", "/content/language")
    if not body.content.strip():
        yield problem("FILE_EMPTY", POINTER)
        return
    if len(body.content) > MAX_BYTES:
        yield problem("FILE_TOO_LARGE", POINTER)
    if body.media_type not in FORMAT_OF_MEDIA:
        yield problem("FILE_MEDIA_TYPE_UNKNOWN", f"{POINTER}/media_type")
    elif body.media_type == "text/plain":
        if not _is_text(body.content):
            yield problem("FILE_NOT_TEXT", POINTER)
    elif b"%PDF-1." not in body.content[:_HEAD]:
        yield problem("FILE_NOT_PDF", POINTER)


def _is_text(content: bytes) -> bool:
    """UTF-8 that a person can read."""
    try:
        return _UNREADABLE.search(content.decode("utf-8-sig")) is None
    except UnicodeDecodeError:
        return False
