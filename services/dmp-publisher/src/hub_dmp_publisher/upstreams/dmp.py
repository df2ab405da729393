"""The DMP: TD0.2, TD2.1 and TD3.1b as functions that either answer or say, by the catalogue, what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from lxml import etree

from hub_contracts.errors import ErrorCode
from hub_dmp_publisher.domain import Exchange, Transaction
from hub_dmp_publisher.identities import OpenedIdentity
from hub_dmp_publisher.upstreams.breaker import Breaker
from hub_dmp_publisher.upstreams.catalogue import Action, ErrorCatalogue, Layer, Verdict
from hub_dmp_publisher.upstreams.transport import HttpAnswer, NeverSent, OutcomeUnknown, Transport
from hub_interop.hl7v3 import td02
from hub_interop.soap.answer import SoapAnswer, SoapFault, parse_answer
from hub_interop.soap.envelope import Addressing, SoapRequest, build_request, message_id
from hub_interop.soap.errors import MessageUnreadable
from hub_interop.xds import iti18, iti41
from hub_interop.xds.registry_response import RegistryResult, ResponseStatus
from hub_interop.xds.submission import Submission
from hub_kit.clock import Clock
from hub_kit.telemetry import metric_defs as defs
from hub_kit.telemetry.metrics import Metrics

SYSTEM = "dmp"
T = TypeVar("T")


class Certainty(StrEnum):
    """What is sure about a call that failed."""

    NEVER_SENT = "never_sent"
    ANSWERED = "answered"
    UNKNOWN = "unknown"


class CallFailed(Exception):
    """A call without the wished answer. `retry_in`: seconds, when nothing was tried because the DMP is down."""

    def __init__(self, verdict: Verdict, certainty: Certainty, *, retry_in: float | None = None) -> None:
        super().__init__(f"{verdict.code.value} ({certainty})")
        self.verdict = verdict
        self.certainty = certainty
        self.retry_in = retry_in


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Longest times of the three transactions, in seconds."""

    td02: float
    td21: float
    td31b: float


@dataclass(slots=True)
class Caller:
    """One document's calls: who calls, how each call's assertion is made, and the evidence gathered so far."""

    identity: OpenedIdentity
    new_id: Callable[[], UUID]
    assertion: Callable[[str], bytes]
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass(slots=True)
class _Record:
    message_id: str
    assertion_id: str
    status: int | None = None


