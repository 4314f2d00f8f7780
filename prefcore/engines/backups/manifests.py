"""Manifests: the small object that makes a backup one, and what it says.

A backup is there from the moment its manifest is. docs/reference/backups.md tells the fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NoReturn

import attrs

from prefcore.canonical import iso_time, micros_of
from prefcore.engines.backups.ids import id_of, manifest_name
from prefcore.errors import IntegrityError, NewerFormat
from prefcore.model import AppHeader, from_micros, to_micros
from prefcore.security.checkpoints import Checkpoint
from prefcore.values import canonical_text

__all__ = ["LAYOUT", "MOST_BYTES", "Manifest", "manifest_bytes", "read_manifest"]

#: The layout of manifests that is written, and the newest that is read.
LAYOUT = 1
#: A manifest is at most so large.
MOST_BYTES = 1 << 20

_DIGEST_LENGTH = len("sha256:") + 64


@attrs.frozen(kw_only=True)
class Manifest:
    """What a backup says of itself.

    ``name``, ``size`` and ``digest`` are of the document as bytes; ``content`` is the digest over
    what it holds, the same in every format. ``revision`` and ``chain`` are the head of the audit
    chain, which tells two states of one store apart; ``lineage`` is the UUID of the log's first
    changeset, by which backups of one store go together. ``checkpoint`` is the head signed, where
    there was a key ring. ``scopes`` has, by scope, how many sets and entries are held. ``key`` is
    the data key that an ``encrypted`` document is under; None where a passphrase opens it.
    """

    id: str
    created_at: datetime
    generator: str
    format: str
    name: str
    size: int
    digest: str
    content: str
    records: int
    apps: tuple[AppHeader, ...]
    scopes: Mapping[str, tuple[int, int]]
    lineage: str
    revision: int
    chain: str
    encrypted: bool = False
    key: str | None = None
    checkpoint: Checkpoint | None = None

    @property
    def sets(self) -> int:
        """How many sets it holds."""
        return sum(sets for sets, _ in self.scopes.values())

    @property
    def entries(self) -> int:
        """How many entries it holds."""
        return sum(entries for _, entries in self.scopes.values())

    def as_data(self) -> dict[str, object]:
        """Give it as plain data, fields in their order."""
        return {
            "prefcore_backup": LAYOUT,
            "id": self.id,
            "created_at": iso_time(to_micros(self.created_at)),
            "generator": self.generator,
            "document": {
                "name": self.name,
                "format": self.format,
                "size": self.size,
                "digest": self.digest,
                "encrypted": self.encrypted,
                **({} if self.key is None else {"key": self.key}),
            },
            "content": {
                "digest": self.content,
                "records": self.records,
                "scopes": {
                    scope: {"sets": sets, "entries": entries}
                    for scope, (sets, entries) in sorted(self.scopes.items())
                },
            },
            "apps": [
                {"app": one.app, "schema": one.schema, "changeset": one.changeset}
                for one in self.apps
            ],
            "log": {
                "lineage": self.lineage,
                "revision": self.revision,
                "chain": self.chain,
                **({} if self.checkpoint is None else {"checkpoint": self.checkpoint.as_data()}),
            },
        }


def manifest_bytes(manifest: Manifest) -> bytes:
    """Give a manifest as its object holds it: JSON with a checksum over itself."""
    data = manifest.as_data()
    text = json.dumps({**data, "checksum": _checksum(data)}, ensure_ascii=False, indent=2)
    return text.encode() + b"\n"


def _checksum(data: Mapping[str, object]) -> str:
    return "sha256:" + sha256(canonical_text(data).encode()).hexdigest()


def read_manifest(text: bytes, name: str) -> Manifest:
    """Give the manifest in the object of that name.

    Raises IntegrityError where it is damaged, edited, or tells of another backup than its name
    does; NewerFormat where a newer prefcore wrote it.
    """
    try:
        data = json.loads(text.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise IntegrityError(f"{name} is no manifest of a backup: {error}", name=name) from error
    if not isinstance(data, dict) or type(data.get("prefcore_backup")) is not int:
        raise IntegrityError(f"{name} is no manifest of a backup", name=name)
    checksum = data.pop("checksum", None)
    try:
        if checksum != _checksum(data):  # in every layout: else damage might look like a newer one
            raise IntegrityError(f"{name} was damaged or edited: its checksum differs", name=name)
        if data["prefcore_backup"] > LAYOUT:
            raise NewerFormat(
                f"{name} was written by a newer prefcore (layout {data['prefcore_backup']}, this "
                f"one reads up to {LAYOUT}); upgrade prefcore",
                name=name,
            )
        manifest = _manifest(data)
        if manifest.as_data() != data:
            raise ValueError("it has other fields than manifests have")
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise IntegrityError(f"{name} is no manifest of a backup: {error}", name=name) from error
    if manifest_name(manifest.id) != name or id_of(manifest.name) != (manifest.id, False):
        raise IntegrityError(f"{name} tells of another backup than its name does", name=name)
    return manifest


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands twice")
    return found


def _manifest(data: Mapping[str, Any]) -> Manifest:
    """Give the manifest of data; other types than are due raise one of Python's errors."""
    document, content, log = data["document"], data["content"], data["log"]
    return Manifest(
        id=_text(data["id"]),
        created_at=from_micros(micros_of(_text(data["created_at"]))).astimezone(UTC),
        generator=_text(data["generator"]),
        format=_text(document["format"]),
        name=_text(document["name"]),
        size=_count(document["size"]),
        digest=_digest(document["digest"]),
        encrypted=document["encrypted"] is True,
        key=_text(document["key"]) if "key" in document else None,
        content=_digest(content["digest"]),
        records=_count(content["records"]),
        scopes={
            _text(scope): (_count(held["sets"]), _count(held["entries"]))
            for scope, held in content["scopes"].items()
        },
        apps=tuple(
            AppHeader(_text(one["app"]), _maybe(one["schema"]), _maybe(one["changeset"]))
            for one in data["apps"]
        ),
        lineage=_text(log["lineage"]),
        revision=_count(log["revision"]),
        chain=_text(log["chain"]),
        checkpoint=_checkpoint(log["checkpoint"]) if "checkpoint" in log else None,
    )


def _checkpoint(value: object) -> Checkpoint:
    try:
        return Checkpoint.from_data(value)
    except IntegrityError as error:
        raise ValueError(f"its checkpoint is none: {error.message}") from error


def _text(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else _misfit(value)


def _maybe(value: object) -> str | None:
    return None if value is None else _text(value)


def _count(value: object) -> int:
    return value if type(value) is int and value >= 0 else _misfit(value)


def _digest(value: object) -> str:
    text = _text(value)
    return text if len(text) == _DIGEST_LENGTH else _misfit(value)


def _misfit(value: object) -> NoReturn:
    raise ValueError(f"{value!r:.60} does not belong there")
