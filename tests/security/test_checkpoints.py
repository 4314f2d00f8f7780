"""Checkpoints: what is signed is all that they say, and what is read is what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.errors import IntegrityError, NotPermitted
from prefcore.model import from_micros
from prefcore.security.checkpoints import Checkpoint
from prefcore.security.remembered import Remembered
from prefcore.security.ring import KeyRing
from prefcore.security.signing import is_genuine, signed
from tests.security.randomness import seeded

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
RING = KeyRing.fresh(AT, seeded("ring"))
MADE = signed(
    RING, lineage="5b0f7a52-1f63-4c0e-9d2b-3f1f0e7d9a11", revision=7, chain="ab" * 32, at=AT
)

_revisions = st.integers(0, 1 << 40)
_checkpoints = st.builds(
    lambda revision, branch, micros: signed(
        RING, lineage="x", revision=revision, chain="0" * 64, at=from_micros(micros), branch=branch
    ),
    _revisions,
    st.none() | _revisions,
    st.integers(0, 1 << 50),
)


@given(_checkpoints)
def test_a_checkpoint_is_read_as_it_was_written(made: Checkpoint) -> None:
    assert Checkpoint.from_data(made.as_data()) == made
    assert is_genuine(made)


@given(_checkpoints, _checkpoints)
def test_two_checkpoints_sign_the_same_only_where_they_say_the_same(
    one: Checkpoint, other: Checkpoint
) -> None:
    assert (one.message == other.message) == (one == other)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lineage", "another"),
        ("revision", 8),
        ("chain", "cd" * 32),
        ("at", from_micros(1)),
        ("branch", 0),
        ("signer", KeyRing.fresh(AT, seeded("other")).public_key.hex()),
    ],
)
def test_no_field_can_be_changed_under_its_signature(field: str, value: object) -> None:
    assert is_genuine(MADE)
    data = {**attrs.asdict(MADE), field: value}
    assert not is_genuine(Checkpoint(**data))


def test_a_bit_flipped_in_any_byte_of_a_signature_is_found() -> None:
    whole = bytes.fromhex(MADE.signature)
    for at in range(len(whole)):
        flipped = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
        assert not is_genuine(attrs.evolve(MADE, signature=flipped.hex()))


def test_the_signature_is_the_one_that_was_released() -> None:
    """Ed25519 draws no randomness: a ring of known bytes signs known bytes."""
    assert MADE.message.hex() == (
        "0000001570726566636f726520636865636b706f696e7420310000002435623066376135322d316636332d34"
        "6330652d396432622d3366316630653764396131310000000137000000406162616261626162616261626162"
        "6162616261626162616261626162616261626162616261626162616261626162616261626162616261626162"
        "6162616261620000001031373935363934343030303030303030000000000000004061343963356338663130"
        "3164663365316434353963393637303762663863306130636361633630363861656231366266323537323161"
        "38346130343230633835"
    )
    assert MADE.signature == (
        "d20d465aa6b088d94fc06f61dce9e949790e025efcdf3be2e709b93fb3241a967be9caab86bbad82c79d89d1"
        "7dd729e1a94c7b1adfef5003d7f1f1c2cfbb8001"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("branch"),
        lambda data: data.update(more=1),
        lambda data: data.update(revision=-1),
        lambda data: data.update(revision=True),
        lambda data: data.update(branch="0"),
        lambda data: data.update(at=1 << 62),
        lambda data: data.update(chain="AB" * 32),
        lambda data: data.update(signer="00"),
        lambda data: data.update(signature=b""),
        lambda data: data.update(lineage="a\x1b[2J"),
    ],
)
def test_what_is_no_checkpoint_is_refused(change: object) -> None:
    data = MADE.as_data()
    change(data)  # type: ignore[operator]  # a function of the table above
    with pytest.raises(IntegrityError):
        Checkpoint.from_data(data)
    others: list[object] = [None, [], "x", {}]
    for other in others:
        with pytest.raises(IntegrityError):
            Checkpoint.from_data(other)


def test_the_newest_checkpoint_of_each_store_is_remembered(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path)
    assert remembered.of("sqlite:/a.db") is None
    newer = attrs.evolve(MADE, revision=8)
    for url, one in (("sqlite:/a.db", MADE), ("sqlite:/b.db", MADE), ("sqlite:/a.db", newer)):
        remembered.keep(url, one)
    assert remembered.of("sqlite:/a.db") == newer
    assert remembered.of("sqlite:/b.db") == MADE
    path = remembered.path_of("sqlite:/a.db")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    whole = path.read_bytes()
    for damaged in (b"", whole[:-5], b"[]\n", b"x" * 5000):
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match=path.name):
            remembered.of("sqlite:/a.db")
    path.unlink()
    path.mkdir()
    with pytest.raises(NotPermitted, match=path.name):
        remembered.of("sqlite:/a.db")
