"""What is decoded at once: JSON that is not in our line layout, from the start or from a line on.

People and formatters write the same document in another shape, and plain files have no layout.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prefcore.errors import DamagedDocument, InvalidValue, TruncatedDocument
from prefcore.interfaces import Limits
from prefcore.layout import Misfit, Path, check_key, take_fields, take_record, take_set
from prefcore.model import PlainDocument, PreferenceSet, Record
from prefcore.values import canonical_text, from_tagged, kind_of
from prefcore_json._piece import Piece
from prefcore_json._strict import is_deeper

__all__ = ["Remainder", "decode_whole", "take_plain"]

# How deep a document nests around a value, and a tagged form inside it.
_AROUND_VALUES = 6


def decode_whole(piece: Piece, limits: Limits) -> dict[str, Any]:
    """Give the JSON object that a whole file is; raises a located error."""
    data = piece.decode(_AROUND_VALUES, limits)
    if not isinstance(data, dict):
        message = f"a preferences file is one JSON object, this is {kind_of(data)}"
        raise piece.error(DamagedDocument, message, at=0)
    return data


def take_plain(piece: Piece, data: dict[str, object], limits: Limits) -> PlainDocument:
    """Give a file without our header: names and values, tagged forms decoded."""
    if len(data) > limits.max_keys_per_set:
        message = f"there are {len(data)} keys; the limit is {limits.max_keys_per_set}"
        raise piece.error(DamagedDocument, message)
    # A key may be written with escapes.
    has_tags = '"$' in piece.text or "\\" in piece.text
    is_deep = is_deeper(piece.text, limits.max_depth + 1)
    values = {}
    for key, item in data.items():
        try:
            check_key(key, (key,), limits)
            values[key] = from_tagged(item) if has_tags else item
            if has_tags or is_deep:
                canonical_text(values[key])
        except Misfit as misfit:
            raise piece.misfit(misfit) from misfit
        except InvalidValue as error:
            raise piece.misfit(Misfit((key,), error.message, InvalidValue)) from error
    return PlainDocument(values)


class Remainder:
    """What is left of a document: its sets, records and trailer from some place on.

    ``skip_sets`` and ``skip_records`` say how many elements at the start of the arrays only
    stand for those that were read before.
    """

    def __init__(
        self,
        piece: Piece,
        data: dict[str, Any],
        limits: Limits,
        *,
        skip_sets: int = 0,
        skip_records: int = 0,
    ) -> None:
        self.piece = piece
        self.data = data
        self._limits = limits
        self._skip_sets = skip_sets
        self._skip_records = skip_records
        try:
            take_fields(data, (), {"prefcore": ()}, _MEMBERS)
        except Misfit as misfit:
            raise piece.misfit(misfit) from misfit
        for name in ("sets", "trailer"):
            if name not in data:
                message = f"the document has no {name}: it was cut off; get a whole copy"
                raise piece.error(TruncatedDocument, message, at=len(piece.text.rstrip()))

    def sets(self) -> Iterator[tuple[Path, PreferenceSet]]:
        """Give the sets that are left, each with its path."""
        items = self.data["sets"]
        for i in range(self._skip_sets, len(items)):
            path = ("sets", i)
            try:
                yield path, take_set(items[i], path, self._limits)
            except Misfit as misfit:
                raise self.piece.misfit(misfit) from misfit

    def records(self) -> Iterator[Record]:
        """Give the records that are left."""
        items = self.data.get("records", [])
        for i in range(self._skip_records, len(items)):
            try:
                yield take_record(items[i], ("records", i))
            except Misfit as misfit:
                raise self.piece.misfit(misfit) from misfit


_MEMBERS: dict[str, tuple[str, ...]] = {"sets": ("array",), "records": ("array",), "trailer": ()}
