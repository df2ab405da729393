"""Rules 11 and 18: topics < dedup, topics + a day = transit keys, dead items thirty days."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from hub_contracts.topics import load_topics
from hub_kit.messaging import upkeep
from hub_kit.security.keyring import TOPIC_RETENTION_DAYS

ROOT = Path(__file__).parents[3]
DAY_MS = 86_400_000
LONGEST = max(t.retention_ms // DAY_MS for t in load_topics() if t.retention_ms is not None)


def test_topics_forget_before_seen_events_do() -> None:
    assert LONGEST < upkeep.KEEP_SEEN_DAYS == 14


def test_transit_keys_live_one_day_longer_than_the_topics() -> None:
    assert TOPIC_RETENTION_DAYS == LONGEST
    function = (ROOT / "libs/kit/src/hub_kit/migrations/keyring/0001_keyring.sql").read_text("utf-8")
    floor = re.search(r"keep_days < (\d+)", function)
    assert floor is not None
    assert int(floor.group(1)) == LONGEST + 1


def test_only_the_directory_is_kept_for_ever_and_holds_no_patient() -> None:
    kept = {t.name: t.personal_data for t in load_topics() if t.cleanup_policy != "delete" or t.retention_ms is None}
    assert kept == {"hub.directory": "none"}


def test_dead_items_are_kept_thirty_days() -> None:
    assert timedelta(days=30) == upkeep.KEEP_DEAD
