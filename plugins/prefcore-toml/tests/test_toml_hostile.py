"""Hostile and mistaken plain TOML: each error says what is wrong, where, and what to do."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from prefcore_toml import prefcore_formats

from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    PrefcoreError,
    TruncatedDocument,
    UsageError,
)
from prefcore.interfaces import Limits

FORMAT = prefcore_formats()[0].factory()


def read(data: bytes, limits: Limits | None = None) -> object:
    return FORMAT.read(io.BytesIO(data), limits or Limits())


PLAIN: dict[str, tuple[bytes, type[PrefcoreError], int, str]] = {
    "NaN": (b"a = 1\nb = nan", InvalidValue, 2, "finite"),
    "infinity in an array": (b"a = [\n1,\n-inf]", InvalidValue, 1, "[1]"),
    "number beyond a float": (b"[a.b]\nc = 1\nd = 1e400", InvalidValue, 3, "finite"),
    "integer of 65 bits": (b"\na = 9223372036854775808", InvalidValue, 2, "64"),
    "integer of 5000 digits": (b"a = 1\nb = " + b"9" * 5000, InvalidValue, 2, "64 bits"),
    "hexadecimal of a million digits": (b"a = 0x" + b"f" * 1_000_000, InvalidValue, 1, "64"),
    "key twice": (b"a = 1\nb = 2\na = 3\n", DamagedDocument, 3, "overwrite"),
    "key twice at the end": (b"a = 1\nb = 2\na = 3", DamagedDocument, 3, "overwrite"),
    "key twice, once dotted": (b"a.b = 1\n[a]\nb = 2", DamagedDocument, 2, "twice"),
    "table twice": (b"[a]\nb = 1\n[a]\nc = 2", DamagedDocument, 3, "twice"),
    "table over a value": (b"a = 1\n[a.b]\nc = 1\n", DamagedDocument, 2, "overwrite"),
    "array over a table": (b"[a]\n[[a]]\n", DamagedDocument, 2, "overwrite"),
    "inline table extended": (b"a = {}\n[a.b]\n", DamagedDocument, 2, "Cannot"),
    "no value": (b"a =\n", DamagedDocument, 1, "Invalid value"),
    "no quotes": (b"a = dark", DamagedDocument, 1, "Invalid value"),
    "single word": (b"a\n", DamagedDocument, 1, "Expected '='"),
    "two on a line": (b"a = 1 b = 2", DamagedDocument, 1, "newline"),
    "leading zero": (b"a = 0755", DamagedDocument, 1, "newline"),
    "line end in an inline table": (b"a = {b = 1,\n}", DamagedDocument, 1, "mend"),
    "open array": (b"a = [1, 2", TruncatedDocument, 1, "Unclosed"),
    "open text": (b'a = "x', TruncatedDocument, 1, "ends"),
    "open text over lines": (b'a = """x\ny', TruncatedDocument, 2, "ends"),
    "bad escape": (b'a = "\\x"', DamagedDocument, 1, "Unescaped"),
    "lone surrogate": (b'a = "\\ud800"', DamagedDocument, 1, "Unicode"),
    "control character": (b'a = 1\nb = "\x01"', DamagedDocument, 2, "Illegal"),
    "NUL": (b"abcde = 1\nb = '\0'", DamagedDocument, 2, "invalid character"),
    "bare carriage return": (b"a = 1\rb = 2", DamagedDocument, 1, "newline"),
    "UTF-16": ("a = 1".encode("utf-16"), DamagedDocument, 1, "UTF-16"),
    "UTF-16 without a mark": ("a = 1".encode("utf-16-le"), DamagedDocument, 1, "UTF-16"),
    "invalid UTF-8": (b"a = 1\nb = '\xff'", DamagedDocument, 2, "byte 11"),
    "surrogate in UTF-8": (b"a = '\xed\xa0\x80'", DamagedDocument, 1, "UTF-8"),
    "nothing": (b"", DamagedDocument, 1, "empty"),
    "datetime without a zone": (b"a = 2026-01-31T12:00:00", InvalidValue, 1, "zone"),
    "impossible date": (b"a = 2026-02-30", DamagedDocument, 1, "Invalid date"),
    "malformed tagged form": (b'a = 1\n[b]\n"$date" = "31.1."', InvalidValue, 3, "$$date"),
    "malformed null": (b'a = { "$null" = 0 }', InvalidValue, 1, "$$null"),
    "20,000 dots": (b"a" + b".a" * 20_000 + b" = 1", InvalidValue, 1, "too deep"),
    "20,000 dots in a header": (b"[a" + b".a" * 20_000 + b"]", InvalidValue, 1, "too deep"),
    "dots in brackets": (b"a = " + b"{a.a.a.a.a.a.a.a = " * 20, InvalidValue, 1, "too deep"),
    "deep by brackets": (b"a = " + b"[" * 100_000, InvalidValue, 1, "too deep"),
    "deep by tables": (b"a = " + b"{a = " * 100_000, InvalidValue, 1, "too deep"),
    "65 levels": (b"a = " + b"[" * 65 + b"]" * 65, InvalidValue, 1, "64 levels"),
    "long dotted keys": (
        b"".join(b"a%d" % i + b".a" * 60 + b" = 1\n" for i in range(5_000)),
        DamagedDocument,
        528,
        "max_values",
    ),
    "key of 501 characters": (b"a = 1\n" + b"k" * 501 + b" = 1", DamagedDocument, 2, "500"),
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


