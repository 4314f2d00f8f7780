"""The operation ``python``: an application's function over several keys of one set."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import attrs

from prefcore.errors import ConflictError, InvalidStep, PrefcoreError
from prefcore.migration.functions import Function
from prefcore.migration.operations import Operation
from prefcore.migration.rows import Rows
from prefcore.values import UNSET, canonical_text

__all__ = ["Python", "python"]

#: So many keys are named in a sentence.
_NAMED = 4
_NO_WAY_DOWN = "the step has no way down for values written since the upgrade"


@attrs.frozen(str=False)
class Python(Operation):
    """A function decides on some keys of a set by the values of others; see ``python``."""

    forth: Function
    back: Function | None
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    name = "python"
    loses = True  # for all that can be told
    # Asked for each set, and there may be many keys.
    _keys: tuple[str, ...] = attrs.field(init=False, eq=False, repr=False)
    _writes: frozenset[str] = attrs.field(init=False, eq=False, repr=False)

    @_keys.default
    def _all_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.reads, *self.writes)))

    @_writes.default
    def _all_writes(self) -> frozenset[str]:
        return frozenset(self.writes)

    @property
    def older_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return self.reads

    @property
    def newer_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return self.writes

    @property
    def decides_by(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return self._keys

    @property
    def decides_on(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return self.writes

    def up(self, rows: Rows) -> None:
        held = rows.values(self.reads)
        try:
            results = self._results(self.forth, held) if held else None
        except PrefcoreError as error:
            rows.refuse(self._keys, error)
            return
        if results is not None:
            self._write(rows, results)
        rows.derive(self.writes, self._keys)

    def down(self, rows: Rows) -> None:
        held = rows.values(self._keys)
        try:
            if self.back is None:
                raise ConflictError(f"{_few(held or self.writes)}: {_NO_WAY_DOWN}")
            results = self._results(self.back, held) if held else {}
        except PrefcoreError as error:
            rows.refuse(self._keys, error)
        else:
            self._write(rows, results)
            rows.derive(self.writes, self._keys)

    def _results(self, function: Function, held: dict[str, object]) -> dict[str, str]:
        """Give the canonical texts that a function gives for the keys it may write."""
        results = function(held)
        if not isinstance(results, Mapping):
            raise InvalidStep(
                f"{function} gave {type(results).__name__}, not a dict of values by key"
            )
        for key in results:
            if key not in self._writes:
                raise InvalidStep(
                    f"{function} gave a value for {key!r}; name it in writes, or leave it out",
                    key=key,
                )
        return {
            key: canonical_text(value, path=key)
            for key, value in results.items()
            if value is not UNSET
        }

    def _write(self, rows: Rows, results: dict[str, str]) -> None:
        for key, text in results.items():
            rows.put(key, text)
        for key in rows.held(self._writes) - results.keys():
            rows.drop(key)

    def as_document(self) -> dict[str, object]:
        return {
            "op": self.name,
            "reads": list(self.reads),
            "writes": list(self.writes),
            "up": self.forth.as_document(),
            "down": None if self.back is None else self.back.as_document(),
        }

    def __str__(self) -> str:
        writes = "" if self.writes == self.reads else f" → {_few(self.writes)}"
        return f"python {self.forth}: {_few(self.reads)}{writes}"


def _few(keys: Collection[str]) -> str:
    """Name keys in a sentence: a step may be for hundreds."""
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(list(keys)[:_NAMED]) + more


def python(
    up: Callable[[dict[str, Any]], Mapping[str, object]],
    down: Callable[[dict[str, Any]], Mapping[str, object]] | None = None,
    *,
    reads: Iterable[str],
    writes: Iterable[str],
) -> Python:
    """Give the operation that lets a function decide on some keys of each set.

    ``up`` gets the values that a set holds of ``reads``, and gives those of ``writes``: what it
    leaves out, or gives as UNSET, is taken out of the set, so a key that goes away stands in
    ``writes`` too. It runs for sets that hold at least one of ``reads``. ``down`` gets what a set
    holds of both and gives ``writes`` again; what it gives counts where one of the keys was edited
    after the upgrade (all else the history gives back). Without it, or where it raises, such edits
    are conflicts of a rollback. Both are pure (``prefcore.migration.functions``).

    Raises InvalidStep where no keys are named, and in use where a function gives other keys than
    ``writes``; InvalidValue where a value is not portable.
    """
    said = f"python({getattr(up, '__name__', up)!s})"
    back = None if down is None else Function.of(down, said=said)
    return Python(
        Function.of(up, said=said), back, _keys(said, "reads", reads), _keys(said, "writes", writes)
    )


def _keys(said: str, name: str, keys: Iterable[str]) -> tuple[str, ...]:
    if isinstance(keys, str):
        raise InvalidStep(f"{said}: {name} is a list of keys, such as [{keys!r}]")
    listed = tuple(dict.fromkeys(keys))
    if not listed or not all(listed):
        raise InvalidStep(f"{said}: {name} has to name keys, not {list(listed)!r}")
    return listed
