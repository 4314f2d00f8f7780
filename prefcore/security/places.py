"""Places: where a sealed value belongs."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DOCUMENT", "STORE", "Place"]

#: The containers of sealed values.
STORE = "store"
DOCUMENT = "document"


class Place(NamedTuple):
    """Where a sealed value belongs: nowhere else does it open.

    ``container`` is ``STORE`` or ``DOCUMENT``. ``key`` is the key's UUID in a store, which no
    other store gives to one of its own, and the key's name in a document.
    """

    container: str
    app: str
    scope: str
    owner: str
    key: str
