"""Revealing: secrets opened for whoever asks, and sealed anew under the ring's active key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from prefcore.errors import NotFound
from prefcore.facade.performing import Performer
from prefcore.model import Draft
from prefcore.model.sets import place
from prefcore.schema.secret import Secret
from prefcore.values import from_text

if TYPE_CHECKING:
    from prefcore.engines.reencrypting import Reencrypted
    from prefcore.security.sealing import Sealer

__all__ = ["Revealer"]


class Revealer(Performer):
    """Opens the secrets of a store, and brings them under another key."""

    def reveal(self, scope: str, owner: str, key: str) -> Secret[object]:
        """Give the secret that one set holds itself; raises NotFound, WrongKey and BrokenSeal."""
        for action in ("reveal", "read"):
            self.permit(action, scope, owner, key)
            self._permit_sources(action, [(scope, owner)])
        self._record_reading(scope, owner, key)
        with self._view() as view:
            for row in view.read_set(self.app, scope, owner).rows:
                if row[0] == key:
                    text = self._workplace.vault.opened(view, scope, owner, row)[1]
                    return Secret(from_text(text))
        raise NotFound(f"{place(scope, owner)} holds no {key}", key=key)

    def reencrypt(self, progress: Callable[[int], None] | None = None) -> Reencrypted:
        """Seal all secrets of the store, of every application, under the ring's active key.

        ``progress`` is told how many values were seen. What is interrupted goes on when it is
        called again. Raises PolicyRefused where there is no key ring, ReadOnly and BrokenSeal.
        """
        self.permit("keys")
        from prefcore.engines.reencrypting import reencrypt

        def draft(app: str) -> Draft:
            return attrs.evolve(self._workplace.draft("keys", "re-encrypt"), app=app)

        def sealer() -> Sealer:
            return self.keys.needed("the values of the store")

        active = sealer().active
        told = reencrypt(self._store, draft, sealer, progress)
        if sealer().active != active:
            return told  # rotated meanwhile: not all is under one key
        if told.done or (told.current and self._reencrypted_under() != active):
            # With what was left out: by it verifying knows which keys nothing is under any more.
            details = {
                "act": "reencrypt",
                "id": active,
                "values": told.done,
                "locked": told.locked,
            }
            self._record("keys", details, reason=f"re-encrypt under {active}")
        return told

    def _reencrypted_under(self) -> object:
        """Give the key that the log tells all was sealed under anew last; None where it does not.

        An interrupted act may have sealed all, and told nothing.
        """
        with self._store.snapshot() as view:
            for one in view.changesets():
                if one.kind == "keys" and one.details.get("act") == "reencrypt":
                    return one.details.get("id")
        return None
