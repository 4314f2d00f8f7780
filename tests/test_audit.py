"""The audit digest is over the lines that the module's docstring tells, however it is fed."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from prefcore.audit import FIRST, ChangesetDigest, chain
from prefcore.model import Changeset

_AT = datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)


_CHANGESET = Changeset(
    id="1-2",
    revision=7,
    app="édit",
    kind="migrate",
    actor="alice",
    at=_AT,
    reason='two\n"lines"',
    changes=2,
    schema_before=None,
    schema_after="1.0.0",
    details={"to": "é"},
)

_FACTS = (
    '{"actor":"alice","app":"édit","at":"2026-01-31T12:00:00.000001Z",'
    '"details":{"to":"é"},"id":"1-2",'
    '"kind":"migrate","reason":"two\\n\\"lines\\"","schema_after":"1.0.0","schema_before":null}\n'
)


def test_digest_is_over_the_documented_lines() -> None:
    digest = ChangesetDigest()
    digest.entry("system", "", "x", None, "null")
    digest.entry("user", 'a"b', "x", "[1,2]", None)
    digest.rename("a", "é")
    digest.facts(_CHANGESET)
    lines = (
        '["system","","x",-,null]\n["user","a\\"b","x",[1,2],-]\n{"rename":["a","é"]}\n'
    ) + _FACTS
    assert digest.hexdigest() == sha256(lines.encode()).hexdigest()


def test_entries_in_bulk_and_one_by_one_are_the_same() -> None:
    rows = [("user", f"{n:05}", "x", None, str(n)) for n in range(5000)]
    bulk, single = ChangesetDigest(), ChangesetDigest()
    bulk.entries(iter(rows))
    for row in rows:
        single.entry(*row)
        if row[1].endswith("00"):
            single.hexdigest()  # looking does not disturb
    lines = "".join(f'["user","{n:05}","x",-,{n}]\n' for n in range(5000))
    assert bulk.hexdigest() == single.hexdigest() == sha256(lines.encode()).hexdigest()


def test_chain_follows_from_the_link_before() -> None:
    first = chain(FIRST, 1, "ab")
    assert first == sha256(b"0" * 64 + b"\n1\nab").hexdigest()
    assert chain(first, 2, "ab") == sha256(f"{first}\n2\nab".encode()).hexdigest()
