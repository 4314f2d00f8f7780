"""Formats: every installed one writing and reading the same document, beside JSON.

Digest and counts are made along the way, as an export and an import make them. There is no goal:
YAML and TOML are for people. The note says how large the file is, beside the JSON one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

import attrs

from prefcore.canonical import Tally
from prefcore.compression import compressing
from prefcore.interfaces import FormatInfo, Limits
from prefcore.model import Document, Header, PreferenceSet
from prefcore.plugins.manager import Plugins
from prefcore.values import canonical_text
from tests.benchmarks.measuring import Finding, finding, seconds, take_turns

__all__ = ["run"]

_HEADER = Header("org.example.editor", "1.0.0")
_JSON = "json"
_VALUES: tuple[object, ...] = (
    *(14, True, False, "dark", "light", 1.5, None, ["a", "b"], "/usr/share/dict", "é ü"),
    {"when": "onSave", "rules": [1, 2]},
)


def run(folder: Path, *, rounds: int = 21, sets: int = 200) -> list[Finding]:
    """Measure writing and reading of so many sets of 40 entries; no file is made."""
    document = _sets(sets)
    entries = sum(len(one.rows) for one in document)
    infos = {info.id: info for info in Plugins.from_environment(environ={}).formats.all()}
    files = {id: _written(info, document) for id, info in infos.items()}
    found = []
    works: dict[str, dict[str, Callable[[], object]]] = {
        "write": {id: partial(_written, info, document) for id, info in infos.items()},
        "read": {id: partial(_read, infos[id], file) for id, file in files.items()},
    }
    for name, work in works.items():
        turns = {id: partial(seconds, one) for id, one in work.items()}
        # A minute is enough to wait for those that are made for people.
        times = take_turns(turns, min(rounds, 7))
        for id in sorted(set(infos) - {_JSON}):
            row = finding(
                times, id, _JSON, number="formats", work=f"{name} {id}", goal=None, units=entries
            )
            found.append(attrs.evolve(row, note=_sizes(files[id], files[_JSON])))
    return found


def _sets(count: int) -> list[PreferenceSet]:
    random = Random(1)
    keys = [f"section{i // 10}.setting_{i}" for i in range(120)]
    texts = [canonical_text(value) for value in _VALUES]
    return [
        PreferenceSet(
            "user",
            f"user{i:06}",
            [
                (key, random.choice(texts), 1_769_860_800_123_456 + i, "manual", "alice")
                for key in sorted(random.sample(keys, 40))
            ],
        )
        for i in range(count)
    ]


def _written(info: FormatInfo, sets: list[PreferenceSet]) -> bytes:
    tally = Tally(_HEADER)
    out = io.BytesIO()
    # Fresh sets: what was worked out for those of the last round is not at hand in an export.
    fresh = (PreferenceSet(one.scope, one.owner, list(one.rows)) for one in sets)
    info.factory().write(Document(_HEADER, tally.sets(fresh), (), tally.trailer), out)
    return out.getvalue()


def _read(info: FormatInfo, data: bytes) -> None:
    document = info.factory().read(io.BytesIO(data), Limits())
    assert isinstance(document, Document)
    tally = Tally(document.header)
    for _ in tally.sets(document.sets):
        pass
    for _ in tally.records(document.records):
        pass
    assert document.trailer() == tally.trailer()


def _sizes(file: bytes, json: bytes) -> str:
    plain, packed = len(file) / len(json), _packed(file) / _packed(json)
    return f"size {plain:.2f}×, {packed:.2f}× with zstd"


def _packed(data: bytes) -> int:
    out = io.BytesIO()
    with compressing(out, "zstd") as file:
        file.write(data)
    return out.tell()
