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
alone, ``{"$sealed":tag}``, so that sealing it anew under another key changes no digest; a stored
text that already looks so is nobody's value, and gets a ``?`` in front. Entries come by scope,
owner and key as Unicode text (by code point), as ``Snapshot.changes`` gives them.

A link of the chain is SHA-256 over the lines previous link, revision (decimal) and digest, the
last without a line end; before the first link stand 64 zeros.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from prefcore.canonical import QUOTED, LastMade, iso_time
from prefcore.model import Change, Changeset, Rename, Row, to_micros
from prefcore.values import canonical_text, sealed_tag

__all__ = [
    "ALGORITHM",
    "FIRST",
    "ChangedText",
    "ChangesetDigest",
    "chain",
    "digest_of",
    "facts_line",
    "first_lines",
    "rename_line",
]

#: Scope, owner, key, canonical text before and after; None where there was no entry.
ChangedText = tuple[str, str, str, str | None, str | None]

#: What an AuditRecord says of a digest made here.
ALGORITHM = "sha256"
#: The chain before the first changeset.
FIRST = "0" * 64

_BATCH = 1024
_SEALED = '{"$sealed":'
#: A text that is no value's, but would stand in a line as a sealed one does.
_LIKE_TOLD = re.compile(r'\{"\$sealed":"[^"]*"\}', re.DOTALL)


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

    def of_new_set(self, scope: str, owner: str, rows: Iterable[Row]) -> None:
        """Take in the first entries of a set, which come sorted by key."""
        self._flush()
        self._hash.update(first_lines(scope, owner, rows))

    def copy(self) -> ChangesetDigest:
        """Give another that has taken in the same, and goes on by itself."""
        self._flush()
        other = ChangesetDigest()
        other._hash = self._hash.copy()
        return other

    def rename(self, before: str, after: str) -> None:
        """Take in one rename of a key."""
        self._lines.append(rename_line(before, after))

    def facts(self, changeset: Changeset) -> None:
        """Take in what the changeset says of itself; its number of changes is not needed."""
        self._lines.append(facts_line(changeset))

    def hexdigest(self) -> str:
        """Give the digest of what was taken in so far, as 64 hexadecimal digits."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update("".join(self._lines).encode())
        self._lines.clear()


def rename_line(before: str, after: str) -> str:
    """Give the line that tells of one rename."""
    return canonical_text({"rename": [before, after]}) + "\n"


def facts_line(changeset: Changeset) -> str:
    """Give the line that tells what a changeset says of itself."""
    quoted, plain = QUOTED, canonical_text
    # Its canonical text, spelled out: a durable set would spend a tenth of its time on it.
    return (
        f'{{"actor":{quoted[changeset.actor]},"app":{quoted[changeset.app]},'
        f'"at":"{iso_time(to_micros(changeset.at))}",'
        f'"details":{plain(changeset.details) if changeset.details else "{}"},'
        f'"id":{plain(changeset.id)},"kind":{quoted[changeset.kind]},'
        f'"reason":{plain(changeset.reason)},"schema_after":{plain(changeset.schema_after)},'
        f'"schema_before":{plain(changeset.schema_before)}}}\n'
    )


def first_lines(scope: str, owner: str, rows: Iterable[Row]) -> bytes:
    """Give what a digest takes in of a set whose first entries these are, sorted by key.

    Asked again for the same tuple of rows right away, as by a plan and then by a store, it gives
    the bytes that it made.
    """
    return _first(rows, scope, owner)


def _first_lines(rows: Iterable[Row], scope: str, owner: str) -> bytes:
    quoted = QUOTED
    head = f"[{quoted[scope]},{canonical_text(owner)},"
    lines = [
        f"{head}{quoted[row[0]]},-,{row[1]}]\n"
        if not row[1].startswith(_SEALED)
        else f"{head}{quoted[row[0]]},-,{_told(row[1])}]\n"
        for row in rows
    ]
    return "".join(lines).encode()


_first = LastMade(_first_lines)


def _told(text: str | None) -> str:
    """Give what stands in a digest for no entry, or for a text that begins as a sealed value's.

    Where it only begins so, it stands there whole, so that nothing of it can be edited.
    """
    if text is None:
        return "-"
    tag = sealed_tag(text)
    if tag is not None:
        return f'{{"$sealed":{tag}}}'
    return f"?{text}" if _LIKE_TOLD.fullmatch(text) else text


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


def chain(previous: str, revision: int, digest: str) -> str:
    """Give the link that chains a changeset's digest to the link before it (``FIRST`` at first)."""
    return sha256(f"{previous}\n{revision}\n{digest}".encode()).hexdigest()
