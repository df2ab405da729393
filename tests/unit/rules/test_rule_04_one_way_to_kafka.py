"""Rule 4: events leave through the outbox and its relay; nobody else holds a producer."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
OPENS = re.compile(r"\.producer\(\)|AIOKafkaProducer|KafkaProducer\(|transactional_id")


def openers(folder: Path) -> set[str]:
    files = [f for f in folder.rglob("*.py") if "/src/" in str(f)]
    assert files
    return {f.name for f in files if OPENS.search(f.read_text("utf-8"))}


def test_only_the_relay_opens_a_producer() -> None:
    assert openers(ROOT / "libs" / "kit") == {"relay.py", "kafka.py"}


def test_no_service_opens_one() -> None:
    assert openers(ROOT / "services") == set()


def test_kafka_transactions_are_not_used() -> None:
    kafka = (ROOT / "libs/kit/src/hub_kit/messaging/kafka.py").read_text("utf-8")
    assert "transactional_id" not in kafka
    assert 'acks="all"' in kafka
    assert "enable_idempotence=True" in kafka
