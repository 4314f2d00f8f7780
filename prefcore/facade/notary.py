"""The notary: signs where a store's log stands, and remembers it out of the store's reach.

A checkpoint is made only by a log that still agrees with the one remembered, so that no forged log
gets a good signature over it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from prefcore.audit import claim
from prefcore.engines.auditing import CHECKPOINT, KIND, Anchor, Sign, as_it_stands, record
from prefcore.errors import IntegrityError, PolicyRefused, PrefcoreError, WrongKey
from prefcore.facade.heads import head_of
from prefcore.interfaces import Snapshot, Store
from prefcore.keys import Keys
from prefcore.model import Changeset, Draft
from prefcore.security.checkpoints import Checkpoint

if TYPE_CHECKING:
    from prefcore.security.remembered import Remembered

__all__ = ["EVERY", "Notary"]

#: After so many changesets a process that has the ring open signs a checkpoint by itself.
EVERY = 1000


class Notary:
    """Makes the checkpoints of one store with the user's key ring."""

    def __init__(self, store: Store, keys: Keys, *, actor: str, app: str = "") -> None:
        self._store = store
        self._keys = keys
        self._actor = actor
        self._app = app

    @property
    def is_able(self) -> bool:
        """Whether there is a key ring; raises what opening it raises."""
        return self._keys.ring is not None

    def sign(self, at: datetime) -> Sign:
        """Give what signs where a log stands; raises PolicyRefused where there is no key ring."""
        from prefcore.security.signing import signed

        ring = self._keys.ring
        if ring is None:
            raise PolicyRefused(
                "there is no key ring to sign a checkpoint with; make one: prefcore keys init"
            )
        return partial(signed, ring, at=at)

    def record(
        self, *, branch: int | None = None, in_log: bool = True, claiming: str | None = None
    ) -> Checkpoint | None:
        """Put a checkpoint into the log (or not ``in_log``), and remember where it stands then.

        Gives what is remembered; None where the log is empty. ``branch`` says that an older state
        was put back on purpose, and after which revision the log goes another way than before;
        ``claiming`` is the id of a changeset that just sealed values of the past, or pruned it.
        Raises PolicyRefused where there is no ring, and IntegrityError where the log is not the
        one remembered; then nothing was signed.
        """
        at = datetime.now(UTC)
        sign = self.sign(at)
        if branch is None:
            self._refuse_another_log(claiming)
        app = self._acting_app()
        if app is None:
            return None
        if in_log and not self._store.read_only:
            draft = Draft(app[0], self._actor, KIND, at, "")
            record(self._store, draft, app[1], sign, branch=branch)
        made = as_it_stands(self._store, sign)
        if made is not None:
            self._remembered().keep(self._store.url, made)
        return made

    def record_in_passing(self, revision: int, *, claiming: str | None = None) -> None:
        """Put a checkpoint into the log after each so many changesets, where the ring is open.

        And at once after one, ``claiming`` is its id, that sealed values of the past or pruned it,
        which nobody believes without. What stands in the way is logged: the act before it is done.
        """
        is_due = claiming is not None or revision % EVERY == 0
        if not is_due or not self._keys.is_open or self._store.read_only:
            return
        try:
            self.record(claiming=claiming)
        except PrefcoreError as error:
            self._warn(error)

    def branched(self) -> None:
        """Say, signed, that an older state was put back on purpose, from which the log goes on.

        Nothing where there is no key ring; that one does not open is logged.
        """
        try:
            if self.is_able:
                with self._store.snapshot() as view:
                    revision = head_of(view).revision
                self.record(branch=revision)
        except WrongKey as error:
            self._warn(error)

    def _warn(self, error: PrefcoreError) -> None:
        import logging

        logging.getLogger("prefcore").warning(
            "no checkpoint of the audit chain was signed: %s", error.message
        )

    def kept(self) -> Anchor | None:
        """Give where the log stood when it was last signed here; raises IntegrityError."""
        remembered = self._remembered()
        found = remembered.of(self._store.url)
        if found is None:
            return None
        return Anchor.of("remembered beside your key ring", found)

    def _refuse_another_log(self, claiming: str | None) -> None:
        kept = self.kept()
        if kept is None:
            return
        with self._store.snapshot() as view:
            if head_of(view).lineage != kept.lineage:
                return  # another store stands there by now
            found = next(iter(view.audit(since=kept.revision)), None)
        if found is None or (found.revision, found.chain) != (kept.revision, kept.chain):
            raise IntegrityError(
                f"the log of {self._store.url} is not the one that was signed at revision "
                f"{kept.revision}: it was cut or made anew, or an older state was put back; see "
                "prefcore audit verify, and if it was on purpose: prefcore audit checkpoint "
                "--accept",
                revision=kept.revision,
            )
        self._refuse_rewriting(kept.revision, claiming)

    def _refuse_rewriting(self, signed: int, claiming: str | None) -> None:
        """Refuse to vouch for a changeset that says of signed ones what their digests do not show.

        Not for the one of now, nor where our checkpoint came after it.
        """
        with self._store.snapshot() as view:
            for one in view.changesets():
                if one.revision <= signed or self._is_ours(view, one):
                    return
                said = "" if one.id == claiming else claim(one, signed)
                if said:
                    raise IntegrityError(
                        f"revision {one.revision} says that {said}, and nobody vouches for that; "
                        "compare with a backup, see prefcore audit verify, and if it is right: "
                        "prefcore audit checkpoint --accept",
                        revision=one.revision,
                    )

    def _is_ours(self, view: Snapshot, one: Changeset) -> bool:
        """Say whether a changeset is a checkpoint of all before it that this ring signed."""
        from prefcore.security.signing import is_genuine

        if one.kind != KIND or self._keys.ring is None:
            return False
        checkpoint = Checkpoint.from_data(one.details.get(CHECKPOINT))
        signed = next(iter(view.audit(since=checkpoint.revision)), None)
        return (
            checkpoint.revision == one.revision - 1
            and signed is not None
            and signed.chain == checkpoint.chain
            and checkpoint.signer == self._keys.ring.public_key.hex()
            and is_genuine(checkpoint)
        )

    def _acting_app(self) -> tuple[str, str | None] | None:
        """Give an application that the log tells of, ours if it does, and its version."""
        with self._store.snapshot() as view:
            apps = view.apps()
            if not apps:
                return None
            app = self._app if self._app in apps else apps[0]
            return app, view.version(app)

    def _remembered(self) -> Remembered:
        from prefcore.security.remembered import Remembered

        return Remembered(self._keys.folder.path)
