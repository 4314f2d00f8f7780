"""The canonical content of a document: its lines and its digest, the same for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcore.canonical import Tally, entry_lines, iso_time, micros_of
from prefcore.model import AppHeader, Header, PreferenceSet, Record, Row, from_micros, to_micros
from prefcore.values import canonical_text
from prefcore_testing.documents import AT, Contents, documents, set_of
from prefcore_testing.values import KEYS, VALUES

CONTENTS = Contents(
    Header("org.example.editor", "1.0.0", created_at=AT, generator="not in the digest"),
    (
        PreferenceSet("system", ""),
        PreferenceSet(
            "user",
            'a"b',
            [
                ("editor.font_size", "14", 0, "manual", "alice"),
                ("größe", '{"$date":"2026-01-31"}', to_micros(AT), "import", 'the "root"'),
            ],
        ),
    ),
    (Record("changeset", {"b": 1, "a": b"\0"}), Record("tag", {"$date": None})),
)
LINES = [
    '{"app":"org.example.editor","schema":"1.0.0"}',
    '{"owner":"","scope":"system"}',
    '{"owner":"a\\"b","scope":"user"}',
    (
        '"editor.font_size": {"value": 14, "updated_at": "1970-01-01T00:00:00.000000Z", '
        '"source": "manual", "actor": "alice"}'
    ),
    (
        '"größe": {"value": {"$date":"2026-01-31"}, "updated_at": "2026-01-31T12:00:00.123456Z", '
        '"source": "import", "actor": "the \\"root\\""}'
    ),
    '{"data":{"a":{"$bytes":"AA=="},"b":1},"kind":"changeset"}',
    '{"data":{"$$date":null},"kind":"tag"}',
]


def test_digest_is_over_these_lines() -> None:
    text = "".join(f"{line}\n" for line in LINES)
    trailer = CONTENTS.trailer()
    assert trailer.digest == "sha256:" + sha256(text.encode()).hexdigest()
    assert (trailer.sets, trailer.entries, trailer.records) == (2, 2, 2)


def test_digest_stays_as_it_is() -> None:
    assert CONTENTS.trailer().digest == (
        "sha256:0df23c2df55c2fe891d91687f538b443052f5ba9520f44fb20b75de8da1fa6f0"
    )


def test_digest_of_nothing_is_that_of_its_header() -> None:
    line = '{"app":"","schema":null}\n'
    assert Contents(Header("", None)).trailer().digest == (
        "sha256:" + sha256(line.encode()).hexdigest()
    )


def test_digest_does_not_depend_on_when_and_by_what_a_document_is_written() -> None:
    other = Contents(
        Header("org.example.editor", "1.0.0", changeset="x", full_state=True),
        CONTENTS.sets,
        CONTENTS.records,
    )
    assert other.trailer() == CONTENTS.trailer()


def test_digest_of_a_whole_store_is_over_these_lines() -> None:
    apps = [AppHeader("a", "1.0.0", "not in the digest"), AppHeader('b"')]
    sets = (PreferenceSet("system", "", app="a"), PreferenceSet("user", "é", app='b"'))
    records = (Record("app", {"b": 1, "a": None}), Record("told", {}, '{"as":"text"}'))
    lines = [
        '{"app":"","apps":[["a","1.0.0"],["b\\"",null]],"schema":null}',
        '{"app":"a","owner":"","scope":"system"}',
        '{"app":"b\\"","owner":"é","scope":"user"}',
        '{"data":{"a":null,"b":1},"kind":"app"}',
        '{"data":{"as":"text"},"kind":"told"}',
    ]
    contents = Contents(Header("", None, full_state=True, apps=apps), sets, records)
    text = "".join(f"{line}\n" for line in lines)
    assert contents.trailer().digest == "sha256:" + sha256(text.encode()).hexdigest()


def _changed(row: Row, i: int) -> Row:
    fields: list[object] = list(row)
    fields[i] = fields[i] + 1 if isinstance(fields[i], int) else f"{fields[i]}0"  # type: ignore[operator]  # an int
    return tuple(fields)  # type: ignore[return-value]  # as it was but for one


@pytest.mark.parametrize("field", range(5))
def test_digest_shows_a_change_of_any_field_of_an_entry(field: int) -> None:
    row = ("a", "1", 5, "manual", "alice")
    digests = {
        Contents(Header("app", None), (PreferenceSet("user", "alice", [one]),)).trailer().digest
        for one in (row, _changed(row, field))
    }
    assert len(digests) == 2


@settings(suppress_health_check=[HealthCheck.too_slow])  # on a busy machine it would fail
@given(documents(full_state=True), documents(full_state=True))
def test_documents_of_one_digest_are_equal(one: Contents, other: Contents) -> None:
    content, of_other = (
        (
            both.header.app,
            both.header.schema,
            [(app.app, app.schema) for app in both.header.apps],
            both.texts(),
        )
        for both in (one, other)
    )
    assert (one.trailer() == other.trailer()) == (content == of_other)


def test_tally_passes_on_what_it_takes() -> None:
    tally = Tally(CONTENTS.header)
    assert tuple(tally.sets(CONTENTS.sets)) == CONTENTS.sets
    assert tuple(tally.records(iter(CONTENTS.records))) == CONTENTS.records
    assert tally.trailer() == CONTENTS.trailer()


def test_lines_hold_any_key_and_value() -> None:
    for key in KEYS:
        for value in VALUES.values():
            (line,) = entry_lines([(key, canonical_text(value), 1, "api", key)])
            assert line == (
                f'{canonical_text(key)}: {{"value": {canonical_text(value)}, '
                f'"updated_at": "1970-01-01T00:00:00.000001Z", "source": "api", '
                f'"actor": {canonical_text(key)}}}'
            )
            assert "\n" not in line


def test_lines_are_those_of_their_rows_whoever_asks_in_between() -> None:
    sets = [set_of({"a": i, "b": i}, owner=str(i)) for i in range(50)]
    expected = [list(entry_lines(list(one.rows))) for one in sets]
    wrong: list[int] = []

    def ask() -> None:
        for _ in range(200):
            for i, one in enumerate(sets):
                if list(entry_lines(one.rows)) != expected[i] or entry_lines(()):
                    wrong.append(i)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_more_keys_than_are_remembered_have_lines() -> None:
    rows: list[Row] = [(f"key{i}", "1", i * 3_600_000_000, "api", "a") for i in range(40_000)]
    lines = entry_lines(rows)
    assert lines[0].startswith('"key0": ')
    assert all(line.startswith(f'"key{i}": ') for i, line in enumerate(lines))


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back_to_the_microsecond(moment: datetime) -> None:
    micros = to_micros(moment)
    text = iso_time(micros)
    assert text == moment.strftime("%Y").zfill(4) + moment.strftime("-%m-%dT%H:%M:%S.%fZ")
    assert micros_of(text) == micros
    assert from_micros(micros) == moment
    (line,) = entry_lines([("a", "1", micros, "api", "b")])
    assert f'"updated_at": "{text}"' in line


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001+00:00", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("0001-01-01T00:00:00.000000Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ],
)
def test_times_of_any_zone_are_read(text: str, micros: int) -> None:
    assert micros_of(text) == micros


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-02-30T12:00:00Z",
        "0001-01-01T00:00+01:00",
    ],
)
def test_text_that_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|isoformat|range"):
        micros_of(text)
