"""Generated passwords of database roles, kept in one private file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from hub_local.layout import exclusive, write_private

PASSWORD_BYTES = 24


def role_passwords(path: Path, roles: Sequence[str]) -> dict[str, str]:
    """Role → password (URL-safe characters) for each of `roles`; missing ones are generated and written (0600).

    Safe against several processes asking at once.
    """
    with exclusive(path.with_name(f".{path.name}.lock")):
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        missing = [role for role in roles if role not in known]
        if missing:
            known |= {role: secrets.token_urlsafe(PASSWORD_BYTES) for role in missing}
            write_private(path, json.dumps(known, indent=2, sort_keys=True) + "\n")
    return {role: known[role] for role in roles}
