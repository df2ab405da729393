"""multipart/related (MTOM/XOP) read straight from the bytes (protocol reference §3.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))')


class MultipartProblem(ValueError):
    """The message is not the multipart/related that MTOM asks for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: header names in lower case, and its bytes."""

    headers: dict[str, str]
    content: bytes

    @property
    def content_id(self) -> str:
        """Content-ID without its angle brackets."""
        return self.headers.get("content-id", "").strip().removeprefix("<").removesuffix(">")


def media_type(value: str) -> tuple[str, dict[str, str]]:
    """Split a Content-Type into its type (lower case) and its parameters (names in lower case, values unquoted)."""
    kind, _, _ = value.partition(";")
    found = {}
    for match in _PARAMETER.finditer(value):
        quoted = match[2]
        found[match[1].lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else match[3]
    return kind.strip().lower(), found


@dataclass(frozen=True, slots=True)
class Mtom:
    """A checked MTOM message: the SOAP envelope's bytes, the action declared and the attachments by Content-ID."""

    envelope: bytes
    action: str
    attachments: dict[str, bytes]


def read_mtom(content_type: str, body: bytes) -> Mtom:
    """Read the message. Raises MultipartProblem naming what is wrong."""
    kind, parameters = media_type(content_type)
    if kind != "multipart/related":
        raise MultipartProblem("Content-Type multipart/related attendu (MTOM obligatoire, EX_2.1-1260)")
    if parameters.get("type", "").lower() != "application/xop+xml":
        raise MultipartProblem('paramètre type="application/xop+xml" attendu')
    if parameters.get("start-info", "").lower() != "application/soap+xml":
        raise MultipartProblem('paramètre start-info="application/soap+xml" attendu')
    boundary = parameters.get("boundary", "")
    if not 1 <= len(boundary) <= 70:
        raise MultipartProblem("paramètre boundary absent ou trop long")
    parts = split_parts(body, boundary.encode("latin-1"))
    root = _root_part(parts, parameters)
    attachments = _attachments(parts, root)
    return Mtom(root.content, _action(root, parameters), attachments)


def split_parts(body: bytes, boundary: bytes) -> list[Part]:
    """Return the parts between the delimiters. Raises MultipartProblem when the delimiters are not in order."""
    delimiter = b"\r\n--" + boundary
    data = body if body.startswith(b"\r\n") else b"\r\n" + body
    pieces = data.split(delimiter)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise MultipartProblem("multipart incomplet : délimiteur final absent")
    if pieces[0].strip():
        raise MultipartProblem("contenu avant le premier délimiteur")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, blank, content = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        raise MultipartProblem("partie sans en-têtes")
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n"):
        name, colon, value = line.partition(":")
        if not colon or name.strip().lower() in headers:
            raise MultipartProblem("en-tête de partie mal formé ou répété")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, content)


def _root_part(parts: list[Part], parameters: dict[str, str]) -> Part:
    start = parameters.get("start", "").removeprefix("<").removesuffix(">")
    if not start:
        raise MultipartProblem("paramètre start absent")
    roots = [part for part in parts if part.content_id == start]
    if len(roots) != 1:
        raise MultipartProblem("le paramètre start ne désigne pas une seule partie")
    kind, own = media_type(roots[0].headers.get("content-type", ""))
    if kind != "application/xop+xml" or not own.get("type", "").lower().startswith("application/soap+xml"):
        raise MultipartProblem('partie racine : application/xop+xml; type="application/soap+xml" attendu')
    if own.get("charset", "utf-8").lower() != "utf-8":
        raise MultipartProblem("partie racine : charset UTF-8 attendu")
    return roots[0]


def _attachments(parts: list[Part], root: Part) -> dict[str, bytes]:
    attachments: dict[str, bytes] = {}
    for part in parts:
        if part.headers.get("content-transfer-encoding", "binary").lower() not in {"binary", "8bit"}:
            raise MultipartProblem("Content-Transfer-Encoding: binary attendu")
        if part is root:
            continue
        if not part.content_id or part.content_id in attachments or part.content_id == root.content_id:
            raise MultipartProblem("Content-ID absent ou répété")
        attachments[part.content_id] = part.content
    return attachments


def _action(root: Part, parameters: dict[str, str]) -> str:
    _, own = media_type(root.headers.get("content-type", ""))
    _, inner = media_type(own.get("type", ""))
    actions = {value for value in (parameters.get("action"), own.get("action"), inner.get("action")) if value}
    if len(actions) != 1:
        raise MultipartProblem("paramètre action absent ou contradictoire")
    return actions.pop()


def content_id_of(href: str) -> str:
    """Return the Content-ID that a `cid:` reference designates (URL-decoded). Raises MultipartProblem otherwise."""
    if not href.startswith("cid:"):
        raise MultipartProblem("xop:Include : href cid: attendu")
    return unquote(href[4:])
