"""The control plane: script misbehaviours, see what was stored and received, move patients, clock and counters."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from hub_simulators.dmp.app import DmpApplication
from hub_simulators.dmp.behaviours import Action, Behaviour
from hub_simulators.dmp.names import Operation
from hub_simulators.dmp.patients import Authorisation, DmpState
from hub_simulators.dmp.recorder import RawRequest
from hub_simulators.dmp.store import StoredEntry
from hub_simulators.dmp.valuesets import ValueSets


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BehaviourIn(_Body):
    """A behaviour to append to the script."""

    action: Action
    operation: Operation | None = None
    structure: str | None = Field(default=None, description="Struct_IdNat du VIHF")
    ins: str | None = Field(default=None, description="matricule INS du VIHF")
    latency_ms: float = Field(default=0.0, ge=0)
    status: int = Field(default=503, ge=400, le=599)
    code: str = "XDSRepositoryError"
    text: str = "Erreur programmée"
    seconds: float = Field(default=1.0, ge=0)
    count: int | None = Field(default=1, ge=1, description="null : sans limite")
    probability: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0


class PatientIn(_Body):
    """Fields to change in a patient's DMP."""

    dmp: DmpState | None = None
    authorisation: Authorisation | None = None
    closure_reason: str | None = None
    linked_to_mes: bool | None = None


class ClockIn(_Body):
    """Seconds by which the simulator's clock runs ahead."""

    offset_seconds: float


class ParametersIn(_Body):
    """Parameters to change."""

    value_sets: ValueSets | None = Field(default=None, description="année des jeux de valeurs en vigueur")
    allow_invisible_and_masked: bool | None = Field(default=None, description="cumul-invisible_patient-masque_ps")


Part = Literal["documents", "patients", "behaviours", "requests", "statistics", "replays", "clock", "parameters"]


class ResetIn(_Body):
    """What to empty."""

    what: set[Part] = {
        "documents",
        "patients",
        "behaviours",
        "requests",
        "statistics",
        "replays",
        "clock",
        "parameters",
    }


def build_control(application: DmpApplication) -> FastAPI:
    """Return the control plane of a simulator (plain HTTP, loopback only)."""
    app = FastAPI(title="DMP simulé : plan de commande", version="1")
    _script_routes(app, application)
    _document_routes(app, application)
    _request_routes(app, application)
    _parameter_routes(app, application)
    _state_routes(app, application)
    return app


def _script_routes(app: FastAPI, application: DmpApplication) -> None:
    @app.post("/behaviours", status_code=201)
    async def add(behaviour: BehaviourIn) -> dict[str, Any]:
        """Append a behaviour; the first that matches a request applies."""
        return _behaviour(application.script.add(Behaviour(**behaviour.model_dump())))

    @app.get("/behaviours")
    async def pending() -> list[dict[str, Any]]:
        """Behaviours that can still apply."""
        return [_behaviour(behaviour) for behaviour in application.script.pending]

    @app.delete("/behaviours", status_code=204)
    async def clear() -> None:
        """Back to normal."""
        application.script.clear()


def _document_routes(app: FastAPI, application: DmpApplication) -> None:
    store = application.engine.store

    @app.get("/documents")
    async def listing(
        after: int = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
        kind: Literal["document", "signature", "all"] = "document",
        ins: str | None = None,
    ) -> dict[str, Any]:
        """Stored entries in order of arrival; `next` is the value of `after` for the following page."""
        entries = store.listing(after, limit, kind=None if kind == "all" else kind, ins=ins)
        following = entries[-1].seq if len(entries) == limit else None
        return {"documents": [describe(entry) for entry in entries], "next": following, "total": store.count()}

    @app.get("/documents/{unique_id}")
    async def one(unique_id: str) -> dict[str, Any]:
        """One entry."""
        return describe(_known(unique_id))

    @app.get("/documents/{unique_id}/content")
    async def content(unique_id: str) -> Response:
        """The bytes received."""
        found = _known(unique_id)
        if found.content is None:
            raise HTTPException(404, "octets non conservés")
        return Response(found.content, media_type="text/xml")

    @app.get("/documents/{unique_id}/metadata")
    async def metadata(unique_id: str) -> Response:
        """The ExtrinsicObject received."""
        return Response(_known(unique_id).metadata, media_type="text/xml")

    def _known(unique_id: str) -> StoredEntry:
        found = store.by_unique_id(unique_id)
        if found is None:
            raise HTTPException(404, "document inconnu")
        return found


