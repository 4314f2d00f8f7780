"""The audit digest: how a changeset becomes one hash, and how the hashes are chained.

Every store makes the same digest of the same changeset, so that a log can be checked wherever it
was carried. It is SHA-256 over these UTF-8 lines, each ended by a line feed::

    ["user","alice","editor.font_size",12,14]               for each changed entry
    {"rename":["editor.size","editor.font_size"]}           for each rename, in the order made
    {"actor":…,"app":…,"at":…,"details":{…},"id":…,"kind":…,"reason":…,
     "schema_after":…,"schema_before":…}                     one line, canonical

The facts come last, so that a store can hash a changeset as it is written. They and the renames
are canonical texts (``prefcore.values``). An entry line looks like one too, but has the bare word
``-`` where no entry stood or stands, so that a held null and no entry differ;
``["user","alice","x",-,null]`` is therefore not JSON. A sealed value stands there by its tag
alone, ``{"$sealed":tag}``, so that sealing it anew under another key changes no digest. Entries
come by scope, owner and key as Unicode text (by code point), as ``Snapshot.changes`` gives them.

A link of the chain is SHA-256 over the lines previous link, revision (decimal) and digest, the
last without a line end; before the first link stand 64 zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import count

import attrs

from prefcore.canonical import QUOTED, iso_time
from prefcore.model import AuditRecord, Change, Changeset, Rename, to_micros
from prefcore.values import canonical_text

__all__ = [
    "ALGORITHM",
    "FIRST",
    "SEALED_DIGESTS",
    "SEALING",
    "ChangedText",
    "ChangesetDigest",
    "Logged",
    "LoggedFault",
    "chain",
    "digest_of",
    "expected_digests",
    "faults",
    "schema_fact",
    "sealed_by",
]

#: Scope, owner, key, canonical text before and after; None where there was no entry.
ChangedText = tuple[str, str, str, str | None, str | None]

#: What an AuditRecord says of a digest made here.
ALGORITHM = "sha256"
#: Where a changeset's details hold digests that earlier ones have since it sealed their values.
SEALED_DIGESTS = "sealed_digests"
#: The kind of changesets whose word on that is taken.
SEALING = "migrate"
#: The chain before the first changeset.
FIRST = "0" * 64

_BATCH = 1024
_SEALED = '{"$sealed":['


@attrs.frozen
class Logged:
    """One changeset as a log tells it in bulk, with its link of the chain.

    ``changed`` comes as a digest takes it, and is drawn before the next changeset is.
    """

    changeset: Changeset
    record: AuditRecord
    renames: tuple[Rename, ...]
    changed: Iterable[ChangedText]


@attrs.frozen
class LoggedFault:
    """One thing that is wrong with a log, and the revision at which it shows."""

    revision: int
    what: str


class ChangesetDigest:
    """Takes a changeset in, part by part in the order of this module, and gives its digest."""

    def __init__(self) -> None:
        self._hash = sha256()
        self._lines: list[str] = []

    def entry(
        self, scope: str, owner: str, key: str, before_text: str | None, after_text: str | None
    ) -> None:
        """Take in one changed entry: its canonical texts, None where there is no entry."""
        self.entries(((scope, owner, key, before_text, after_text),))

    def entries(self, rows: Iterable[ChangedText]) -> None:
        """Take in changed entries in bulk, each as the arguments of ``entry``."""
        lines, quoted = self._lines, QUOTED
        for scope, owner, key, before, after in rows:
            if before is None or before.startswith(_SEALED):
                before = _told(before)
            if after is None or after.startswith(_SEALED):
                after = _told(after)
            lines.append(f"[{quoted[scope]},{quoted[owner]},{quoted[key]},{before},{after}]\n")
            if len(lines) >= _BATCH:
                self._flush()

    def of_set(
        self, scope: str, owner: str, entries: Iterable[tuple[str, str | None, str | None]]
    ) -> None:
        """Take in changed entries of one set in bulk: of each key, text before, text after."""
        quoted = QUOTED
        head = f"[{quoted[scope]},{canonical_text(owner)},"
        self._lines += [
            f"{head}{quoted[key]},"
            f"{_told(before) if before is None or before.startswith(_SEALED) else before},"
            f"{_told(after) if after is None or after.startswith(_SEALED) else after}]\n"
            for key, before, after in entries
        ]
        if len(self._lines) >= _BATCH:
            self._flush()

    def copy(self) -> ChangesetDigest:
        """Give another that has taken in the same, and goes on by itself."""
        self._flush()
        other = ChangesetDigest()
        other._hash = self._hash.copy()
        return other

    def rename(self, before: str, after: str) -> None:
        """Take in one rename of a key."""
        self._lines.append(canonical_text({"rename": [before, after]}) + "\n")

    def facts(self, changeset: Changeset) -> None:
        """Take in what the changeset says of itself; its number of changes is not needed."""
        quoted, plain = QUOTED, canonical_text
        # Its canonical text, spelled out: a durable set would spend a tenth of its time on it.
        self._lines.append(
            f'{{"actor":{quoted[changeset.actor]},"app":{quoted[changeset.app]},'
            f'"at":"{iso_time(to_micros(changeset.at))}",'
            f'"details":{plain(changeset.details) if changeset.details else "{}"},'
            f'"id":{plain(changeset.id)},"kind":{quoted[changeset.kind]},'
            f'"reason":{plain(changeset.reason)},"schema_after":{plain(changeset.schema_after)},'
            f'"schema_before":{plain(changeset.schema_before)}}}\n'
        )

    def hexdigest(self) -> str:
        """Give the digest of what was taken in so far, as 64 hexadecimal digits."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update("".join(self._lines).encode())
        self._lines.clear()


