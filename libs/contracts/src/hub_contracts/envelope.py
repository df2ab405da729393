"""CloudEvents 1.0 in binary mode over Kafka: the value is the event's JSON, everything else is a header."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contracts.errors import ErrorCode

CONTENT_TYPE = "application/json"
MAX_HEADER = 512
_INT32, _INT64 = 2**31, 2**63


class EnvelopeUnreadable(Exception):
    """A record that is not one of our events. Carries only which header is wrong, never a value."""

    code = ErrorCode.ENVELOPE_UNREADABLE


@dataclass(frozen=True, slots=True)
class Envelope:
    """One event as it travels.

    `sequence` grows with each event of the same key from the same source; `producer_seq` is dense per source, so that
    audit can say "complete up to n" (design rule 16) and is None until the relay numbers the event.
    """

    id: UUID
    type: str
    source: str
    time: datetime
    key: str
    data: bytes
    sequence: int = 0
    act_version: int = 0
    lane: str = ""
    flow: str = "live"
    causation_id: UUID | None = None
    traceparent: str | None = None
    producer_seq: int | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers of the event."""
        pairs: list[tuple[str, str | None]] = [
            ("ce_specversion", "1.0"),
            ("content-type", CONTENT_TYPE),
            ("ce_id", str(self.id)),
            ("ce_type", self.type),
            ("ce_source", self.source),
            ("ce_time", self.time.isoformat()),
            ("ce_partitionkey", self.key),
            ("ce_sequence", str(self.sequence)),
            ("ce_actversion", str(self.act_version)),
            ("ce_lane", self.lane or None),
            ("ce_flow", self.flow),
            ("ce_causationid", None if self.causation_id is None else str(self.causation_id)),
            ("ce_traceparent", self.traceparent),
            ("ce_producerseq", None if self.producer_seq is None else str(self.producer_seq)),
        ]
        return [(name, value.encode()) for name, value in pairs if value is not None]

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes]], data: bytes) -> Envelope:
        """The envelope of a Kafka record. Raises EnvelopeUnreadable when a required header is missing or malformed.

        What is read fits the columns it is kept in: short texts without NUL, numbers of 32 and 64 bits.
        """
        found = _texts(headers)
        try:
            moment = datetime.fromisoformat(found["ce_time"])
            causation, number = found.get("ce_causationid"), found.get("ce_producerseq")
            envelope = cls(
                id=UUID(found["ce_id"]),
                type=found["ce_type"],
                source=found["ce_source"],
                time=moment,
                key=found["ce_partitionkey"],
                data=data,
                sequence=_number(found.get("ce_sequence", "0"), _INT64),
                act_version=_number(found.get("ce_actversion", "0"), _INT32),
                lane=found.get("ce_lane", ""),
                flow=found.get("ce_flow", "live"),
                causation_id=UUID(causation) if causation else None,
                traceparent=found.get("ce_traceparent"),
                producer_seq=_number(number, _INT64) if number else None,
            )
        except KeyError as missing:
            raise EnvelopeUnreadable(f"l'en-tête {missing.args[0]} manque") from None
        except ValueError:
            raise EnvelopeUnreadable("un en-tête est mal formé") from None
        if moment.tzinfo is None:
            raise EnvelopeUnreadable("l'en-tête ce_time n'a pas de fuseau")
        return envelope


def _texts(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for name, value in headers:
            found[name] = value.decode()
    except (UnicodeDecodeError, AttributeError):
        raise EnvelopeUnreadable("un en-tête n'est pas de l'UTF-8") from None
    for text in found.values():
        if len(text) > MAX_HEADER or "\0" in text:
            raise EnvelopeUnreadable("un en-tête est trop long ou contient un caractère nul")
    return found


def _number(text: str, limit: int) -> int:
    """Raises ValueError when it is none, negative or too large."""
    number = int(text)
    if not 0 <= number < limit:
        raise ValueError
    return number
