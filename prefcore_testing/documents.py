"""Documents for tests: contents that can be held, compared and put into flow, and strategies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import attrs
import hypothesis.strategies as st

from prefcore.canonical import Tally, entry_lines
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
    to_micros,
)
from prefcore.values import canonical_text
from prefcore_testing.values import keys, names, portable_values

__all__ = ["AT", "STATE_RECORDS", "Contents", "documents", "many_sets", "set_of"]

#: Records of every kind that a store's state has, small but true to docs/reference/full-state.md.
STATE_RECORDS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("app", {"app": "app", "schema": "1.0.0"}),
    (
        "schema",
        {
            "app": "app",
            "version": "1.0.0",
            "text": '{"app":"app","preferences":{"a":{"default":0.5}},"version":"1.0.0"}',
            "declarations": {"a": '{"default":0.5}', "$date": '{"$date":"2026-01-31"}'},
            "registered_at": 1_769_860_800_123_456,
            "registered_by": "alice",
            "applied_at": 1_769_860_800_123_456,
            "applied_by": "alice",
            "facts": '{"name":"Größe"}',
        },
    ),
    (
        "schema",
        {
            "app": "app",
            "version": "1.1.0-rc.1",
            "text": "{}",
            "declarations": {},
            "registered_at": -1,
            "registered_by": "",
            "applied_at": None,
            "applied_by": "",
            "facts": "{}",
        },
    ),
    (
        "key",
        {
            "app": "app",
            "id": 0,
            "uuid": "0b0f7d9e-6f0a-4a0e-8f6e-2f4f2d6a9c11",
            "names": [[1, "a"], [2, None], [3, "größe"]],
            "displaced": 1,
        },
    ),
    (
        "key",
        {
            "app": "app",
            "id": 1,
            "uuid": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "names": [],
            "displaced": None,
        },
    ),
    (
        "changeset",
        {
            "revision": 1,
            "id": "6f9619ff-8b86-4011-b42d-00c04fc964ff",
            "app": "app",
            "actor": "alice",
            "kind": "set",
            "at": 1_769_860_800_123_456,
            "reason": "",
            "changes": 3,
            "schema_before": None,
            "schema_after": "1.0.0",
            "details": '{"since":{"$date":"2026-01-31"},"share":0.5}',
            "renames": [["b", "a"]],
            "algorithm": "sha256",
            "digest": "0" * 64,
            "chain": "f" * 64,
        },
    ),
    (
        "changes",
        {
            "revision": 1,
            "scope": "user",
            "owner": "alice",
            "added": [0],
            "before": [
                [1, "1.5", 1_769_860_800_123_456, "manual", 'a "quoted" actor'],
                [2, '{"$bytes":"AA=="}', 0, "import", ""],
            ],
        },
    ),
)
#: When entries of documents made here were last changed, unless they say otherwise.
AT = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)


@attrs.frozen
class Contents:
    """What a document holds, all of it at once: a Document itself can be drawn only once."""

    header: Header
    sets: tuple[PreferenceSet, ...] = ()
    records: tuple[Record, ...] = ()

    @classmethod
    def drawn_from(cls, document: Document) -> tuple[Contents, Trailer | None]:
        """Draw a document, and give what it held and its trailer."""
        held = cls(document.header, tuple(document.sets), tuple(document.records))
        for one in held.sets:
            lines = "\n".join(entry_lines(one.rows))
            assert one.lines in (None, lines), f"the lines of {one.place} are not of its rows"
        return held, document.trailer()

    def document(self) -> Document:
        """Give a fresh document of these contents, with its true trailer."""
        tally = Tally(self.header)
        return Document(
            self.header, tally.sets(self.sets), tally.records(self.records), tally.trailer
        )

    def trailer(self) -> Trailer:
        """Give the true trailer."""
        document = self.document()
        for _ in document.sets:
            pass
        for _ in document.records:
            pass
        trailer = document.trailer()
        assert trailer is not None
        return trailer

    def texts(self) -> list[str]:
        """Give sets and records as text in which -0.0 differs from 0.0, 1 from True and 1.0."""
        return [
            *(f"{one.app}: {one.scope}/{one.owner}: {one.rows!r}" for one in self.sets),
            *(f"{one.kind}: {canonical_text(one.data)}" for one in self.records),
        ]


def set_of(
    values: Mapping[str, object], *, scope: str = "user", owner: str = "alice"
) -> PreferenceSet:
    """Give a set of these values, saved one microsecond after the other."""
    moment = to_micros(AT)
    rows = [
        (key, canonical_text(values[key]), moment + i, "manual", "alice")
        for i, key in enumerate(sorted(values))
    ]
    return PreferenceSet(scope, owner, rows)


def many_sets(count: int, *, keys: int = 40) -> list[PreferenceSet]:
    """Give many sets of short values, sorted by owner."""
    values: dict[str, object] = {f"section.key{i:04}": f"value {i}" for i in range(keys)}
    return [set_of(values, owner=f"user{i:06}") for i in range(count)]


_moments = st.datetimes(timezones=st.just(UTC)) | st.timedeltas(
    min_value=timedelta(0), max_value=timedelta(days=1)
).map(lambda later: AT + later)
_values = portable_values(max_leaves=6)
_key_sets = st.sets(keys(), max_size=6)
_names = names()
_sources = st.sampled_from(["manual", "template", "import", "migration", "restore", "api"])
_uuids = st.uuids().map(str)
_changesets = st.none() | _uuids
_apps = st.sets(_names, max_size=3)


@st.composite
def _rows(draw: st.DrawFn) -> list[Row]:
    row_keys = sorted(draw(_key_sets))
    return [
        (
            key,
            canonical_text(draw(_values)),
            to_micros(draw(_moments)),
            draw(_sources),
            draw(_names),
        )
        for key in row_keys
    ]


_set_rows = _rows()
_texts = st.lists(_names, max_size=2).map(tuple)
_scopes = st.lists(st.sampled_from([str(scope) for scope in Scope]), max_size=2).map(tuple)
_versions = st.none() | st.sampled_from(["1.0.0", "2.1.0-rc.1+build"])
_selections = st.builds(Selection, scopes=_scopes, owners=_texts, keys=_texts)
_headers = st.builds(
    Header,
    app=_names,
    schema=_versions,
    created_at=st.none() | _moments,
    generator=st.just("") | _names,
    changeset=_changesets,
    merged=st.lists(st.tuples(_uuids, _selections), max_size=2).map(tuple),
    selection=_selections,
)
_places = st.sets(st.tuples(st.sampled_from(["project", "user"]), _names), max_size=3)
_system = st.sampled_from([frozenset(), frozenset({("system", "")})])
_data = st.dictionaries(st.text(max_size=8), _values, max_size=3)
_records = st.lists(st.builds(Record, _names, _data), max_size=3).map(tuple)


@st.composite
def documents(draw: st.DrawFn, *, full_state: bool = False) -> Contents:
    """Give contents of documents; if ``full_state``, with records and perhaps several apps."""
    header = attrs.evolve(draw(_headers), full_state=full_state)
    names = sorted(draw(_apps)) if full_state else []
    if names:
        apps = [AppHeader(name, draw(_versions), draw(_changesets)) for name in names]
        header = attrs.evolve(header, app="", schema=None, changeset=None, apps=apps)
    sets = [
        PreferenceSet(scope, owner, draw(_set_rows), app)
        for app in names or [""]
        for scope, owner in sorted(draw(_places) | draw(_system))
    ]
    return Contents(header, tuple(sets), draw(_records) if full_state else ())
