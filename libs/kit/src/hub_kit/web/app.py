"""The factories of a service's two applications: the public one, and the internal one that only the hub reaches."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.responses import JSONResponse, Response

from hub_kit.clock import Clock
from hub_kit.telemetry.health import Health
from hub_kit.telemetry.metrics import Metrics
from hub_kit.web.limit import BodyLimit
from hub_kit.web.problems import MEDIA_TYPE, PROBLEM_SCHEMA, install_problem_handlers
from hub_kit.web.requests import RequestScope


def create_app(
    service: str,
    *,
    clock: Clock,
    metrics: Metrics,
    max_body_bytes: int,
    server: str = "public",
    title: str | None = None,
    description: str = "",
    version: str = "1",
    openapi_url: str | None = "/openapi.json",
) -> FastAPI:
    """An application whose every error is an RFC 9457 problem; routers are added by the caller.

    `server` labels metrics and log lines. The OpenAPI document declares the problem answer for every operation.
    """
    app = FastAPI(
        title=title or f"Hub DMP – {service}",
        description=description,
        version=version,
        openapi_url=openapi_url,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        responses={
            "default": {"description": "Erreur (RFC 9457)", "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA}}}
        },
    )
    install_problem_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes)
    app.add_middleware(RequestScope, clock=clock, metrics=metrics, server=server)
    _drop_default_422(app)
    return app


def create_internal_app(
    service: str, *, clock: Clock, metrics: Metrics, health: Health, max_body_bytes: int
) -> FastAPI:
    """The application of the internal port: /healthz, /readyz, /metrics, and what the caller adds for the others."""
    app = create_app(
        service, clock=clock, metrics=metrics, max_body_bytes=max_body_bytes, server="internal", openapi_url=None
    )

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        reason = health.alive
        return JSONResponse({"alive": reason is None, "reason": reason}, status_code=200 if reason is None else 503)

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        report = await health.report()
        content = {"ready": report.ready, "problems": report.problems, "degraded": report.degraded}
        return JSONResponse(content, status_code=200 if report.ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def exposition() -> Response:
        body, content_type = metrics.render()
        return Response(body, headers={"content-type": content_type})

    return app


def _drop_default_422(app: FastAPI) -> None:
    """FastAPI documents its own shape of validation errors; ours are problems."""
    make = app.openapi

    def openapi() -> dict[str, Any]:
        document = make()
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                operation.get("responses", {}).pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            document.get("components", {}).get("schemas", {}).pop(name, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
