"""Each check of the suite of golden files fails a format that has changed what it is about."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import attrs
import prefcore_json
import pytest

from prefcore.interfaces import Format, Limits
from prefcore.model import Document, PlainDocument
from prefcore_testing.formats.golden import GoldenSuite
from prefcore_testing.mutants import run_check

_FILES = Path(__file__).parents[2] / "plugins/prefcore-json/tests/data"
_JSON = next(info for info in prefcore_json.prefcore_formats() if info.id == "json")


class Changed:
    """The JSON format, what it reads and writes changed by the functions given."""

    def __init__(
        self,
        read: Callable[[Document | PlainDocument], Document | PlainDocument] = lambda read: read,
        written: Callable[[bytes], bytes] = lambda written: written,
    ) -> None:
        self._inner: Format = _JSON.factory()
        self._read = read
        self._written = written

    def write(self, document: Document, out: BinaryIO) -> None:
        own = io.BytesIO()
        self._inner.write(document, own)
        out.write(self._written(own.getvalue()))

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        own = io.BytesIO()
        self._inner.write_plain(values, own)
        out.write(self._written(own.getvalue()))

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        return self._read(self._inner.read(source, limits))


def _suite_on(changed: Changed) -> GoldenSuite:
    class TestGolden(GoldenSuite):
        info = attrs.evolve(_JSON, factory=lambda: changed)
        folder = _FILES

    return TestGolden()


def _other_generator(read: Document | PlainDocument) -> Document | PlainDocument:
    if isinstance(read, Document):
        read.header = attrs.evolve(read.header, generator="another")
    return read


def _one_less(read: Document | PlainDocument) -> Document | PlainDocument:
    if isinstance(read, PlainDocument):
        return PlainDocument(dict(list(read.values.items())[1:]))
    return read


FAULTS: dict[str, tuple[Changed, str]] = {
    "the header lost": (Changed(_other_generator), "reads_golden_document"),
    "a value lost": (Changed(_one_less), "reads_golden_plain_file"),
    "a space more": (Changed(written=lambda data: data + b" "), "writes_golden_file"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(name: str) -> None:
    changed, check = FAULTS[name]
    with pytest.raises(AssertionError):
        run_check(_suite_on(changed), f"test_{check}")


def test_every_check_finds_a_fault() -> None:
    assert {f"test_{check}" for _, check in FAULTS.values()} == set(GoldenSuite.checks())


@pytest.mark.parametrize("check", GoldenSuite.checks())
def test_what_has_not_changed_passes(check: str) -> None:
    run_check(_suite_on(Changed()), check)
