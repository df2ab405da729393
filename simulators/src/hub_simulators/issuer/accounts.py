"""LGO accounts in a JSON file: client_id, hashed secret, scopes. Secrets are never kept in clear."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

_COST = {"n": 2**12, "r": 8, "p": 1}


class AccountFileProblem(ValueError):
    """The accounts file can't be read; the message says where, never a secret."""


def hash_secret(secret: str) -> str:
    """Return `scrypt$<salt>$<hash>` (base64) of a secret."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_b64(salt)}${_b64(_scrypt(secret, salt))}"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _scrypt(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=32, **_COST)


@dataclass(frozen=True, slots=True)
class Account:
    """An LGO account and the scopes it may ask for."""

    client_id: str
    secret: str
    scopes: frozenset[str]

    def accepts(self, secret: str) -> bool:
        """Tell whether this is the account's secret."""
        _, salt, expected = self.secret.split("$")
        found = _scrypt(secret, base64.b64decode(salt))
        return hmac.compare_digest(found, base64.b64decode(expected))


class AccountBook:
    """The accounts of a JSON file `[{"client_id", "secret" (hashed), "scopes": […]}]`, read again when it changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = 0
        self._accounts: dict[str, Account] = {}
        self._verified: dict[str, bytes] = {}
        self._absent = Account("", hash_secret(secrets.token_hex(16)), frozenset())

    def authenticate(self, client_id: str, secret: str) -> Account | None:
        """Return the account whose secret this is, None otherwise (in the same time, known account or not)."""
        self._refresh()
        account = self._accounts.get(client_id, self._absent)
        digest = hashlib.sha256(f"{account.secret}\0{secret}".encode()).digest()
        if account is not self._absent and hmac.compare_digest(self._verified.get(client_id, b""), digest):
            return account
        if not account.accepts(secret) or account is self._absent:
            return None
        self._verified[client_id] = digest
        return account

    def add(self, client_id: str, secret: str, scopes: list[str]) -> None:
        """Add or replace an account in the file."""
        self._refresh()
        self._accounts[client_id] = Account(client_id, hash_secret(secret), frozenset(scopes))
        content = [
            {"client_id": a.client_id, "secret": a.secret, "scopes": sorted(a.scopes)} for a in self._accounts.values()
        ]
        draft = self._path.with_name(f".{self._path.name}.draft")
        draft.write_text(json.dumps(content, indent=2))
        draft.chmod(0o600)
        draft.replace(self._path)
        self._stamp = 0

    def _refresh(self) -> None:
        if not self._path.exists():
            return
        stamp = self._path.stat().st_mtime_ns
        if stamp == self._stamp:
            return
        try:
            accounts = [
                Account(item["client_id"], item["secret"], frozenset(item["scopes"]))
                for item in json.loads(self._path.read_text())
            ]
        except (ValueError, KeyError, TypeError) as problem:
            raise AccountFileProblem(f"{self._path.name} : liste de comptes attendue") from problem
        for account in accounts:
            if account.secret.count("$") != 2 or not account.secret.startswith("scrypt$"):
                raise AccountFileProblem(f"{self._path.name} : secret non haché pour {account.client_id}")
        self._accounts = {account.client_id: account for account in accounts}
        self._verified.clear()
        self._stamp = stamp
