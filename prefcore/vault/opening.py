"""The vault: opens what is sealed, for who needs it, and seals what goes into documents."""

from __future__ import annotations

from collections.abc import Callable
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
    SEALED_PREFIX,
    WITHHELD_TEXT,
    holds_secrets,
    name_of,
    sealed_of,
)
from prefcore.vault.transaction import Hides, SealingTransaction

if TYPE_CHECKING:
    from prefcore.security.sealing import Sealer

__all__ = ["Vault", "memory_uuid"]

#: Gives a set as it may stand in a document, telling the keys that it leaves out.
Travelling = Callable[[Snapshot, PreferenceSet, Callable[[str], None]], PreferenceSet]


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
            # Most rows of a set that holds a secret are none: a call for each would be half of it.
            if row[1].startswith(SEALED_PREFIX) and is_sealed_text(row[1]):
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
