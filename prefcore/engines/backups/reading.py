"""Reading a backup back: what is drawn to its end without an error is what was backed up."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO, cast

from prefcore.canonical import Tally
from prefcore.detection import guarded
from prefcore.documents import naming_file
from prefcore.engines.backups.documents import Counting
from prefcore.engines.backups.hashing import HashingSource
from prefcore.engines.backups.manifests import Manifest
from prefcore.errors import DamagedDocument, IntegrityError, PluginMissing, WrongKey
from prefcore.interfaces import FormatInfo, Limits, Target
from prefcore.model import PlainDocument, PreferenceSet, Progress, Record

__all__ = ["Decrypting", "OpenedBackup", "digest_of_bytes", "opened_backup"]

#: Gives in clear what an encrypted file holds, whose name messages tell.
Decrypting = Callable[[BinaryIO, str], BinaryIO]

_PIECE = 1 << 20
# Values stand in records as texts inside texts, so that a line may be longer than an entry's.
_LIMITS = Limits(max_bytes=1 << 40, max_line_bytes=64 << 20, max_whole_bytes=256 << 20)


def digest_of_bytes(target: Target, manifest: Manifest) -> str:
    """Give the digest of a backup's document as it lies in the target; raises NotFound."""
    digest = sha256()
    with target.get(manifest.name) as source:
        while piece := source.read(_PIECE):
            digest.update(piece)
    return "sha256:" + digest.hexdigest()


@contextmanager
def opened_backup(
    target: Target,
    manifest: Manifest,
    formats: Iterable[FormatInfo],
    decrypting: Decrypting | None = None,
    progress: Progress = lambda entries, part: None,
) -> Iterator[OpenedBackup]:
    """Open a backup's document, all of it authenticated first where it is encrypted.

    ``progress`` is told of its sets as they are drawn. Raises NotFound, PluginMissing,
    IntegrityError, NewerFormat, and WrongKey where it is encrypted and its key is not here, or
    nothing for ``decrypting`` is given.
    """
    format = next((one for one in formats if one.id == manifest.format), None)
    if format is None:
        raise PluginMissing(
            f"backup {manifest.id} is in the format {manifest.format}, which is not installed; "
            f"`pip install prefcore-{manifest.format}` may bring it",
            format=manifest.format,
        )
    with target.get(manifest.name) as source:
        hashing = HashingSource(source)
        buffered = cast(BinaryIO, io.BufferedReader(hashing, _PIECE))
        if not manifest.encrypted:
            yield OpenedBackup(buffered, hashing, manifest, format, progress)
            return
        if decrypting is None:
            raise WrongKey(f"backup {manifest.id} is encrypted, and there are no keys to open it")
        with decrypting(buffered, f"backup {manifest.id}") as clear:
            yield OpenedBackup(clear, hashing, manifest, format, progress)


class OpenedBackup:
    """A backup that is being read: all its sets, then all its records.

    At the end of the records everything is compared: the document with its trailer, its bytes and
    its content with the manifest. So a store that takes sets and records in one transaction takes
    what was backed up, or nothing. Raises DamagedDocument, IntegrityError or NewerFormat.
    """

    def __init__(
        self,
        buffered: BinaryIO,
        hashing: HashingSource,
        manifest: Manifest,
        format: FormatInfo,
        progress: Progress,
    ) -> None:
        self._progress = progress
        self._manifest = manifest
        self._format = format
        self._hashing = hashing
        with self._naming():
            document = format.factory().read(buffered, _LIMITS)
            if isinstance(document, PlainDocument) or not document.header.full_state:
                raise DamagedDocument("this is no document of a whole store")
            self._document = document
            self._buffered = buffered
        self._tally = Tally(document.header)
        self._counting = Counting()
        self._lineage = ""
        self._head: tuple[object, object] = (0, "")

    def sets(self) -> Iterator[PreferenceSet]:
        """Give the sets, sorted by application, scope and owner."""
        last = ("", "", "")
        with self._naming():
            for one in self._tally.sets(self._counting.sets(self._document.sets)):
                now = (one.app, str(one.scope), one.owner)
                if now <= last:
                    raise DamagedDocument(f"the set {one.place} is out of order")
                last = now
                yield one
                self._tell(len(one.rows))

    def records(self) -> Iterator[Record]:
        """Give the records, once all sets were drawn; at their end, compare everything."""
        with self._naming():
            for one in self._tally.records(self._document.records):
                if one.kind == "changeset":
                    self._lineage = self._lineage or str(one.data.get("id"))
                    self._head = (one.data.get("revision"), one.data.get("chain"))
                yield one
                self._tell(0)
            self._compare()

    def _tell(self, entries: int) -> None:
        manifest = self._manifest
        # What is encrypted was read to its end before any of it is drawn.
        part = None if manifest.encrypted else self._hashing.size / manifest.size
        self._progress(entries, part)

    def _compare(self) -> None:
        told, counted = self._document.trailer(), self._tally.trailer()
        if told != counted:
            raise IntegrityError("it does not hold what it says at its end: it was edited")
        while self._buffered.read(_PIECE):
            pass
        manifest = self._manifest
        for what, found, due in (
            ("size", self._hashing.size, manifest.size),
            ("digest", self._hashing.digest, manifest.digest),
            ("content", counted.digest, manifest.content),
            ("number of records", counted.records, manifest.records),
            ("applications", self._document.header.apps, manifest.apps),
            ("numbers of sets and entries", dict(self._counting.counts), dict(manifest.scopes)),
            ("log", (self._lineage, *self._head), (manifest.lineage, *_head(manifest))),
        ):
            if found != due:
                raise IntegrityError(
                    f"its {what} is not what the manifest says: one of the two was damaged or "
                    "forged; use another backup"
                )

    @contextmanager
    def _naming(self) -> Iterator[None]:
        with naming_file(f"backup {self._manifest.id}"), guarded(self._format):
            yield


def _head(manifest: Manifest) -> tuple[int, str]:
    return manifest.revision, manifest.chain
