"""Insides: which shape stands for an item or a member of a value, also where none is declared."""

from __future__ import annotations

from prefcore.schema.shape import ANY, NOTHING, Shape

__all__ = ["is_nothing", "item_of", "member_of", "others_of"]


def item_of(shape: Shape, place: int | None) -> Shape:
    """Give the shape of a list's item: the one at ``place``, or (None) those after the first."""
    if place is not None and place < len(shape.prefix_items):
        return shape.prefix_items[place]
    return shape.items or ANY


def member_of(shape: Shape, name: str) -> Shape:
    """Give the shape of an object's member of a name."""
    return shape.properties.get(name) or others_of(shape)


def others_of(shape: Shape) -> Shape:
    """Give the shape of an object's members that it does not name."""
    if isinstance(shape.additional, Shape):
        return shape.additional
    return ANY if shape.additional else NOTHING


def is_nothing(shape: Shape) -> bool:
    """Say whether a shape says outright that nothing may stand there."""
    return shape.enum == ()
