"""Updating: a plain file changed where its values changed; comments, order and layout stay."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, MutableMapping
from typing import Any

import tomlkit

from prefcore.layout import check_plain
from prefcore.values import canonical_text, to_tagged
from prefcore_toml._texts import pairs
from prefcore_toml._writing import NOTHING

__all__ = ["updated"]


def updated(text: str, held: Mapping[str, object], wanted: Mapping[str, object]) -> str:
    """Give a text that holds ``held`` with what makes it hold ``wanted``."""
    check_plain(wanted)
    if canonical_text(dict(held)) == canonical_text(dict(wanted)):
        return text
    document = tomlkit.parse(text)
    _change(document, held, wanted)
    return tomlkit.dumps(document) or NOTHING


def _change(
    table: MutableMapping[str, Any], held: Mapping[str, object], wanted: Mapping[str, object]
) -> None:
    for key in [key for key in held if key not in wanted]:
        del table[key]
    for key in wanted:
        before, after = held.get(key), wanted[key]
        if key not in held:
            table[key] = _item(key, after)
        elif canonical_text(before) != canonical_text(after):
            inner = table[key]
            if _is_table(before) and _is_table(after) and isinstance(inner, MutableMapping):
                assert isinstance(before, Mapping)  # as is said of both
                assert isinstance(after, Mapping)
                _change(inner, before, after)
            else:
                table[key] = _item(key, after)


def _is_table(value: object) -> bool:
    """Say whether a value stands as names and values, not as one of them or a tagged form."""
    tagged = to_tagged(value)
    return isinstance(value, Mapping) and tagged == value and bool(value)


def _item(key: str, value: object) -> Any:
    """Give what stands for a value, as we write it."""
    text = "".join(pairs({key: to_tagged(value, path=key)}, ()))
    assert key in tomllib.loads(text)
    return tomlkit.parse(text).item(key)
