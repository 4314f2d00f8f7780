"""Lines: a set in our own layout, decoded fast, and believed only if it is written back the same.

The decoder is lenient: it takes any white space, any order of fields, and the last of two equal
keys. So what it found is laid out anew, and taken only where that is the text it came from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from operator import lt

import msgspec

from prefcore.canonical import entry_lines
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Limits
from prefcore.model import PreferenceSet, Scope
from prefcore_json._texts import Micros, Texts

__all__ = ["SetLines"]


class _Entry(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    value: msgspec.Raw
    updated_at: str
    source: str
    actor: str


class _Set(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    scope: str
    owner: str
    entries: dict[str, _Entry]
    app: str = ""


_FREE = r'[^"\\\x00-\x1f]*+'  # what stands in a text unescaped
_HEAD = re.compile(rf'\{{"scope": "({_FREE})", "owner": "({_FREE})", "entries": \{{')
_decode = msgspec.json.Decoder(_Set).decode
_SCOPES = frozenset(map(str, Scope))


class SetLines:
    """Takes sets whose text is just as we write it; remembers texts and times, which repeat."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._texts = Texts(limits.max_depth)
        self._micros = Micros()

    def take(self, raw: bytes, text: str) -> PreferenceSet | None:
        """Give the set whose text (and UTF-8) that is, or None where it is not as we write it."""
        try:
            found = _decode(raw)
        except (msgspec.DecodeError, RecursionError):
            return None
        keys, entries = list(found.entries), found.entries.values()
        if found.scope not in _SCOPES or not self._takes(keys):
            return None
        values = [str(one.value, "utf-8") for one in entries]
        times = [one.updated_at for one in entries]
        sources = [one.source for one in entries]
        actors = [one.actor for one in entries]
        lines = [
            f'"{key}": {{"value": {value}, "updated_at": "{time}", "source": "{source}", '
            f'"actor": "{actor}"}}'
            for key, value, time, source, actor in zip(
                keys, values, times, sources, actors, strict=True
            )
        ]
        app = f'"app": "{found.app}", ' if found.app else ""
        head = f'{{{app}"scope": "{found.scope}", "owner": "{found.owner}", "entries": {{\n'
        if text != head + ",\n".join(lines) + ("\n}}" if lines else "}}"):
            return None
        # The text is JSON, and its strings are as decoded: so none of them holds an escape, and a
        # value that is a string without a backslash is in canonical form.
        texts, micros = self._texts, self._micros
        try:
            canonical = [one if one[0] == '"' and "\\" not in one else texts[one] for one in values]
            moments = [micros[time] for time in times]
        except (ValueError, OverflowError, PrefcoreError):
            return None  # decoded strictly, it is accepted or refused with its place
        return PreferenceSet(
            found.scope,
            found.owner,
            zip(keys, canonical, moments, sources, actors, strict=True),
            found.app,
            lines="\n".join(lines) if lines and canonical == values else None,
        )

    def expected(
        self, text: str, expected: Callable[[str, str], PreferenceSet | None]
    ) -> PreferenceSet | None:
        """Give the set that is expected where the text is just what we would write of it."""
        head, _, body = text.partition("\n")
        found = _HEAD.fullmatch(head)
        one = expected(*found.groups()) if found is not None else None
        if one is None or not one.rows:
            return None
        lines = entry_lines(one.rows)
        if body != ",\n".join(lines) + "\n}}":
            return None
        return PreferenceSet(one.scope, one.owner, one.rows, lines="\n".join(lines))

    def _takes(self, keys: list[str]) -> bool:
        """Say whether keys are not too many, sorted, each once, and none too long."""
        limits = self._limits
        return (
            len(keys) <= limits.max_keys_per_set
            and all(map(lt, keys, islice(keys, 1, None)))
            and (not keys or max(map(len, keys)) <= limits.max_key_length)
        )
