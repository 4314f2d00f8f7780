"""The sealing transaction: seals sensitive values as they are written, whatever an act does."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import attrs

from prefcore.access.judging import Permit
from prefcore.errors import BrokenSeal, WrongKey
from prefcore.interfaces import Summary, Transaction
from prefcore.model import Change, Draft, PreferenceSet, Rename, Row, to_micros
from prefcore.model.sets import place
from prefcore.security.places import DOCUMENT, STORE, Place
from prefcore.values import canonical_text, is_sealed_text, same_text
from prefcore.vault.in_place import seal_in_place
from prefcore.vault.texts import SEALED_PREFIX, sealed_of

__all__ = ["Hides", "SealingTransaction"]

#: Says whether a key's values are to be sealed.
Hides = Callable[[str], bool]
_KEY = itemgetter(0)  # of a row

if TYPE_CHECKING:
    from prefcore.security.sealing import Sealer
    from prefcore.vault.opening import Vault

    _Base = Transaction
else:  # the protocol's own methods must not stand in the way of those delegated to
    _Base = object


class SealingTransaction(_Base):
    """A transaction that seals sensitive values as they are written; it reads them sealed."""

    def __init__(
        self,
        transaction: Transaction,
        vault: Vault,
        draft: Draft,
        hides: Hides,
        permit: Permit | None = None,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._inner = transaction
        self._moved = moved
        self._permit = permit
        self._vault = vault
        self._app = vault.app
        self._stamp = (to_micros(draft.at), draft.actor)
        self._hides = hides
        self._known: dict[str, bool] = {}
        self._open: set[str] = set()  # of those, the ones that are not sealed
        self._uuids: dict[str, str] = {}  # of keys by their names, until one is renamed
        self._prints: dict[bytes, str] = {}
        self._sealed_new = False  # something under a key that is of this transaction
        #: How many texts that stood in clear, in entries or in the log, were sealed in place.
        self.sealed_in_place = 0

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    def hides(self, key: str) -> bool:
        """Say whether a key's values are sealed here."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._hides(key)
            if not found:
                self._open.add(key)
        return found

    def permit(
        self, scope: str, owner: str, keys: Iterable[str], *, revision: int | None = None
    ) -> None:
        """Raise NotPermitted where one of these values may not be written by who acts here."""
        if self._permit is not None:
            self._permit(scope, owner, keys, revision=revision)

    def permit_changes(
        self,
        scope: str,
        owner: str,
        keys: Iterable[str],
        *,
        rows: Iterable[Row],
        held: Iterable[Row],
    ) -> None:
        """Raise NotPermitted where one of these keys of a set may not be given what the rows say.

        What is held just so is no change, for who may see that it is.
        """
        permit = self._permit
        if permit is not None:
            ours = {row[0]: row for row in held}
            same = {
                key
                for key, text, *_ in rows
                if key in ours
                and same_text(ours[key][1], text)
                and permit.sees(scope, owner, ours[key])
            }
            permit(scope, owner, [key for key in keys if key not in same])

    # ------------------------------------------------------------------------------- sealing

    def write(
        self, scope: str, owner: str, rows: Iterable[Row], *, sealing: Collection[str] = ()
    ) -> int:
        """Put entries into one set; ``sealing`` names further keys to be sealed."""
        if self._permit is not None:
            rows = list(rows)
            self._permit(scope, owner, [row[0] for row in rows])
        return self._inner.write(scope, owner, self.sealed(scope, owner, rows, sealing=sealing))

    def remove(self, scope: str, owner: str, keys: Iterable[str]) -> int:
        """Take entries out of one set."""
        keys = list(keys)
        self.permit(scope, owner, keys)
        return self._inner.remove(scope, owner, keys)

    def sealed(
        self, scope: str, owner: str, rows: Iterable[Row], *, sealing: Collection[str] = ()
    ) -> Sequence[Row]:
        """Give rows as they may be written; raises PolicyRefused where there is no key ring."""
        rows = rows if isinstance(rows, (list, tuple)) else list(rows)
        if not sealing and self._open.issuperset(map(_KEY, rows)):
            return rows
        hides = self.hides
        sealer: Sealer | None = None
        return [
            (
                self._under_active(scope, owner, row)
                if is_sealed_text(row[1])
                else self._seal(
                    scope, owner, row, sealer := sealer or self._sealer(scope, owner, row)
                )
            )
            if hides(row[0]) or row[0] in sealing
            else row
            for row in rows
        ]

    def _under_active(self, scope: str, owner: str, row: Row) -> Row:
        """Give a sealed row under the active key: a backup may bring back one under an older key.

        One whose key is not here stays as it is. Raises BrokenSeal where it is of another place, or
        damaged: what is put back from the history must not be put into force then.
        """
        sealer = self._vault.keys.sealer
        if sealer is None:
            return row
        key, text = row[:2]
        where = Place(STORE, self._app, str(scope), owner, self._inner.mint(key))
        try:
            if text.startswith(f'{SEALED_PREFIX}"{sealer.active}"'):
                sealer.open(sealed_of(text), where)
                return row
            new = sealer.resealed(sealed_of(text), where)
        except WrongKey:
            return row
        except BrokenSeal as error:
            name = f"{place(scope, owner)} {key}"
            raise BrokenSeal(f"{name}: {error.message}", **error.facts, key=key) from error
        return (key, canonical_text(new), *row[2:])

    def _sealer(self, scope: str, owner: str, row: Row) -> Sealer:
        return self._vault.keys.needed(f"{place(scope, owner)} {row[0]}")

    def _seal(self, scope: str, owner: str, row: Row, sealer: Sealer) -> Row:
        key, text = row[:2]
        uuid = self._uuids.get(key)
        if uuid is None:
            uuid = self._uuids[key] = self._inner.mint(key)
            self._sealed_new = self._sealed_new or self._is_new(uuid)
        where = Place(STORE, self._app, str(scope), owner, uuid)
        sealed = sealer.seal(text, where)
        # A new key's UUID, so the tag too, is another each time: a plan goes by what stays.
        named = where._replace(container=DOCUMENT, key=key)
        self._prints[sealed.tag] = sealer.tag(text.encode(), named).hex()
        return (key, canonical_text(sealed), *row[2:])

    def printed(self, text: str) -> str:
        """Give what stands for a text in a plan's digest: the same whenever the plan is made."""
        if not is_sealed_text(text):
            return text
        tag = sealed_of(text).tag
        return "sealed:" + (self._prints.get(tag) or tag.hex())

    def _is_new(self, uuid: str) -> bool:
        """Say whether a key is of this transaction, whatever name it had first."""
        last = next(iter(self._inner.changesets()), None)
        names = self._inner.names(self._app).get(uuid, ())
        return last is None or all(since > last.revision for since, _ in names)

    def summary(self) -> Summary:
        """Give how much was done; what was sealed under new keys stands in the digest by prints."""
        done = self._inner.summary()
        if not self._sealed_new:
            return done
        digest = sha256()
        for one in self._inner.pending():
            line = [one.before, one.after] if isinstance(one, Rename) else self._line(one)
            digest.update(json.dumps(line).encode())
        return attrs.evolve(done, digest=digest.hexdigest())

    def _line(self, change: Change) -> list[str | None]:
        texts = (
            None if one is None else self.printed(canonical_text(one.value))
            for one in (change.before, change.after)
        )
        return [str(change.scope), change.owner, change.key, *texts]

    # ------------------------------------------------------------------------------- opening

    def opened(self, scope: str, owner: str, row: Row, *, uuid: str | None = None) -> Row:
        """Give a row with its text in clear; see ``Vault.opened``."""
        if not is_sealed_text(row[1]):
            return row
        return self._vault.opened(self._inner, scope, owner, row, uuid=uuid)

    def opened_at(self, one: PreferenceSet, revision: int) -> PreferenceSet:
        """Give a set as it was after a revision, in clear."""
        rows = (
            self._vault.opened(self._inner, one.scope, one.owner, row, at=revision)
            for row in one.rows
        )
        return PreferenceSet(one.scope, one.owner, rows, one.app)

    def open_ring(self, what: str) -> None:
        """See that the key ring opens, if there is one; raises WrongKey, saying ``what`` needs it.

        That it does not is another thing than that it lacks a key.
        """
        try:
            _ = self._vault.keys.ring
        except WrongKey as error:
            raise WrongKey(
                f"the secrets of {what} need your key ring: {error.message}", **error.facts
            ) from error

    def from_document(self, one: PreferenceSet, row: Row) -> Row:
        """Give a document's row in clear; see ``Vault.from_document``."""
        return self._vault.from_document(one, row)

    # ------------------------------------------------------------------------ whole keys

    def rename(self, key: str, to: str) -> None:
        """Give a key a new name for all owners."""
        self._uuids.clear()
        self._inner.rename(key, to)
        self._moved()

    def register(self, version: str, text: str, *, declarations: Mapping[str, str]) -> None:
        """Record a schema version."""
        self._inner.register(version, text, declarations=declarations)
        self._moved()

    def transform(
        self, key: str, function: Callable[[str], str | None], *, source: str = "migration"
    ) -> int:
        """Replace the values of a key's entries; the function sees them in clear."""

        def guarded(text: str) -> str | None:
            if is_sealed_text(text):
                raise _MetSealed
            return function(text)

        if not self.hides(key):
            try:
                return self._inner.transform(key, guarded, source=source)
            except _MetSealed:
                pass
        # All are computed first: a function that raises has changed nothing.
        results = [
            (scope, owner, before[1], function(before[1]))
            for scope, owner, row in self._inner.held(self._app, key)
            for before in [self.opened(scope, owner, row)]
        ]
        at, actor = self._stamp
        changed = [(*one[:2], one[3]) for one in results if one[2] != one[3]]
        for scope, owner, text in changed:
            if text is None:
                self._inner.remove(scope, owner, [key])
            else:
                self.write(scope, owner, [(key, text, at, source, actor)], sealing=[key])
        return len(changed)

    def seal_in_place(self, keys: Iterable[str]) -> None:
        """Seal what stands in clear of these keys, in entries and in the whole log.

        The digests that the changesets of the log have then are noted in this one.
        """
        self.sealed_in_place += seal_in_place(self._inner, self._app, keys, self._vault.keys.needed)


class _MetSealed(Exception):
    """A function that works on texts met a sealed one."""
