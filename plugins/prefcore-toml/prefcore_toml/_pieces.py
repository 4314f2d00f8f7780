"""Pieces: tables that are parsed at once, and know on which line each of their values stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError, TruncatedDocument
from prefcore.layout import Misfit, Path, located
from prefcore.values import canonical_text, from_tagged
from prefcore_toml._statements import Statement

__all__ = ["Piece", "header_path"]

# Headers as they mostly are: bare names, and quoted ones without escapes.
_NAME = re.compile(r'[A-Za-z0-9_-]+|"[^"\\\x00-\x1f\x7f]+"')
_DOTTED = rf"(?:{_NAME.pattern})(?:\.(?:{_NAME.pattern}))*"
_SIMPLE = re.compile(rf"(?:\[{_DOTTED}\]|\[\[{_DOTTED}\]\])\r?\n?")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def header_path(statement: Statement) -> Path:
    """Give the path of the table that a header begins."""
    if _SIMPLE.fullmatch(statement.text):
        return tuple(name.strip('"') for name in _NAME.findall(statement.text))
    data: Any = Piece([statement]).parsed()
    path: list[str] = []
    while data:
        if isinstance(data, list):
            (data,) = data
            continue
        ((key, data),) = data.items()
        path.append(key)
    return tuple(path)


class Piece:
    """Statements that follow each other."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = statements
        self.line = statements[0].line if statements else 1

    def parsed(self) -> dict[str, Any]:
        """Give the data; raises DamagedDocument, TruncatedDocument or InvalidValue, located."""
        text = "".join(statement.text for statement in self._statements)
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self._syntax_error(str(error), text) from error
        except ValueError as error:  # Python's own bound on the digits of an integer
            message = "the integer does not fit in 64 bits; write it as text"
            raise located(InvalidValue, message, line=self._bad_line()) from error
        except RecursionError as error:
            message = "the text is nested too deep; values may have 64 levels"
            raise located(InvalidValue, message, line=self.line) from error

    def misfit(self, misfit: Misfit) -> PrefcoreError:
        """Give the located error of data that does not fit the layout."""
        line = self.line_of(misfit.path)
        if misfit.kind is InvalidValue:
            line = self._invalid_line(misfit.path) or line
        return located(misfit.kind, misfit.message, line=line, path=misfit.path)

    def line_of(self, path: Path) -> int:
        """Give the line of the statement that has what stands at a path, or the nearest around."""
        wanted = tuple(part for part in path if isinstance(part, str))
        line, longest = self.line, 0
        for statement, names in self._paths():
            if wanted[: len(names)] == names and len(names) > longest:
                line, longest = statement.line, len(names)
        return line

    def _invalid_line(self, path: Path) -> int | None:
        """Give the line of the first pair at or below a path whose value is not portable."""
        wanted = tuple(part for part in path if isinstance(part, str))
        for statement, names in self._paths():
            is_below = names[: len(wanted)] == wanted or wanted[: len(names)] == names
            if is_below and not statement.is_header:
                try:
                    canonical_text(from_tagged(tomllib.loads(statement.text)))
                except InvalidValue:
                    return statement.line
        return None

    def _paths(self) -> Iterator[tuple[Statement, Path]]:
        """Give the statements, each with the path of the table or value that it makes."""
        table: Path = ()
        for statement in self._statements:
            if statement.is_header:
                table = header_path(statement)
                yield statement, table
            elif statement.key_text:
                yield statement, table + _key_path(statement)

    def _syntax_error(self, message: str, text: str) -> PrefcoreError:
        found = _PLACE.search(message)
        said = message[: found.start()] if found else message
        if found and found[1]:
            line, column = self.line + int(found[1]) - 1, int(found[2])
            return located(DamagedDocument, f"{said}; mend the syntax", line=line, column=column)
        line = self.line + text.count("\n", 0, len(text.rstrip()))
        if found and not said.startswith("Cannot"):
            return located(
                TruncatedDocument, f"the text ends here ({said}); complete it", line=line
            )
        return located(DamagedDocument, f"{said}; mend the syntax", line=line)

    def _bad_line(self) -> int:
        """Give the line of the statement that the parser cannot take."""
        for statement in self._statements:
            try:
                tomllib.loads(statement.text)
            except ValueError:
                return statement.line
        return self.line


def _key_path(statement: Statement) -> Path:
    """Give the names before the equals sign of a pair."""
    try:
        data: Any = tomllib.loads(f"{statement.key_text}= 0")
    except ValueError:
        return ()
    path: list[str] = []
    while isinstance(data, dict) and data:
        ((key, data),) = data.items()
        path.append(key)
    return tuple(path)
