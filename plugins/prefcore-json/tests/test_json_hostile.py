"""Hostile and mistaken plain JSON: each error says what is wrong, where, and what to do."""

from __future__ import annotations

import io
import subprocess
import sys
from time import process_time

import pytest
from prefcore_json import prefcore_formats

from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    PrefcoreError,
    TruncatedDocument,
    UsageError,
)
from prefcore.interfaces import Limits

FORMAT = prefcore_formats()[0].factory()


def read(data: bytes) -> object:
    return FORMAT.read(io.BytesIO(data), Limits())


PLAIN: dict[str, tuple[bytes, type[PrefcoreError], int, str]] = {
    "NaN": (b'{\n"a": NaN}', DamagedDocument, 2, "NaN"),
    "Infinity": (b'{"a": [Infinity]}', DamagedDocument, 1, "a[0]"),
    "minus Infinity": (b'{"a": -Infinity}', DamagedDocument, 1, "Infinity"),
    "number beyond a float": (b'{"a":\n1e400}', InvalidValue, 2, "64-bit float"),
    "integer of 65 bits": (b'{"a": 9223372036854775808}', InvalidValue, 1, "64 bits"),
    "integer of 400 digits": (b'{"a": ' + b"9" * 400 + b"}", InvalidValue, 1, "64 bits"),
    "integer of 5000 digits": (b'{"a": ' + b"9" * 5000 + b"}", InvalidValue, 1, "64 bits"),
    "key twice": (b'{"a": 1,\n"b": 2,\n"a": 3}', DamagedDocument, 3, "'a' stands twice"),
    "key twice inside": (b'{"a": {"b": 1, "b": 2}}', DamagedDocument, 1, "a.b"),
    "key twice, once escaped": (b'{"a": 1,\n"\\u0061": 2}', DamagedDocument, 2, "twice"),
    "lone surrogate": (b'{"a": "\\ud800"}', InvalidValue, 1, "surrogate"),
    "lone surrogate in a key": (b'{"\\udc00": 1}', InvalidValue, 1, "surrogate"),
    "surrogates swapped": (b'{"a": "\\udc00\\ud800"}', InvalidValue, 1, "surrogate"),
    "surrogate in UTF-8": (b'{"a":\n"\xed\xa0\x80"}', DamagedDocument, 2, "UTF-8"),
    "invalid UTF-8": (b'{\n\n"a": "\xff"}', DamagedDocument, 3, "UTF-8"),
    "overlong UTF-8": (b'{"a": "\xc0\xaf"}', DamagedDocument, 1, "UTF-8"),
    "byte order mark": (b'\xef\xbb\xbf{"a": 1}', DamagedDocument, 1, "byte order mark"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), DamagedDocument, 1, "UTF-16"),
    "UTF-16 without a mark": ('{"a": 1}'.encode("utf-16-le"), DamagedDocument, 1, "UTF-16"),
    "control character": (b'{"a":\n"\x01"}', DamagedDocument, 2, "U+0001"),
    "bare line end in text": (b'{"a": "x\ny"}', DamagedDocument, 1, "U+000A"),
    "unknown escape": (b'{"a": "\\x41"}', DamagedDocument, 1, "escape"),
    "single quotes": (b"{'a': 1}", DamagedDocument, 1, "expected a key"),
    "comment": (b'{"a": 1 // why\n}', DamagedDocument, 1, "comments"),
    "comma after the last": (b'{"a": 1,\n}', DamagedDocument, 2, "comma"),
    "comma after the last item": (b'{"a": [1,]}', DamagedDocument, 1, "comma"),
    "no comma": (b'{"a": 1\n"b": 2}', DamagedDocument, 2, "expected a comma"),
    "no colon": (b'{"a" 1}', DamagedDocument, 1, "expected a colon"),
    "leading zero": (b'{"a": 01}', DamagedDocument, 1, "expected a comma"),
    "plus sign": (b'{"a": +1}', DamagedDocument, 1, "expected a value"),
    "hexadecimal": (b'{"a": 0x1F}', DamagedDocument, 1, "expected a comma"),
    "number of other digits": ('{"a": ١}'.encode(), DamagedDocument, 1, "expected a value"),
    "no-break space": ('{"a":\u00a01}'.encode(), DamagedDocument, 1, "expected a value"),
    "True": (b'{"a": True}', DamagedDocument, 1, "expected a value"),
    "something after the end": (b'{"a": 1}\n{"b": 2}', DamagedDocument, 2, "after the end"),
    "array": (b"[1, 2]", DamagedDocument, 1, "array"),
    "text": (b'"text"', DamagedDocument, 1, "string"),
    "nothing": (b"", DamagedDocument, 1, "empty"),
    "only spaces": (b" \n ", TruncatedDocument, 2, "ends"),
    "cut in a text": (b'{"a": "x', TruncatedDocument, 1, "cut"),
    "cut in an escape": (b'{"a": "x\\u00', TruncatedDocument, 1, "cut"),
    "cut in a word": (b'{"a": tru', TruncatedDocument, 1, "cut"),
    "cut in a number": (b'{"a": 1.', TruncatedDocument, 1, "cut"),
    "cut after a comma": (b'{"a": 1,', TruncatedDocument, 1, "cut"),
    "malformed date": (b'{"a":\n{"$date": "31.1."}}', InvalidValue, 2, '"$$date"'),
    "malformed bytes": (b'{"a": {"$bytes": "%"}}', InvalidValue, 1, "$bytes"),
    "malformed tag inside": (b'{"a": [{"b": {"$time": 5}}]}', InvalidValue, 1, "[0].b"),
    "datetime without a zone": (
        b'{"a": {"$datetime": "2026-01-31T12:00"}}',
        InvalidValue,
        1,
        "zone",
    ),
    "time with a zone": (b'{"a": {"$time": "12:00+01:00"}}', InvalidValue, 1, "zone"),
    "zone of seconds": (
        b'{"a": {"$datetime": "2026-01-31T12:00:00+00:00:01"}}',
        InvalidValue,
        1,
        "whole minutes",
    ),
    "tag of a later version": (b'{"a": {"$map": "x"}}', InvalidValue, 1, "no such tag"),
    "malformed sealed value": (b'{"a": {"$sealed": ["k", 1, 2]}}', InvalidValue, 1, "three texts"),
    "sealed value inside": (b'{"a": [{"$sealed": ["k", "", ""]}]}', InvalidValue, 1, "whole"),
    "65 levels": (b'{"a": ' + b"[" * 65 + b"]" * 65 + b"}", InvalidValue, 1, "64 levels"),
    "100000 levels": (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000, InvalidValue, 1, "too deep"),
    "key of 501 characters": (b'{"' + b"k" * 501 + b'": 1}', DamagedDocument, 1, "limit is 500"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_file_is_refused_with_its_place(name: str) -> None:
    data, kind, line, word = PLAIN[name]
    with pytest.raises(kind) as caught:
        read(data)
    assert type(caught.value) is kind
    assert caught.value.facts["line"] == line
    assert word in caught.value.message
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "data", [b'{"a": ' * 100_000, b"[" * 1_000_000, b'{"a": "' + b"\\" * 999_999]
)
def test_hostile_text_is_refused_quickly(data: bytes) -> None:
    start = process_time()
    with pytest.raises(PrefcoreError):
        read(data)
    assert process_time() - start < 10  # a fraction of a second; what is quadratic takes hours


