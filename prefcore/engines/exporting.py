"""Exporting: a selection of sets becomes a document in some format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import BinaryIO

import attrs

from prefcore.canonical import Tally
from prefcore.detection import guarded
from prefcore.errors import NotFound, PluginError, UsageError
from prefcore.interfaces import Capability, FormatInfo, Snapshot
from prefcore.model import Document, Header, PreferenceSet, Progress, Selection, Trailer
from prefcore.schema import SchemaDocument
from prefcore.values import from_tagged, from_text

__all__ = ["Exported", "export_document", "export_plain", "only_set"]

#: So many changesets taken in from other stores a header names.
_MERGED = 64


#: Gives a set as it may stand in the document, telling the keys that it leaves out.
Secrets = Callable[[Snapshot, PreferenceSet, Callable[[str], None]], PreferenceSet]


@attrs.frozen
class Exported:
    """What an export held, and the keys left out: not portable ones, and secrets."""

    trailer: Trailer
    left_out: tuple[str, ...] = ()
    secrets_left_out: tuple[str, ...] = ()


def export_document(
    view: Snapshot,
    schema: SchemaDocument,
    selection: Selection,
    format: FormatInfo,
    out: BinaryIO,
    *,
    at: datetime,
    generator: str,
    secrets: Secrets,
    progress: Progress,
) -> Exported:
    """Write the selected sets, with their metadata, as one document.

    Keys declared ``portable=False`` belong to this machine and stay out. ``secrets`` says what
    becomes of sealed values. ``progress`` is told after each set; of a selection it is not known
    which part of the whole that makes.
    """
    left_out: set[str] = set()
    hidden: set[str] = set()
    stays = {key for key, one in schema.preferences.items() if not one.portable}
    state = view.state(schema.app)
    header = Header(
        app=schema.app,
        schema=schema.version,
        created_at=at,
        generator=generator,
        changeset=state.last_changeset,
        merged=tuple(_merged(view, schema.app)),
        selection=selection,
    )
    tally = Tally(header)
    total = state.entries if selection.is_everything else 0
    drawn = _told(view.sets(schema.app, selection), total, progress)
    travelling = _portable(drawn, stays, left_out)
    sets = tally.sets(_without_empty(secrets(view, one, hidden.add) for one in travelling))
    with guarded(format):
        format.factory().write(Document(header, sets, (), tally.trailer), out)
    return Exported(tally.trailer(), tuple(sorted(left_out)), tuple(sorted(hidden)))


def export_plain(
    view: Snapshot,
    schema: SchemaDocument,
    selection: Selection,
    format: FormatInfo,
    out: BinaryIO,
    *,
    secrets: Secrets,
) -> Exported:
    """Write the values of the one selected set as people write files: no header, no metadata.

    Raises UsageError when several sets are selected, NotFound when nothing of it may be written.
    """
    if Capability.PLAIN not in format.capabilities:
        raise PluginError(f"the format {format.id} has no plain form", format=format.id)
    left_out: set[str] = set()
    stays = {key for key, one in schema.preferences.items() if not one.portable}
    hidden: set[str] = set()
    travelling = _portable(view.sets(schema.app, selection), stays, left_out)
    treated = _without_empty(secrets(view, one, hidden.add) for one in travelling)
    try:
        found = only_set(treated)
    except NotFound as error:
        if not hidden and not left_out:
            raise
        raise NotFound(
            "what is selected holds nothing that may stand in a plain file, only "
            f"{', '.join(sorted(hidden | left_out))}; a document holds secrets encrypted"
        ) from error
    values: Mapping[str, object] = {row[0]: from_text(row[1]) for row in found.rows}
    with guarded(format):
        format.factory().write_plain(values, out)
    tally = Tally(Header(schema.app, schema.version))
    list(tally.sets([found]))
    return Exported(tally.trailer(), tuple(sorted(left_out)), tuple(sorted(hidden)))


def _without_empty(sets: Iterable[PreferenceSet]) -> Iterator[PreferenceSet]:
    return (one for one in sets if one.rows)


def _told(sets: Iterable[PreferenceSet], total: int, progress: Progress) -> Iterator[PreferenceSet]:
    """Pass sets on, telling of each once it was taken; ``total`` is of entries, 0 if not known."""
    done = 0
    for one in sets:
        yield one
        done += len(one.rows)
        progress(len(one.rows), done / total if total else None)


def only_set(sets: Iterable[PreferenceSet]) -> PreferenceSet:
    """Give the one set that a plain file tells of; raises UsageError for several, else NotFound."""
    found = list(islice(sets, 2))
    if not found:
        raise NotFound("nothing is selected: no set with values is in the selection")
    if len(found) > 1:
        raise UsageError(
            f"a plain file holds one set, and {found[0].place} and {found[1].place} are selected; "
            "choose one with --scope and --owner"
        )
    return found[0]


def _portable(
    sets: Iterator[PreferenceSet], stays: set[str], left_out: set[str]
) -> Iterator[PreferenceSet]:
    for one in sets:
        if stays.isdisjoint(row[0] for row in one.rows):
            yield one
            continue
        left_out.update(row[0] for row in one.rows if row[0] in stays)
        rows = [row for row in one.rows if row[0] not in stays]
        if rows:
            yield PreferenceSet(one.scope, one.owner, rows)


def _merged(view: Snapshot, app: str) -> list[tuple[str, Selection]]:
    """Give the other stores' changesets that imports took in, newest last."""
    found: dict[str, Selection] = {}
    for changeset in view.changesets(app):
        source = changeset.details.get("source_changeset")
        if changeset.kind == "import" and isinstance(source, str) and source not in found:
            found[source] = _selection(changeset.details.get("selection"))
            if len(found) == _MERGED:
                break
    return list(reversed(found.items()))


def _selection(data: object) -> Selection:
    fields = from_tagged(data)
    return Selection(**fields) if isinstance(fields, dict) else Selection()
