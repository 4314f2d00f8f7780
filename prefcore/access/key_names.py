"""By which names a key is judged: those it bears and bore, so that a rule outlives a rename.

On the way of ``prefcore get``, so it takes NamedTuples where other modules take attrs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

__all__ = ["Judged", "KeyNames"]

#: A key's names, each with the revision that gave it; None is one that it gave up.
_Names = Sequence[tuple[int, str | None]]


class Judged(NamedTuple):
    """A key as it is judged: the name it bears, or bore last, and those that it had besides."""

    name: str
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All its names."""
        return (self.name, *self.others)


class KeyNames:
    """The names of every key that a store holds or held of one application.

    ``named`` is what ``Snapshot.names`` gives.
    """

    def __init__(self, named: Mapping[str, _Names]) -> None:
        self._named: dict[str, list[_Names]] = {}
        for names in named.values():
            for name in {name for _, name in names if name is not None}:
                self._named.setdefault(name, []).append(names)

    def judged(self, name: str, revision: int | None = None) -> list[Judged]:
        """Give the key that a name means now, or with ``revision`` those that a changeset meant.

        Those are two where one key took the name in that very changeset and another gave it up.
        What the store knows nothing of is judged by its name alone.
        """
        found = [_judged(one) for one in self._named.get(name, ()) if _bears(one, name, revision)]
        return found or [Judged(name)]


def _bears(names: _Names, name: str, revision: int | None) -> bool:
    """Say whether a key has a name: after a changeset, or before one in which it gave that up."""
    if revision is None:
        return names[-1][1] == name
    return name == (_at(names, revision) or _at(names, revision - 1))


def _at(names: _Names, revision: int) -> str | None:
    return next((name for since, name in reversed(names) if since <= revision), None)


def _judged(names: _Names) -> Judged:
    latest = list(_given(names))[::-1]
    return Judged(latest[0], tuple(one for one in dict.fromkeys(latest) if one != latest[0]))


def _given(names: _Names) -> Iterator[str]:
    yield from (name for _, name in names if name is not None)
