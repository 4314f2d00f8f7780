"""The document layout 1: header, sets, records and trailer as plain data, and what must be in them.

Formats whose syntax has objects and arrays write this data and read it; each has a page in
docs/reference that describes it for readers in other languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from prefcore.canonical import iso_time, micros_of
from prefcore.errors import DamagedDocument, InvalidValue, NewerFormat, PrefcoreError, UsageError
from prefcore.interfaces import Limits
from prefcore.model import (
    AppHeader,
    Document,
    Header,
    PreferenceSet,
    Record,
    Row,
    Scope,
    Selection,
    Trailer,
    from_micros,
    to_micros,
)
from prefcore.values import canonical_text, from_tagged, kind_of

__all__ = [
    "LAYOUT",
    "Misfit",
    "OrderGuard",
    "Path",
    "check_key",
    "check_plain",
    "check_trailer",
    "header_data",
    "located",
    "take_fields",
    "take_header",
    "take_plain",
    "take_record",
    "take_row",
    "take_set",
    "take_set_head",
    "take_trailer",
    "trailer_data",
]

#: The layout that is written, and the newest that is read.
LAYOUT = 1

#: Keys and indexes from the outermost container to a value.
Path = tuple[str | int, ...]


class Misfit(Exception):
    """Data that does not fit the layout, at a path; ``located`` makes an error of it."""

    def __init__(
        self, path: Path, message: str, kind: type[PrefcoreError] = DamagedDocument
    ) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.kind = kind


def located(
    kind: type[PrefcoreError],
    message: str,
    *,
    line: int,
    column: int | None = None,
    path: Path = (),
    onwards: bool = False,
) -> PrefcoreError:
    """Give an error of one printable sentence that says where in a file it is.

    ``onwards`` where it is known only to stand on that line or on a later one.
    """
    shown = _shown(path)
    places = [f"from line {line} on" if onwards else f"line {line}"]
    if column is not None:
        places[0] += f", column {column}"
    places += [shown] if shown else []
    facts: dict[str, object] = {"path": shown, "line": line}
    if column is not None:
        facts["column"] = column
    return kind(_printable(f"{', '.join(places)}: {message}"), **facts)


def _shown(path: Path) -> str:
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part.isidentifier():
            shown += f".{part}" if shown else part
        else:
            shown += f"[{part[:200]!r}]"
    return shown


def _printable(text: str) -> str:
    """Give a text without line ends, controls and half characters, which a file may hold."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


# Of each field, the kinds it may be of; none named is any.
_Kinds = Mapping[str, tuple[str, ...]]
_TEXT, _TEXT_OR_NULL, _COUNT = ("string",), ("string", "null"), ("integer",)
_HEADER: _Kinds = {"layout": _COUNT, "app": _TEXT, "schema": _TEXT_OR_NULL}
_HEADER_MORE: _Kinds = {
    "created_at": _TEXT_OR_NULL,
    "generator": _TEXT,
    "changeset": _TEXT_OR_NULL,
    "merged": ("array",),
    "selection": ("object",),
    "full_state": ("boolean",),
    "apps": ("array",),
}
_APP: _Kinds = {"app": _TEXT, "schema": _TEXT_OR_NULL, "changeset": _TEXT_OR_NULL}
_MERGED: _Kinds = {"changeset": _TEXT, "selection": ("object",)}
_SELECTION: _Kinds = {"scopes": ("array",), "owners": ("array",), "keys": ("array",)}
_SET: _Kinds = {"scope": _TEXT, "owner": _TEXT, "entries": ("object",)}
_SET_MORE: _Kinds = {"app": _TEXT}
_ENTRY: _Kinds = {"value": (), "updated_at": _TEXT, "source": _TEXT, "actor": _TEXT}
_RECORD: _Kinds = {"kind": _TEXT, "data": ("object",)}
_TRAILER: _Kinds = {"sets": _COUNT, "entries": _COUNT, "records": _COUNT, "digest": _TEXT}


def header_data(header: Header) -> dict[str, object]:
    """Give the header as data, its fields in their order."""
    apps = [attrs.asdict(one) for one in header.apps]
    return {
        "layout": LAYOUT,
        "app": header.app,
        "schema": header.schema,
        "created_at": header.created_at and iso_time(to_micros(header.created_at)),
        "generator": header.generator,
        "changeset": header.changeset,
        "merged": [
            {"changeset": changeset, "selection": _selection_data(selection)}
            for changeset, selection in header.merged
        ],
        "selection": _selection_data(header.selection),
        "full_state": header.full_state,
        **({"apps": apps} if apps else {}),
    }


