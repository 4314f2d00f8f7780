"""The operation ``convert``: a key's values by a cast, by an exact scale, or by two functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import attrs

from prefcore.errors import InvalidStep, InvalidValue, PrefcoreError
from prefcore.migration.casts import CASTS, ROUNDINGS, Ratio, read_ratio
from prefcore.migration.functions import Function
from prefcore.migration.operations import Operation, TextChange
from prefcore.migration.rows import Rows
from prefcore.schema.problems import shown
from prefcore.values import UNSET, canonical_text, from_text

__all__ = ["Cast", "Convert", "FunctionPair", "Scale", "convert"]


class Way(Protocol):
    """How a value is converted and taken back; raises ValueError where it cannot be."""

    @property
    def loses(self) -> bool:
        """Whether two values may become one, as far as can be told."""

    def up(self, value: object) -> object:
        """Give the new value of an old one, or UNSET."""

    def down(self, value: object) -> object:
        """Give the old value of a new one, or UNSET."""

    def as_document(self) -> dict[str, object]:
        """Give what the step's checksum says of it."""


@attrs.frozen
class Cast:
    """By type; without ``was`` nothing is cast on the way down, and the older schema judges."""

    to: str
    was: str | None = None

    @property
    def loses(self) -> bool:
        return self.was is None  # else a cast is refused where it would lose anything

    def up(self, value: object) -> object:
        return value if value is None else CASTS[self.to](value)

    def down(self, value: object) -> object:
        return value if value is None or self.was is None else CASTS[self.was](value)

    def as_document(self) -> dict[str, object]:
        return {"to": self.to, "was": self.was}

    def __str__(self) -> str:
        return f"to {self.to}"


@attrs.frozen
class Scale:
    """By an exact factor; the way down divides, and never rounds to integers."""

    ratio: Ratio
    rounding: str | None = None

    @property
    def loses(self) -> bool:
        return self.rounding is not None

    def up(self, value: object) -> object:
        return self.ratio.times(value, self.rounding)

    def down(self, value: object) -> object:
        return self.ratio.inverse.times(value, None)

    def as_document(self) -> dict[str, object]:
        return {"scale": str(self.ratio), "rounding": self.rounding}

    def __str__(self) -> str:
        return f"times {self.ratio}" + (f", rounded {self.rounding}" if self.rounding else "")


@attrs.frozen
class FunctionPair:
    """By functions of the application."""

    forth: Function
    back: Function | None
    loses = True  # for all that can be told

    def up(self, value: object) -> object:
        return self.forth(value)

    def down(self, value: object) -> object:
        if self.back is None:
            raise ValueError("the step has no way down for values written since the upgrade")
        return self.back(value)

    def as_document(self) -> dict[str, object]:
        return {
            "up": self.forth.as_document(),
            "down": None if self.back is None else self.back.as_document(),
        }

    def __str__(self) -> str:
        return f"by {self.forth}"


@attrs.frozen(str=False)
class Convert(Operation):
    """A key's values become others, each by itself; see ``convert``."""

    key: str
    way: Way
    name = "convert"

    @property
    def older_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    @property
    def newer_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    @property
    def decides_by(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    @property
    def loses(self) -> bool:  # type: ignore[override]  # read-only here
        return self.way.loses

    @property
    def runs_code(self) -> bool:  # type: ignore[override]  # read-only here
        return isinstance(self.way, FunctionPair)

    def in_bulk(self) -> tuple[str, TextChange]:
        return self.key, self.converted

    def converted(self, text: str) -> str | None:
        """Give the new canonical text of an old one; None takes the value out.

        Raises InvalidValue, naming the value, where it cannot be converted.
        """
        return self._changed(text, self.way.up)

    def reverted(self, text: str) -> str | None:
        """Give the old canonical text of a new one; raises as ``converted`` does."""
        return self._changed(text, self.way.down)

    def _changed(self, text: str, change: Callable[[object], object]) -> str | None:
        value = from_text(text)
        try:
            changed = change(value)
            return None if changed is UNSET else canonical_text(changed, path=self.key)
        except ValueError as error:
            raise InvalidValue(
                f"{self.key}: {shown(value)} cannot be converted: {error}",
                key=self.key,
                value=value,
                said=f"{self.key}: a value cannot be converted: {error}",
            ) from error

    def up(self, rows: Rows) -> None:
        self._change(rows, self.converted)

    def down(self, rows: Rows) -> None:
        self._change(rows, self.reverted)

    def _change(self, rows: Rows, change: TextChange) -> None:
        if self.key not in rows:
            return
        try:
            text = change(rows.text(self.key))
        except PrefcoreError as error:
            rows.refuse((self.key,), error)
            return
        if text is None:
            rows.drop(self.key)
        else:
            rows.put(self.key, text)

    def as_document(self) -> dict[str, object]:
        return {"op": self.name, "key": self.key, **self.way.as_document()}

    def __str__(self) -> str:
        return f"convert {self.key} {self.way}"


def convert(
    key: str,
    *,
    to: str | None = None,
    was: str | None = None,
    scale: object = None,
    rounding: str | None = None,
    up: Callable[[Any], object] | None = None,
    down: Callable[[Any], object] | None = None,
) -> Convert:
    """Give the operation that changes a key's values, each by itself: in one of three ways.

    ``to`` casts to ``integer``, ``number``, ``string`` or ``boolean``, strictly: a value of which
    something would be lost refuses the migration. ``was`` is the type that values written after
    the upgrade are cast back to; without it the older schema judges them as they are.

    ``scale`` multiplies numbers by an exact ratio ("1000", "1/60", a Fraction, a pair of
    integers) and divides on the way down. Integers stay integers where the result is exact, else
    the nearest float is given; ``rounding`` (``half_even``, ``floor``, ``ceiling``) gives integers
    always. What is no number stays.

    ``up`` gives the new value of an old one, ``down`` the old value of one that was written after
    the upgrade, or UNSET; they are pure (``prefcore.migration.functions``). Without ``down`` such
    values are conflicts of a rollback.

    Casts and scales leave null as it is; functions get it like any value. Raises InvalidStep when
    the arguments contradict one another.
    """
    said = f"convert({key!r})"
    ways = {"to": to, "scale": scale, "up": up}
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        raise InvalidStep(f"{said} takes one of to=, scale= and up=, not {_listed(given)}")
    for name, value, needed in (("was", was, "to"), ("rounding", rounding, "scale"),
                                ("down", down, "up")):  # fmt: skip
        if value is not None and needed not in given:
            raise InvalidStep(f"{said}: {name}= goes with {needed}= only")
    if to is not None:
        for kind in (to, was):
            _check_listed(said, kind, CASTS, "no type to cast to")
        return Convert(key, Cast(to, was))
    if up is not None:
        back = None if down is None else Function.of(down, said=said)
        return Convert(key, FunctionPair(Function.of(up, said=said), back))
    _check_listed(said, rounding, ROUNDINGS, "no rule of rounding")
    try:
        return Convert(key, Scale(read_ratio(scale), rounding))
    except ValueError as error:
        raise InvalidStep(f"{said}: {error}") from error


def _check_listed(said: str, name: str | None, known: object, fault: str) -> None:
    names = list(known)  # type: ignore[call-overload]  # a table
    if name is not None and name not in names:
        raise InvalidStep(f"{said}: {name!r} is {fault}; known are {', '.join(names)}")


def _listed(names: list[str]) -> str:
    return " and ".join(names) or "none"
