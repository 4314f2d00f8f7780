"""Creating a backup: the document is put and read back, then the manifest makes it one."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import BinaryIO, cast

import attrs

from prefcore.engines.backups.begun import BegunBackups
from prefcore.engines.backups.catalogue import Catalogue, manifest_in
from prefcore.engines.backups.documents import Held, write_state
from prefcore.engines.backups.hashing import HashingSource
from prefcore.engines.backups.ids import document_name, manifest_name
from prefcore.engines.backups.manifests import Manifest, manifest_bytes
from prefcore.engines.backups.pouring import poured
from prefcore.engines.backups.reading import Decrypting, digest_of_bytes
from prefcore.engines.backups.verifying import verify
from prefcore.errors import IntegrityError, NotFound, PrefcoreError, TargetUnreachable
from prefcore.facade.heads import Head, head_of
from prefcore.interfaces import FormatInfo, Snapshot, Store, Target
from prefcore.model import Progress, Stages
from prefcore.security.checkpoints import Checkpoint

__all__ = ["Encryption", "create", "unchanged"]

#: What the name of an encrypted document ends with.
SEALED = ".sealed"

_PIECE = 1 << 20


@attrs.frozen(kw_only=True)
class Encryption:
    """How a document is encrypted: what encrypts all that is written to it, and decrypts it again.

    ``key`` is the data key of a key ring; None where a passphrase opens it.
    """

    key: str | None
    encrypting: Callable[[BinaryIO], AbstractContextManager[BinaryIO]]
    decrypting: Decrypting


def unchanged(
    store: Store, target: Target, found: Catalogue, is_fitting: Callable[[Manifest], bool]
) -> Manifest | None:
    """Give the newest backup of this store if it holds the very state of now, and is undamaged.

    It must be ``is_fitting`` too, such as encrypted where it is to be.

    The head of the audit chain tells, which every changeset of every application moves; the
    document's bytes are read, so that no damaged one stands for a good one.
    """
    with store.snapshot() as view:
        head = head_of(view)
    ours = [one for one in found.whole if one.lineage == head.lineage]
    newest = ours[-1] if ours else None
    if newest is None or (newest.revision, newest.chain) != (head.revision, head.chain):
        return None
    if not is_fitting(newest):
        return None
    try:
        return newest if digest_of_bytes(target, newest) == newest.digest else None
    except (NotFound, IntegrityError):
        return None


def create(
    store: Store,
    target: Target,
    format: FormatInfo,
    *,
    id: str,
    at: datetime,
    generator: str,
    formats: Iterable[FormatInfo],
    begun: BegunBackups,
    sign: Callable[[Head], Checkpoint] | None = None,
    encryption: Encryption | None = None,
    stages: Stages = lambda label: lambda entries, part: None,
) -> Manifest:
    """Back a whole store up, as it is at one moment; give the manifest.

    ``sign`` makes the checkpoint that the manifest holds. The document is read back and compared
    before the manifest is put, by which alone the backup is there. Whatever fails before that
    leaves no backup, and is raised. Writing and reading back are ``stages``.
    """
    name = document_name(id, format.suffixes[0] + ("" if encryption is None else SEALED))
    with store.snapshot() as view:
        head = head_of(view)
        if head.lineage is None:
            raise NotFound(f"{store.url} holds nothing yet; there is nothing to back up")
        writing = _Writing(view, format, at, generator, encryption, stages("backing up"))
        with begun.noted(name):
            size, digest = poured(writing, lambda source: _put(target, name, source))
            assert writing.held is not None  # it was written to its end
            manifest = Manifest(
                id=id,
                created_at=at,
                generator=generator,
                format=format.id,
                name=name,
                size=size,
                digest=digest,
                content=writing.held.trailer.digest,
                records=writing.held.trailer.records,
                apps=writing.held.apps,
                scopes=writing.held.scopes,
                lineage=head.lineage,
                revision=head.revision,
                chain=head.chain,
                encrypted=encryption is not None,
                key=None if encryption is None else encryption.key,
                checkpoint=None if sign is None else sign(head),
            )
            decrypting = None if encryption is None else encryption.decrypting
            progress = stages("reading it back")
            verify(target, manifest, formats, decrypting=decrypting, progress=progress)
            _put_manifest(target, manifest)
    return manifest


class _Writing:
    """Writes the document of a snapshot, and keeps what it held."""

    def __init__(
        self,
        view: Snapshot,
        format: FormatInfo,
        at: datetime,
        generator: str,
        encryption: Encryption | None,
        progress: Progress,
    ) -> None:
        self._encryption = encryption
        self._progress = progress
        self._view = view
        self._format = format
        self._at = at
        self._generator = generator
        self.held: Held | None = None

    def __call__(self, out: BinaryIO) -> None:
        if self._encryption is None:
            self._write(out)
        else:
            with self._encryption.encrypting(out) as hidden:
                self._write(hidden)

    def _write(self, out: BinaryIO) -> None:
        self.held = write_state(
            self._view,
            self._format,
            out,
            at=self._at,
            generator=self._generator,
            progress=self._progress,
        )


def _put(target: Target, name: str, source: BinaryIO) -> tuple[int, str]:
    """Put what the source gives; give size and digest of what was taken from it."""
    hashing = HashingSource(source)
    stored = target.put(name, cast(BinaryIO, io.BufferedReader(hashing, _PIECE)))
    if stored.size != hashing.size:
        raise IntegrityError(
            f"the target holds {stored.size:,} bytes of {hashing.size:,} of {name}; try again",
            name=name,
        )
    return hashing.size, hashing.digest


def _put_manifest(target: Target, manifest: Manifest) -> None:
    """Put the manifest; after an answer that does not tell, look whether it is there."""
    try:
        target.put(manifest_name(manifest.id), io.BytesIO(manifest_bytes(manifest)))
    except TargetUnreachable:
        with suppress(PrefcoreError):
            if manifest_in(target, manifest.id) == manifest:
                return
        raise