class SkewWatch:
    """The difference with the DMP's clock, as its last answer told (whole seconds there: ± 1 s here)."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit = timedelta(seconds=limit_seconds)
        self.skew = timedelta()

    def saw(self, theirs: datetime | None, ours: datetime) -> None:
        """An answer came at `ours`."""
        if theirs is not None:
            self.skew = theirs - ours

    @property
    def beyond(self) -> bool:
        """True when the two clocks differ too much to send anything (the VIHF carries our time)."""
        return abs(self.skew) > self._limit


class DmpClient:
    """The three transactions. Counts, measures, and leaves the DMP alone while it is down."""

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        breaker: Breaker,
        catalogue: ErrorCatalogue,
        clock: Clock,
        metrics: Metrics,
        timeouts: Timeouts,
        skew: SkewWatch,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._transport = transport
        self._breaker = breaker
        self._catalogue = catalogue
        self._clock = clock
        self._metrics = metrics
        self._timeouts = timeouts
        self._skew = skew

    async def existence(self, caller: Caller, request: Callable[[UUID], bytes]) -> td02.DmpStatus:
        """TD0.2. `request` makes the body from the message's UUID. Raises CallFailed."""

        def compose(identifier: UUID, assertion: bytes) -> SoapRequest:
            url = self._base + td02.SERVICE
            return build_request(
                Addressing(action=td02.ACTION, to=url, message_id=message_id(identifier)),
                request(identifier),
                assertion,
            )

        def read(answer: SoapAnswer) -> td02.DmpStatus:
            status = td02.parse_response(_payload(answer))
            if not status.accepted:
                detail = status.errors[0] if status.errors else td02.AckDetail("", "")
                raise _answered(self._catalogue.judge(Layer.HL7_ACK, code=detail.code or None, text=detail.text))
            return status

        return await self._call(Transaction.TD02, td02.SERVICE, caller, compose, read, self._timeouts.td02)

    async def holds(self, caller: Caller, unique_id: str) -> bool:
        """TD3.1b: does the DMP hold a document under that uniqueId? Raises CallFailed."""

        def compose(identifier: UUID, assertion: bytes) -> SoapRequest:
            url = self._base + iti18.SERVICE
            return build_request(
                Addressing(action=iti18.ACTION, to=url, message_id=message_id(identifier)),
                iti18.build_get_documents([unique_id]),
                assertion,
            )

        def read(answer: SoapAnswer) -> bool:
            found = iti18.parse_response(_payload(answer))
            self._raise_for(found.result)
            return bool(found.entry_ids)

        return await self._call(Transaction.TD31B, iti18.SERVICE, caller, compose, read, self._timeouts.td31b)

    async def submit(self, caller: Caller, submission: Submission) -> None:
        """TD2.1; returns when the DMP recorded everything. Raises CallFailed."""

        def compose(identifier: UUID, assertion: bytes) -> SoapRequest:
            url = self._base + iti41.SERVICE
            return iti41.build_request(submission, to=url, message_id=message_id(identifier), assertion=assertion)

        def read(answer: SoapAnswer) -> None:
            self._raise_for(iti41.parse_response(_payload(answer)))

        await self._call(Transaction.TD21, iti41.SERVICE, caller, compose, read, self._timeouts.td21)

    async def _call(
        self,
        transaction: Transaction,
        service: str,
        caller: Caller,
        compose: Callable[[UUID, bytes], SoapRequest],
        read: Callable[[SoapAnswer], T],
        seconds: float,
    ) -> T:
        """One call with its evidence, measures and classification."""
        self._let_pass()
        identifier = caller.new_id()
        record = _Record(message_id(identifier), f"_{caller.new_id()}")
        sent_at, started = self._clock.now(), self._clock.monotonic()
        outcome, upstream_code = "ok", None
        try:
            request = compose(identifier, caller.assertion(record.assertion_id))
            answer = await self._exchange(service, caller, request, seconds, record)
            return self._read(answer, read)
        except CallFailed as failure:
            outcome, upstream_code = failure.certainty.value, failure.verdict.upstream_code
            raise
        except BaseException:
            outcome = "abandoned"
            self._breaker.abandoned()
            raise
        finally:
            spent = self._clock.monotonic() - started
            self._metrics.observe(defs.UPSTREAM_SECONDS, spent, SYSTEM, transaction.value)
            self._metrics.inc(defs.UPSTREAM_CALLS, SYSTEM, transaction.value, outcome)
            caller.exchanges.append(
                Exchange(
                    transaction,
                    record.message_id,
                    record.assertion_id,
                    sent_at,
                    round(spent * 1000),
                    record.status,
                    outcome,
                    upstream_code,
                )
            )

    def _let_pass(self) -> None:
        wait = self._breaker.try_pass()
        if wait is not None:
            verdict = Verdict(ErrorCode.DMP_UNREACHABLE, Action.RETRY, "breaker-open")
            raise CallFailed(verdict, Certainty.NEVER_SENT, retry_in=wait)

    async def _exchange(
        self, service: str, caller: Caller, request: SoapRequest, seconds: float, record: _Record
    ) -> SoapAnswer:
        """The SOAP answer, fault included. Raises CallFailed when there is none that can be read."""
        try:
            answer = await self._transport.post(self._base + service, caller.identity.context, request, seconds)
        except NeverSent as error:
            raise self._transport_failure(error, Certainty.NEVER_SENT) from None
        except OutcomeUnknown as error:
            raise self._transport_failure(error, Certainty.UNKNOWN) from None
        record.status = answer.status
        self._skew.saw(answer.date, self._clock.now())
        return self._envelope(answer, record.message_id)

    def _transport_failure(self, error: NeverSent | OutcomeUnknown, certainty: Certainty) -> CallFailed:
        verdict = self._catalogue.judge(Layer.TLS, text=error.text)
        if verdict.action is Action.PAUSE_LANE:  # the structure's certificate, not the DMP
            self._breaker.abandoned()
            return CallFailed(verdict, certainty)
        self._breaker.failed()
        code = ErrorCode.DMP_UNREACHABLE
        if certainty is Certainty.UNKNOWN:
            code = _UNKNOWN.get(error.kind, ErrorCode.DMP_OUTCOME_UNKNOWN)
        return CallFailed(Verdict(code, Action.RETRY, error.kind), certainty)

    def _envelope(self, answer: HttpAnswer, sent_id: str) -> SoapAnswer:
        try:
            envelope = parse_answer(answer.content_type, answer.body)
            if envelope.relates_to not in (None, sent_id):
                raise MessageUnreadable("SOAP_RELATES_TO", "answer", "the answer is another message's")
        except MessageUnreadable:
            raise self._unreadable(answer.status) from None
        if answer.status >= 300 and envelope.fault is None:
            raise self._unreadable(answer.status)
        self._breaker.succeeded()
        return envelope

    def _unreadable(self, status: int) -> CallFailed:
        """No SOAP answer: an error page of a front, a truncated answer."""
        if status >= 500 or status < 300:
            self._breaker.failed()
        else:
            self._breaker.abandoned()
        verdict = self._catalogue.judge(Layer.HTTP, status=status)
        return CallFailed(verdict, Certainty.UNKNOWN if verdict.action is Action.ASK else Certainty.ANSWERED)

    def _read(self, answer: SoapAnswer, read: Callable[[SoapAnswer], T]) -> T:
        if answer.fault is not None:
            raise _answered(self._fault(answer.fault))
        try:
            return read(answer)
        except MessageUnreadable:
            verdict = Verdict(ErrorCode.DMP_ANSWER_UNREADABLE, Action.ASK, "answer-unreadable")
            raise CallFailed(verdict, Certainty.UNKNOWN) from None

    def _fault(self, fault: SoapFault) -> Verdict:
        code = fault.subcodes[-1] if fault.subcodes else None
        return self._catalogue.judge(
            Layer.SOAP_FAULT, code=code, text=f"{fault.reason} {fault.detail}", receiver=fault.code == "Receiver"
        )

    def _raise_for(self, result: RegistryResult) -> None:
        if result.ok:
            return
        errors = [error for error in result.errors if not error.is_warning] or list(result.errors)
        if not errors or result.status is not ResponseStatus.FAILURE:
            verdict = Verdict(ErrorCode.DMP_OUTCOME_UNKNOWN, Action.ASK, result.status.value)
            raise CallFailed(verdict, Certainty.UNKNOWN)
        verdicts = [self._catalogue.judge(Layer.REGISTRY_ERROR, code=e.code or None, text=e.context) for e in errors]
        raise _answered(min(verdicts, key=_weight))


_UNKNOWN = {"timeout": ErrorCode.DMP_TIMEOUT, "too_large": ErrorCode.DMP_ANSWER_UNREADABLE}
_WEIGHTS = (Action.DUPLICATE, Action.ASK, Action.PAUSE_LANE, Action.EXCLUDE, Action.REFUSE, Action.RETRY)


def _weight(verdict: Verdict) -> int:
    """Of several errors in one answer, the lightest decides; another document under our identifier before all."""
    return -1 if verdict.code is ErrorCode.DMP_ALREADY_HOLDS_ANOTHER else _WEIGHTS.index(verdict.action)


def _payload(answer: SoapAnswer) -> etree._Element:
    if answer.payload is None:
        raise MessageUnreadable("SOAP_BODY", "answer", "a fault where an answer was expected")
    return answer.payload


def _answered(verdict: Verdict) -> CallFailed:
    return CallFailed(verdict, Certainty.UNKNOWN if verdict.action is Action.ASK else Certainty.ANSWERED)
