"""The documentation of an API as one plain page, made from its OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from importlib import resources
from typing import Any

from fastapi import FastAPI
from starlette.responses import HTMLResponse

_METHODS = ("get", "post", "put", "patch", "delete")
_STYLE = (resources.files("hub_kit.web") / "docs.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CSP = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"
_MAX_DEPTH = 8


def add_docs(app: FastAPI, path: str = "/docs") -> None:
    """Serve the documentation of `app` at `path`."""

    @app.get(path, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(render_docs(app.openapi()), headers={"content-security-policy": _CSP})


def render_docs(document: dict[str, Any]) -> str:
    """The page (HTML, French) of an OpenAPI 3.1 document."""
    info = document["info"]
    operations = [
        (method, path, operation)
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
        if method in _METHODS
    ]
    index = "".join(
        f"<li><a href='#{_anchor(method, path)}'><code>{method.upper()} {escape(path)}</code></a> "
        f"{escape(operation.get('summary', ''))}</li>"
        for method, path, operation in operations
    )
    body = "".join(_operation(document, *operation) for operation in operations)
    return (
        "<!doctype html><html lang='fr'><head><meta charset='utf-8'>"
        f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])}</h1>{_paragraphs(info.get('description', ''))}"
        f"<p>Document OpenAPI : <a href='/openapi.json'>/openapi.json</a></p><ul>{index}</ul>{body}</body></html>"
    )


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [
        f"<section id='{_anchor(method, path)}'><h2><code>{method.upper()} {escape(path)}</code></h2>",
        f"<p><strong>{escape(operation.get('summary', ''))}</strong></p>",
        _paragraphs(operation.get("description", "")),
    ]
    if operation.get("parameters"):
        parts.append(_parameters(document, operation["parameters"]))
    for media in operation.get("requestBody", {}).get("content", {}).values():
        parts.append("<h3>Corps de la demande</h3>" + _content(document, media))
    for status, answer in operation.get("responses", {}).items():
        label = "Erreurs" if status == "default" else f"Réponse {escape(status)}"
        parts.append(f"<h3>{label}</h3>{_paragraphs(answer.get('description', ''))}")
        parts += [_content(document, media) for media in answer.get("content", {}).values()]
    return "".join(parts) + "</section>"


def _parameters(document: dict[str, Any], parameters: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}</td>"
        f"<td>{escape(_kind(document, item.get('schema', {})))}</td><td>{'oui' if item.get('required') else ''}</td>"
        f"<td>{escape(item.get('description', ''))}</td></tr>"
        for item in parameters
    )
    head = "<tr><th>nom</th><th>où</th><th>type</th><th>obligatoire</th><th>sens</th></tr>"
    return f"<h3>Paramètres</h3><table>{head}{rows}</table>"


def _content(document: dict[str, Any], media: dict[str, Any]) -> str:
    fields = _fields(document, media.get("schema", {}), "", 0)
    table = ""
    if fields:
        head = "<tr><th>champ</th><th>type</th><th>obligatoire</th><th>sens</th></tr>"
        table = f"<table>{head}{''.join(fields)}</table>"
    examples = [("Exemple", media["example"])] if "example" in media else []
    examples += [(item.get("summary", name), item.get("value")) for name, item in media.get("examples", {}).items()]
    shown = "".join(
        f"<p>{escape(str(name))}</p><pre>{escape(json.dumps(value, ensure_ascii=False, indent=2))}</pre>"
        for name, value in examples
    )
    return table + shown


def _fields(document: dict[str, Any], schema: dict[str, Any], prefix: str, depth: int) -> list[str]:
    """Table rows of an object's fields, nested ones by their path (`acts[].patient.name`)."""
    schema = _resolve(document, schema)
    if depth > _MAX_DEPTH:
        return []
    if "items" in schema:
        return _fields(document, schema["items"], f"{prefix}[]", depth + 1)
    for choice in [c for c in schema.get("anyOf", schema.get("oneOf", [])) if c.get("type") != "null"]:
        rows = _fields(document, choice, prefix, depth + 1)
        if rows:
            return rows
    rows = []
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}.{name}" if prefix else name
        text = field.get("description") or _resolve(document, field).get("description", "")
        required = "oui" if name in schema.get("required", []) else ""
        rows.append(
            f"<tr><td><code>{escape(path)}</code></td><td>{escape(_kind(document, field))}</td>"
            f"<td>{required}</td><td>{escape(text)}</td></tr>"
        )
        rows += _fields(document, field, path, depth + 1)
    return rows


def _kind(document: dict[str, Any], schema: dict[str, Any]) -> str:
    schema = _resolve(document, schema)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " ou ".join(dict.fromkeys(_kind(document, choice) for choice in choices if choice.get("type") != "null"))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "items" in schema:
        return f"liste de {_kind(document, schema['items'])}"
    names = {"object": "objet", "string": "texte", "integer": "entier", "number": "nombre", "boolean": "booléen"}
    kind = names.get(str(schema.get("type", "")), str(schema.get("type", "")))
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_MAX_DEPTH):
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            break
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n") if part.strip())


def _anchor(method: str, path: str) -> str:
    return escape(f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""), quote=True)
