"""Records of a full state: whatever does not go together is refused, naming the record."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import DamagedDocument, NewerFormat
from prefcore.full_state import changes_parts, names_told, read_parts
from prefcore.model import Record
from prefcore.values import canonical_text
from prefcore_testing.stores.making import begin, put
from prefcore_testing.stores.whole_state import state_of
from prefcore_testing.values import VALUES


def _records() -> list[Record]:
    store = MemoryStore()
    put(store, {"a": 1, "b": 2})
    put(store, {"a": "text", "b": 2.5}, owner="bob")
    put(store, {"x": 1}, app="other")
    with begin(store, "migrate") as transaction:
        transaction.remove("user", "alice", ["b"])
        transaction.remove("user", "bob", ["b"])
        transaction.rename("a", "b")
        transaction.register("1.0.0", '{"a":1}', declarations={"b": "{}"})
        transaction.apply_version("1.0.0")
    return state_of(store)[1]


RECORDS = _records()


def _at(kind: str, number: int = 0) -> int:
    return [i for i, one in enumerate(RECORDS) if one.kind == kind][number]


def _changed(kind: str, number: int, fields: Mapping[str, object]) -> list[Record]:
    at = _at(kind, number)
    changed = Record(kind, {**RECORDS[at].data, **fields})
    return [*RECORDS[:at], changed, *RECORDS[at + 1 :]]


# Kind, which of it, what its fields say instead, a word of the error.
FAULTS: dict[str, tuple[str, int, Mapping[str, object], str]] = {
    "application that is no text": ("app", 0, {"app": 5}, "no text"),
    "applications out of order": ("app", 1, {"app": "a"}, "out of order"),
    "version in force that is not registered": ("app", 0, {"schema": "2.0.0"}, "not among"),
    "version in force that the log does not leave": ("app", 0, {"schema": None}, "does not leave"),
    "schema of an unknown application": ("schema", 0, {"app": "x"}, "no application"),
    "schema that is no JSON": ("schema", 0, {"text": "{"}, "canonical"),
    "schema that is no object": ("schema", 0, {"text": "1"}, "canonical"),
    "schema nested without end": ("schema", 0, {"text": '{"a":' * 100_000}, "canonical"),
    "declarations that are no texts": ("schema", 0, {"declarations": {"b": 1}}, "texts"),
    "time before year 1": ("schema", 0, {"registered_at": -(2**62)}, "years"),
    "time that is a boolean": ("schema", 0, {"applied_at": True}, "years"),
    "key of an unknown application": ("key", 0, {"app": "x"}, "no application"),
    "key with another number": ("key", 0, {"id": 1}, "numbered"),
    "key that is no UUID": ("key", 2, {"uuid": "zzz"}, "'uuid'"),
    "keys out of order": (
        "key",
        1,
        {"uuid": "00000000-0000-4000-8000-000000000000"},
        "sorted",
    ),
    "names that are no pairs": ("key", 0, {"names": [[1]]}, "pairs"),
    "names of numbers": ("key", 0, {"names": [[1, 1]]}, "types"),
    "names out of order": ("key", 0, {"names": [[4, "z"], [1, "a"]]}, "by revision"),
    "first name given up": ("key", 0, {"names": [[1, None]]}, "by revision"),
    "two keys of one name": ("key", 1, {"names": [[1, "same"]]}, ""),
    "key displaced of another application": ("key", 0, {"displaced": 2}, "not its own"),
    "negative number": ("key", 0, {"displaced": -1}, "whole number"),
    "gap in the revisions": ("changeset", 1, {"revision": 3}, "follows on 1"),
    "changeset that is no UUID": ("changeset", 0, {"id": "x"}, "UUID"),
    "changeset of an unknown application": ("changeset", 0, {"app": "x"}, "no application"),
    "other digest": ("changeset", 1, {"digest": "0" * 64}, "chain is broken"),
    "digest that is none": ("changeset", 1, {"digest": "x"}, "hexadecimal"),
    "other link": ("changeset", 1, {"chain": "0" * 64}, "chain is broken"),
    "details that are no object": ("changeset", 0, {"details": "[]"}, "canonical"),
    "details in other words": ("changeset", 0, {"details": '{ "a":1}'}, "canonical"),
    "other version before": ("changeset", 1, {"schema_before": "1.0.0"}, "another schema"),
    "more changes": ("changeset", 0, {"changes": 3}, "1 changes more"),
    "fewer changes": ("changeset", 0, {"changes": 1}, "1 changes less"),
    "renames that are no pairs": ("changeset", 3, {"renames": ["a"]}, "pairs"),
    "changes of another revision": ("changes", 0, {"revision": 2}, "among those of 1"),
    "unknown scope": ("changes", 0, {"scope": "planet"}, "no set"),
    "owner that is no name": ("changes", 0, {"owner": "a\nb"}, "no set"),
    "sets out of order": ("changes", 4, {"owner": "a"}, "out of order"),
    "set twice": ("changes", 4, {"owner": "alice"}, "each once"),
    "keys out of order in a set": ("changes", 0, {"added": [1, 0]}, "ascend"),
    "key that is no number": ("changes", 0, {"added": ["a", "b"]}, "ascend"),
    "key of another application": ("changes", 0, {"added": [0, 2]}, "not those of"),
    "unknown key": ("changes", 2, {"added": [99]}, "not those of"),
    "what stood before that is no row": ("changes", 3, {"before": [5]}, "what stood before"),
    "time before that is none": (
        "changes",
        3,
        {"before": [[0, "1", 2**62, "manual", "alice"]]},
        "years",
    ),
    "value before that is not canonical": (
        "changes",
        3,
        {"before": [[0, '{"b":1,"a":2}', 1, "manual", "alice"]]},
        "canonical",
    ),
    "value before without end": (
        "changes",
        3,
        {"before": [[0, "[" * 100_000, 1, "manual", "alice"]]},
        "canonical",
    ),
}


def test_records_of_a_store_are_read() -> None:
    assert [part.record() for part in read_parts(RECORDS)] == RECORDS
    texts = [part.record().text for part in read_parts(RECORDS)]
    assert all(
        text in (None, canonical_text(one.data)) for text, one in zip(texts, RECORDS, strict=True)
    )


@pytest.mark.parametrize("name", FAULTS)
def test_record_is_refused_with_its_number(name: str) -> None:
    kind, number, fields, word = FAULTS[name]
    broken = _changed(kind, number, fields)
    if name == "two keys of one name":
        at = _at("key")
        broken[at] = Record("key", {**RECORDS[at].data, "names": [[1, "same"]]})
        word = "two keys"
    with pytest.raises(DamagedDocument) as caught:
        list(read_parts(broken))
    assert word in caught.value.message
    assert f"record {caught.value.facts['record']} (" in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("at", range(len(RECORDS)))
def test_record_that_is_missing_twice_or_too_late_is_refused(at: int) -> None:
    one = RECORDS[at]
    for records in (
        RECORDS[:at] + RECORDS[at + 1 :],
        [*RECORDS[: at + 1], *RECORDS[at:]],
        [*RECORDS[:at], *RECORDS[at + 1 :], one] if at + 1 < len(RECORDS) else [one, *RECORDS[:at]],
    ):
        with pytest.raises(DamagedDocument):
            list(read_parts(records))


@pytest.mark.parametrize("kind", ["app", "schema", "key", "changeset", "changes"])
def test_field_that_is_missing_is_refused_and_one_unknown_is_of_a_newer_prefcore(kind: str) -> None:
    at = _at(kind)
    data = dict(RECORDS[at].data)
    newer = [*RECORDS[:at], Record(kind, {**data, "more": 1}), *RECORDS[at + 1 :]]
    with pytest.raises(NewerFormat, match=rf"record {at + 1} .*'more'"):
        list(read_parts(newer))
    for name in data:
        less = {key: value for key, value in data.items() if key != name}
        with pytest.raises(DamagedDocument, match=f"'{name}' is missing"):
            list(read_parts([*RECORDS[:at], Record(kind, less), *RECORDS[at + 1 :]]))


def test_kind_that_is_not_known_is_of_a_newer_prefcore() -> None:
    with pytest.raises(NewerFormat, match="record 1 is of a kind 'key ring'"):
        list(read_parts([Record("key ring", {}), *RECORDS]))


@given(
    st.integers(0, len(RECORDS) - 1),
    st.sampled_from([None, True, -1, 0, 2**63 - 1, 1.5, "", "x", [], [[]], {}, {"a": 1}, b"x"]),
    st.integers(0, 20),
)
def test_any_other_value_is_refused_or_read(at: int, value: object, which: int) -> None:
    names = sorted(RECORDS[at].data)
    name = names[which % len(names)]
    changed = Record(RECORDS[at].kind, {**RECORDS[at].data, name: value})
    # Anything but these errors fails the test.
    with suppress(DamagedDocument, NewerFormat):
        list(read_parts([*RECORDS[:at], changed, *RECORDS[at + 1 :]]))


def test_changes_of_a_large_set_are_parted_where_the_page_says() -> None:
    many = list(changes_parts(1, "user", "a", [(n, None, 0, "", "") for n in range(2500)]))
    assert [len(part.added) for part in many] == [1000, 1000, 500]
    long = canonical_text("x" * 600_000)
    parts = list(changes_parts(1, "user", "a", [(n, long, 0, "", "") for n in range(5)]))
    assert [len(part.before) for part in parts] == [2, 2, 1]
    assert list(changes_parts(1, "user", "a", [])) == []


def test_text_of_changes_is_canonical() -> None:
    before = [
        (n, canonical_text(value), n, 'a "source"', "é\n")
        for n, value in enumerate(VALUES.values())
    ]
    for part in changes_parts(3, "user", 'a "b" \\', [(9, None, 0, "", ""), *before[10:]]):
        record = part.record()
        assert record.text == canonical_text(record.data)


def test_names_that_change_nothing_are_not_told() -> None:
    assert names_told([(1, None), (2, "a"), (3, "a"), (4, None), (5, None), (6, "b")]) == (
        (2, "a"),
        (4, None),
        (6, "b"),
    )


def test_parts_are_frozen() -> None:
    part = next(read_parts(RECORDS))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        part.app = "other"  # type: ignore[union-attr,misc]  # that is the test