def _told(text: str | None) -> str:
    """Give what stands in a digest for no entry, or for a sealed value's text."""
    if text is None:
        return "-"
    tag = text[text.rindex(",") + 1 : -2]  # the last of the three texts, with its quotes
    return f'{{"$sealed":{tag}}}'


def digest_of(changeset: Changeset, changes: Iterable[Change | Rename]) -> str:
    """Give a changeset's digest by what the log tells of it now."""
    digest = ChangesetDigest()
    renames = []
    for change in changes:
        if isinstance(change, Rename):
            renames.append(change)
        else:
            texts = (
                None if entry is None else canonical_text(entry.value)
                for entry in (change.before, change.after)
            )
            digest.entry(change.scope, change.owner, change.key, *texts)
    for rename in renames:
        digest.rename(rename.before, rename.after)
    digest.facts(changeset)
    return digest.hexdigest()


def expected_digests(changesets: Iterable[Changeset]) -> dict[int, str]:
    """Give, by revision, the digests of changesets whose values were sealed later.

    The changeset that sealed them tells it, and is in the chain with all it tells. Only one of the
    kind that seals is believed, and only of earlier ones of its own application.
    """
    found: dict[int, str] = {}
    apps: dict[int, str] = {}
    for changeset in sorted(changesets, key=lambda one: one.revision):
        told = sealed_by(changeset).items()
        found.update((one, digest) for one, digest in told if apps.get(one) == changeset.app)
        apps[changeset.revision] = changeset.app
    return found


def schema_fact(version: str) -> str:
    """Give the name under which a changeset's details tell the digest of a schema's text."""
    return f"schema {version}"


def sealed_by(changeset: Changeset) -> dict[int, str]:
    """Give, by revision, the digests that a changeset says others have since it sealed values."""
    told = changeset.details.get(SEALED_DIGESTS)
    if changeset.kind != SEALING or not isinstance(told, Mapping):
        return {}
    return {int(one): str(digest) for one, digest in told.items() if str(one).isdecimal()}


def faults(log: Iterable[Logged], sealed_later: Mapping[int, str]) -> Iterator[LoggedFault]:
    """Give where a log, oldest first, is not what its own digests and chain say.

    ``sealed_later`` is of ``expected_digests``; it counts for changesets that hold sealed values.
    Nothing is remembered of a changeset but its link.
    """
    previous, due = FIRST, 1
    for one in log:
        record, changeset = one.record, one.changeset
        revision = record.revision
        if revision != due:
            gap = f"revision {due} is" if revision == due + 1 else f"{due} to {revision - 1} are"
            yield LoggedFault(revision, f"there is a gap before it: {gap} missing")
        if record.chain != chain(previous, revision, record.digest):
            yield LoggedFault(revision, "its link does not follow from the one before")
        previous, due = record.chain, revision + 1
        if record.algorithm != ALGORITHM:
            yield LoggedFault(revision, f"its digest is of a kind '{record.algorithm:.40}'")
            continue
        numbers, digest = count(), ChangesetDigest()
        seen = _Seen(one.changed)
        digest.entries(row for row, _ in zip(seen, numbers, strict=False))
        for rename in one.renames:
            digest.rename(rename.before, rename.after)
        digest.facts(changeset)
        found = next(numbers)
        if found != changeset.changes:
            yield LoggedFault(revision, f"it counts {changeset.changes} changes, and has {found}")
        due_digest = sealed_later.get(revision) if seen.any_sealed else None
        if digest.hexdigest() != (due_digest or record.digest):
            yield LoggedFault(
                revision,
                f"the {changeset.kind} by {changeset.actor} of {iso_time(to_micros(changeset.at))} "
                "is not what its digest says: its facts, a value before or after it, or an entry "
                "that it was the last to change were edited",
            )
        elif _facts_of(record) != _facts_of(changeset):
            yield LoggedFault(revision, "its audit record tells other facts than the log")


class _Seen:
    """Gives changed entries on, and says then whether any text of them was sealed."""

    def __init__(self, rows: Iterable[ChangedText]) -> None:
        self._rows = rows
        self.any_sealed = False

    def __iter__(self) -> Iterator[ChangedText]:
        for row in self._rows:
            if not self.any_sealed:
                self.any_sealed = any(text and text.startswith(_SEALED) for text in row[3:])
            yield row


def _facts_of(one: AuditRecord | Changeset) -> tuple[object, ...]:
    return one.revision, one.at, one.actor, one.kind, one.reason, one.changes


def chain(previous: str, revision: int, digest: str) -> str:
    """Give the link that chains a changeset's digest to the link before it (``FIRST`` at first)."""
    return sha256(f"{previous}\n{revision}\n{digest}".encode()).hexdigest()