def test_deep_text_neither_crashes_nor_recurses_in_a_fresh_process() -> None:
    code = (
        "import io\n"
        "from prefcore.errors import InvalidValue\n"
        "from prefcore.interfaces import Limits\n"
        "from prefcore_json import prefcore_formats\n"
        "deep = b'{\"a\":' + b'[' * 1_000_000 + b']' * 1_000_000 + b'}'\n"
        "try:\n"
        "    prefcore_formats()[0].factory().read(io.BytesIO(deep), Limits())\n"
        "except InvalidValue as error:\n"
        "    print(error.facts['line'])\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "1\n", "")


def test_plain_file_that_looks_like_a_document_is_not_written() -> None:
    with pytest.raises(UsageError, match="'prefcore'"):
        FORMAT.write_plain({"prefcore": {"a": 1}}, io.BytesIO())


def test_many_values_in_little_text_are_refused_before_they_take_memory() -> None:
    code = (
        "import io\n"
        "from pathlib import Path\n"
        "from prefcore.errors import DamagedDocument\n"
        "from prefcore.interfaces import Limits\n"
        "from prefcore_json import prefcore_formats\n"
        "arrays = b'{\"a\": [' + b'[],' * 8_500_000 + b'1]}'\n"
        "try:\n"
        "    prefcore_formats()[0].factory().read(io.BytesIO(arrays), Limits())\n"
        "except DamagedDocument as error:\n"
        # Not ru_maxrss, which remembers the process that started this one.
        "    (peak,) = (l for l in Path('/proc/self/status').open() if l.startswith('VmHWM'))\n"
        "    print(int(peak.split()[1]) < 250_000, error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout[:5], run.stderr) == ("True ", "")


@pytest.mark.parametrize("cut", range(8))
def test_nesting_is_seen_through_texts_of_any_length(cut: int) -> None:
    """Escapes and brackets fall where the scan goes on from stretch to stretch."""
    filler = "\\\\" * ((1 << 17) - 5) + "x" * cut
    shallow = '{"a": "' + filler + '\\"[[' * 100 + '", "b": ' + "[" * 60 + "]" * 60 + "}"
    assert read(shallow.encode())
    deep = '{"a": "' + filler + '\\"]]' * 100 + '", "b": ' + "[" * 70 + "]" * 70 + "}"
    with pytest.raises(InvalidValue, match="nested too deep"):
        read(deep.encode())
