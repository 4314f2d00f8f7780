"""TOML's own types: a document's data in TOML, taken for what the layout says.

Times stand as times, and what is null is left out or stands in a tagged form.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefcore.interfaces import Limits
from prefcore.layout import Path, take_header, take_record, take_row, take_set
from prefcore.model import Header, PreferenceSet, Record, Row

__all__ = ["taken_header", "taken_record", "taken_row", "taken_set", "with_nulls"]


def with_nulls(data: Any) -> Any:
    """Give data with null where its tagged form stands; the other tags are those of all formats."""
    if isinstance(data, dict):
        if len(data) == 1 and data.get("$null") is True:
            return None
        return {key: with_nulls(item) for key, item in data.items()}
    return list(map(with_nulls, data)) if isinstance(data, list) else data


def _with_text(data: Any, name: str) -> Any:
    """Give fields of which one may be a time, as text."""
    if isinstance(data, dict) and isinstance(data.get(name), datetime):
        return {**data, name: data[name].isoformat()}
    return data


def taken_header(data: dict[str, Any]) -> Header:
    """Give the header of its data; raises Misfit."""
    fields = {"schema": None, **_with_text(data, "created_at")}
    if isinstance(fields.get("apps"), list):
        nulls = {"schema": None, "changeset": None}
        fields["apps"] = [
            {**nulls, **one} if isinstance(one, dict) else one for one in fields["apps"]
        ]
    return take_header(fields)


def taken_row(key: str, data: object, path: Path, limits: Limits) -> Row:
    """Give a row of its key and its data; raises Misfit."""
    return take_row(key, _taken_entry(data), path, limits)


def _taken_entry(data: object) -> object:
    if isinstance(data, dict) and "value" in data:
        data = {**data, "value": with_nulls(data["value"])}
    return _with_text(data, "updated_at")


def taken_set(data: object, path: Path, limits: Limits) -> PreferenceSet:
    """Give a set of its data; raises Misfit."""
    if isinstance(data, dict):
        data = {"entries": {}, **data}
        if isinstance(data["entries"], dict):
            entries = data["entries"].items()
            data["entries"] = {key: _taken_entry(entry) for key, entry in entries}
    return take_set(data, path, limits)


def taken_record(data: object, path: Path) -> Record:
    """Give a record of its data; raises Misfit."""
    if isinstance(data, dict) and isinstance(data.get("data"), dict):
        inner = {key: with_nulls(item) for key, item in data["data"].items()}
        data = {**data, "data": inner}
    return take_record(data, path)
