"""Changing: the values of one set, by key and through typed views, at once or planned first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from prefcore.errors import ConflictError, StoreMoved, UsageError
from prefcore.facade.acts import set_act, write_set
from prefcore.facade.checking import Checker, owner_of
from prefcore.facade.views import Buffered, Live, Resolved
from prefcore.interfaces import Transaction, pruned_in
from prefcore.model import Changeset, Plan, Scope
from prefcore.model.sets import place
from prefcore.security import is_telling_name

if TYPE_CHECKING:
    from prefcore.schema import Binding, Schema

__all__ = ["Changer"]

S = TypeVar("S", bound="Schema")


class Changer(Checker, Generic[S]):
    """Sets and unsets values of one set; gives typed views where there is a schema class."""

    _class: type[S] | None = None

    def user(self, id: str) -> S:
        """Give a live, typed view of a user's preferences: reading resolves, assigning sets."""
        return self._bound(Live(self, "user", owner_of("user", id), {"user": id}))

    def project(self, id: str, *, trust: bool = False) -> S:
        """Give a live, typed view of a project's preferences; of ``trusted_only`` ones on trust."""
        owner = owner_of("project", id)
        return self._bound(Live(self, "project", owner, {"project": id}, trust=trust))

    @property
    def system(self) -> S:
        """A live, typed view of the system's preferences."""
        return self._bound(Live(self, "system", "", {}))

    def at(self, *, user: str | None = None, project: str | None = None, trust: bool = False) -> S:
        """Give a typed view for reading: what holds for this user in this project.

        What the project says of ``trusted_only`` preferences counts only with ``trust``.
        """
        owners = {"user": user, "project": project}
        for scope, owner in owners.items():
            if owner is not None:
                owner_of(scope, owner)
        return self._bound(Resolved(self, owners, trust=trust))

    @contextmanager
    def change(
        self,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Iterator[S]:
        """Change several preferences of one set at once: all when the block ends well, or none.

        Raises ConflictError where somebody else, another block included, changed one of the same
        keys after this one began; then nothing was changed. Begin another block, and look again.
        """
        scope, owner = _one_set(user, project, system)
        buffered = Buffered(self, scope, owner, {"user": user, "project": project})
        with self._view() as view:
            last = next(view.changesets(self.app), None)
        began = 0 if last is None else last.revision
        try:
            yield self._bound(buffered)
        finally:
            buffered.ended = True
        self._set_all(
            scope, owner, buffered.values, buffered.unset_keys, "api", reason, began=began
        )

    def _bound(self, binding: Binding) -> S:
        if self._class is None:
            raise UsageError("typed views need Preferences.open with a schema class; use get, set")
        view: S = self._class.bound(binding)
        return view

    def set(
        self,
        key: str,
        value: object,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Changeset | None:
        """Set one value durably; gives the changeset, or None where it was so already.

        Raises UnknownKey, InvalidValue, PolicyRefused (scope not allowed, sensitive), ReadOnly,
        LockedError, StoreMoved or NoSpace; then nothing was changed.
        """
        scope, owner = _one_set(user, project, system)
        return self.set_many(scope, owner, {key: value}, reason=reason)

    def unset(
        self,
        key: str,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Changeset | None:
        """Take one value out of a set; None where it held none."""
        scope, owner = _one_set(user, project, system)
        return self.set_many(scope, owner, {}, unset=[key], reason=reason)

    def set_many(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        *,
        unset: Iterable[str] = (),
        source: str = "api",
        reason: str = "",
    ) -> Changeset | None:
        """Set and unset values of one set in one changeset; see ``set`` for what it raises."""
        if not isinstance(values, Mapping):
            raise UsageError(f"values come as a mapping by key, not as {type(values).__name__}")
        values, unset = self._named(values, unset)
        return self._set_all(scope, owner, values, unset, source, reason)

    def _set_all(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: list[str],
        source: str,
        reason: str,
        *,
        began: int | None = None,
    ) -> Changeset | None:
        """Set and unset; with ``began``, only what nobody changed after that revision."""
        version = self._version
        self._workplace.in_force.renewed()
        with self._recorded():
            try:
                return self._set_once(scope, owner, values, unset, source, reason, began)
            except StoreMoved as moved:
                self._meet_beginning(version, moved)
                return self._set_once(scope, owner, values, unset, source, reason, began)

    def _set_once(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: list[str],
        source: str,
        reason: str,
        began: int | None,
    ) -> Changeset | None:
        rows = self._checked_rows(scope, owner, values, unset, source)
        draft = self._workplace.draft("set" if rows else "unset", reason)
        version = self._version
        with self._store.changeset(draft, version=version) as begun:
            transaction = self._workplace.vault.sealing(begun, draft, self._hides)
            if version is None:
                self._workplace.put_in_force(transaction, self._workplace.first_version())
            if began is not None:
                wanted = {row[0]: row[1] for row in rows} | dict.fromkeys(unset)
                self._refuse_overwriting(transaction, scope, owner, began, wanted)
            write_set(transaction, scope, owner, rows, unset)
            for error in self._workplace.broken_rules(transaction, version):
                raise error
            self._workplace.watch.judge(draft, transaction)
        return self._done(transaction.result())

    def _refuse_overwriting(
        self,
        transaction: Transaction,
        scope: str,
        owner: str,
        began: int,
        wanted: Mapping[str, str | None],
    ) -> None:
        """Refuse to take the place of what was changed after a revision, even there and back."""
        last = next(transaction.changesets(self.app), None)
        if last is None or last.revision <= began:
            return
        if pruned_in(transaction, self.app) > began:
            raise ConflictError(
                "the history was pruned since this change() block began, so nobody can tell "
                "whether somebody else changed one of its keys; nothing was changed, begin another "
                "block and look again"
            )
        where = place(scope, owner)
        for key, text in wanted.items():
            newest = next(transaction.history(self.app, scope, owner, key), None)
            if newest is None or newest[0].revision <= began:
                continue
            held = transaction.read_set(self.app, scope, owner).rows
            now = next((row[1] for row in held if row[0] == key), None)
            secret = self.declared(key).sensitive
            shown = ("********" if secret and one else one or "nothing" for one in (now, text))
            theirs, ours = shown
            raise ConflictError(
                f"{where} {key}: it holds {theirs} by now, changed by somebody else since this "
                f"change() block began, which would make it {ours}; nothing was changed, begin "
                "another block and look again",
                key=key,
                place=where,
                **({} if secret else {"theirs": now, "ours": text}),
            )

    def _hides(self, key: str) -> bool:
        preference = self._document(key).preferences.get(key)
        return is_telling_name(key) if preference is None else preference.sensitive

    def plan_set(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        *,
        unset: Iterable[str] = (),
        source: str = "api",
        reason: str = "",
        left_out: Iterable[str] = (),
        summary: str = "",
    ) -> Plan:
        """Say what ``set_many`` would do; raises what it would raise.

        ``left_out`` are sentences on what the plan leaves out, which it then tells; ``summary``
        says what it is called instead of ``set in`` and the place.
        """
        values, unset = self._named(values, unset)
        rows = self._checked_rows(scope, owner, values, unset, source)
        act = set_act(
            self.schema,
            scope,
            owner,
            rows,
            unset,
            reason=reason,
            left_out=left_out,
            summary=summary,
        )
        return self._plan(act)


def _one_set(user: str | None, project: str | None, system: bool) -> tuple[str, str]:
    chosen = [
        (scope, owner)
        for scope, owner in (
            (Scope.USER, user),
            (Scope.PROJECT, project),
            (Scope.SYSTEM, "" if system else None),
        )
        if owner is not None
    ]
    if len(chosen) != 1 or (chosen[0][1] == "") != system:
        raise UsageError("name one set: user=, project= or system=True")
    return chosen[0]
