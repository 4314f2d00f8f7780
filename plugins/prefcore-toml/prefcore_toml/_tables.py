"""Tables: the statements of a file, table by table, so that a document needs not be held."""

from __future__ import annotations

from collections.abc import Callable

from prefcore.layout import Path
from prefcore_toml._pieces import Piece, header_path
from prefcore_toml._statements import Statement, Statements

__all__ = ["Tables"]


class Tables:
    """The statements of a file, table by table: each header, with the pairs that follow it."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._before: list[Statement] = []
        self.path: Path = ()
        self.is_array = False
        while (one := statements.peek()) is not None and not one.is_header:
            self._before.append(one)
            statements.next()
        self._look()

    @property
    def name(self) -> str:
        """The first name of the next table; empty where none comes, or pairs come before it."""
        if any(one.key_text for one in self._before):
            return ""
        return str(self.path[0]) if self.path else ""

    @property
    def line(self) -> int:
        """The line of the next table, or of the end."""
        found = self._statements.peek()
        return found.line if found else max(1, self._statements.line - 1)

    def take(self, belongs: Callable[[Path], bool]) -> Piece:
        """Take the next table, and those after it that belong to it."""
        taken, self._before = self._before, []
        while True:
            taken.append(self._statements.next())  # type: ignore[arg-type]  # the header
            while (one := self._statements.peek()) is not None and not one.is_header:
                taken.append(one)
                self._statements.next()
            self._look()
            if not self.path or not belongs(self.path):
                # What is taken is not held any more when the next is asked for.
                self._statements.begin()
                return Piece(taken)

    def take_all(self) -> Piece:
        """Take all that is left."""
        self.path = ()
        return Piece([*self._before, *self._statements])

    def _look(self) -> None:
        found = self._statements.peek()
        self.path = header_path(found) if found else ()
        self.is_array = found is not None and found.text.lstrip(" \t").startswith("[[")