def test_plain_file_that_looks_like_a_document_is_not_written() -> None:
    with pytest.raises(UsageError, match="'prefcore'"):
        FORMAT.write_plain({"prefcore": {"a": 1}}, io.BytesIO())


# What is hostile by its size: the code that makes it, run in the child.
LARGE = {
    "pairs": 'b"".join(b"k%d = 1\\n" % i for i in range(300_000))',
    "headers": 'b"".join(b"[k%d]\\n" % i for i in range(200_000))',
    "arrays of tables": 'b"[[a]]\\n[[a.b]]\\n" * 200_000',
    "arrays": 'b"a = [" + b"[]," * 4_000_000 + b"1]"',
    "inline tables": 'b"a = [" + b"{b=1}," * 2_000_000 + b"1]"',
    "escapes": "b'a = \"' + b'\\\\\\\\' * 4_000_000 + b'\"'",
    "open escapes": "b'\"' + b'\\\\\"' * 4_000_000",
    "quotes": "b'\"' * 8_000_000",
    "lines of a text": "b\"a = '''\" + b'\\n' * 20_000_000",
    "comments": 'b"#\\n" * 20_000_000',
    "one text": "b'a = \"' + b'x' * 40_000_000",
    "equals signs": 'b"=" * 10_000_000',
    "tables of one entry": "b'[prefcore]\\nlayout = 1\\napp = \"a\"\\n[[sets]]\\n'"
    " + b'[sets.entries.a.value.b]\\n[sets.entries.a.value.c]\\n' * 200_000",
}
_CHILD = """
import io, resource
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Limits
from prefcore_toml import prefcore_formats
format = prefcore_formats()[0].factory()
def peak():
    (line,) = (l for l in open('/proc/self/status') if l.startswith('VmHWM'))
    return int(line.split()[1]) // 1024
format.read(io.BytesIO(b'a = 1'), Limits())
data = io.BytesIO(%s)
before = peak()
# Two seconds on a machine that does nothing else; the system ends what takes much longer.
cpu = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + 10
resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    for _ in format.read(data, Limits()).sets:
        pass
except PrefcoreError as error:
    print(type(error).__name__, 'line' in error.facts, peak() - before < 200)
"""


@pytest.mark.parametrize("name", LARGE)
def test_large_text_is_refused_in_bounded_time_and_memory(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _CHILD % LARGE[name]], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.split()[0] in ("DamagedDocument", "InvalidValue")
    assert run.stdout.split()[1:] == ["True", "True"]
