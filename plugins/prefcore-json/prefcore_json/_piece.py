"""A piece: a stretch of a file's text that is decoded at once, and knows where it stands."""

from __future__ import annotations

import json

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError
from prefcore.interfaces import Limits
from prefcore.layout import Misfit, Path, located
from prefcore_json._strict import has_more_values, is_deeper, loads
from prefcore_json._walk import find, find_offence

__all__ = ["Piece"]

# Walking takes about a second for this much; beyond it errors may come without their line.
_WALKED = 4 << 20
# An entry is an object with four fields, and a value may have some inside. A text may hold far more
# (an empty array takes three characters, and fifty times as much memory).
_VALUES_PER_KEY = 8


class Piece:
    """Text that begins at line ``line`` of a file and stands at the path ``under``.

    ``skipped`` names an array of which that many elements were taken from the file before:
    indexes in paths are counted on from there.
    """

    def __init__(
        self, text: str, *, line: int = 1, under: Path = (), skipped: tuple[str, int] = ("", 0)
    ) -> None:
        self.text = text
        self.line = line
        self.under = under
        self.skipped = skipped

    def decode(self, depth: int, limits: Limits) -> object:
        """Give the data; raises DamagedDocument, TruncatedDocument or InvalidValue, located.

        ``depth`` is that of what stands around a value, and a tagged form inside it.
        """
        depth += limits.max_depth
        most = limits.max_keys_per_set * _VALUES_PER_KEY
        if has_more_values(self.text, most):
            message = f"there are more than {most} values to hold at once; split the file"
            raise self.error(DamagedDocument, message)
        if is_deeper(self.text, depth):
            message = "the text is nested too deep; values may have 64 levels"
            raise self._offence(depth) or self.error(InvalidValue, message)
        try:
            return loads(self.text)
        except json.JSONDecodeError as error:
            raise self._offence(depth) or self.error(
                DamagedDocument, f"{error.msg}; mend the syntax", at=error.pos
            ) from error
        except ValueError as error:
            raise self._offence(depth) or self.error(InvalidValue, str(error)) from error

    def misfit(self, misfit: Misfit) -> PrefcoreError:
        """Give the located error of data that does not fit the layout."""
        at = find(self.text, misfit.path) if len(self.text) <= _WALKED else None
        return self.error(misfit.kind, misfit.message, path=misfit.path, at=at)

    def error(
        self,
        kind: type[PrefcoreError],
        message: str,
        *,
        path: Path = (),
        at: int | None = None,
    ) -> PrefcoreError:
        """Give an error that says where in the file it is: line and column, and path."""
        path = self._full(path)
        if at is None:
            return located(kind, message, line=self.line, path=path, onwards=True)
        line = self.line + self.text.count("\n", 0, at)
        column = at - self.text.rfind("\n", 0, at)
        return located(kind, message, line=line, column=column, path=path)

    def _offence(self, depth: int) -> PrefcoreError | None:
        offence = find_offence(self.text, depth) if len(self.text) <= _WALKED else None
        if offence is None:
            return None
        return self.error(offence.kind, offence.message, path=offence.path, at=offence.at)

    def _full(self, path: Path) -> Path:
        if path[:1] == self.skipped[:1] and len(path) > 1 and isinstance(path[1], int):
            path = (path[0], path[1] + self.skipped[1], *path[2:])
        return (*self.under, *path)
