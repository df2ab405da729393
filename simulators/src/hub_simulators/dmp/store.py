"""Documents the simulated DMP holds, in SQLite: a file of the given directory, or memory when there is none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hub_simulators.dmp.names import APPROVED, DEPRECATED

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  unique_id TEXT NOT NULL UNIQUE,
  entry_uuid TEXT NOT NULL UNIQUE,
  logical_id TEXT NOT NULL,
  submission_set TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  hash TEXT NOT NULL,
  size INTEGER NOT NULL,
  ins TEXT NOT NULL,
  ins_oid TEXT NOT NULL,
  structure TEXT NOT NULL,
  author TEXT NOT NULL,
  type_code TEXT NOT NULL,
  vaccination_id TEXT,
  vaccination_key TEXT,
  set_id TEXT,
  version INTEGER,
  received_at TEXT NOT NULL,
  class_code TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  format_code TEXT NOT NULL DEFAULT '',
  media_type TEXT NOT NULL DEFAULT '',
  confidentiality TEXT NOT NULL DEFAULT '',
  author_count INTEGER NOT NULL DEFAULT 0,
  metadata BLOB NOT NULL,
  content BLOB
);
CREATE INDEX IF NOT EXISTS entry_vaccination ON entry (ins, vaccination_key) WHERE vaccination_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS submission_set (unique_id TEXT PRIMARY KEY);
"""
_DESCRIPTION = ("class_code", "title", "format_code", "media_type", "confidentiality", "author_count")
_COLUMNS = (
    "unique_id",
    "entry_uuid",
    "logical_id",
    "submission_set",
    "kind",
    "status",
    "hash",
    "size",
    "ins",
    "ins_oid",
    "structure",
    "author",
    "type_code",
    "vaccination_id",
    "vaccination_key",
    "set_id",
    "version",
    "received_at",
    *_DESCRIPTION,
    "metadata",
    "content",
)
_LIGHT = [name for name in _COLUMNS if name not in {"metadata", "content"}]
_INSERT = f"INSERT INTO entry ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A document entry: `kind` is `document` or `signature`; `metadata` is the ebRIM object, `content` the bytes.

    `media_type` is that of the body (`text/xml` when it is structured), `confidentiality` its codes, spaces between.
    """

    unique_id: str
    entry_uuid: str
    logical_id: str
    submission_set: str
    kind: str
    status: str
    hash: str
    size: int
    ins: str = field(repr=False)
    ins_oid: str
    structure: str
    author: str
    type_code: str
    vaccination_id: str | None
    vaccination_key: str | None
    set_id: str | None
    version: int | None
    received_at: str
    class_code: str = ""
    title: str = field(default="", repr=False)
    format_code: str = ""
    media_type: str = ""
    confidentiality: str = ""
    author_count: int = 0
    metadata: bytes = field(default=b"", repr=False)
    content: bytes | None = field(default=None, repr=False)
    seq: int = 0


class AlreadyReplaced(Exception):
    """A document to replace is no longer in force: another submission came first."""


class DocumentStore:
    """The registry and the repository. Survives a restart (and a kill) when it lives in a directory."""

    def __init__(self, directory: Path | None, *, keep_content: bool = True) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        self._keep_content = keep_content
        target = ":memory:" if directory is None else str(directory / "dmp.sqlite")
        self._db = sqlite3.connect(target, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # survives the process, which is what a simulator owes
        self._db.executescript(_SCHEMA)
        self._add_description()

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _add_description(self) -> None:
        """Add to a file of an earlier version the columns it lacks (its documents stay undescribed)."""
        present = {row[1] for row in self._db.execute("PRAGMA table_info(entry)")}
        for name in _DESCRIPTION:
            if name not in present:
                kind = "INTEGER NOT NULL DEFAULT 0" if name == "author_count" else "TEXT NOT NULL DEFAULT ''"
                self._db.execute(f"ALTER TABLE entry ADD COLUMN {name} {kind}")

    def add_lot(self, submission_set: str, entries: Iterable[StoredEntry], replaced: Iterable[str] = ()) -> None:
        """Store a whole submission set or nothing; `replaced` entryUUIDs become Deprecated.

        Raises sqlite3.IntegrityError when one of the identifiers is already known, AlreadyReplaced when one of those
        entryUUIDs is no longer Approved.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("INSERT INTO submission_set VALUES (?)", (submission_set,))
            for entry in entries:
                values = [getattr(entry, name) for name in _COLUMNS]
                if not self._keep_content:
                    values[-1] = None
                self._db.execute(_INSERT, values)
            for target in replaced:
                done = self._db.execute(
                    "UPDATE entry SET status = ? WHERE entry_uuid = ? AND status = ?", (DEPRECATED, target, APPROVED)
                )
                if done.rowcount != 1:
                    raise AlreadyReplaced
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def submission_set_known(self, unique_id: str) -> bool:
        """Tell whether this submission set was already stored."""
        return self._db.execute("SELECT 1 FROM submission_set WHERE unique_id = ?", (unique_id,)).fetchone() is not None

    def by_unique_id(self, unique_id: str) -> StoredEntry | None:
        """Return the entry of a document, with its metadata and bytes."""
        return self._one("unique_id = ?", unique_id)

    def by_entry_uuid(self, entry_uuid: str) -> StoredEntry | None:
        """Return the entry of an entryUUID, with its metadata and bytes."""
        return self._one("entry_uuid = ?", entry_uuid)

    def vaccination_ids(self, ins: str, key: str) -> set[str]:
        """Return the vaccination ids already in this patient's carnet for a CIS code and a date."""
        rows = self._db.execute(
            "SELECT vaccination_id FROM entry WHERE ins = ? AND vaccination_key = ? AND status = ?",
            (ins, key, APPROVED),
        )
        return {str(row[0]) for row in rows}

    def listing(self, after: int, limit: int, *, kind: str | None, ins: str | None) -> list[StoredEntry]:
        """Return entries in order of arrival after sequence number `after`, without metadata and bytes."""
        rows = self._db.execute(
            f"SELECT seq, {', '.join(_LIGHT)} FROM entry WHERE seq > ? AND (? IS NULL OR kind = ?) "  # noqa: S608
            "AND (? IS NULL OR ins = ?) ORDER BY seq LIMIT ?",
            (after, kind, kind, ins, ins, limit),
        )
        return [StoredEntry(seq=row[0], **dict(zip(_LIGHT, row[1:], strict=True))) for row in rows]

    def count(self) -> int:
        """Return the number of documents (signatures not counted)."""
        return int(self._db.execute("SELECT count(*) FROM entry WHERE kind = 'document'").fetchone()[0])

    def reset(self) -> None:
        """Remove everything."""
        self._db.executescript("DELETE FROM entry; DELETE FROM submission_set;")

    def _one(self, condition: str, value: str) -> StoredEntry | None:
        row = self._db.execute(
            f"SELECT seq, {', '.join(_COLUMNS)} FROM entry WHERE {condition}",  # noqa: S608
            (value,),
        ).fetchone()
        return StoredEntry(seq=row[0], **dict(zip(_COLUMNS, row[1:], strict=True))) if row else None
