"""Sealed values: they open where they were sealed and nowhere else, and tell nothing else."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.errors import BrokenSeal, WrongKey
from prefcore.security.padding import padded, unpadded
from prefcore.security.places import DOCUMENT, STORE, Place
from prefcore.security.ring import KeyRing
from prefcore.security.sealing import Cell, _bound
from prefcore.values import Sealed, canonical_text, from_text
from prefcore_testing.values import portable_values

AT = datetime(2026, 11, 26, tzinfo=UTC)
RING = KeyRing.fresh(AT, os.urandom)
SEALER = RING.sealer(os.urandom)
PLACE = Place(STORE, "acme", "user", "alice", "key-uuid")
SECRET = '"tok-4711"'


def cell(text: str, place: Place = PLACE) -> Cell:
    """Give a text as a store shows it that is to be renewed."""
    return (*place[2:], "its.name", text)


def in_document(place: Place) -> Place:
    """Give where a value of a store stands in a document."""
    return place._replace(container=DOCUMENT, key="its.name")


@given(portable_values())
def test_every_value_opens_as_it_was(value: object) -> None:
    text = canonical_text(value)
    assert SEALER.open(SEALER.seal(text, PLACE), PLACE) == text


@pytest.mark.parametrize("field", Place._fields)
def test_a_value_opens_at_no_other_place(field: str) -> None:
    sealed = SEALER.seal(SECRET, PLACE)
    with pytest.raises(BrokenSeal, match="moved here from elsewhere"):
        SEALER.open(sealed, PLACE._replace(**{field: "other"}))


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    sealed = SEALER.seal(SECRET, PLACE._replace(scope="user", owner="alice"))
    with pytest.raises(BrokenSeal):
        SEALER.open(sealed, PLACE._replace(scope="usera", owner="lice"))


def test_a_bit_flipped_in_any_byte_is_found() -> None:
    sealed = SEALER.seal(SECRET, PLACE)
    for part in ("data", "tag"):
        whole = getattr(sealed, part)
        for i in range(len(whole)):
            flipped = whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :]
            damaged = {"data": sealed.data, "tag": sealed.tag, part: flipped}
            with pytest.raises(BrokenSeal):
                SEALER.open(Sealed(sealed.key_id, **damaged), PLACE)


def test_a_value_cut_short_anywhere_is_found() -> None:
    sealed = SEALER.seal(SECRET, PLACE)
    for length in range(len(sealed.data)):
        with pytest.raises(BrokenSeal):
            SEALER.open(Sealed(sealed.key_id, sealed.data[:length], sealed.tag), PLACE)


def test_a_value_under_a_key_that_is_not_here_says_so() -> None:
    with pytest.raises(WrongKey, match="keys import") as caught:
        KeyRing.fresh(AT, os.urandom).sealer(os.urandom).open(SEALER.seal(SECRET, PLACE), PLACE)
    assert caught.value.exit_code == 12


@given(portable_values(), portable_values())
def test_tags_are_equal_where_values_are(one: object, other: object) -> None:
    texts = canonical_text(one), canonical_text(other)
    first, second = (SEALER.seal(text, PLACE) for text in texts)
    assert (first == second) == (texts[0] == texts[1])
    assert first.data != second.data


def test_the_same_value_has_other_tags_at_other_places_and_under_other_rings() -> None:
    places = [PLACE, *(PLACE._replace(**{field: "other"}) for field in Place._fields)]
    tags = {SEALER.seal(SECRET, place).tag for place in places}
    tags.add(KeyRing.fresh(AT, os.urandom).sealer(os.urandom).seal(SECRET, PLACE).tag)
    assert len(tags) == len(places) + 1


def test_after_a_rotation_values_stay_equal_and_old_ones_open() -> None:
    rotated = RING.rotated(AT, os.urandom).sealer(os.urandom)
    old = SEALER.seal(SECRET, PLACE)
    new = rotated.resealed(old, PLACE)
    assert (old.key_id, new.key_id) == (RING.active.id, rotated.active)
    assert old == new == rotated.seal(SECRET, PLACE)
    assert rotated.open(old, PLACE) == rotated.open(new, PLACE) == SECRET


def test_resealing_checks_what_it_opens() -> None:
    with pytest.raises(BrokenSeal):
        SEALER.resealed(SEALER.seal(SECRET, PLACE), PLACE._replace(owner="bob"))


@given(portable_values())
def test_a_text_sealed_anew_is_the_same_value_under_the_active_key(value: object) -> None:
    rotated = RING.rotated(AT, os.urandom).sealer(os.urandom)
    old = SEALER.seal(canonical_text(value), PLACE)
    found = rotated.renewing(PLACE.app)([cell(canonical_text(old))])
    (text,) = found.texts
    assert (found.current, found.locked) == (0, 0)
    new = from_text(text)
    assert isinstance(new, Sealed)
    assert (new.key_id, new.tag) == (rotated.active, old.tag)
    assert new.data[:12] != old.data[:12]
    assert rotated.open(new, PLACE) == canonical_text(value)
    assert canonical_text(new) == text
    assert rotated.renewing(PLACE.app)([cell(text)]) == ([text], 1, 0)


def test_a_text_that_does_not_open_is_refused_as_one_value_is() -> None:
    rotated = RING.rotated(AT, os.urandom).sealer(os.urandom)
    sealed = SEALER.seal(SECRET, PLACE)
    padless = SEALER._encrypted(b"none of ours".ljust(32, b"\0"), _bound(PLACE, sealed.tag))
    for one, place, kind in (
        (sealed, PLACE._replace(owner="bob"), BrokenSeal),
        (sealed, PLACE._replace(key="other-uuid"), BrokenSeal),
        (Sealed(sealed.key_id, sealed.data, b"other"), PLACE, BrokenSeal),
        (Sealed(sealed.key_id, b"", sealed.tag), PLACE, BrokenSeal),
        (Sealed(sealed.key_id, padless, sealed.tag), PLACE, BrokenSeal),
    ):
        with pytest.raises(kind) as alone:
            rotated.resealed(one, place)
        with pytest.raises(kind) as bulk:
            rotated.renewing(place.app)([cell(canonical_text(one), place)])
        assert (bulk.value.message, bulk.value.facts) == (
            alone.value.message,
            alone.value.facts,
        )


def test_of_many_texts_each_is_renewed_in_its_own_place() -> None:
    rotated = RING.rotated(AT, os.urandom).sealer(os.urandom)
    strange = KeyRing.fresh(AT, os.urandom).sealer(os.urandom)
    # One text as an owner's name, as SQLite gives "" for the system and for a template's owner.
    places = [PLACE._replace(scope=scope, owner="", key=key) for scope in "ab" for key in "xyz"]
    texts = [
        canonical_text(sealer.seal(f'"{number}"', place))
        for number, place in enumerate(places)
        for sealer in [(SEALER, strange, rotated)[number % 3]]
    ]
    found = rotated.renewing(PLACE.app)([*map(cell, texts, places)])
    assert (found.current, found.locked) == (2, 2)
    assert [old == new for old, new in zip(texts, found.texts, strict=True)] == 2 * [
        *(False, True, True)
    ]
    nonces = set()
    for number, (text, place) in enumerate(zip(found.texts, places, strict=True)):
        one = from_text(text)
        assert isinstance(one, Sealed)
        nonces.add(one.data[:12])
        if number % 3 != 1:
            assert (one.key_id, rotated.open(one, place)) == (rotated.active, f'"{number}"')
    assert len(nonces) == len(texts)


def test_a_text_written_in_another_way_is_renewed_as_any_other() -> None:
    rotated = RING.rotated(AT, os.urandom).sealer(os.urandom)
    sealed = SEALER.seal(SECRET, PLACE)
    text = canonical_text(sealed)
    escaped = text.replace(sealed.key_id, f"\\u006b{sealed.key_id[1:]}")
    bits = text[:-6] + chr(ord(text[-6]) + 1) + text[-5:]  # that no byte of the tag has
    for one in (escaped, bits):
        assert one != text
        assert from_text(one) == sealed
        found = rotated.renewing(PLACE.app)([cell(one)])
        new = from_text(*found.texts)
        assert isinstance(new, Sealed)
        assert (new.key_id, rotated.open(new, PLACE)) == (rotated.active, SECRET)
        assert canonical_text(new) == found.texts[0]
    current = canonical_text(rotated.seal(SECRET, PLACE))
    escaped = current.replace(rotated.active, f"\\u006b{rotated.active[1:]}")
    found = rotated.renewing(PLACE.app)([cell(escaped)])
    assert (found.current, found.locked) == (0, 0)
    assert canonical_text(from_text(*found.texts)) == found.texts[0]


@given(portable_values(), st.booleans())
def test_a_text_on_its_way_into_a_document_is_as_opened_and_sealed_there(
    value: object, rotated: bool
) -> None:
    ring = RING.rotated(AT, os.urandom) if rotated else RING
    sealer = ring.sealer(os.urandom)
    held, there = canonical_text(SEALER.seal(canonical_text(value), PLACE)), in_document(PLACE)
    departed = sealer.departing(PLACE.app)
    texts = departed(*PLACE[2:4], [(PLACE.key, there.key, held)] * 2)
    sealed = [from_text(text) for text in texts if text is not None]
    assert sealed == [sealer.seal(canonical_text(value), there)] * 2
    for one, text in zip(sealed, texts, strict=True):
        assert isinstance(one, Sealed)
        assert (one.key_id, canonical_text(one)) == (sealer.active, text)
        assert sealer.open(one, there) == canonical_text(value)
    first, second = sealed
    assert isinstance(first, Sealed)
    assert isinstance(second, Sealed)
    assert first.data[:12] != second.data[:12]


def test_what_is_unusual_about_a_text_is_left_to_another_way_into_a_document() -> None:
    sealed = SEALER.seal(SECRET, PLACE)
    padless = SEALER._encrypted(b"none of ours".ljust(32, b"\0"), _bound(PLACE, sealed.tag))
    strange = KeyRing.fresh(AT, os.urandom).sealer(os.urandom).seal(SECRET, PLACE)
    text = canonical_text(sealed)
    departed = SEALER.departing(PLACE.app)
    scope, owner, uuid = PLACE[2:]
    texts = departed(
        scope,
        owner,
        [
            ("other-uuid", "its.name", text),
            (uuid, "its.name", canonical_text(Sealed(sealed.key_id, sealed.data, b"other"))),
            (uuid, "its.name", canonical_text(Sealed(sealed.key_id, b"", sealed.tag))),
            (uuid, "its.name", canonical_text(Sealed(sealed.key_id, padless, sealed.tag))),
            (uuid, "its.name", canonical_text(strange)),
            (uuid, "its.name", text.replace(sealed.key_id, f"\\u006b{sealed.key_id[1:]}")),
            (uuid, "its.name", text[:-9] + "!" + text[-8:]),
            (uuid, "its.name", text),
        ],
    )
    assert texts[:-1] == [None] * 7
    assert texts[-1] is not None
    for place in (PLACE._replace(owner="bob"), PLACE._replace(scope="project")):
        assert departed(*place[2:4], [(uuid, "its.name", text)]) == [None]
    assert SEALER.departing("other")(scope, owner, [(uuid, "its.name", text)]) == [None]


@given(st.binary().map(lambda data: data + b'"'))
def test_padding_comes_off_again_and_buckets_are_few(text: bytes) -> None:
    filled = padded(text)
    assert unpadded(filled) == text
    assert len(filled) in {32 << n for n in range(8)} or len(filled) % 4096 == 0


@pytest.mark.parametrize(("length", "bucket"), [(0, 32), (31, 32), (32, 64), (63, 64), (64, 128)])
def test_buckets_begin_where_they_should(length: int, bucket: int) -> None:
    assert len(padded(b"x" * length)) == bucket


@pytest.mark.parametrize(("length", "bucket"), [(4095, 4096), (4096, 8192), (8191, 8192)])
def test_large_buckets_are_multiples_of_4096(length: int, bucket: int) -> None:
    assert len(padded(b"x" * length)) == bucket


def test_empty_values_are_as_long_as_short_ones() -> None:
    lengths = {len(SEALER.seal(text, PLACE).data) for text in ('""', "null", "[]", '"short one"')}
    assert len(lengths) == 1


def test_what_was_opened_without_padding_is_refused() -> None:
    with pytest.raises(BrokenSeal):
        unpadded(b"\0" * 32)


def test_nothing_shows_a_key_or_a_value() -> None:
    told = " ".join(map(repr, (RING, RING.active, SEALER, SEALER.seal(SECRET, PLACE))))
    secrets = (RING.active.secret, RING.tag_key, RING.signing_seed)
    assert not any(repr(secret)[2:-1] in told or secret.hex() in told for secret in secrets)
    assert "4711" not in told


def test_messages_name_set_and_key_of_a_document_and_never_the_value() -> None:
    place = Place(DOCUMENT, "acme", "user", "alice", "git.token")
    with pytest.raises(BrokenSeal, match=r"sealed value of user/alice git\.token does not open"):
        SEALER.open(SEALER.seal(SECRET, PLACE), place)