def trailer_data(document: Document) -> dict[str, object]:
    """Give a document's trailer as data, once all else is drawn; raises UsageError without one."""
    trailer = document.trailer()
    if trailer is None:
        raise UsageError("the document has no trailer; give it that of a prefcore.canonical.Tally")
    return attrs.asdict(trailer)


def check_plain(values: Mapping[str, object]) -> None:
    """Raise UsageError where a plain file of these values would be read as a document."""
    if isinstance(values.get("prefcore"), Mapping):
        raise UsageError(
            "a plain file whose key 'prefcore' holds an object would be read as a document; "
            "leave the key out, or export a document"
        )


def _selection_data(selection: Selection) -> dict[str, list[str]]:
    return {
        "scopes": list(selection.scopes),
        "owners": list(selection.owners),
        "keys": list(selection.keys),
    }


def take_header(data: object, path: Path = ("prefcore",)) -> Header:
    """Give the header of its data; raises Misfit."""
    layout = data.get("layout") if isinstance(data, dict) else None
    if type(layout) is int and layout > LAYOUT:  # before its fields, which may be others
        raise Misfit(
            (*path, "layout"),
            f"layout {layout} was written by a newer release; this one reads up to {LAYOUT}, "
            "upgrade prefcore and its format",
            NewerFormat,
        )
    fields = take_fields(data, path, _HEADER, _HEADER_MORE)
    if layout != LAYOUT:
        raise Misfit((*path, "layout"), f"there is no layout {layout}; this one is {LAYOUT}")
    created_at = fields.get("created_at")
    merged = []
    for i, item in enumerate(fields.get("merged", [])):
        inner = (*path, "merged", i)
        one = take_fields(item, inner, _MERGED)
        merged.append((one["changeset"], _take_selection(one["selection"], (*inner, "selection"))))
    apps = _take_apps(fields, path)
    return Header(
        app=fields["app"],
        schema=fields["schema"],
        created_at=created_at and from_micros(_take_time(created_at, (*path, "created_at"))),
        generator=fields.get("generator", ""),
        changeset=fields.get("changeset"),
        merged=tuple(merged),
        selection=_take_selection(fields.get("selection", {}), (*path, "selection")),
        full_state=fields.get("full_state", False),
        apps=apps,
    )


def _take_apps(fields: Mapping[str, Any], path: Path) -> tuple[AppHeader, ...]:
    apps: list[AppHeader] = []
    for i, item in enumerate(fields.get("apps", [])):
        inner = (*path, "apps", i)
        one = AppHeader(**take_fields(item, inner, _APP))
        if not one.app or (apps and one.app <= apps[-1].app):
            raise Misfit(inner, "applications stand sorted by name, each once")
        apps.append(one)
    if apps:
        for name, empty in (("app", ""), ("schema", None), ("changeset", None)):
            if fields.get(name) != empty:
                message = "a document of several applications tells this in 'apps'; empty it here"
                raise Misfit((*path, name), message)
    return tuple(apps)


def _take_selection(data: object, path: Path) -> Selection:
    fields = take_fields(data, path, {}, _SELECTION)
    for name, items in fields.items():
        for i, item in enumerate(items):
            _check_kind(item, (*path, name, i), _TEXT)
    try:
        return Selection(**fields)
    except UsageError as error:
        raise Misfit((*path, "scopes"), error.message) from error


def take_set(data: object, path: Path, limits: Limits) -> PreferenceSet:
    """Give a set of its data, rows sorted by key; raises Misfit."""
    head = take_set_head(data, path)
    entries = data["entries"]  # type: ignore[index]  # an object that has them
    path = (*path, "entries")
    if len(entries) > limits.max_keys_per_set:
        message = f"the set has {len(entries)} keys; the limit is {limits.max_keys_per_set}"
        raise Misfit(path, message)
    rows = [take_row(key, entry, (*path, key), limits) for key, entry in entries.items()]
    return attrs.evolve(head, rows=sorted(rows))


def take_set_head(data: object, path: Path) -> PreferenceSet:
    """Give a set of its data without its entries, which only have to be an object."""
    fields = take_fields(data, path, _SET, _SET_MORE)
    scope = fields["scope"]
    if scope not in _SCOPES:
        message = f"there is no scope '{scope[:40]}'; known are {', '.join(Scope)}"
        raise Misfit((*path, "scope"), message)
    return PreferenceSet(scope, fields["owner"], app=fields.get("app", ""))


_SCOPES = frozenset(map(str, Scope))


def take_row(key: str, data: object, path: Path, limits: Limits) -> Row:
    """Give a row of its key and its data; raises Misfit."""
    check_key(key, path, limits)
    fields = take_fields(data, path, _ENTRY)
    try:
        text = canonical_text(from_tagged(fields["value"]))
    except InvalidValue as error:
        raise Misfit((*path, "value"), error.message, InvalidValue) from error
    micros = _take_time(fields["updated_at"], (*path, "updated_at"))
    return key, text, micros, fields["source"], fields["actor"]


