"""Hostile and mistaken plain YAML: each error says what is wrong, where, and what to do."""

from __future__ import annotations

import io
import subprocess
import sys
from itertools import pairwise

import pytest
from prefcore_yaml import _events, prefcore_formats

from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    PrefcoreError,
    TruncatedDocument,
    UsageError,
)
from prefcore.interfaces import Limits
from prefcore.model import PlainDocument

FORMAT = prefcore_formats()[0].factory()


def read(data: bytes, limits: Limits | None = None) -> PlainDocument:
    found = FORMAT.read(io.BytesIO(data), limits or Limits())
    assert isinstance(found, PlainDocument)
    return found


@pytest.fixture(params=range(len(_events.PARSERS)), ids=["libyaml", "Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each parser in turn: PyYAML may be installed without libyaml."""
    monkeypatch.setattr(_events, "PARSERS", (_events.PARSERS[request.param],))


def _laughs() -> bytes:
    lines = [b"a: &a [x, x, x, x, x, x, x, x, x]\n"]
    for one, two in pairwise(b"abcdefghijklmnop"):
        lines.append(b"%c: &%c [%s]\n" % (two, two, b", ".join([b"*%c" % one] * 9)))
    return b"".join(lines)


def _tower() -> bytes:
    """Aliases that each stand deep inside the next: little text, endless depth."""
    lines = [b"a0: &a0 " + b"[" * 60 + b"]" * 60 + b"\n"]
    lines += [b"a%d: &a%d %s*a%d%s\n" % (i, i, b"[" * 60, i - 1, b"]" * 60) for i in range(1, 40)]
    return b"".join(lines)


PLAIN: dict[str, tuple[bytes, type[PrefcoreError], int, str]] = {
    "NaN": (b"a: 1\nb: .nan", InvalidValue, 2, "NaN"),
    "infinity": (b"a: [-.Inf]", InvalidValue, 1, "a[0]"),
    "number beyond a float": (b"a: 1e400", InvalidValue, 1, "64-bit float"),
    "integer of 65 bits": (b"a: 9223372036854775808", InvalidValue, 1, "64 bits"),
    "integer of 5000 digits": (b"a: " + b"9" * 5000, InvalidValue, 1, "64 bits"),
    "hexadecimal of 65 bits": (b"a: 0x1FFFFFFFFFFFFFFFF", InvalidValue, 1, "64 bits"),
    "integer with a leading zero": (b"a: 0755", InvalidValue, 1, "octal to some"),
    "key twice": (b"a: 1\nb: 2\na: 3", DamagedDocument, 3, "'a' stands twice"),
    "key twice, once quoted": (b"a: 1\n'a': 2", DamagedDocument, 2, "twice"),
    "key twice inside": (b"a:\n  b: 1\n  b: 2", DamagedDocument, 3, "a.b"),
    "key that is a number": (b"a:\n  80: x", DamagedDocument, 2, "integer; quote it"),
    "key that is null": (b"~: 1", DamagedDocument, 1, "null"),
    "key that is a boolean": (b"true: 1", DamagedDocument, 1, "boolean"),
    "key that is a sequence": (b"? [a, b]\n: 1", DamagedDocument, 1, "not a collection"),
    "key that is an alias of a sequence": (b"a: &x [1]\n*x : 2", DamagedDocument, 2, "array"),
    "merge key": (b"a: &a {b: 1}\nc:\n  <<: *a", DamagedDocument, 3, "merge keys"),
    "alias of nothing": (b"a: *b", DamagedDocument, 1, "no anchor"),
    "alias of itself": (b"a: &a\n- *a", DamagedDocument, 2, "never ends"),
    "alias of what stands around": (b"a: &a {b: {c: *a}}", DamagedDocument, 1, "never ends"),
    "billion laughs": (_laughs(), DamagedDocument, 6, "max_alias_bytes"),
    "long text many times": (
        b"a: &a " + b"x" * 100_000 + b"\nb: [" + b"*a, " * 11 + b"]",
        DamagedDocument,
        2,
        "max_alias_bytes",
    ),
    "tower of aliases": (_tower(), InvalidValue, 2, "deeper than 64"),
    "python tag": (b"a: !!python/object/apply:os.system [x]", InvalidValue, 1, "os.system"),
    "python tag on a mapping": (b"a: !!python/object:x.Y {}", InvalidValue, 1, "not known"),
    "tag of a set": (b"a: !!set {x, y}", InvalidValue, 1, "!!set"),
    "tag of a local kind": (b"a: !secret x", InvalidValue, 1, "!secret"),
    "tag that does not fit": (b"a: !!int x", InvalidValue, 1, "!!int"),
    "float that is none": (b"a: !!float x", InvalidValue, 1, "!!float"),
    "boolean that is none": (b"a: !!bool yes", InvalidValue, 1, "!!bool"),
    "bad date": (b"a: !!timestamp 2026-02-30", InvalidValue, 1, "!!timestamp"),
    "date of another order": (b"a: !!timestamp 31.1.2026", InvalidValue, 1, "2026-01-31"),
    "time without a zone": (b"a: !!timestamp 2026-01-31 12:00:00", InvalidValue, 1, "zone"),
    "nanoseconds": (b"a: !!timestamp 2026-01-31T12:00:00.123456789Z", InvalidValue, 1, "six"),
    "bad base64": (b"a: !!binary '%%%'", InvalidValue, 1, "base64"),
    "malformed tagged form": (b"a:\n  $date: 31.1.", InvalidValue, 1, "$$date"),
    "two documents": (b"a: 1\n---\nb: 2", DamagedDocument, 2, "second YAML document"),
    "YAML 1.1": (b"%YAML 1.1\n---\na: yes", DamagedDocument, 1, "another version"),
    "sequence": (b"- a\n- b", DamagedDocument, 1, "this is array"),
    "text": (b"Dear user, this is prose.", DamagedDocument, 1, "this is string"),
    "nothing": (b"", DamagedDocument, 1, "empty"),
    "only comments": (b"# a: 1\n# b: 2\n", DamagedDocument, 3, "only comments"),
    "only a beginning": (b"---\n", DamagedDocument, 1, "this is null"),
    "UTF-16": ("a: 1".encode("utf-16"), DamagedDocument, 1, "UTF-16"),
    "UTF-16 without a mark": ("a: 1".encode("utf-16-le"), DamagedDocument, 1, "UTF-16"),
    "invalid UTF-8": (b"a: 1\nb: \xff", DamagedDocument, 2, "byte 8"),
    "surrogate in UTF-8": (b"a: \xed\xa0\x80", DamagedDocument, 1, "UTF-8"),
    "cut in a character": (b"a: \xc3", DamagedDocument, 1, "UTF-8"),
    "control character": (b"a: 1\nb: \x07", DamagedDocument, 2, "\\x07"),
    "NUL": (b"abcde: 1\nb: \0", DamagedDocument, 2, "U+0000"),
    "deep by brackets": (b"a: " + b"[" * 100_000, InvalidValue, 1, "too deep"),
    "deep by indentation": (
        b"".join(b" " * i + b"a:\n" for i in range(1_000)),
        InvalidValue,
        72,
        "too deep",
    ),
    "deep by dashes": (b"a:\n" + b"- " * 100_000, InvalidValue, 2, "too deep"),
    "65 levels": (b"a: " + b"[" * 65 + b"]" * 65, InvalidValue, 1, "64 levels"),
    "tab for indent": (b"a:\n\tb: 1", DamagedDocument, 2, "mend the syntax"),
    "colon too many": (b"a: b: c", DamagedDocument, 1, "mend the syntax"),
    "open bracket": (b"a: [1, 2", TruncatedDocument, 1, "ends"),
    "open text": (b'a: "x', TruncatedDocument, 1, "ends"),
    "key of 501 characters": (b"k" * 501 + b": 1", DamagedDocument, 1, "limit is 500"),
    "many directives": (b"%TAG !a! tag:x\n" * 500 + b"---\na: 1", DamagedDocument, 1, "%"),
}
#: Where the parser in Python says the same otherwise, or on the line after.
_LOOSE = {"open bracket", "open text", "deep by brackets", "many directives"}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("name", PLAIN)
def test_plain_file_is_refused_with_its_place(name: str) -> None:
    data, kind, line, word = PLAIN[name]
    with pytest.raises(kind) as caught:
        read(data)
    assert type(caught.value) is kind
    if name not in _LOOSE:
        assert caught.value.facts["line"] == line
    assert caught.value.facts["line"]
    assert word in caught.value.message
    assert caught.value.message.isprintable()


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(PrefcoreError, match="line 1"):
        read(b'a: "\\ud800"')


def test_limits_are_the_callers() -> None:
    many = b"".join(b"k%d: %d\n" % (i, i) for i in range(100))
    assert len(read(many).values) == 100
    for limits, word in (
        (Limits(max_values=150), "max_values"),
        (Limits(max_keys_per_set=99), "more than 99 keys"),
        (Limits(max_bytes=100), "max_bytes"),
        (Limits(max_whole_bytes=100), "max_whole_bytes"),
    ):
        with pytest.raises(DamagedDocument, match=word):
            read(many, limits)
    aliases = b"a: &a xxxxxxxxxx\nb: [*a, *a, *a]"
    assert read(aliases).values["b"] == ["x" * 10] * 3
    with pytest.raises(DamagedDocument, match="max_alias_bytes"):
        read(aliases, Limits(max_alias_bytes=30))


def test_plain_file_that_looks_like_a_document_is_not_written() -> None:
    with pytest.raises(UsageError, match="'prefcore'"):
        FORMAT.write_plain({"prefcore": {"a": 1}}, io.BytesIO())


# What is hostile by its size: the code that makes it, run in the child.
LARGE = {
    "flow collections": 'b"a: [" + b"[]," * 8_000_000 + b"1]"',
    "keys": 'b"".join(b"k%d: 1\\n" % i for i in range(300_000))',
    "anchors": 'b"".join(b"k%d: &k%d 1\\n" % (i, i) for i in range(300_000))',
    "deep brackets": 'b"[" * 20_000_000',
    "deep dashes": 'b"- " * 10_000_000',
    "one text": 'b"a: " + b"x" * 40_000_000',
    "one text over lines": "b'a: \"' + b'x\\n ' * 15_000_000",
    "comments": 'b"#\\n" * 20_000_000',
    "one anchor": 'b"a: &" + b"k" * 40_000_000',
    "directives": 'b"%TAG !e! tag:x\\n" * 2_000_000',
}
_CHILD = """
import io, resource
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Limits
from prefcore_yaml import prefcore_formats
format = prefcore_formats()[0].factory()
def peak():
    (line,) = (l for l in open('/proc/self/status') if l.startswith('VmHWM'))
    return int(line.split()[1]) // 1024
format.read(io.BytesIO(b'a: 1'), Limits())
data = io.BytesIO(%s)
before = peak()
# Two seconds on a machine that does nothing else; the system ends what takes much longer.
cpu = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime) + 10
resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    format.read(data, Limits())
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
