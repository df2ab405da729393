"""`GET /docs`: the API's documentation on one plain page made from the OpenAPI document; nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "h2{border-top:1px solid #bbb;padding-top:1rem}code,pre{font:14px/1.4 ui-monospace,monospace}"
    "pre{background:#f4f4f4;padding:.7rem;overflow:auto}"
    "td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0}"
    ".m{background:#1b4f8f;color:#fff;padding:.1rem .5rem;border-radius:.2rem}p{white-space:pre-line}"
)
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'"


def add_docs(api: APIRouter) -> None:
    """The page, outside the OpenAPI document itself."""

    @api.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        page = "".join(_page(request.app.openapi()))
        return Response(page, media_type="text/html", headers={"content-security-policy": POLICY})


def _page(document: dict[str, Any]) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
    yield f"<title>{title}</title><style>{STYLE}</style></head>"
    yield f"<body><h1>{title}</h1><p>{escape(document['info'].get('description', ''))}</p>"
    yield '<p>Le même contenu pour les machines : <a href="/v1/openapi.json">/v1/openapi.json</a> (OpenAPI 3).</p>'
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _operation(method, path, operation)
    yield "</body></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    summary = escape(operation.get("summary", ""))
    yield f'<h2>{summary}</h2><p><code class="m">{method.upper()}</code> <code>{escape(path)}</code></p>'
    yield f"<p>{escape(operation.get('description', ''))}</p>"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<h3>Paramètres</h3><table>"
        for parameter in parameters:
            text = escape(parameter.get("description", ""))
            yield f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{text}</td></tr>"
        yield "</table>"
    for media in operation.get("requestBody", {}).get("content", {}).values():
        yield from _examples("Demande", media)
    yield "<h3>Réponses</h3><table>"
    for status, answer in operation.get("responses", {}).items():
        yield f"<tr><th>{escape(str(status))}</th><td>{escape(answer.get('description', ''))}</td></tr>"
    yield "</table>"
    for status, answer in operation.get("responses", {}).items():
        if str(status).startswith("2"):
            for media in answer.get("content", {}).values():
                yield from _examples(f"Réponse {status}", media)


def _examples(title: str, media: dict[str, Any]) -> Iterator[str]:
    for name, item in media.get("examples", {}).items():
        text = json.dumps(item.get("value"), ensure_ascii=False, indent=2)
        yield f"<h4>{escape(title)} : {escape(item.get('summary') or name)}</h4><pre>{escape(text)}</pre>"
