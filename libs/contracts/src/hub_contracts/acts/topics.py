"""Points of an entretien pharmaceutique, as data."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml


@cache
def interview_topics() -> dict[str, dict[str, str]]:
    """By theme: code of the point → what a patient reads."""
    text = (resources.files("hub_contracts.acts") / "interview_topics.yaml").read_text("utf-8")
    topics: dict[str, dict[str, str]] = yaml.safe_load(text)
    return topics
