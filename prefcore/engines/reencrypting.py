"""Re-encrypting: every sealed value of a store comes under the active key, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from prefcore.interfaces import SealedCell, Store
from prefcore.model import Draft
from prefcore.security.sealing import Sealer

__all__ = ["Reencrypted", "reencrypt"]

#: So many values are one transaction: a second or less, so that others can write in between.
_PART = 20_000


@attrs.define
class Reencrypted:
    """How many values were sealed anew, were so already, and are under keys not in the ring."""

    done: int = 0
    current: int = 0
    locked: int = 0


def reencrypt(
    store: Store,
    draft: Callable[[str], Draft],
    sealer: Callable[[], Sealer],
    progress: Callable[[int], None] | None = None,
) -> Reencrypted:
    """Seal all values of all applications of a store under the active key, history included.

    Each part is a transaction of its own, and each value opens before and after: what is
    interrupted goes on when it is called again. Equality tags stay, so nothing counts as changed.
    ``draft`` makes one for an application, ``progress`` is told how many values were seen. Raises
    BrokenSeal, naming the set, where a value was tampered with.
    """
    told = Reencrypted()
    with store.snapshot() as view:
        apps = view.apps()
    for app in apps:
        after: object = None
        while True:
            with store.snapshot() as view:
                version = view.version(app)
            part = _Part(app, sealer(), told)
            with store.changeset(draft(app), version=version) as transaction:
                after = transaction.reseal(part.anew, after=after, most=_PART)
            if progress is not None:
                progress(told.done + told.current + told.locked)
            if after is None:
                break
    return told


class _Part:
    """One transaction's worth of values; what it counts holds once that is committed."""

    def __init__(self, app: str, sealer: Sealer, told: Reencrypted) -> None:
        self._renewed = sealer.renewing(app)
        self._told = told

    def anew(self, cells: Sequence[SealedCell]) -> list[str]:
        """Give values' texts under the active key."""
        told, found = self._told, self._renewed(cells)
        told.current += found.current
        told.locked += found.locked
        told.done += len(cells) - found.current - found.locked
        return found.texts
