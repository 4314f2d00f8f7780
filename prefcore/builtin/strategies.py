"""Core's merge strategies: each takes the sides of one key and gives a value, UNSET or CONFLICT."""

from __future__ import annotations

from prefcore.interfaces import CONFLICT, Sides
from prefcore.values import UNSET

__all__ = ["ask", "base", "fail", "newest", "oldest", "ours", "theirs"]


def ours(sides: Sides) -> object:
    """Keep what is here."""
    return sides.ours


def theirs(sides: Sides) -> object:
    """Take what comes in."""
    return sides.theirs


def base(sides: Sides) -> object:
    """Go back to what both sides started from; a conflict where they started from nothing.

    Without a common base every key looks so: giving UNSET would delete all that differs.
    """
    return CONFLICT if sides.base is UNSET else sides.base


def newest(sides: Sides) -> object:
    """Take the side that changed last; a conflict where a time is unknown or both are equal."""
    if sides.ours_at is None or sides.theirs_at is None or sides.ours_at == sides.theirs_at:
        return CONFLICT
    return sides.ours if sides.ours_at > sides.theirs_at else sides.theirs


def oldest(sides: Sides) -> object:
    """Take the side that changed first; a conflict where a time is unknown or both are equal."""
    if sides.ours_at is None or sides.theirs_at is None or sides.ours_at == sides.theirs_at:
        return CONFLICT
    return sides.ours if sides.ours_at < sides.theirs_at else sides.theirs


def fail(sides: Sides) -> object:
    """Decide nothing: every difference is a conflict."""
    return CONFLICT


def ask(sides: Sides) -> object:
    """Leave it to a person: a conflict, which the command line asks about where it can."""
    return CONFLICT
