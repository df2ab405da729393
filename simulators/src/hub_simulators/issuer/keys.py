"""ES256 signing keys of the issuer: one signs, the former ones stay in the JWKS until they retire."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey


class KeyRing:
    """Keys in a file (mode 0600) of a directory, or in memory without one."""

    def __init__(self, directory: Path | None, now: datetime, *, keep: timedelta = timedelta(hours=24)) -> None:
        self._file = directory / "keys.json" if directory is not None else None
        self._keep = keep
        self._keys: list[tuple[datetime, ECKey]] = []
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        if self._file is not None and self._file.exists():
            for item in json.loads(self._file.read_text()):
                self._keys.append((datetime.fromisoformat(item["created"]), ECKey.import_key(item["jwk"])))
        else:
            self.rotate(now)

    @property
    def current(self) -> ECKey:
        """The key that signs."""
        return self._keys[-1][1]

    def rotate(self, now: datetime) -> str:
        """Start signing with a new key and return its kid; keys replaced more than `keep` ago leave the JWKS."""
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
        key.ensure_kid()
        ends = [*(created for created, _ in self._keys[1:]), now]
        self._keys = [item for item, end in zip(self._keys, ends, strict=False) if now - end < self._keep]
        self._keys.append((now, key))
        self._save()
        return str(key.kid)

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JWK set."""
        return {"keys": [key.as_dict(private=False) for _, key in self._keys]}

    def _save(self) -> None:
        if self._file is None:
            return
        items = [{"created": created.isoformat(), "jwk": key.as_dict(private=True)} for created, key in self._keys]
        draft = self._file.with_name(".keys.json.draft")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(items))
        draft.replace(self._file)