def _request_routes(app: FastAPI, application: DmpApplication) -> None:
    @app.get("/requests")
    async def requests(after: int = 0) -> list[dict[str, Any]]:
        """Requests still kept, without their bodies."""
        return [_request(entry) for entry in application.recorder.listing(after)]

    @app.get("/requests/{number}")
    async def request(number: int) -> dict[str, Any]:
        """One request with its headers."""
        return _request(_kept(number)) | {"headers": _kept(number).headers}

    @app.get("/requests/{number}/body")
    async def body(number: int) -> Response:
        """The raw body."""
        return Response(_kept(number).body, media_type="application/octet-stream")

    @app.delete("/requests", status_code=204)
    async def clear() -> None:
        """Forget the requests."""
        application.recorder.clear()

    @app.put("/recording")
    async def recording(max_bytes: Annotated[int, Query(ge=0)]) -> dict[str, int]:
        """Bound the memory of raw requests; 0 switches it off."""
        application.recorder.max_bytes = max_bytes
        if max_bytes == 0:
            application.recorder.clear()
        return {"max_bytes": max_bytes}

    def _kept(number: int) -> RawRequest:
        found = application.recorder.get(number)
        if found is None:
            raise HTTPException(404, "requête inconnue ou oubliée")
        return found


def _parameter_routes(app: FastAPI, application: DmpApplication) -> None:
    engine = application.engine

    @app.get("/parameters")
    async def parameters() -> dict[str, Any]:
        """Value sets in force, and the parameter file."""
        return asdict(engine.parameters)

    @app.put("/parameters")
    async def tune(wanted: ParametersIn) -> dict[str, Any]:
        """Change some of them."""
        for name, value in wanted.model_dump(exclude_none=True).items():
            setattr(engine.parameters, name, value)
        return await parameters()


def _state_routes(app: FastAPI, application: DmpApplication) -> None:
    engine = application.engine

    @app.get("/health")
    async def health() -> dict[str, str]:
        """Ready to serve."""
        return {"status": "ok"}

    @app.get("/patients/{ins}")
    async def patient(ins: str) -> dict[str, Any]:
        """State of a patient's DMP."""
        state = engine.patients.state(ins)
        return {"dmp": state.dmp, "authorisation": state.authorisation, "closure_reason": state.closure_reason}

    @app.put("/patients/{ins}")
    async def change(ins: str, state: PatientIn) -> dict[str, Any]:
        """Change it."""
        engine.patients.set(ins, **state.model_dump(exclude_none=True))
        return await patient(ins)

    @app.get("/clock")
    async def clock() -> dict[str, Any]:
        """The simulator's time."""
        return {"now": engine.clock.now().isoformat(), "offset_seconds": engine.clock.offset.total_seconds()}

    @app.put("/clock")
    async def move(target: ClockIn) -> dict[str, Any]:
        """Move the simulator's clock."""
        engine.clock.offset = timedelta(seconds=target.offset_seconds)
        return await clock()

    @app.get("/statistics")
    async def statistics() -> dict[str, Any]:
        """Counters per operation and outcome, per refusing check and per code; late stores still to come."""
        return engine.statistics.snapshot() | {"documents": engine.store.count(), "late_pending": application.late}

    @app.post("/reset", status_code=204)
    async def reset(target: ResetIn) -> None:
        """Empty the named parts (all by default)."""
        engine.reset({str(part) for part in target.what})
        if "behaviours" in target.what:
            application.script.clear()
        if "requests" in target.what:
            application.recorder.clear()
        if "clock" in target.what:
            engine.clock.offset = timedelta()


def _behaviour(behaviour: Behaviour) -> dict[str, Any]:
    names = (
        "id",
        "action",
        "operation",
        "structure",
        "ins",
        "latency_ms",
        "seconds",
        "count",
        "probability",
        "applied",
    )
    return {name: getattr(behaviour, name) for name in names}


def describe(entry: StoredEntry) -> dict[str, Any]:
    """Return what the control plane tells of an entry (its metadata and bytes have their own addresses)."""
    names = (
        "seq",
        "unique_id",
        "entry_uuid",
        "submission_set",
        "kind",
        "status",
        "hash",
        "size",
        "structure",
        "author",
        "type_code",
        "class_code",
        "title",
        "media_type",
        "author_count",
        "vaccination_id",
        "set_id",
        "version",
        "received_at",
    )
    described: dict[str, Any] = {name: getattr(entry, name) for name in names}
    return described | {
        "document_type": entry.type_code,
        "format": entry.format_code,
        "confidentiality": entry.confidentiality.split(),
        "patient": f"{entry.ins}^^^&{entry.ins_oid}&ISO^NH",
        "ins": entry.ins,
    }


def _request(entry: RawRequest) -> dict[str, Any]:
    names = "number method path client_structure operation message_id outcome check status behaviour".split()  # noqa: SIM905
    described: dict[str, Any] = {name: getattr(entry, name) for name in names}
    return described | {"received_at": entry.received_at.isoformat(), "size": len(entry.body)}
