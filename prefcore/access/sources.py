"""Sources: what of a set the steps in memory are given, by who reads what they make of it.

The steps are whoever runs the program's own: they may give any value of a set any name, and tell of
it by what they leave out, or raise. So what may not be read stops them; and a secret that may not
be opened, or not without a record, is not among what they get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prefcore.access.judging import Judge
from prefcore.access.key_names import KeyNames
from prefcore.access.policy import Access
from prefcore.interfaces import Snapshot
from prefcore.model import Row
from prefcore.values import is_sealed_text

__all__ = ["Sources"]


class Sources:
    """Judges what is stored of one application, at one version, before steps in memory get it.

    ``access`` gives what whoever reads may do; None where there is no policy. ``audited`` says
    whether the readings of a key, by its name in the store, are recorded.
    """

    def __init__(
        self,
        app: str,
        access: Callable[[], Access | None],
        audited: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._access = access
        self._audited = audited
        self._judging: Judge | None = None

    def check(
        self,
        view: Snapshot,
        scope: str,
        owner: str,
        rows: Iterable[Row],
        *,
        revision: int | None = None,
    ) -> None:
        """Raise NotPermitted where a row of a set, of now or after a revision, may not be read."""
        judge = self._judge(view)
        if judge is not None:
            for row in rows:
                judge.check("read", scope, owner, row[0], revision=revision)

    def is_withheld(self, view: Snapshot, scope: str, owner: str, row: Row) -> bool:
        """Say whether a row holds a secret that is not opened for steps in memory."""
        if not is_sealed_text(row[1]):
            return False
        judge = self._judge(view)
        if judge is not None and judge.refusal("reveal", scope, owner, row[0]):
            return True
        return self._audited(row[0])  # in memory nothing can be recorded

    def _judge(self, view: Snapshot) -> Judge | None:
        access = self._access()
        if access is None:
            return None
        if self._judging is None or self._judging.access is not access:
            # Names move with the version alone; they are looked up for the first of many sets.
            names = KeyNames(view.names(self._app) if access.tells_keys_apart else {})
            self._judging = Judge(access, lambda: names)
        return self._judging
