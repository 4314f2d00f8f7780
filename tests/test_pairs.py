"""Every installed format to every other and back: nothing is lost on the way, digest and all."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings

from prefcore.interfaces import Capability, FormatInfo, Limits
from prefcore.model import Document, Header, PlainDocument, Record
from prefcore.plugins.manager import Plugins
from prefcore.values import canonical_text
from prefcore_testing.documents import STATE_RECORDS, Contents, documents, set_of
from prefcore_testing.values import KEYS, VALUES

_PLUGINS = Plugins.from_environment()
FORMATS = [_PLUGINS.formats.get(id) for id in sorted(_PLUGINS.formats.ids())]
CARRIERS = [one for one in FORMATS if Capability.FULL_STATE in one.capabilities]


def carried(contents: Contents, info: FormatInfo) -> Contents:
    """Give what a format makes of a document that it writes and reads."""
    out = io.BytesIO()
    info.factory().write(contents.document(), out)
    document = info.factory().read(io.BytesIO(out.getvalue()), Limits())
    assert isinstance(document, Document)
    held, trailer = Contents.drawn_from(document)
    assert trailer is not None
    assert trailer == contents.trailer(), f"{info.id} changes the digest"
    return held


def assert_carried_by_all_pairs(contents: Contents) -> None:
    """Check a document through each format, and from it through each other."""
    for one in CARRIERS:
        held = carried(contents, one)
        assert held.texts() == contents.texts(), one.id
        assert held.header == contents.header, one.id
        for other in CARRIERS:
            if other is not one:
                assert carried(held, other) == held, f"{one.id} → {other.id}"


def test_all_formats_of_this_repository_are_installed_and_carry_all() -> None:
    assert {one.id for one in CARRIERS} >= {"binary", "json", "toml", "yaml"}


def test_every_value_survives_every_pair() -> None:
    values = set_of(dict(VALUES))
    keys = set_of(dict.fromkeys(KEYS, 1), owner="bob")
    records = tuple(Record(kind, data) for kind, data in STATE_RECORDS)
    header = Header("org.example.editor", "1.0.0", full_state=True)
    assert_carried_by_all_pairs(Contents(header, (values, keys), records))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(full_state=True))
def test_any_document_survives_every_pair(contents: Contents) -> None:
    assert_carried_by_all_pairs(contents)


@pytest.mark.parametrize("info", FORMATS, ids=lambda one: one.id)
def test_a_plain_file_says_the_same_in_every_format(info: FormatInfo) -> None:
    if Capability.PLAIN not in info.capabilities:
        return
    values = {key: value for key, value in VALUES.items() if key != "long text"}
    out = io.BytesIO()
    info.factory().write_plain(values, out)
    read = info.factory().read(io.BytesIO(out.getvalue()), Limits())
    assert isinstance(read, PlainDocument)
    assert sorted(read.values) == sorted(values)
    for key, value in values.items():
        assert canonical_text(read.values[key]) == canonical_text(value), key
