"""Members: what differs in which members an object has to have, and may have."""

from __future__ import annotations

from collections.abc import Iterator

from prefcore.schema.compatibility.difference import Candidates, Difference, Sides
from prefcore.schema.compatibility.insides import others_of
from prefcore.schema.compatibility.places import required_members
from prefcore.schema.witnesses import candidates

__all__ = ["closing_difference", "needed_differences"]


def needed_differences(sides: Sides) -> Iterator[Difference]:
    """Give a difference for each member that became required, or no longer is."""
    older, newer = set(sides.older.required), set(sides.newer.required)
    before, after = required_members(sides.older_side), required_members(sides.newer_side)
    for name in sorted(newer - older):
        full = {**after, **before}
        missing = {n: v for n, v in full.items() if n != name}
        what = f"the member '{name}' is required now"
        yield sides.difference("D04", what, "required", refused=iter([before, missing]))
    for name in sorted(older - newer):
        full = {**before, **after}
        missing = {n: v for n, v in full.items() if n != name}
        what = f"the member '{name}' is no longer required"
        yield sides.difference("D05", what, "required", unknown=iter([after, missing]))


def closing_difference(sides: Sides) -> Difference:
    """Give the difference of objects of which one takes members of any name, and one not."""
    closed = sides.newer.additional is False
    known = {*sides.older.properties, *sides.newer.properties}
    open_side = sides.older_side if closed else sides.newer_side
    other = others_of(open_side[0])
    name = next(
        name for name in map("another{}".format, ("", *range(len(known)))) if name not in known
    )
    needed = required_members(open_side)
    values: Candidates = ({**needed, name: value} for value in candidates(other, open_side[1]))
    if closed:
        what = "members of any other name are no longer allowed"
        return sides.difference("O01", what, "additionalProperties", refused=values)
    what = "members of any name are allowed now"
    return sides.difference("O01", what, "additionalProperties", unknown=values)
