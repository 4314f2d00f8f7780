"""Portable values: what is one, its canonical text, and that text and value go one to one."""

from __future__ import annotations

import math
from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from hashlib import sha256
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.errors import DamagedValue, InvalidValue
from prefcore.values import (
    MAX_DEPTH,
    UNSET,
    Sealed,
    canonical_text,
    digest,
    equal,
    from_tagged,
    from_text,
    from_texts,
    is_sealed_text,
    kind_of,
    same_text,
    sealed_tag,
)
from prefcore.values import texts as texts_module
from prefcore_testing.values import REFUSED, VALUES, nested, portable_values


class Theme(StrEnum):
    DARK = "dark"


class Level(IntEnum):
    HIGH = 3


# What canonical text is, for ever: digests and stores hold it.
TEXTS: dict[str, str] = {
    "null": "null",
    "true": "true",
    "largest integer": "9223372036854775807",
    "smallest integer": "-9223372036854775808",
    "float minus zero": "-0.0",
    "float one": "1.0",
    "float to the last bit": "0.30000000000000004",
    "float like an integer beyond 64 bits": "1e+22",
    "float with a positive exponent": "1e+16",
    "float with a small exponent": "1e-05",
    "smallest subnormal float": "5e-324",
    "largest float": "1.7976931348623157e+308",
    "text with NUL": '"a\\u0000b"',
    "text with line ends": '"one\\ntwo\\r\\nthree\\rfour\\n\\n"',
    "text with line separators": '"a\u2028b\u2029c"',
    "text beyond the basic plane": '"🎛️👩‍🚀𝔘"',
    "no bytes": '{"$bytes":""}',
    "bytes": '{"$bytes":"AP/+IHRleHQgDQo="}',
    "date": '{"$date":"2026-01-31"}',
    "time": '{"$time":"12:30:00.000000"}',
    "datetime with microseconds": '{"$datetime":"2026-01-31T12:00:00.123456+00:00"}',
    "datetime east": '{"$datetime":"2026-01-31T12:00:00.000000+05:45"}',
    "first datetime": '{"$datetime":"0001-01-01T00:00:00.000000+00:00"}',
    "empty ones inside": '[[],{},{"":[]},[[{}]]]',
    "object with keys in another order": '{"a":2,"b":1,"\uffff":4,"\U0001f600":3}',
    "like a tag of bytes": '{"$$bytes":"AA=="}',
    "like an escaped tag": '{"$$$bytes":"AA=="}',
    "like a tag around a real one": '{"$$bytes":{"$bytes":"AA=="}}',
    "like a tag no version knows yet": '{"$$map":[["a",1]]}',
    "like a tag with company": '{"$bytes":"AA==","other":1}',
    "key with a dollar, no tag": '{"$ref":"#/definitions/x"}',
    "key of a dollar alone": '{"$":1}',
}


@pytest.mark.parametrize("name", TEXTS)
def test_canonical_text_stays_as_it_is(name: str) -> None:
    assert canonical_text(VALUES[name]) == TEXTS[name]


@pytest.mark.parametrize("name", VALUES)
def test_value_and_text_go_one_to_one(name: str) -> None:
    text = canonical_text(VALUES[name])
    value = from_text(text)
    assert canonical_text(value) == text
    assert repr(value) == repr(_sorted(VALUES[name])), "types and bits are kept"


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_texts_of_the_catalogue_all_differ() -> None:
    texts = [canonical_text(value) for value in VALUES.values()]
    assert len(set(texts)) == len(texts)


@given(portable_values())
def test_any_value_comes_back(value: object) -> None:
    text = canonical_text(value)
    assert repr(from_text(text)) == repr(_sorted(value)).replace(", fold=1", "")
    assert canonical_text(from_text(text)) == text


@given(st.lists(portable_values()))
def test_values_decoded_together_are_those_decoded_one_by_one(many: list[object]) -> None:
    texts = [canonical_text(one) for one in many]
    assert repr(from_texts(texts)) == repr([from_text(text) for text in texts])


@pytest.mark.parametrize("texts", [["1,2"], ["[1", "2]"], ['"a', 'b"'], ["1", "{"], [""], ["1]"]])
def test_damaged_text_among_many_is_refused(texts: list[str]) -> None:
    with pytest.raises(DamagedValue, match="damaged"):
        from_texts(texts)


@given(portable_values())
def test_a_python_without_the_fast_encoder_gives_the_same_texts(value: object) -> None:
    text = canonical_text(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts_module, "_pieces", None)
        assert canonical_text(value) == text


