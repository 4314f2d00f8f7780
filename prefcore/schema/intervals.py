"""Intervals: the numbers that the bounds of shapes leave."""

from __future__ import annotations

from math import ceil, floor, inf

import attrs

from prefcore.schema.shape import Shape

__all__ = ["Interval"]


@attrs.frozen
class Interval:
    """The numbers between two bounds, each of which may be left out itself."""

    low: int | float = -inf
    low_open: bool = False
    high: int | float = inf
    high_open: bool = False

    @classmethod
    def of(cls, shapes: tuple[Shape, ...], kind: str = "number") -> Interval:
        """Give the numbers of a kind that the bounds of all the shapes leave."""
        lows = [(one.minimum, 0) for one in shapes if one.minimum is not None]
        lows += [(one.exclusive_minimum, 1) for one in shapes if one.exclusive_minimum is not None]
        highs = [(one.maximum, 0) for one in shapes if one.maximum is not None]
        highs += [
            (one.exclusive_maximum, -1) for one in shapes if one.exclusive_maximum is not None
        ]
        low, above = max(lows, default=(-inf, 0))
        high, below = min(highs, default=(inf, 0))
        if kind == "integer":
            low = low if low == -inf else floor(low) + 1 if above else ceil(low)
            high = high if high == inf else ceil(high) - 1 if below else floor(high)
            return cls(low, False, high, False)
        return cls(low, bool(above), high, bool(below))

    @property
    def is_empty(self) -> bool:
        """Whether no number lies in it."""
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def within(self, other: Interval) -> bool:
        """Say whether every number of it lies in the other one."""
        low = self.low > other.low or (
            self.low == other.low and (self.low_open or not other.low_open)
        )
        high = self.high < other.high or (
            self.high == other.high and (self.high_open or not other.high_open)
        )
        return low and high
