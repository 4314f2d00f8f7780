"""Judging: what an actor may do with the keys of one view of a store, whatever they were called.

On the way of ``prefcore get``: names are looked up only where some rule is of certain keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from prefcore.access.key_names import Judged, KeyNames
from prefcore.values import is_sealed_text

if TYPE_CHECKING:
    from prefcore.access.policy import Access, Decision
    from prefcore.interfaces import Snapshot
    from prefcore.model import Row

__all__ = ["Judge", "Permit"]


class Judge:
    """Judges one actor's acts by keys, not by the names that they happen to have.

    ``names`` gives the names of the keys in the view; it is called at most once. A ``revision`` is
    that of a changeset whose names are meant: without one, those of now are.
    """

    def __init__(self, access: Access, names: Callable[[], KeyNames]) -> None:
        self.access = access
        self._look_up = names
        self._names: KeyNames | None = None

    @classmethod
    def of(cls, access: Access, view: Snapshot, app: str) -> Judge:
        """Give the judge of one application's keys in a view of a store, of any store."""
        return cls(access, lambda: KeyNames(view.names(app)))

    def judged(self, key: str, revision: int | None = None) -> list[Judged]:
        """Give the key that a name means, as ``KeyNames.judged`` does."""
        if not key or not self.access.tells_keys_apart:
            return [Judged(key)]
        if self._names is None:
            self._names = self._look_up()
        return self._names.judged(key, revision)

    def refusal(
        self,
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        revision: int | None = None,
        needed: Iterable[str] = (),
    ) -> Decision | None:
        """Give the decision that refuses an act, or None: it is allowed.

        ``needed`` are roles that it takes besides.
        """
        for name, others, role in self._ways(key, revision, needed):
            found = self.access.refusal(action, scope, owner, name, needed=role, others=others)
            if found is not None:
                return found
        return None

    def check(
        self,
        action: str,
        scope: str = "",
        owner: str = "",
        key: str = "",
        *,
        revision: int | None = None,
        needed: Iterable[str] = (),
    ) -> None:
        """Raise NotPermitted where the actor may not; see ``refusal``."""
        for name, others, role in self._ways(key, revision, needed):
            self.access.check(action, scope, owner, name, needed=role, others=others)

    def _ways(
        self, key: str, revision: int | None, needed: Iterable[str]
    ) -> Iterator[tuple[str, tuple[str, ...], str | None]]:
        """Give all that has to be allowed: name, other names and role."""
        roles = tuple(needed) or (None,)
        for name, others in self.judged(key, revision):
            for role in roles:
                yield name, others, role

    def sees(self, scope: str, owner: str, row: Row) -> bool:
        """Say whether the actor may know what a row holds."""
        actions = ("read", "reveal") if is_sealed_text(row[1]) else ("read",)
        return not any(self.refusal(one, scope, owner, row[0]) for one in actions)

    def check_rows(
        self, scope: str, owner: str, rows: Iterable[Row], *, revision: int | None = None
    ) -> None:
        """Raise NotPermitted where a row of a set may not be read; of an empty set, where none."""
        for key in [row[0] for row in rows] or [""]:
            self.check("read", scope, owner, key, revision=revision)


class Permit:
    """Asks before values are written; ``needed`` gives the roles that changing a key takes."""

    def __init__(self, judge: Judge, needed: Callable[[str], tuple[str, ...]]) -> None:
        self._judge = judge
        self._needed = needed

    def __call__(
        self, scope: str, owner: str, keys: Iterable[str], *, revision: int | None = None
    ) -> None:
        """Raise NotPermitted where keys of a set may not be written.

        With a ``revision``, they are called as that changeset calls them.
        """
        for key in keys:
            roles = self._needed(key)
            self._judge.check("write", scope, owner, key, revision=revision, needed=roles)

    def sees(self, scope: str, owner: str, row: Row) -> bool:
        """Say whether the actor may know what a row holds."""
        return self._judge.sees(scope, owner, row)
