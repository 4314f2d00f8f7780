"""The vault: where sensitive values are sealed on their way into a store, and opened again.

Every changeset that the facade begins is wrapped here, so that no act can write a sensitive value
in clear, whatever it does. What is read stays sealed; who needs a value opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from prefcore.audit import (
    SEALED_DIGESTS,
    SEALED_STATES,
    digest_of,
    is_pruned,
    prunings,
    state_digest,
)
from prefcore.errors import BrokenSeal, WrongKey
from prefcore.interfaces import SealedCell, Snapshot, Transaction, pruned_in
from prefcore.judging import Permit
from prefcore.keys import Keys
from prefcore.model import Draft, PreferenceSet, Row, to_micros
from prefcore.model.sets import place
from prefcore.security.places import DOCUMENT, STORE, Place
from prefcore.values import Sealed, canonical_text, from_text, is_sealed_text, same_text

__all__ = ["HIDDEN", "Hides", "SealingTransaction", "Vault", "holds_secrets", "memory_uuid"]

#: Says whether a key's values are to be sealed.
Hides = Callable[[str], bool]

#: Gives a set as it may stand in a document, telling the keys that it leaves out.
Travelling = Callable[[Snapshot, PreferenceSet, Callable[[str], None]], PreferenceSet]
#: Stands in plans for a value that was opened.
HIDDEN = Sealed("hidden", b"", b"")
_HIDDEN_TEXT = canonical_text(HIDDEN)
_SEALED = '{"$sealed":['
_KEY = itemgetter(0)  # of a row

if TYPE_CHECKING:
    from prefcore.security.sealing import Sealer

    _Base = Transaction
else:  # the protocol's own methods must not stand in the way of those delegated to
    _Base = object


def memory_uuid(key: str) -> str:
    """Give what stands for the UUID of a key in a store that is read through steps in memory."""
    return f"in memory: {key}"


class Vault:
    """Seals and opens the values of one application."""

    def __init__(self, app: str, keys: Keys) -> None:
        self.app = app
        self.keys = keys

    def opened(
        self,
        view: Snapshot,
        scope: str,
        owner: str,
        row: Row,
        *,
        uuid: str | None = None,
        at: int | None = None,
    ) -> Row:
        """Give a row of a store with its text in clear; one that is not sealed stays as it is.

        ``uuid`` is the key's where its name is not its present one, nor with ``at`` the one after
        that revision. Raises WrongKey and BrokenSeal, naming the entry.
        """
        if not is_sealed_text(row[1]):
            return row
        uuid = uuid or view.uuid(self.app, row[0], at=at) or ""
        text = self._open(row[1], Place(STORE, self.app, scope, owner, uuid), row[0])
        return (row[0], text, *row[2:])

    def sealed_in_memory(self, app: str, scope: str, owner: str, row: Row) -> Row:
        """Give a row sealed for who reads a store through steps: it stands under a name alone.

        Without a key ring it cannot be sealed, so its value is left out, and reading it raises.
        """
        if is_sealed_text(row[1]):
            return row
        if self.keys.sealer is None:
            return (row[0], _HIDDEN_TEXT, *row[2:])
        where = Place(STORE, app, scope, owner, memory_uuid(row[0]))
        sealed = self.keys.needed(f"{place(scope, owner)} {row[0]}").seal(row[1], where)
        return (row[0], canonical_text(sealed), *row[2:])

    def _open(self, text: str, where: Place, key: str, sealer: Sealer | None = None) -> str:
        sealer = sealer or self.keys.sealer
        if text == _HIDDEN_TEXT:
            raise WrongKey(
                f"{_name(where, key)} is a secret at this version, and there is no key ring to "
                "keep it with; make one: prefcore keys init",
                key=key,
            )
        if sealer is None:
            raise WrongKey(
                f"{_name(where, key)} is sealed, and there is no key ring to open it; import the "
                "one it was sealed with: prefcore keys import",
                key=key,
            )
        try:
            return sealer.open(_sealed(text), where)
        except (WrongKey, BrokenSeal) as error:
            said = f"{_name(where, key)}: {error.message}"
            raise type(error)(said, **error.facts, key=key) from error

    def for_documents(self) -> Travelling:
        """Give what seals the secrets of one snapshot's sets for a document, set by set.

        Without keys they are left out, and told. It raises BrokenSeal.
        """
        # Looking either up for each value, or set, would cost more than the ciphers.
        uuids: dict[str, str] = {}
        sealers: list[Sealer | None] = []

        def travelling(
            view: Snapshot, one: PreferenceSet, left_out: Callable[[str], None]
        ) -> PreferenceSet:
            if not sealers and holds_secrets(one):
                sealers.append(self.keys.sealer)

            def for_document(row: Row) -> Row | None:
                key, text = row[:2]
                if key not in uuids:
                    uuids[key] = view.uuid(self.app, key) or ""
                (sealer,) = sealers
                here = Place(STORE, self.app, one.scope, one.owner, uuids[key])
                try:
                    opened = self._open(text, here, key, sealer)
                except WrongKey:
                    return None
                assert sealer is not None, "it was opened with it"
                there = Place(DOCUMENT, self.app, one.scope, one.owner, key)
                return (key, canonical_text(sealer.seal(opened, there)), *row[2:])

            return self._with_secrets(one, left_out, for_document)

        return travelling

    def in_clear(
        self,
        view: Snapshot,
        one: PreferenceSet,
        left_out: Callable[[str], None],
        *,
        without_key: bool = False,
    ) -> PreferenceSet:
        """Give a set with its secrets in clear; raises BrokenSeal.

        Raises WrongKey too, or ``without_key`` leaves those out whose key is not here.
        """

        def opened(row: Row) -> Row | None:
            try:
                return self.opened(view, one.scope, one.owner, row)
            except WrongKey:
                if without_key:
                    return None
                raise

        return self._with_secrets(one, left_out, opened)

    def redacted(
        self, view: Snapshot, one: PreferenceSet, left_out: Callable[[str], None]
    ) -> PreferenceSet:
        """Give a set without its secrets."""
        return self._with_secrets(one, left_out, lambda row: None)

    def _with_secrets(
        self,
        one: PreferenceSet,
        left_out: Callable[[str], None],
        treated: Callable[[Row], Row | None],
    ) -> PreferenceSet:
        if not holds_secrets(one):
            return one
        rows = [*one.rows]
        gone = set()
        for at, row in enumerate(one.rows):
            if row[1].startswith(_SEALED):
                found = treated(row)
                if found is None:
                    left_out(row[0])
                    gone.add(row)
                else:
                    rows[at] = found
        if gone:
            rows = [row for row in rows if row not in gone]
        return PreferenceSet(one.scope, one.owner, rows, one.app)

    def from_document(self, one: PreferenceSet, row: Row) -> Row:
        """Give a document's row in clear; raises WrongKey and BrokenSeal, naming the entry."""
        if not is_sealed_text(row[1]):
            return row
        where = Place(DOCUMENT, self.app, one.scope, one.owner, row[0])
        return (row[0], self._open(row[1], where, row[0]), *row[2:])

    def sealing(
        self, transaction: Transaction, draft: Draft, hides: Hides, permit: Permit | None = None
    ) -> SealingTransaction:
        """Give a transaction that seals what is written of the keys that ``hides`` names.

        ``permit`` is asked before a value is written or removed, and raises where it may not be.
        """
        return SealingTransaction(transaction, self, draft, hides, permit)  # type: ignore[abstract]  # see _Base


