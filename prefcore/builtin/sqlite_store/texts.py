"""Texts of the tables: anybody may have put bytes there with SQL, so their kind is looked at."""

from __future__ import annotations

from prefcore.errors import DamagedStore

__all__ = ["as_text"]


def as_text(value: object, what: str) -> str:
    """Give a text of the tables; raises DamagedStore, naming ``what``, where it is none."""
    if type(value) is not str:
        raise DamagedStore(f"the store holds {what} that is no text: it was edited")
    return value