@pytest.mark.parametrize("maker", [None, lambda one: iter(())], ids=["absent", "another"])
def test_another_maker_of_encoders_is_left_alone(
    maker: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("json.encoder.c_make_encoder", maker)
    assert texts_module._pieces_of(texts_module._encoder) is None


@given(portable_values(max_leaves=3), portable_values(max_leaves=3))
def test_different_values_have_different_texts(one: object, other: object) -> None:
    same = repr(_sorted(one)).replace(", fold=1", "") == repr(_sorted(other)).replace(
        ", fold=1", ""
    )
    assert (canonical_text(one) == canonical_text(other)) == same
    assert equal(one, other) == same


# Objects of one key made of dollars and words: where tags, escapes and data meet.
_like_tags = st.recursive(
    st.none() | st.binary(max_size=2) | st.sampled_from(["AA==", "2026-01-31"]),
    lambda inner: st.dictionaries(
        st.from_regex(r"\A\${0,3}(bytes|date|map|x)\Z"), inner, min_size=1, max_size=1
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(_like_tags)
def test_data_that_looks_like_tags_comes_back(value: object) -> None:
    assert from_text(canonical_text(value)) == value


@pytest.mark.parametrize("name", REFUSED)
def test_value_is_refused_with_the_reason(name: str) -> None:
    value, reason = REFUSED[name]
    with pytest.raises(InvalidValue, match=reason):
        canonical_text(value)


def test_refusal_names_the_place() -> None:
    with pytest.raises(
        InvalidValue, match=r"^editor\.rulers\[1\]\.at: nan is not a finite"
    ) as caught:
        canonical_text([80, {"at": math.nan}], path="editor.rulers")
    assert caught.value.path == "editor.rulers[1].at"


def test_depth_is_that_of_arrays_and_objects() -> None:
    assert canonical_text(nested(MAX_DEPTH, b"bytes at the bottom"))
    with pytest.raises(InvalidValue, match="64 levels"):
        canonical_text(nested(MAX_DEPTH + 1))
    with pytest.raises(InvalidValue, match="64 levels"):
        canonical_text(nested(900))


def test_relatives_of_portable_types_are_taken_as_them() -> None:
    given = [Theme.DARK, Level.HIGH, (1, 2), bytearray(b"\0"), MappingProxyType({"a": Theme.DARK})]
    assert canonical_text(given) == '["dark",3,[1,2],{"$bytes":"AA=="},{"a":"dark"}]'


def test_numbers_booleans_and_texts_are_not_equal_across_types() -> None:
    alike = [1, 1.0, True, "1", 0, 0.0, -0.0, False, "", None, [], {}, b""]
    for i, one in enumerate(alike):
        assert [j for j, other in enumerate(alike) if equal(one, other)] == [i]


def test_datetimes_of_other_zones_are_other_values() -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert not equal(noon, noon.astimezone(timezone(timedelta(hours=1))))


def test_sealed_values_are_equal_by_their_tags() -> None:
    one, again = Sealed("k1", b"one", b"tag"), Sealed("k2", b"two", b"tag")
    assert equal(one, again)
    assert len({one, again}) == 1
    assert not equal(one, Sealed("k1", b"one", b"other"))
    assert not equal(one, {"$sealed": ["k1", "b25l", "dGFn"]})
    assert "one" not in repr(one)
    assert repr(from_text(canonical_text(one))) == repr(one)
    assert canonical_text(one) == '{"$sealed":["k1","b25l","dGFn"]}'


def test_unset_equals_no_value() -> None:
    assert equal(UNSET, UNSET)
    assert not equal(UNSET, None)
    assert not equal([], UNSET)
    assert not UNSET


MALFORMED: dict[str, dict[str, object]] = {
    "bytes that are no base64": {"$bytes": "%%"},
    "bytes of wrong length": {"$bytes": "A"},
    "bytes that are a number": {"$bytes": 5},
    "date that is none": {"$date": "2026-02-30"},
    "date in a language": {"$date": "31 January"},
    "datetime without a zone": {"$datetime": "2026-01-31T12:00:00"},
    "time that is none": {"$time": "25:00"},
    "tag of a later version": {"$map": "x"},
    "sealed value of two texts": {"$sealed": ["a", "AA=="]},
    "sealed value of numbers": {"$sealed": ["a", 1, 2]},
    "sealed value without a key": {"$sealed": [None, "", ""]},
    "sealed text": {"$sealed": "abc"},
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_tag_is_refused_and_the_escape_named(name: str) -> None:
    tag = next(iter(MALFORMED[name]))
    with pytest.raises(InvalidValue, match=r"malformed.*write \"\$\$") as caught:
        from_tagged([MALFORMED[name]] if tag != "$sealed" else MALFORMED[name])
    assert caught.value.path == ("[0]" if tag != "$sealed" else "")


def test_sealed_value_stands_only_alone() -> None:
    with pytest.raises(InvalidValue, match="only as a whole"):
        from_tagged([{"$sealed": ["k", "", ""]}])
    with pytest.raises(InvalidValue, match="not a portable value"):
        canonical_text([Sealed("k", b"", b"")])


def test_digest_is_that_of_the_text() -> None:
    assert digest({"b": 1, "a": "é"}) == "sha256:" + sha256('{"a":"é","b":1}'.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (Level.HIGH, "integer"),
        (1.0, "number"),
        (Theme.DARK, "string"),
        (datetime(2026, 1, 1, tzinfo=UTC), "datetime"),
        ((), "array"),
        ({}, "object"),
        (Sealed("", b"", b""), "sealed"),
        (1j, "complex"),
    ],
)
def test_kind_is_what_messages_call_the_type(value: object, kind: str) -> None:
    assert kind_of(value) == kind


COMPANY = {
    "first of several": {"$sealed": ["k"], "x": ["y", "z"]},
    "three texts, and more": {"$sealed": ["k", "AA==", "AA=="], "x": ["y", "AA=="]},
    "three texts, and a list": {"$sealed": ["k", "AA==", "AA=="], "x": []},
}


@pytest.mark.parametrize("name", COMPANY)
def test_an_object_with_sealed_among_its_keys_is_no_sealed_value(name: str) -> None:
    text = canonical_text(COMPANY[name])
    assert text.startswith('{"$sealed":[')
    assert not is_sealed_text(text)
    assert sealed_tag(text) is None
    assert from_text(text) == COMPANY[name]
    assert not same_text(text, canonical_text({"$sealed": ["k"], "x": 1}))


@given(st.text(st.characters(codec="utf-8")), st.binary(max_size=80), st.binary(max_size=40))
def test_every_sealed_value_has_the_shape_of_one(key_id: str, data: bytes, tag: bytes) -> None:
    text = canonical_text(Sealed(key_id, data, tag))
    assert is_sealed_text(text)
    assert sealed_tag(text) == f'"{b64encode(tag).decode()}"'
    assert not is_sealed_text(text[:-1])
    assert not is_sealed_text(text + " ")
