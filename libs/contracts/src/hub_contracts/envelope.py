"""CloudEvents 1.0 in binary mode over Kafka: the value is the event's JSON, everything else is a header."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub_contracts.errors import ErrorCode

CONTENT_TYPE = "application/json"


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
        """The envelope of a Kafka record. Raises EnvelopeUnreadable when a required header is missing or malformed."""
        found: dict[str, str] = {}
        try:
            for name, value in headers:
                found[name] = value.decode()
        except (UnicodeDecodeError, AttributeError):
            raise EnvelopeUnreadable("un en-tête n'est pas de l'UTF-8") from None
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
                sequence=int(found.get("ce_sequence", "0")),
                act_version=int(found.get("ce_actversion", "0")),
                lane=found.get("ce_lane", ""),
                flow=found.get("ce_flow", "live"),
                causation_id=UUID(causation) if causation else None,
                traceparent=found.get("ce_traceparent"),
                producer_seq=int(number) if number else None,
            )
        except KeyError as missing:
            raise EnvelopeUnreadable(f"l'en-tête {missing.args[0]} manque") from None
        except ValueError:
            raise EnvelopeUnreadable("un en-tête est mal formé") from None
        if moment.tzinfo is None:
            raise EnvelopeUnreadable("l'en-tête ce_time n'a pas de fuseau")
        return envelope
