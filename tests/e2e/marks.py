"""Finds a marked patient: words that occur nowhere else, in every form they might be written in."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, quote_plus


@dataclass(frozen=True, slots=True)
class Hit:
    """A mark was found. Says where and as what, never what stood around it."""

    place: str
    mark: str
    form: str


class Marks:
    """Searches bytes for words. `names` maps a label to the word."""

    def __init__(self, names: dict[str, str]) -> None:
        self._plain: list[tuple[str, str, bytes]] = []  # looked for in lower case
        self._exact: list[tuple[str, str, bytes]] = []
        for label, word in names.items():
            self._plain += [(label, form, text) for form, text in _plain_forms(word)]
            self._exact += [(label, form, text) for form, text in _exact_forms(word)]

    def find(self, place: str, content: bytes) -> set[Hit]:
        """Every mark of the content, in whatever form."""
        lowered = content.lower()
        hits = {Hit(place, label, form) for label, form, text in self._plain if text in lowered}
        return hits | {Hit(place, label, form) for label, form, text in self._exact if text in content}

    def find_in(self, places: Iterable[tuple[str, bytes]]) -> set[Hit]:
        """The same for many places."""
        return {hit for place, content in places for hit in self.find(place, content)}


def _plain_forms(word: str) -> Iterator[tuple[str, bytes]]:
    for text in {word, word.lower(), word.upper()}:  # bytes.lower() leaves accented letters as they are
        yield "text", text.encode().lower()
        yield "json", json.dumps(text)[1:-1].encode().lower()
        yield "url", quote(text, safe="").encode().lower()
        yield "form", quote_plus(text).encode().lower()
        yield "xml", escape(text).encode().lower()
        yield "latin-1", text.encode("latin-1").lower()
        yield "utf-16", text.encode("utf-16-le").lower()
        yield "hex", text.encode().hex().encode()
        yield "hex of latin-1", text.encode("latin-1").hex().encode()
        yield "hex of json", json.dumps(text)[1:-1].encode().hex().encode()
        for form in _base64_forms(text.encode()):
            yield "hex of base64", form.hex().encode()


def _exact_forms(word: str) -> Iterator[tuple[str, bytes]]:
    for text in {word, word.lower(), word.upper()}:
        for encoded in {text.encode(), text.encode("latin-1"), json.dumps(text)[1:-1].encode()}:
            for form in _base64_forms(encoded):
                yield "base64", form


def _base64_forms(content: bytes) -> set[bytes]:
    """How the bytes look inside a longer base64 text: at three offsets, without what the neighbours change."""
    forms: set[bytes] = set()
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * offset + content).rstrip(b"=")
            begin = (offset * 8 + 5) // 6
            end = (offset + len(content)) * 8 // 6
            forms.add(encoded[begin:end])
    return forms