def check_key(key: str, path: Path, limits: Limits) -> None:
    """Raise Misfit where a key is too long."""
    if len(key) > limits.max_key_length:
        message = f"the key has {len(key)} characters; the limit is {limits.max_key_length}"
        raise Misfit(path, message)


def take_plain(key: str, data: object, limits: Limits) -> object:
    """Give the value under a name of a plain file, tagged forms decoded; raises Misfit."""
    check_key(key, (key,), limits)
    try:
        value = from_tagged(data)
        canonical_text(value)
    except InvalidValue as error:
        raise Misfit((key,), error.message, InvalidValue) from error
    return value


def take_record(data: object, path: Path) -> Record:
    """Give a record of its data; raises Misfit."""
    fields = take_fields(data, path, _RECORD)
    inner = (*path, "data")
    try:
        decoded = from_tagged(fields["data"])
        canonical_text(decoded)
    except InvalidValue as error:
        raise Misfit(inner, error.message, InvalidValue) from error
    if not isinstance(decoded, dict):
        raise Misfit(inner, f"a record's data is an object, not {kind_of(decoded)}")
    return Record(fields["kind"], decoded)


def take_trailer(data: object, path: Path = ("trailer",)) -> Trailer:
    """Give the trailer of its data; raises Misfit."""
    fields = take_fields(data, path, _TRAILER)
    digest = fields["digest"]
    if not (digest.startswith("sha256:") and len(digest) == 71 and _HEX.issuperset(digest[7:])):
        raise Misfit((*path, "digest"), "the digest is not 'sha256:' and 64 hexadecimal digits")
    return Trailer(**fields)


_HEX = frozenset("0123456789abcdef")


def check_trailer(trailer: Trailer, path: Path, *, sets: int, entries: int, records: int) -> None:
    """Raise Misfit unless the trailer counts what was found."""
    found = {"sets": sets, "entries": entries, "records": records}
    for name, count in found.items():
        if (said := getattr(trailer, name)) != count:
            raise Misfit(
                (*path, name),
                f"the trailer says {said} {name}, the document holds {count}: "
                "it was cut or edited; get a whole copy, or correct the trailer",
            )


class OrderGuard:
    """Sees that sets are of the header's applications, and come sorted, each once."""

    def __init__(self, header: Header) -> None:
        self._apps = frozenset(one.app for one in header.apps) or {""}
        self._last: tuple[str, str, str] | None = None

    def check(self, one: PreferenceSet, path: Path) -> None:
        """Raise Misfit when that set may not stand here, or not follow the one before."""
        now = (one.app, one.scope, one.owner)
        if one.app not in self._apps:
            raise Misfit(
                path,
                f"the set of {one.place} is of an application that the header does not name"
                if one.app
                else f"the set of {one.place} does not say of which application it is",
            )
        if self._last is not None and now <= self._last:
            app, scope, owner = self._last
            before = PreferenceSet(scope, owner, app=app).place
            if now == self._last:
                message = f"two sets are of {one.place}; merge them into one"
            else:
                message = (
                    f"the set of {one.place} stands after that of {before}, or stands twice; "
                    "sort the sets by application, scope and owner, one for each"
                )
            raise Misfit(path, message)
        self._last = now


def take_fields(
    data: object, path: Path, required: _Kinds, optional: _Kinds | None = None
) -> dict[str, Any]:
    """Give an object's fields after checking that they are those, of those kinds."""
    if not isinstance(data, dict):
        raise Misfit(path, f"an object should stand here, not {kind_of(data)}")
    kinds = {**required, **(optional or {})}
    for name, item in data.items():
        if name not in kinds:
            raise Misfit(
                (*path, name), f"layout {LAYOUT} has no field '{name[:80]}' here; remove it"
            )
        _check_kind(item, (*path, name), kinds[name])
    for name in required:
        if name not in data:
            raise Misfit(path, f"the field '{name}' is missing; add it")
    return data


def _check_kind(item: object, path: Path, kinds: tuple[str, ...]) -> None:
    if kinds and kind_of(item) not in kinds:
        raise Misfit(path, f"{' or '.join(kinds)} should stand here, not {kind_of(item)}")


def _take_time(text: object, path: Path) -> int:
    try:
        return micros_of(str(text))
    except (ValueError, OverflowError) as error:
        message = f"not a time with a zone, such as 2026-01-31T12:00:00Z: {error}"
        raise Misfit(path, message, DamagedDocument) from error
