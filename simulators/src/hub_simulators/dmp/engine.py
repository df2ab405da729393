"""One request from bytes to answer: envelope, VIHF, transaction. No socket here: tests call it directly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from lxml import etree

from hub_simulators.clock import OffsetClock
from hub_simulators.dmp import soap, td02, td31
from hub_simulators.dmp.cda_rules import CdaSchema
from hub_simulators.dmp.formats import cx
from hub_simulators.dmp.multipart import Mtom, MultipartProblem, media_type, read_mtom
from hub_simulators.dmp.names import ACTIONS, RESPONSE_ACTIONS, SAML, WSA, Operation, q
from hub_simulators.dmp.parameters import Parameters
from hub_simulators.dmp.patients import Patients
from hub_simulators.dmp.refusals import AckError, DmpRefusal, HttpRefusal, RegistryError, RegistryFailure, SoapFault
from hub_simulators.dmp.settings import SERVICES_PATH, DmpSettings
from hub_simulators.dmp.soap import Envelope, ReplayMemory
from hub_simulators.dmp.statistics import Statistics
from hub_simulators.dmp.store import DocumentStore
from hub_simulators.dmp.td21 import Registrar
from hub_simulators.dmp.vihf import VihfChecker
from hub_simulators.dmp.vihf_attributes import RESOURCE_ID
from hub_simulators.dmp.xmltools import text
from hub_simulators.pki import CertificateKind, CertificateRefused, TrustStore

_PATHS = frozenset(f"{SERVICES_PATH}/{service}" for service in ("patients", "repository", "registry"))
_SOAP_TYPE = "application/soap+xml; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What goes back on the wire."""

    status: int
    content_type: str
    body: bytes


@dataclass(slots=True)
class Incoming:
    """A request read as far as it can be; `problem` is what stopped the reading."""

    path: str
    root: etree._Element | None
    action: str
    attachments: dict[str, bytes]
    message_id: str
    problem: DmpRefusal | None = None
    operation: str = ""
    structure: str = ""
    ins: str = ""


@dataclass(slots=True)
class Outcome:
    """The answer, and how it is counted; `commit` stores what the request brought (None when nothing to store)."""

    answer: HttpAnswer
    name: str
    check: str = ""
    codes: tuple[str, ...] = ()
    errors: tuple[RegistryError, ...] = ()
    commit: Callable[[], None] | None = None


