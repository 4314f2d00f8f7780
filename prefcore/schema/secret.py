"""A holder that keeps a sensitive value out of logs, messages and debuggers' displays."""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Secret"]

T = TypeVar("T")


class Secret(Generic[T]):
    """A value that shows itself only when asked to: ``reveal()``.

    ``repr``, ``str`` and formatting give ``Secret(…)``. As an annotation, ``Secret[str]`` declares
    a sensitive preference. Two secrets are equal when their values are; they can't be pickled.
    """

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Give the value itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and bool(self._value == other._value)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret can't be pickled; reveal() its value where that is really meant")