class SealingTransaction(_Base):
    """A transaction that seals sensitive values as they are written; it reads them sealed."""

    def __init__(
        self,
        transaction: Transaction,
        vault: Vault,
        draft: Draft,
        hides: Hides,
        permit: Permit | None = None,
    ) -> None:
        self._inner = transaction
        self._permit = permit
        self._vault = vault
        self._app = vault.app
        self._stamp = (to_micros(draft.at), draft.actor)
        self._hides = hides
        self._known: dict[str, bool] = {}
        self._open: set[str] = set()  # of those, the ones that are not sealed
        self._uuids: dict[str, str] = {}  # of keys by their names, until one is renamed
        self._prints: dict[bytes, str] = {}
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
            if text.startswith(f'{_SEALED}"{sealer.active}"'):
                sealer.open(_sealed(text), where)
                return row
            new = sealer.resealed(_sealed(text), where)
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
        tag = _sealed(text).tag
        return "sealed:" + (self._prints.get(tag) or tag.hex())

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
        uuids = {self._inner.uuid(self._app, key) for key in keys} - {None}
        if not uuids:
            return

        def sealed(cell: SealedCell) -> str:
            scope, owner, uuid, name, text = cell
            if is_sealed_text(text):
                return text
            sealer = self._vault.keys.needed(f"{place(scope, owner)} {name}")
            self.sealed_in_place += 1
            return canonical_text(sealer.seal(text, Place(STORE, self._app, scope, owner, uuid)))

        self._inner.reseal(sealed, uuids=[uuid for uuid in uuids if uuid is not None])
        if self.sealed_in_place:
            self._inner.note({SEALED_DIGESTS: self._changed_digests(), **self._changed_state()})

    def _changed_state(self) -> Mapping[str, object]:
        """Give what is told of the state that stood after what was pruned, where it changed."""
        mine = prunings(self._inner.changesets(self._app)).get(self._app)
        if not mine:
            return {}
        revision, pruning = max(mine.items())
        now = state_digest(self._inner.sets(self._app, at=pruning.through))
        return {} if now == pruning.state else {SEALED_STATES: {str(revision): now}}

    def _changed_digests(self) -> Mapping[str, str]:
        told = {record.revision: record.digest for record in self._inner.audit()}
        through = pruned_in(self._inner, self._app)
        now = {
            one.revision: digest_of(one, self._inner.changes(one.revision))
            for one in self._inner.changesets(self._app)
            if not is_pruned(one, through)
        }
        return {str(revision): one for revision, one in now.items() if told[revision] != one}


def holds_secrets(one: PreferenceSet) -> bool:
    """Say whether a sealed value may be in a set; where not, there is none to be looked for."""
    # One search over all texts: a look at each would cost exports without secrets a tenth.
    return _SEALED in "\n".join([row[1] for row in one.rows])


def _name(where: Place, key: str) -> str:
    return f"{place(where.scope, where.owner)} {key}"


class _MetSealed(Exception):
    """A function that works on texts met a sealed one."""


def _sealed(text: str) -> Sealed:
    value = from_text(text)
    assert isinstance(value, Sealed), "its beginning says that it is sealed"
    return value