class DmpEngine:
    """All checks and the stores behind them."""

    def __init__(self, settings: DmpSettings, clock: OffsetClock | None = None) -> None:
        self.settings = settings
        self.clock = clock or OffsetClock()
        self.trust = TrustStore(settings.pki_directory / "trust.pem", settings.pki_directory / "crl.pem")
        self.store = DocumentStore(settings.directory, keep_content=settings.keep_content)
        self.patients = Patients(settings.default_patient, settings.default_authorisation)
        self.statistics = Statistics()
        schema = CdaSchema(settings.rules_dir) if settings.rules_dir is not None else None
        self._vihf = VihfChecker(settings, self.trust)
        self.parameters = Parameters.of(settings)
        self._registrar = Registrar(settings, self.parameters, self.trust, self.store, self.patients, schema)
        self._tolerance = timedelta(seconds=settings.clock_tolerance)
        self._messages = ReplayMemory(3 * self._tolerance)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def tls_structure(self, der: bytes | None) -> str:
        """Return the OU of the TLS client certificate. Raises HttpRefusal 403 when it isn't a good ORG_AUTH_CLI."""
        if not der:
            raise HttpRefusal("tls.absent", 403, "Certificat client absent")
        try:
            return self.trust.verify(der, CertificateKind.ORG_AUTH_CLI, self.clock.now()).structure
        except CertificateRefused as problem:
            raise HttpRefusal(f"tls.{problem.reason}", 403, "Certificat client refusé") from None

    def read(self, method: str, path: str, content_type: str, body: bytes) -> Incoming:
        """Read the HTTP request and peek at what scripts match on; never raises."""
        incoming = Incoming(path, None, "", {}, soap.quick_message_id(body))
        try:
            if path not in _PATHS:
                raise HttpRefusal("http.path", 404, "Service inconnu")
            if method != "POST":
                raise HttpRefusal("http.method", 405, "POST attendu")
            message = _message(path, content_type, body)
            incoming.attachments, incoming.action = message.attachments, message.action
            incoming.root = soap.read_envelope(message.envelope)
            _peek(incoming)
        except DmpRefusal as problem:
            incoming.problem = problem
        return incoming

    def handle(self, incoming: Incoming, tls_structure: str) -> Outcome:
        """Check the request and prepare its answer; nothing is stored before `commit` is called."""
        now = self.clock.now()
        envelope: Envelope | None = None
        try:
            if incoming.problem is not None or incoming.root is None:
                raise incoming.problem or SoapFault("soap.xml", "Message SOAP illisible")
            envelope = soap.check_envelope(incoming.root, incoming.path, incoming.action)
            incoming.operation = envelope.operation
            if not self._messages.first_sight(envelope.message_id, now):
                raise SoapFault("wsa.replay", "wsa:MessageID déjà utilisé")
            return self._dispatch(envelope, incoming, tls_structure)
        except DmpRefusal as refusal:
            return self.refuse(refusal, incoming, envelope.body if envelope else None)

    def _dispatch(self, envelope: Envelope, incoming: Incoming, tls_structure: str) -> Outcome:
        now = self.clock.now()
        vihf = self._vihf.check(envelope.assertion, tls_structure, envelope.operation, now)
        incoming.structure, incoming.ins = vihf.structure, vihf.patient.id
        commit: Callable[[], None] | None = None
        if envelope.operation is Operation.TD02:
            td02.check_query(envelope.body, vihf, now, self._tolerance)
            content = td02.answer(envelope.body, vihf, self.patients.state(vihf.patient.id), now)
        elif envelope.operation is Operation.TD21:
            commit = self._registrar.check(envelope.body, incoming.attachments, vihf, now)
            content = soap.registry_response("Success", [])
        else:
            content = td31.answer(*td31.find_documents(envelope.body, self.store, vihf))
        answer = soap.reply(RESPONSE_ACTIONS[envelope.operation], envelope.message_id, content)
        return Outcome(HttpAnswer(200, _SOAP_TYPE, answer), "success", commit=commit)

    def commit(self, outcome: Outcome, incoming: Incoming) -> Outcome:
        """Store what the request brought; a race on an identifier turns the success into a failure."""
        if outcome.commit is None:
            return outcome
        try:
            outcome.commit()
        except RegistryFailure as refusal:
            return self.refuse(refusal, incoming, None)
        return outcome

    def refuse(self, refusal: DmpRefusal, incoming: Incoming, body: etree._Element | None) -> Outcome:
        """Return the DMP's own way of saying no."""
        operation = Operation(incoming.operation) if incoming.operation else None
        if isinstance(refusal, HttpRefusal):
            answer = HttpAnswer(refusal.status, "text/plain; charset=UTF-8", refusal.text.encode())
            return Outcome(answer, "http_error", refusal.check, (str(refusal.status),))
        if isinstance(refusal, AckError) and operation is Operation.TD02:
            content = td02.refusal(body, refusal, self.clock.now())
            return Outcome(self._ok(operation, incoming, content), "ack_error", refusal.check, (refusal.code,))
        if isinstance(refusal, RegistryFailure) and operation in (Operation.TD21, Operation.TD31B):
            build = soap.registry_response if operation is Operation.TD21 else None
            content = build("Failure", refusal.errors) if build else td31.failure(refusal.errors)
            codes = tuple(error.code for error in refusal.errors)
            return Outcome(
                self._ok(operation, incoming, content), "registry_failure", refusal.check, codes, tuple(refusal.errors)
            )
        answer = HttpAnswer(500, _SOAP_TYPE, soap.fault(incoming.message_id, refusal.text))
        return Outcome(answer, "fault", refusal.check)

    def _ok(self, operation: Operation, incoming: Incoming, content: str) -> HttpAnswer:
        return HttpAnswer(200, _SOAP_TYPE, soap.reply(RESPONSE_ACTIONS[operation], incoming.message_id, content))

    def reset(self, what: set[str]) -> None:
        """Empty the named parts: documents, patients, statistics, replays, parameters (back to the settings)."""
        if "documents" in what:
            self.store.reset()
        if "patients" in what:
            self.patients.reset()
        if "statistics" in what:
            self.statistics.reset()
        if "parameters" in what:
            self.parameters.restore(self.settings)
        if "replays" in what:
            self._messages = ReplayMemory(3 * self._tolerance)
            self._vihf = VihfChecker(self.settings, self.trust)


def _message(path: str, content_type: str, body: bytes) -> Mtom:
    if path.endswith("/repository"):
        try:
            return read_mtom(content_type, body)
        except MultipartProblem as problem:
            raise SoapFault("mtom", f"Message MTOM incorrect : {problem}") from None
    kind, parameters = media_type(content_type)
    if kind != "application/soap+xml":
        raise HttpRefusal("http.contenttype", 415, "Content-Type application/soap+xml attendu")
    if parameters.get("charset", "utf-8").lower() != "utf-8":
        raise HttpRefusal("http.charset", 415, "charset UTF-8 attendu")
    return Mtom(body, parameters.get("action", ""), {})


def _peek(incoming: Incoming) -> None:
    """Read, without judging, the operation, structure and patient on which scripts match."""
    root = incoming.root
    if root is None:
        return
    action = next(root.iter(q(WSA, "Action")), None)
    incoming.operation = ACTIONS.get(text(action), "")
    for attribute in root.iter(q(SAML, "Attribute")):
        name = attribute.get("Name")
        if name in {"Identifiant_Structure", RESOURCE_ID}:
            value = text(next(iter(attribute), None))
            if name == RESOURCE_ID:
                patient = cx(value)
                incoming.ins = patient.id if patient else ""
            else:
                incoming.structure = value
