"""Converting: any format to any other and back, with the same digest."""

from __future__ import annotations

from io import BytesIO
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings

from prefcore.documents import opened_document
from prefcore.engines.converting import Converted, convert
from prefcore.errors import DamagedDocument, PluginError, PrefcoreError, UsageError
from prefcore.interfaces import Capability, FormatInfo, Limits
from prefcore.model import Document, Header
from prefcore.plugins.manager import Plugins
from prefcore_testing.documents import Contents, documents, set_of
from prefcore_testing.formats.pipes import Sink
from prefcore_testing.values import KEYS, VALUES

FORMATS = {one.id: one for one in Plugins.from_environment().formats.all()}
PAIRS = list(permutations(FORMATS, 2))
HEADER = Header("org.example.editor", "1.0.0")
JSON = FORMATS["json"]


def written(contents: Contents, info: FormatInfo = JSON) -> bytes:
    out = BytesIO()
    info.factory().write(contents.document(), out)
    return out.getvalue()


def converted(
    data: bytes, to: FormatInfo, *, of: str | None = None, plain: bool = False
) -> tuple[bytes, Converted, list[str]]:
    """Convert bytes; give what was written, what was told of it, and the warnings."""
    warnings: list[str] = []
    out = Sink()
    opened = opened_document(BytesIO(data), "file", FORMATS.values(), format=of, limits=Limits())
    done = convert(opened, "file", to, out, plain=plain, edited=warnings.append)
    return out.taken(), done, warnings


def test_there_are_formats_to_convert_between() -> None:
    assert {"binary", "json", "jsonc", "yaml"} <= FORMATS.keys()


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=lambda id: str(id))
def test_every_value_survives_between_any_two_formats(one: str, other: str) -> None:
    values = {f"k{i:03}": value for i, value in enumerate(VALUES.values())}
    sets = (set_of({**values, **dict.fromkeys(KEYS, 1)}), set_of({"b": 1.5}, owner="bob"))
    contents = Contents(HEADER, sets)
    start = written(contents, FORMATS[one])
    there, told, _ = converted(start, FORMATS[other], of=one)
    back, again, _ = converted(there, FORMATS[one], of=other)
    assert told.digest == again.digest == contents.trailer().digest
    assert (told.sets, told.entries) == (2, len(values) + len(KEYS) + 1)
    assert back == start
    document = FORMATS[other].factory().read(BytesIO(there), Limits())
    assert isinstance(document, Document)
    assert Contents.drawn_from(document)[0] == contents


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(full_state=True))
def test_any_document_goes_round_all_formats(contents: Contents) -> None:
    data = written(contents)
    of = "json"
    for id, info in FORMATS.items():
        if not contents.header.full_state or Capability.FULL_STATE in info.capabilities:
            data, told, warnings = converted(data, info, of=of)
            assert (told.digest, warnings) == (contents.trailer().digest, [])
            of = id
    assert converted(data, JSON, of=of)[0] == written(contents)


def test_a_plain_file_keeps_its_nesting() -> None:
    for id, info in FORMATS.items():
        data = b'{"editor": {"size": 12, "theme.dark": null}, "a.b": [1]}'
        if Capability.PLAIN not in info.capabilities:
            with pytest.raises(PluginError, match=f"cannot become {id}: .* no plain form"):
                converted(data, info)
            continue
        there, told, _ = converted(data, info)
        assert (told.entries, told.digest) == (2, "")
        back, _, _ = converted(there, JSON, of=id)
        assert back == converted(data, JSON)[0]


def test_one_set_becomes_a_plain_file_if_asked() -> None:
    one, other = set_of({"a": 1}), set_of({"b": 2}, owner="bob")
    data, told, _ = converted(written(Contents(HEADER, (one,))), JSON, plain=True)
    assert data == b'{\n  "a": 1\n}\n'
    assert told.entries == 1
    for sets, what in (((one, other), "several sets"), ((), "no set")):
        with pytest.raises(UsageError, match=f"holds {what}"):
            converted(written(Contents(HEADER, sets)), JSON, plain=True)


def test_an_edited_document_is_told_and_a_damaged_one_refused() -> None:
    data = written(Contents(HEADER, (set_of({"a": 1}), set_of({"b": 2}, owner="bob"))))
    edited, told, warnings = converted(data.replace(b'"value": 1', b'"value": 7'), JSON)
    assert warnings == ["file was edited by hand since it was exported: its digest differs"]
    assert told.digest in data.decode(), "the digest is the one that it tells"
    for info in FORMATS.values():  # so what was edited stays so in every format
        there, again, _ = converted(edited, info)
        assert again == told
        back, _, warnings = converted(there, JSON, of=info.id)
        assert (back, len(warnings)) == (edited, 1)
    with pytest.raises(DamagedDocument, match=r"^file: line"):
        converted(data.replace(b'"sets": 2', b'"sets": 3'), JSON)
    for end in range(0, len(data) - 1, 7):
        with pytest.raises(PrefcoreError):
            converted(data[:end], JSON, of="json")
