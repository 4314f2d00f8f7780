"""Changing: the values of one set, by key and through typed views, at once or planned first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from prefcore.access.key_names import Judged, KeyNames
from prefcore.access.known_declarations import KnownDeclarations
from prefcore.errors import ConflictError, InvalidValue, StoreMoved, UsageError
from prefcore.facade.acts import set_act, write_set
from prefcore.facade.performing import Performer
from prefcore.facade.views import Buffered, Live, Resolved
from prefcore.facade.workplace import roles_of
from prefcore.interfaces import Transaction, pruned_in
from prefcore.model import SOURCES, Changeset, Plan, Row, Scope, set_fault, to_micros
from prefcore.model.sets import place
from prefcore.schema import SchemaDocument
from prefcore.schema.secret import Secret
from prefcore.security import is_telling_name
from prefcore.values import canonical_text

if TYPE_CHECKING:
    from prefcore.schema import Binding, Schema

__all__ = ["Changer"]

S = TypeVar("S", bound="Schema")


class Changer(Performer, Generic[S]):
    """Sets and unsets values of one set; gives typed views where there is a schema class."""

    _class: type[S] | None = None

    def user(self, id: str) -> S:
        """Give a live, typed view of a user's preferences: reading resolves, assigning sets."""
        return self._bound(Live(self, "user", _owner("user", id), {"user": id}))

    def project(self, id: str, *, trust: bool = False) -> S:
        """Give a live, typed view of a project's preferences; of ``trusted_only`` ones on trust."""
        owner = _owner("project", id)
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
                _owner(scope, owner)
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

    def _key(self, name: str) -> str:
        """Give the key that a name means, perhaps one that it had in an earlier version."""
        return self.declared(name).key or name

    def _named(
        self, values: Mapping[str, object], unset: Iterable[str]
    ) -> tuple[dict[str, object], list[str]]:
        """Give what is to be set and unset by key, and warn of names that will go.

        To unset a deprecated preference is what its warning asks for; another name of it is not.
        """
        unset = list(unset)
        earlier = [name for name in unset if self.declared(name).key]
        self._tell_deprecated([*values, *earlier])
        found, gone = self._by_key(values), [self._key(name) for name in unset]
        for key in gone:
            if key in found:
                raise UsageError(f"{key} is to be both set and unset; name it once", key=key)
        return found, gone

    def _by_key(self, values: Mapping[str, object]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in values.items():
            key = self._key(name)
            if key in found:
                raise UsageError(f"{key} is given twice, by two of its names; give it once")
            found[key] = value
        return found

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

    def _checked_rows(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: Iterable[str],
        source: str,
    ) -> list[Row]:
        _owner(Scope.named(scope), owner)
        self._permit_write(scope, owner, [*values, *unset])
        self._refuse_if_newer()
        if source not in SOURCES:
            raise UsageError(f"there is no source '{source}'; known are {', '.join(SOURCES)}")
        for key in unset:
            self._known_or_held(scope, owner, key)
        at = to_micros(datetime.now(UTC))
        return [
            (key, self._checked_text(scope, owner, key, value), at, source, self.actor)
            for key, value in values.items()
        ]

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

    def _permit_write(self, scope: str, owner: str, keys: Iterable[str]) -> None:
        permit = self._workplace.permitting(
            self._judge, self._document, self._known_declarations().of
        )
        if permit is not None:
            with self._recorded():
                permit(scope, owner, keys)

    def judged(self, key: str) -> tuple[Judged, tuple[str, ...]]:
        """Give a key as rules judge it, by its names, and the roles that changing it takes."""
        self.permit("inspect")
        with self._view() as view:
            (judged,) = KeyNames(view.names(self.app)).judged(key)
        declared = self.schema.preferences.get(key)
        said = self._known_declarations().of(key) if declared is None else (declared,)
        return judged, roles_of(said)

    def _known_declarations(self) -> KnownDeclarations:
        return self._workplace.declarations(self._store.snapshot)

    def parse(self, key: str, text: str) -> object:
        """Give the value that a command line's text means for a key, by its declared type."""
        self.permit("inspect")
        key = self._key(key)
        return self._document(key).parse(key, text)

    def check(self, scope: str, owner: str, key: str, value: object) -> None:
        """Raise what setting the value would raise, and warn of it, without setting it."""
        self._permit_write(scope, owner, [self._key(key)])
        self._checked_text(scope, owner, self._key(key), value)
        self._tell_deprecated([key])

    def _tell_deprecated(self, names: Iterable[str]) -> None:
        for name in names:
            deprecated = self.declared(name).deprecated
            if deprecated is not None:
                self._used_deprecated(name, deprecated)

    def _checked_text(self, scope: str, owner: str, key: str, value: object) -> str:
        document = self._document(key)
        where = place(scope, owner)
        if isinstance(value, Secret):
            value = value.reveal()
        if document.preference(key).sensitive:
            self.keys.needed(f"{where} {key}")
        try:
            text = canonical_text(value, path=key)
        except InvalidValue:  # it may show parts of the value, such as an object's keys
            if document.preference(key).sensitive:
                said = f"{where} {key}: the value holds what no format can carry"
                raise InvalidValue(said, key=key, place=where) from None
            raise
        document.validate(key, value, scope=scope, place=where)
        return text

    def _document(self, key: str) -> SchemaDocument:
        """Give a schema document that declares the key: the whole one only where it is at hand."""
        version = self._version
        own = self._workplace.known.own(version)
        if own is not None and own.validators.checks:
            return self.schema  # no text in the store tells the application's functions
        if version is not None and version not in self._documents:
            if key not in self._documents:
                found, text = self._store.declaration(self.app, key)
                if found != version or text is None:
                    return self.schema
                self._documents[key] = SchemaDocument.from_declaration(self.app, version, key, text)
            return self._documents[key]
        return self.schema

    def _known_or_held(self, scope: str, owner: str, key: str) -> None:
        if not self._store.layers(self.app, self._version, key, [(scope, owner)]):
            self._document(key).preference(key)


def _owner(scope: str, owner: str) -> str:
    """Give the name of a set back; raises UsageError where it is none."""
    fault = set_fault(scope, owner)
    if fault:
        raise UsageError(fault, scope=scope)
    return owner


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
