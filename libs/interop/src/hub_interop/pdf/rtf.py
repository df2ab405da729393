"""The text of an RTF file, or nothing: what a text can't say (images, objects, comments, deletions) is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hub_interop.pdf.problems import Unusable

_TOKEN = re.compile(
    r"\\([A-Za-z]{1,32})(-?\d{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\(.)|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_MAX_DEPTH = 200
_WORDS = {
    "par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "tab": "\t", "cell": " | ", "nestcell": " | ",
    "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”",
    "emspace": "\u2003", "enspace": "\u2002",
}  # fmt: skip
_SIGNS = {
    "~": "\u00a0",
    "_": "\u2011",
    "{": "{",
    "}": "}",
    "\\": "\\",
    "\n": "\n",
    "\r": "\n",
    "-": "",
    ":": "",
    "|": "",
}
_WITHOUT_TEXT = frozenset({
    "fonttbl", "colortbl", "stylesheet", "info", "generator", "listtable", "listoverridetable", "rsidtbl",
    "themedata", "colorschememapping", "datastore", "latentstyles", "xmlnstbl", "fldinst", "bkmkstart", "bkmkend",
    "pgdsctbl", "filetbl", "revtbl", "template", "docvar", "nonshppict", "mmathPr", "wgrffmtfilter", "userprops",
    "operator", "author", "title", "subject", "company", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc",
    "aftncn", "pnseclvl", "picprop",
})  # fmt: skip
_LOST = frozenset({
    "pict", "object", "objdata", "shp", "shpgrp", "shppict", "do", "annotation", "footnote", "bin", "deleted", "v",
    "hidden", "mmath",
})  # fmt: skip
_CHARSETS = {
    0: "cp1252", 1: None, 77: "mac_roman", 161: "cp1253", 162: "cp1254", 186: "cp1257", 204: "cp1251", 238: "cp1250"
}  # fmt: skip
_FONT = re.compile(r"\\f(\d{1,6})[^;{}]*?\\fcharset(\d{1,3})")


@dataclass(frozen=True, slots=True)
class _Group:
    """What a closing brace gives back."""

    silent: bool = False
    encoding: str | None = None
    fallback: int = 1


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.group = _Group()
        self.stack: list[_Group] = []
        self.page = "cp1252"
        self.fonts = {int(font): _CHARSETS.get(int(charset)) for font, charset in _FONT.findall(source[:200_000])}
        self.out: list[str] = []
        self.bytes = bytearray()
        self.to_skip = 0
        self.starred = False

    def read(self) -> str:
        for token in _TOKEN.finditer(self.source):
            word, number, code, sign, brace, text = token.groups()
            if not code:
                self.flush()
            if brace:
                if self.brace(brace):
                    return self.text()
            elif word:
                self.word(word, number)
            elif sign == "*":
                self.starred = True
            elif sign is not None:
                self.write(_SIGNS.get(sign, ""))
            elif code:
                self.byte(int(code, 16))
            elif text:
                self.plain(text)
        raise Unusable("RTF_UNREADABLE")  # the first group was never closed

    def brace(self, brace: str) -> bool:
        """True when the whole document is closed."""
        self.to_skip, self.starred = 0, False
        if brace == "{":
            if len(self.stack) >= _MAX_DEPTH:
                raise Unusable("RTF_UNREADABLE")
            self.stack.append(self.group)
            return False
        self.group = self.stack.pop()  # the file starts with a brace, and the end is seen when it's closed
        return not self.stack

    def word(self, word: str, number: str | None) -> None:
        starred, self.starred, self.to_skip = self.starred, False, 0
        if word in _LOST and number != "0" and not self.group.silent:
            raise Unusable("RTF_CONTENT_UNSUPPORTED")
        if word in _WITHOUT_TEXT or (starred and word not in _LOST):
            self.group = replace(self.group, silent=True)
        elif word in _WORDS:
            self.write(_WORDS[word])
        elif word == "ansicpg" and number:
            self.page = f"cp{number}"
        elif word == "mac":
            self.page = "mac_roman"
        elif word in ("f", "deff") and number:
            self.group = replace(self.group, encoding=self.fonts.get(int(number)))
        elif word == "uc" and number:
            self.group = replace(self.group, fallback=max(int(number), 0))
        elif word == "u" and number:
            self.write(chr(int(number) % 0x10000))
            self.to_skip = self.group.fallback

    def byte(self, value: int) -> None:
        if self.to_skip:
            self.to_skip -= 1
        elif not self.group.silent:
            self.bytes.append(value)

    def plain(self, text: str) -> None:
        skipped = min(self.to_skip, len(text))
        self.to_skip -= skipped
        text = text[skipped:]
        if text.isascii():
            self.write(text)
            return
        for character in text:
            if ord(character) < 128:
                self.flush()
                self.write(character)
            elif not self.group.silent:
                self.bytes.append(ord(character))
        self.flush()

    def flush(self) -> None:
        if self.bytes:
            try:
                self.write(self.bytes.decode(self.group.encoding or self.page))
            except (UnicodeDecodeError, LookupError):
                raise Unusable("RTF_UNREADABLE") from None
            finally:
                self.bytes.clear()

    def write(self, text: str) -> None:
        if not self.group.silent:
            self.out.append(text)

    def text(self) -> str:
        joined = "".join(self.out).encode("utf-16-le", "surrogatepass")
        try:
            return joined.decode("utf-16-le")  # \u writes what is beyond the first plane in two halves
        except UnicodeDecodeError:
            raise Unusable("RTF_UNREADABLE") from None


def rtf_text(content: bytes) -> str:
    """The text with its ends of lines; headers and footers where they stand in the file.

    Raises Unusable: RTF_UNREADABLE, RTF_CONTENT_UNSUPPORTED.
    """
    return _Reader(content.decode("latin-1")).read()
