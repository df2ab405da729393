"""Dated rights and names: from a moment on, until another that is excluded (design rule 13)."""

from __future__ import annotations

from datetime import datetime


def covers(since: datetime, until: datetime | None, moment: datetime) -> bool:
    """True when the moment is in the period; `until` None: it has no end."""
    return since <= moment and (until is None or moment < until)
