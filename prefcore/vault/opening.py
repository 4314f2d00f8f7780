"""The vault: opens what is sealed, for who needs it, and seals what goes into documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from prefcore.access.judging import Permit
from prefcore.errors import BrokenSeal, WrongKey
from prefcore.interfaces import Snapshot, Transaction
from prefcore.keys import Keys
from prefcore.model import Draft, PreferenceSet, Row
from prefcore.model.sets import place
from prefcore.security.places import DOCUMENT, STORE, Place
from prefcore.values import canonical_text, is_sealed_text
from prefcore.vault.texts import (
    HIDDEN_TEXT,
    WITHHELD_TEXT,
    name_of,
    sealed_of,
    secrets_in,
)
from prefcore.vault.transaction import Hides, SealingTransaction

if TYPE_CHECKING:
    from prefcore.security.sealing import Depart, Sealer

__all__ = ["Vault", "memory_uuid"]

#: Gives a set as it may stand in a document, telling the keys that it leaves out.
Travelling = Callable[[Snapshot, PreferenceSet, Callable[[str], None]], PreferenceSet]


def memory_uuid(key: str) -> str:
    """Give what stands for the UUID of a key in a store that is read through steps in memory."""
    return f"in memory: {key}"


def _left_out(scope: str, owner: str, cells: Sequence[tuple[str, str, str]]) -> list[str | None]:
    """Bring no text of a set into a document: there are no keys."""
    return [None] * len(cells)


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
            return (row[0], HIDDEN_TEXT, *row[2:])
        where = Place(STORE, app, scope, owner, memory_uuid(row[0]))
        sealed = self.keys.needed(f"{place(scope, owner)} {row[0]}").seal(row[1], where)
        return (row[0], canonical_text(sealed), *row[2:])

    def withheld(self, row: Row) -> Row:
        """Give what stands for a secret that the steps in memory are not given; see ``_open``."""
        return (row[0], WITHHELD_TEXT, *row[2:])

    def _open(self, text: str, where: Place, key: str, sealer: Sealer | None = None) -> str:
        sealer = sealer or self.keys.sealer
        if text == HIDDEN_TEXT:
            raise WrongKey(
                f"{name_of(where, key)} is a secret at this version, and there is no key ring to "
                "keep it with; make one: prefcore keys init",
                key=key,
            )
        if text == WITHHELD_TEXT:
            raise WrongKey(
                f"{name_of(where, key)} is, or would be made of, a secret that you may not reveal, "
                "or whose readings are recorded; such a one is not opened for the steps in memory: "
                "migrate the store, then read it",
                key=key,
            )
        if sealer is None:
            raise WrongKey(
                f"{name_of(where, key)} is sealed, and there is no key ring to open it; import the "
                "one it was sealed with: prefcore keys import",
                key=key,
            )
        try:
            return sealer.open(sealed_of(text), where)
        except (WrongKey, BrokenSeal) as error:
            said = f"{name_of(where, key)}: {error.message}"
            raise type(error)(said, **error.facts, key=key) from error

    def for_documents(self) -> Travelling:
        """Give what seals the secrets of one snapshot's sets for a document, set by set.

        Without keys they are left out, and told. It raises BrokenSeal.
        """
        # Looking one of these up for each value, or set, would cost more than the ciphers.
        uuids: dict[str, str] = {}
        sealing: list[tuple[Sealer | None, Depart]] = []

        def travelling(
            view: Snapshot, one: PreferenceSet, left_out: Callable[[str], None]
        ) -> PreferenceSet:
            def for_document(rows: Sequence[Row]) -> Iterable[Row | None]:
                if not sealing:
                    sealer = self.keys.sealer
                    sealing.append((sealer, sealer.departing(self.app) if sealer else _left_out))
                sealer, departed = sealing[0]
                for row in rows:
                    if row[0] not in uuids:
                        uuids[row[0]] = view.uuid(self.app, row[0]) or ""
                cells = [(uuids[row[0]], row[0], row[1]) for row in rows]
                texts = departed(one.scope, one.owner, cells)
                return [
                    (row[0], text, row[2], row[3], row[4])
                    if text is not None
                    else self._for_document(one, row, uuids[row[0]], sealer)
                    for row, text in zip(rows, texts, strict=True)
                ]

            return self._with_secrets(one, left_out, for_document)

        return travelling

    def _for_document(
        self, one: PreferenceSet, row: Row, uuid: str, sealer: Sealer | None
    ) -> Row | None:
        """Give one row sealed for a document; None where its key is not here."""
        key, text = row[:2]
        here = Place(STORE, self.app, one.scope, one.owner, uuid)
        try:
            opened = self._open(text, here, key, sealer)
        except WrongKey:
            return None
        assert sealer is not None, "it was opened with it"
        there = Place(DOCUMENT, self.app, one.scope, one.owner, key)
        return (key, canonical_text(sealer.seal(opened, there)), *row[2:])

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

        return self._with_secrets(one, left_out, lambda rows: map(opened, rows))

    def redacted(
        self, view: Snapshot, one: PreferenceSet, left_out: Callable[[str], None]
    ) -> PreferenceSet:
        """Give a set without its secrets."""
        return self._with_secrets(one, left_out, lambda rows: [None] * len(rows))

    def _with_secrets(
        self,
        one: PreferenceSet,
        left_out: Callable[[str], None],
        treated: Callable[[Sequence[Row]], Iterable[Row | None]],
    ) -> PreferenceSet:
        secrets = secrets_in(one)
        if not secrets:
            return one
        rows = [*one.rows]
        gone = []
        for number, row in zip(secrets, treated([rows[n] for n in secrets]), strict=True):
            if row is None:
                gone.append(number)
                left_out(rows[number][0])
            else:
                rows[number] = row
        for number in reversed(gone):
            del rows[number]
        return PreferenceSet(one.scope, one.owner, rows, one.app)

    def from_document(self, one: PreferenceSet, row: Row) -> Row:
        """Give a document's row in clear; raises WrongKey and BrokenSeal, naming the entry."""
        if not is_sealed_text(row[1]):
            return row
        where = Place(DOCUMENT, self.app, one.scope, one.owner, row[0])
        return (row[0], self._open(row[1], where, row[0]), *row[2:])

    def sealing(
        self,
        transaction: Transaction,
        draft: Draft,
        hides: Hides,
        permit: Permit | None = None,
        *,
        moved: Callable[[], None] = lambda: None,
    ) -> SealingTransaction:
        """Give a transaction that seals what is written of the keys that ``hides`` names.

        ``permit`` is asked before a value is written or removed, and raises where it may not be.
        ``moved`` is called when a key was renamed, or a schema version registered.
        """
        return SealingTransaction(transaction, self, draft, hides, permit, moved)  # type: ignore[abstract]  # see _Base
